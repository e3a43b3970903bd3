//! Improvement proposals: postmortems submit them, people decide, and later runs receive the decisions as process notes.
//!
//! Decisions that were imported with a run are shown and do not count: anybody can write an archive.

use phasegate_journal::{Append, Journal};
use phasegate_process::artifact::kinds;
use phasegate_process::state::{ProposalDecision, State};
use phasegate_process::{Event, Recorded, RunId};
use serde_json::{Value, json};

use crate::error::{Error, ErrorCode};
use crate::store::blobs::{now_ms, read_json};
use crate::store::load::{UnreadableRun, load_run, load_run_sharing};
use crate::store::pipelines::Pipelines;

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
    /// Whether the run was imported. Later runs receive nothing of it before somebody here approves it.
    pub imported: bool,
    /// The decision that was imported with the run. It does not count here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<DecidedElsewhere>,
    /// The proposal in JSON, as the postmortem submitted it.
    pub content: Value,
}

/// A decision that an imported run brought along.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DecidedElsewhere {
    /// `approved` or `rejected`.
    pub status: &'static str,
    /// Author of the decision, as the archive says.
    pub by: String,
    /// Reason of the decision; empty if none was given.
    pub reason: String,
}

/// Returns the proposals of a run with their decisions. Of its events the first `imported` came from elsewhere.
pub(crate) fn parse_proposals(
    journal: &dyn Journal,
    state: &State,
    events: &[Recorded],
    imported: Option<u64>,
) -> Result<Vec<Proposal>, Error> {
    let Some((_, pips)) = state.artifacts.iter().find(|(name, _)| name.as_str() == kinds::PIPS) else {
        return Ok(Vec::new());
    };
    let pips: Value = read_json(journal, &pips.digest)?;
    let list = pips.get("proposals").and_then(Value::as_array).cloned().unwrap_or_default();
    let brought = events.iter().take_while(|recorded| recorded.number <= imported.unwrap_or(0));
    let elsewhere = brought.filter(|recorded| matches!(recorded.event, Event::ProposalDecided { .. })).count();
    // The decisions that were imported come first.
    let (elsewhere, here) = state.proposals.split_at_checked(elsewhere).unwrap_or_default();
    let decided = Decisions { run: &state.created.run_id, imported: imported.is_some(), elsewhere, here };
    Ok(list.into_iter().map(|content| decided.proposal(content)).collect())
}

fn load_proposals_of(journal: &dyn Journal, run: &RunId, pipelines: &Pipelines) -> Result<Vec<Proposal>, Error> {
    let (state, events) = load_run_sharing(journal, run, pipelines)?;
    parse_proposals(journal, &state, &events, journal.imported(run)?)
}

/// The decisions on the proposals of a run.
struct Decisions<'a> {
    run: &'a RunId,
    imported: bool,
    elsewhere: &'a [ProposalDecision],
    here: &'a [ProposalDecision],
}

impl Decisions<'_> {
    fn proposal(&self, content: Value) -> Proposal {
        let id = content.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let latest = |list: &[ProposalDecision]| list.iter().rev().find(|decision| decision.id == id).cloned();
        let (elsewhere, here) = (latest(self.elsewhere), latest(self.here));
        Proposal {
            run: self.run.clone(),
            status: here.as_ref().map_or("pending", |decision| status(decision.approved)),
            by: here.as_ref().map(|decision| decision.by.clone()),
            reason: here.map(|decision| decision.reason),
            imported: self.imported,
            elsewhere: elsewhere.map(|decision| DecidedElsewhere {
                status: status(decision.approved),
                by: decision.by,
                reason: decision.reason,
            }),
            id,
            content,
        }
    }
}

fn status(approved: bool) -> &'static str {
    if approved { "approved" } else { "rejected" }
}

/// Loads every proposal, those of the newest run first, and the runs that were left out because they cannot be read.
pub fn load_proposals(journal: &dyn Journal) -> Result<(Vec<Proposal>, Vec<UnreadableRun>), Error> {
    let (mut all, mut unreadable) = (Vec::new(), Vec::new());
    let pipelines = Pipelines::default();
    for run in journal.runs()? {
        match load_proposals_of(journal, &run, &pipelines) {
            Ok(proposals) => all.extend(proposals),
            Err(error) => unreadable.push(UnreadableRun::new(&run, &error)),
        }
    }
    Ok((all, unreadable))
}

/// Records a decision on the proposal `RUN/ID`, or `ID` if it is unique among the runs made here, and returns the proposal. A
/// rejection needs a reason.
pub async fn record_proposal_decision(
    journal: &dyn Journal,
    name: &str,
    approved: bool,
    by: &str,
    reason: &str,
) -> Result<Proposal, Error> {
    let (run, id) = name.split_once('/').map_or((None, name), |(run, id)| (Some(run), id));
    let (all, unreadable) = load_proposals(journal)?;
    if let Some(named) = unreadable.iter().find(|known| Some(known.run.as_str()) == run) {
        load_proposals_of(journal, &named.run, &Pipelines::default())?;
    }
    let named = |known: &Proposal| run.map_or(!known.imported, |run| known.run.as_str() == run);
    let mut found = all.into_iter().filter(|known| known.id == id && named(known));
    let hint = "list them with `phasegate pip list`; a proposal of an imported run is named with its run, as RUN/ID";
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
    Ok(Proposal { status: status(approved), by: Some(by.to_owned()), reason: Some(reason.to_owned()), ..proposal })
}

/// Builds the artifact `process_notes` of later runs: changes that somebody here approved, and those that somebody here rejected,
/// not to be proposed again.
pub(crate) fn process_notes<'a>(proposals: impl IntoIterator<Item = &'a Proposal>) -> Value {
    let mut approved = Vec::new();
    let mut rejected = Vec::new();
    for proposal in proposals {
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
    json!({ "approved": approved, "rejected": rejected })
}
