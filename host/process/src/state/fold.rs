//! Applies events to a state. [`crate::Event`] documents the transitions; `attempts` and `gates` have the longer ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::next::Action;
use super::phase_state::{Approval, PhaseState, RecordedJudgement};
use super::run_state::{AcceptanceResult, CallState, ForkPoint, ProposalDecision, Stage, State};
use super::spent::Spending;
use crate::event::{Event, Recorded, RunCreated, RunStatus};
use crate::model::StopReason;
use crate::names::{AttemptId, PhaseName};
use crate::pipeline::Pipeline;
use crate::repository::RepositoryAnswer;

/// An error: the event cannot follow the events before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {number} cannot follow the events before it: {why}")]
pub struct FoldError {
    number: u64,
    why: String,
}

impl FoldError {
    /// Returns the likely cause.
    pub fn hint(&self) -> &'static str {
        "the journal was changed, or written by another version"
    }
}

impl State {
    /// Returns the state after `run_created`. `pipeline` is the content of the blob that `created` names.
    pub fn new(created: RunCreated, pipeline: impl Into<Arc<Pipeline>>) -> Self {
        let pipeline = pipeline.into();
        let artifacts = created.inputs.iter().map(|artifact| (artifact.name.clone(), artifact.clone())).collect();
        let phases = pipeline.phases.iter().map(|phase| (phase.name.clone(), PhaseState::default())).collect();
        Self {
            root: created.run_id.clone(),
            forks: Vec::new(),
            created: Arc::new(created),
            pipeline,
            events: 1,
            artifacts,
            phases,
            spent: Spending::default(),
            baseline: None,
            proposals: Vec::new(),
            repository: Arc::default(),
            acceptance: None,
            branch: None,
            stopped: None,
            cursor: 0,
            stage: Stage::Ready,
            judgements: 0,
            extra_judgements: 0,
        }
    }

