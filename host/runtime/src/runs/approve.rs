//! Records people's decisions at gates. A decision can come from another process than the one that executed the run.

use phasegate_journal::{Append, Journal};
use phasegate_process::RunId;
use phasegate_process::state::DecisionRequest;

use crate::error::Error;
use crate::store::blobs::now_ms;
use crate::store::load::load_run;

/// Records a decision, bound to the digests of the artifacts that it is about. Fails if the run does not wait for it: for
/// example, because another attempt waits by now than the one that the request names. [`crate::Host::run`] continues the run.
pub async fn record_decision(journal: &dyn Journal, run: &RunId, request: DecisionRequest) -> Result<(), Error> {
    let owned = journal.acquire(run).await?;
    let (state, _) = load_run(journal, run)?;
    let at_ms = now_ms();
    let events = state.decide(request, at_ms)?;
    journal
        .append(Append {
            run: run.clone(),
            fence: owned.fence(),
            next: state.events + 1,
            at_ms,
            events,
            blobs: Vec::new(),
        })
        .await?;
    Ok(())
}
