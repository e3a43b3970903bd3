//! Improvement proposals: postmortems submit them, people decide, and later runs receive the decisions as process notes.

use phasegate_journal::{Append, Journal};
use phasegate_process::artifact::kinds;
use phasegate_process::state::State;
use phasegate_process::{Event, RunId};
use serde_json::{Value, json};

use crate::error::{Error, ErrorCode};
use crate::store::blobs::{now_ms, read_json};
use crate::store::load::load_run;

/// A proposal with its decision.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Proposal {
    /// The run whose postmortem submitted it.
    pub run: RunId,
    /// Id, unique in its run.
    pub id: String,
    /// `pending`, `approved` or `rejected`.
    pub status: &'static str,
    /// Author of the decision; `None` while it is pending.
    pub by: Option<String>,
    /// Reason of the decision; empty if none was given.
    pub reason: Option<String>,
    /// The proposal in JSON, as the postmortem submitted it.
    pub content: Value,
}

/// Loads every proposal, those of the newest run first. Fails if a run cannot be read.
pub fn load_proposals(journal: &dyn Journal) -> Result<Vec<Proposal>, Error> {
    let mut all = Vec::new();
    for run in journal.runs()? {
        let (state, _) = load_run(journal, &run)?;
        all.extend(run_proposals(journal, &state)?);
    }
    Ok(all)
}

fn run_proposals(journal: &dyn Journal, state: &State) -> Result<Vec<Proposal>, Error> {
    let Some((_, pips)) = state.artifacts.iter().find(|(name, _)| name.as_str() == kinds::PIPS) else {
        return Ok(Vec::new());
    };
    let pips: Value = read_json(journal, &pips.digest)?;
    let list = pips.get("proposals").and_then(Value::as_array).cloned().unwrap_or_default();
    let proposal = |content: Value| {
        let id = content.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let decision = state.proposals.iter().rev().find(|decision| decision.id == id);
        let status = decision.map_or("pending", |decision| if decision.approved { "approved" } else { "rejected" });
        Proposal {
            run: state.created.run_id.clone(),
            status,
            by: decision.map(|decision| decision.by.clone()),
            reason: decision.map(|decision| decision.reason.clone()),
            id,
            content,
        }
    };
    Ok(list.into_iter().map(proposal).collect())
}

/// Records a decision on the proposal `RUN/ID`, or `ID` if it is unique, and returns the proposal. A rejection needs a reason.
pub async fn record_proposal_decision(
    journal: &dyn Journal,
    name: &str,
    approved: bool,
    by: &str,
    reason: &str,
) -> Result<Proposal, Error> {
    let (run, id) = name.split_once('/').map_or((None, name), |(run, id)| (Some(run), id));
    let all = load_proposals(journal)?;
    let mut found = all.into_iter().filter(|known| known.id == id && run.is_none_or(|run| known.run.as_str() == run));
    let hint = "`phasegate pip list` shows them as RUN/ID";
    let rejected = |message: String| Error::rejected(ErrorCode::ProposalNotFound, message, hint);
    let proposal = found.next().ok_or_else(|| rejected(format!("there is no proposal `{name}`")))?;
    if found.next().is_some() {
        return Err(rejected(format!("several runs have a proposal `{name}`")));
    }
    if !approved && reason.trim().is_empty() {
        let hint = "add --reason \"…\"; later runs receive it";
        return Err(Error::rejected(ErrorCode::DecisionNotAllowed, "a rejection needs a reason", hint));
    }
    let owned = journal.acquire(&proposal.run).await?;
    let (state, _) = load_run(journal, &proposal.run)?;
    let event =
        Event::ProposalDecided { id: proposal.id.clone(), approved, by: by.to_owned(), reason: reason.to_owned() };
    journal
        .append(Append {
            run: proposal.run.clone(),
            fence: owned.fence(),
            next: state.events + 1,
            at_ms: now_ms(),
            events: vec![event],
            blobs: Vec::new(),
        })
        .await?;
    let status = if approved { "approved" } else { "rejected" };
    Ok(Proposal { status, by: Some(by.to_owned()), reason: Some(reason.to_owned()), ..proposal })
}

/// Builds the artifact `process_notes` of later runs: approved changes to follow, and rejected ones not to propose again.
pub(crate) fn process_notes(journal: &dyn Journal, runs: &[State]) -> Result<Value, Error> {
    let mut approved = Vec::new();
    let mut rejected = Vec::new();
    for state in runs.iter().filter(|state| !state.proposals.is_empty()) {
        for proposal in run_proposals(journal, state)? {
            let (run, id, by) = (&proposal.run, &proposal.id, &proposal.by);
            match proposal.status {
                "approved" => approved.push(json!({
                    "run_id": run, "id": id, "decided_by": by, "proposed_changes": proposal.content.get("proposed_changes"),
                })),
                "rejected" => rejected.push(json!({
                    "run_id": run, "id": id, "decided_by": by, "reason": proposal.reason,
                    "analysis": proposal.content.get("analysis"),
                })),
                _ => {}
            }
        }
    }
    Ok(json!({ "approved": approved, "rejected": rejected }))
}
