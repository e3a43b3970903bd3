//! Records people's decisions at gates. A decision can come from another process than the one that executed the run.

use phasegate_journal::{Append, Journal};
use phasegate_process::{Choice, RunId};

use crate::error::Error;
use crate::store::blobs::now_ms;
use crate::store::load::load_run;

/// A decision of a person at the gate that waits for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRequest {
    /// The choice: approve, reject, override or abort.
    pub choice: Choice,
    /// Author of the decision.
    pub by: String,
    /// Reason; empty if none was given.
    pub reason: String,
}

/// Records a decision, bound to the digests of the artifacts that it is about. Fails if the run does not wait for it.
/// [`crate::Host::run`] continues the run.
pub async fn record_decision(journal: &dyn Journal, run: &RunId, request: DecisionRequest) -> Result<(), Error> {
    let owned = journal.acquire(run).await?;
    let (state, _) = load_run(journal, run)?;
    let events = state.decide(request.choice, request.by, request.reason)?;
    journal
        .append(Append {
            run: run.clone(),
            fence: owned.fence(),
            next: state.events + 1,
            at_ms: now_ms(),
            events,
            blobs: Vec::new(),
        })
        .await?;
    Ok(())
}
