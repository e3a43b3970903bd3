//! What people decide at a gate, from the terminal of the run or from another one later.

use phasegate_journal::{Append, Journal};
use phasegate_process::state::DecisionError;
use phasegate_process::{Choice, RunId};

use crate::error::Error;
use crate::store::blobs::now_ms;
use crate::store::load::load_run;

/// A person's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRequest {
    /// What.
    pub choice: Choice,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Writes a decision down, bound to the digests it is about. The run goes on with `Host::run`.
pub async fn record_decision(journal: &dyn Journal, run: &RunId, request: DecisionRequest) -> Result<(), Error> {
    let owned = journal.acquire(run).await?;
    let (state, _) = load_run(journal, run)?;
    let refused = |error: DecisionError| Error::NotNow(format!("{error}\nhint: {}", error.hint()));
    let events = state.decide(request.choice, request.by, request.reason).map_err(refused)?;
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
