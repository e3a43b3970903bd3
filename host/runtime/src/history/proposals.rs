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
use crate::store::load::{UnreadableRun, load_run};

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

/// A run with proposals, and which of its decisions were made here.
#[derive(Debug, Clone)]
pub(crate) struct ProposalRun {
    state: State,
    imported: bool,
    /// The number of decisions that were imported; they come first.
    elsewhere: usize,
}

impl ProposalRun {
    /// Creates it from a run, of whose events the first `imported` came from elsewhere.
    pub(crate) fn new(state: State, events: &[Recorded], imported: Option<u64>) -> Self {
        let last = imported.unwrap_or(0);
        let brought = events.iter().take_while(|recorded| recorded.number <= last);
        let elsewhere = brought.filter(|recorded| matches!(recorded.event, Event::ProposalDecided { .. })).count();
        Self { state, imported: imported.is_some(), elsewhere }
    }

    /// Loads a run.
    fn load(journal: &dyn Journal, run: &RunId) -> Result<Self, Error> {
        let (state, events) = load_run(journal, run)?;
        Ok(Self::new(state, &events, journal.imported(run)?))
    }

    /// Returns the proposals of the run with their decisions.
    fn proposals(&self, journal: &dyn Journal) -> Result<Vec<Proposal>, Error> {
        let Some((_, pips)) = self.state.artifacts.iter().find(|(name, _)| name.as_str() == kinds::PIPS) else {
            return Ok(Vec::new());
        };
        let pips: Value = read_json(journal, &pips.digest)?;
        let list = pips.get("proposals").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(list.into_iter().map(|content| self.proposal(content)).collect())
    }

    fn proposal(&self, content: Value) -> Proposal {
        let id = content.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let (elsewhere, here) = self.state.proposals.split_at_checked(self.elsewhere).unwrap_or_default();
        let latest = |list: &[ProposalDecision]| list.iter().rev().find(|decision| decision.id == id).cloned();
        let (elsewhere, here) = (latest(elsewhere), latest(here));
        Proposal {
            run: self.state.created.run_id.clone(),
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
    for run in journal.runs()? {
        match ProposalRun::load(journal, &run).and_then(|loaded| loaded.proposals(journal)) {
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
        ProposalRun::load(journal, &named.run)?.proposals(journal)?;
    }
    let named = |known: &Proposal| run.map_or(!known.imported, |run| known.run.as_str() == run);
    let mut found = all.into_iter().filter(|known| known.id == id && named(known));
    let hint = "`phasegate pip list` shows them as RUN/ID; those of imported runs need RUN/";
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
/// not to be proposed again. A run whose proposals cannot be read is left out.
pub(crate) fn process_notes(journal: &dyn Journal, runs: &[ProposalRun]) -> Value {
    let mut approved = Vec::new();
    let mut rejected = Vec::new();
    for run in runs {
        let proposals = run.proposals(journal).unwrap_or_else(|error| {
            tracing::warn!(%error, run = %run.state.created.run_id, "the proposals of a run cannot be read");
            Vec::new()
        });
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
    }
    json!({ "approved": approved, "rejected": rejected })
}