    /// Applies one event. On an error the state is as it was before.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let fault = |why: String| FoldError { number: recorded.number, why };
        if recorded.number != self.events + 1 {
            return Err(fault(format!("the event before it is {}", self.events)));
        }
        self.apply_event(&recorded.event, recorded.at_ms).map_err(fault)?;
        self.events = recorded.number;
        if !matches!(recorded.event, Event::RunStopped { .. }) {
            self.stopped = None;
        }
        Ok(())
    }

    /// Applies a `run_forked`; `pipeline` is the content of the blob that it names. What is known of a phase is kept by
    /// its name. Other events are applied as by [`State::apply`]. On an error the state is as it was before.
    pub fn apply_fork(&mut self, recorded: &Recorded, pipeline: impl Into<Arc<Pipeline>>) -> Result<(), FoldError> {
        let pipeline = pipeline.into();
        let fault = |why: String| FoldError { number: recorded.number, why };
        let Event::RunForked(forked) = &recorded.event else {
            return self.apply(recorded);
        };
        if recorded.number != self.events + 1 {
            return Err(fault(format!("the event before it is {}", self.events)));
        }
        self.expect_turn(&forked.at).map_err(fault)?;
        match forked.at_decision {
            true if !matches!(self.next(), Action::AskStrategy(..)) => {
                return Err(fault(format!("the strategy is not asked about {}", forked.at)));
            }
            false if !matches!(self.stage, Stage::Ready) => {
                return Err(fault(format!("{} has started already", forked.at)));
            }
            _ => {}
        }
        let place = pipeline.position(&forked.at.phase);
        self.cursor = place.ok_or_else(|| fault(format!("its pipeline has no phase {}", forked.at.phase)))?;
        let known = |name: &PhaseName| (name.clone(), self.phases.get(name).cloned().unwrap_or_default());
        self.phases = pipeline.phases.iter().map(|phase| known(&phase.name)).collect();
        self.forks.push(ForkPoint {
            origin: forked.origin.clone(),
            at: forked.at.clone(),
            at_decision: forked.at_decision,
            changes: forked.changes.clone(),
            shared: self.events,
        });
        self.pipeline = pipeline;
        self.created = Arc::new(forked.created.clone());
        self.spent.recorded = self.spent.calls;
        self.stopped = None;
        self.events = recorded.number;
        Ok(())
    }

    /// Applies an event. Each kind of event is checked completely before anything is changed.
    fn apply_event(&mut self, event: &Event, at_ms: u64) -> Result<(), String> {
        match event {
            Event::RunCreated(_) => Err("the run was created already".to_owned()),
            Event::RunForked(_) => Err("a fork cannot be applied without its pipeline".to_owned()),
            Event::PhaseStarted { at, .. } => {
                self.expect_turn(at)?;
                match self.stage {
                    Stage::Ready => self.stage = Stage::Running(BTreeMap::new()),
                    _ => return Err(format!("{at} is not ready to start")),
                }
                Ok(())
            }
            Event::ModelAsked { at, call, label, request, model, .. } => {
                let calls = self.running_calls(at)?;
                let mut asked = CallState::asked(request.clone(), label.clone());
                if let Some(known) = calls.get(call) {
                    let has_answer = known.answer.is_some();
                    let is_after_repeated = calls.range(..call).any(|(_, earlier)| earlier.repeated);
                    if has_answer && !known.rejected && !is_after_repeated {
                        return Err(format!("call {call} of {at} was answered already"));
                    }
                    (asked.failed, asked.repeated) = (known.failed, known.repeated || has_answer);
                }
                calls.insert(*call, asked);
                self.spent.ask(model);
                Ok(())
            }
            Event::ModelTried { at, call, request_number, cost, .. } => {
                let known = self.open_call(at, *call)?;
                if *request_number != known.failed.saturating_add(1) {
                    return Err(format!("call {call} of {at} has {} failed requests before it", known.failed));
                }
                (known.open, known.failed) = (false, *request_number);
                self.spent.fail(cost);
                Ok(())
            }
            Event::ModelAnswered { at, call, answer, usage, stop, recorded, .. } => {
                let known = self.open_call(at, *call)?;
                (known.open, known.answer) = (false, Some(answer.clone()));
                known.rejected = stop == StopReason::FAILED_CALL;
                self.spent.answer(usage);
                self.spent.recorded += u64::from(*recorded);
                Ok(())
            }
            Event::ArtifactStored { at, artifact } => {
                self.expect_turn(at)?;
                self.artifacts.insert(artifact.name.clone(), artifact.clone());
                Ok(())
            }
            Event::RepositoryRead { at, request, answer, failed } => {
                self.running_calls(at)?;
                if self.repository.contains_key(request) {
                    return Err(format!("{at} {request}, which was answered already"));
                }
                let answer = RepositoryAnswer { content: answer.clone(), failed: *failed };
                Arc::make_mut(&mut self.repository).insert(request.clone(), answer);
                Ok(())
            }
            Event::TestsRan { at, call: Some(call), run, request, .. } => {
                let request = request.clone().unwrap_or_else(|| run.clone());
                self.running_calls(at)?.insert(*call, CallState::done(request, String::new(), run.clone()));
                Ok(())
            }
            Event::TestsRan { at, call: None, run, .. } => self.apply_suite_run(at, run),
            Event::BaselineRan { at, run, .. } => self.apply_baseline(at, run),
            Event::PhaseFinished { at, outcome, .. } => self.apply_outcome(at, outcome),
            Event::GateJudged { at, verdict, reason, permanent, issues, dropped, about, report } => {
                let judged = RecordedJudgement {
                    attempt: at.attempt,
                    at_ms,
                    verdict: *verdict,
                    reason: reason.clone(),
                    permanent: *permanent,
                    issues: issues.clone(),
                    dropped: dropped.clone(),
                    about: about.clone(),
                    report: report.clone(),
                    decided: None,
                    approvals: Vec::new(),
                    waiting: None,
                    asked_ms: None,
                };
                self.apply_judgement(at, judged)
            }
            Event::FeedbackDecided { at, decided, .. } => self.apply_feedback(at, decided),
            Event::ApprovalAsked { at, question, .. } => self.apply_question(at, question, at_ms),
            Event::ApprovalGiven { at, choice, by, reason, about } => {
                let approval = Approval {
                    choice: choice.clone(),
                    by: by.clone(),
                    reason: reason.clone(),
                    at_ms,
                    about: about.clone(),
                };
                self.apply_approval(at, approval)
            }
            Event::RunStopped { reason } => {
                self.stopped = Some(reason.clone());
                Ok(())
            }
            // It bounds later calls, and changes nothing of the work.
            Event::BudgetChanged { .. } => Ok(()),
            Event::AcceptanceTested { run, acceptance, tests, passed, .. } => self.apply_acceptance(AcceptanceResult {
                run: run.clone(),
                acceptance: acceptance.clone(),
                tests: *tests,
                passed: *passed,
            }),
            Event::BranchWritten { branch } => match (&self.stage, &self.branch) {
                (Stage::Done, None) => {
                    self.branch = Some(branch.clone());
                    Ok(())
                }
                (Stage::Done, Some(_)) => Err("the run has a branch already".to_owned()),
                _ => Err("not every phase is done".to_owned()),
            },
            Event::RunFinished { status, reason } => {
                match (&self.stage, status) {
                    (Stage::Over(..), _) => return Err("the run is over already".to_owned()),
                    (Stage::Done, _) | (_, RunStatus::Failed | RunStatus::Aborted) => {}
                    (_, RunStatus::Passed) => {
                        return Err("the run cannot pass before every phase is done".into());
                    }
                }
                self.stage = Stage::Over(*status, reason.clone());
                Ok(())
            }
            Event::ProposalDecided { id, approved, by, reason } => {
                let decision =
                    ProposalDecision { id: id.clone(), approved: *approved, by: by.clone(), reason: reason.clone() };
                self.proposals.push(decision);
                Ok(())
            }
        }
    }

    fn apply_acceptance(&mut self, result: AcceptanceResult) -> Result<(), String> {
        if !matches!(self.stage, Stage::Done) {
            return Err("not every phase is done".to_owned());
        }
        if self.created.acceptance.is_none() {
            return Err("the run has no acceptance tests".to_owned());
        }
        if self.acceptance.is_some() || self.branch.is_some() {
            return Err("the run has the result of its acceptance tests, or a branch, already".to_owned());
        }
        self.acceptance = Some(result);
        Ok(())
    }

    /// Returns a call of the running attempt whose request has no result yet.
    fn open_call(&mut self, at: &AttemptId, call: u32) -> Result<&mut CallState, String> {
        let known =
            self.running_calls(at)?.get_mut(&call).ok_or_else(|| format!("call {call} of {at} was not asked"))?;
        match (known.open, &known.answer) {
            (true, _) => Ok(known),
            (false, Some(_)) => Err(format!("call {call} of {at} was answered already")),
            (false, None) => Err(format!("no request of call {call} of {at} is open")),
        }
    }
}
