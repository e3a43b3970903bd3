//! What people decide at a gate, from the terminal of the run or from another one later.

use phasegate_journal::Journal;
use phasegate_process::{Choice, Event, RunId, RunStatus, Verdict};

use crate::error::Error;
use crate::store::blobs::now_ms;
use crate::store::load::load;

/// A person's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonSays {
    /// What.
    pub choice: Choice,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Writes a decision down, bound to the digests it is about. The run goes on with `House::run`.
pub async fn decide(journal: &dyn Journal, run: &RunId, says: PersonSays) -> Result<(), Error> {
    let owned = journal.acquire(run).await?;
    let (state, _) = load(journal, run)?;
    let Some((phase, judged, _)) = state.waiting() else {
        let how = match state.ended() {
            Some((_, reason)) => format!("it is over: {reason}"),
            None => format!("go on with `phasegate resume {run}`"),
        };
        return Err(Error::NotNow(format!("run {run} does not wait for a person\nhint: {how}")));
    };
    let refuse = |what: String, hint: &str| Err(Error::NotNow(format!("{what}\nhint: {hint}")));
    let words = !says.reason.trim().is_empty();
    match &says.choice {
        Choice::Approve if !judged.verdict.passes() => {
            let verdict = if judged.verdict == Verdict::NotJudged { "could not be judged" } else { "failed" };
            return refuse(
                format!("gate {} {verdict}; a failing gate cannot be approved", phase.name),
                "override it with a reason, reject it with words, or abort",
            );
        }
        Choice::Override if judged.verdict.passes() => {
            return refuse(format!("gate {} passed; there is nothing to override", phase.name), "approve it");
        }
        Choice::Reject { .. } | Choice::Override if !words => {
            return refuse(
                "a reason is needed".to_owned(),
                "say why with --reason \"…\": it goes into the result and the next prompt",
            );
        }
        Choice::Reject { revise: Some(target) } => {
            let allowed = phase.gate.as_ref().map(|gate| gate.may_revise.clone()).unwrap_or_default();
            if !allowed.contains(target) {
                let known: Vec<_> = allowed.iter().map(|phase| phase.as_str()).collect();
                return refuse(
                    format!("gate {} may not send work back to `{target}`", phase.name),
                    &format!("it may send work back to {}", known.join(", ")),
                );
            }
        }
        _ => {}
    }
    let at = phasegate_process::AttemptId { phase: phase.name.clone(), attempt: judged.attempt };
    let about = judged.about.clone();
    // An aborted run ends here and now: nobody would resume it only to have its end written down.
    let ends = (says.choice == Choice::Abort).then(|| Event::RunFinished {
        status: RunStatus::Aborted,
        reason: format!("aborted by {}: {}", says.by, says.reason),
    });
    let given = Event::ApprovalGiven { at, choice: says.choice, by: says.by, reason: says.reason, about };
    let events = [given].into_iter().chain(ends).collect();
    journal.append(run, owned.fence(), state.events + 1, now_ms(), events, Vec::new()).await?;
    Ok(())
}
