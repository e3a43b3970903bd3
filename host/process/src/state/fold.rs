//! Applies events to a state. Every change of a run's state is in this file; [`crate::Event`] documents the
//! transitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::phase_state::{Approval, PhaseState, RecordedJudgement, Suite};
use super::run_state::{CallState, ForkPoint, ProposalDecision, Stage, State};
use super::spent::Spending;
use crate::event::{Choice, Event, FeedbackOutcome, PhaseOutcome, Recorded, Rework, RunCreated, RunStatus, Verdict};
use crate::names::{AttemptId, PhaseName};
use crate::pipeline::{ApprovalPolicy, Gate, Pipeline};
use crate::work::FeedbackItem;

/// An error: the event cannot follow the events before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "event {number} cannot follow the events before it: {why}\nhint: the journal was changed, or written by another version"
)]
pub struct FoldError {
    number: u64,
    why: String,
}

impl State {
    /// Returns the state after `run_created`. `pipeline` is the content of the blob that `created` names.
    pub fn new(created: RunCreated, pipeline: Pipeline) -> Self {
        let artifacts = created.inputs.iter().map(|artifact| (artifact.name.clone(), artifact.clone())).collect();
        let phases = pipeline.phases.iter().map(|phase| (phase.name.clone(), PhaseState::default())).collect();
        Self {
            root: created.run_id.clone(),
            forks: Vec::new(),
            created: Arc::new(created),
            pipeline: Arc::new(pipeline),
            events: 1,
            artifacts,
            phases,
            spent: Spending { usd: Some(0.0), ..Spending::default() },
            proposals: Vec::new(),
            stopped: None,
            cursor: 0,
            stage: Stage::Ready,
            judgements: 0,
            extra_judgements: 0,
        }
    }

    /// Applies one event. On an error the state may be partly changed and must not be used.
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
    /// its name. Other events are applied as by [`State::apply`].
    pub fn apply_fork(&mut self, recorded: &Recorded, pipeline: Pipeline) -> Result<(), FoldError> {
        let fault = |why: String| FoldError { number: recorded.number, why };
        let Event::RunForked(forked) = &recorded.event else {
            return self.apply(recorded);
        };
        if recorded.number != self.events + 1 {
            return Err(fault(format!("the event before it is {}", self.events)));
        }
        self.expect_turn(&forked.at).map_err(fault)?;
        if !matches!(self.stage, Stage::Ready) {
            return Err(fault(format!("{} has started already", forked.at)));
        }
        let place = pipeline.position(&forked.at.phase);
        self.cursor = place.ok_or_else(|| fault(format!("its pipeline has no phase {}", forked.at.phase)))?;
        let known = |name: &PhaseName| (name.clone(), self.phases.get(name).cloned().unwrap_or_default());
        self.phases = pipeline.phases.iter().map(|phase| known(&phase.name)).collect();
        self.forks.push(ForkPoint {
            origin: forked.origin.clone(),
            at: forked.at.clone(),
            changes: forked.changes.clone(),
            shared: self.events,
        });
        self.pipeline = Arc::new(pipeline);
        self.created = Arc::new(forked.created.clone());
        self.spent.recorded = self.spent.calls;
        self.stopped = None;
        self.events = recorded.number;
        Ok(())
    }

    fn apply_event(&mut self, event: &Event, at_ms: u64) -> Result<(), String> {
        match event {
            Event::RunCreated(_) => Err("the run was created already".to_owned()),
            Event::RunForked(_) => Err("a fork cannot be taken without its pipeline".to_owned()),
            Event::PhaseStarted { at, .. } => {
                self.expect_turn(at)?;
                match self.stage {
                    Stage::Ready => self.stage = Stage::Running(BTreeMap::new()),
                    _ => return Err(format!("{at} is not ready to start")),
                }
                Ok(())
            }
            Event::ModelAsked { at, call, label, request, .. } => {
                let calls = self.running_calls(at)?;
                if calls.get(call).is_some_and(|known| known.answer.is_some()) {
                    return Err(format!("call {call} of {at} was answered already"));
                }
                calls.insert(*call, CallState { request: request.clone(), label: label.clone(), answer: None });
                self.spent.unanswered += 1;
                Ok(())
            }
            Event::ModelAnswered { at, call, answer, usage, recorded, .. } => {
                let known = self
                    .running_calls(at)?
                    .get_mut(call)
                    .ok_or_else(|| format!("call {call} of {at} was not asked"))?;
                if known.answer.replace(answer.clone()).is_some() {
                    return Err(format!("call {call} of {at} was answered already"));
                }
                self.spent.add(usage);
                self.spent.recorded += u64::from(*recorded);
                self.spent.unanswered = self.spent.unanswered.saturating_sub(1);
                Ok(())
            }
            Event::ArtifactStored { at, artifact } => {
                self.expect_turn(at)?;
                self.artifacts.insert(artifact.name.clone(), artifact.clone());
                Ok(())
            }
            Event::TestsRan { at, call: Some(call), run, request, .. } => {
                let request = request.clone().unwrap_or_else(|| run.clone());
                let known = CallState { request, label: String::new(), answer: Some(run.clone()) };
                self.running_calls(at)?.insert(*call, known);
                Ok(())
            }
            Event::TestsRan { at, call: None, run, .. } => self.apply_suite_run(at, run),
            Event::PhaseFinished { at, outcome, .. } => self.apply_outcome(at, outcome),
            Event::GateJudged { at, verdict, reason, permanent, issues, dropped, about, report } => {
                let judged = RecordedJudgement {
                    attempt: at.attempt,
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
                };
                self.apply_judgement(at, judged)
            }
            Event::FeedbackDecided { at, decided, .. } => self.apply_feedback(at, decided),
            Event::ApprovalAsked { at, question, .. } => {
                let judged = self.latest_judgement(at)?;
                match judged.waiting.replace(question.clone()) {
                    None => Ok(()),
                    Some(_) => Err(format!("{at} waits for a person already")),
                }
            }
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
            Event::RunFinished { status, reason } => {
                match (&self.stage, status) {
                    (Stage::Over(..), _) => return Err("the run is over already".to_owned()),
                    (Stage::Done, _) | (_, RunStatus::Failed | RunStatus::Aborted) => {}
                    (_, RunStatus::Passed) => {
                        return Err("it says that the run passed, but not every phase is done".into());
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

    fn apply_outcome(&mut self, at: &AttemptId, outcome: &PhaseOutcome) -> Result<(), String> {
        self.running_calls(at)?;
        let (is_gate, limit) =
            self.phase().map(|phase| (phase.gate.is_some(), phase.max_retries.get())).unwrap_or_default();
        let suite = self.phase().and_then(|phase| phase.gate.as_ref()?.tests.as_ref().map(|tests| tests.suite.clone()));
        let known = self.phases.entry(at.phase.clone()).or_default();
        known.attempts += 1;
        match outcome {
            PhaseOutcome::Submitted { artifacts, .. } => {
                known.feedback.clear();
                known.last = artifacts.clone();
                let submitted = artifacts.iter().find(|artifact| suite.as_ref() == Some(&artifact.name));
                known.suites.extend(submitted.map(|suite| Suite {
                    attempt: at.attempt,
                    suite: suite.digest.clone(),
                    run: None,
                }));
                for artifact in artifacts {
                    self.artifacts.insert(artifact.name.clone(), artifact.clone());
                }
                if !is_gate {
                    self.advance();
                    return Ok(());
                }
            }
            fault => {
                known.failures += 1;
                known.set_host_feedback(fault.fault().unwrap_or_default());
                if !is_gate && known.failures < limit {
                    self.stage = Stage::Ready;
                    return Ok(());
                }
            }
        }
        self.stage = Stage::Returned { outcome: outcome.clone(), tests: None };
        Ok(())
    }

    fn apply_suite_run(&mut self, at: &AttemptId, run: &crate::digest::Digest) -> Result<(), String> {
        self.expect_turn(at)?;
        let Stage::Returned { tests, .. } = &mut self.stage else {
            return Err(format!("{at} has not submitted a suite"));
        };
        *tests = Some(run.clone());
        let known = self.phases.entry(at.phase.clone()).or_default();
        if let Some(suite) = known.suites.last_mut().filter(|suite| suite.attempt == at.attempt) {
            suite.run = Some(run.clone());
        }
        Ok(())
    }

    fn apply_judgement(&mut self, at: &AttemptId, judged: RecordedJudgement) -> Result<(), String> {
        self.expect_turn(at)?;
        if !matches!(self.stage, Stage::Returned { .. }) {
            return Err(format!("{at} is not ready to be judged"));
        }
        let Some((gate, limit)) = self.phase().and_then(|phase| Some((phase.gate.clone()?, phase.clone()))) else {
            return Err(format!("{} is no gate", at.phase));
        };
        self.judgements += 1;
        if let Some(report) = &judged.report {
            self.artifacts.insert(report.name.clone(), report.clone());
        }
        let known = self.phases.entry(at.phase.clone()).or_default();
        if let Some(report) = &judged.report {
            known.last.retain(|artifact| artifact.name != report.name);
            known.last.push(report.clone());
        }
        let open = judged.verdict.passes() && !needs_approval(&gate, &judged);
        let (verdict, permanent, reason) = (judged.verdict, judged.permanent, judged.reason.clone());
        known.judged.push(judged);
        self.stage = Stage::Judged;
        if open {
            self.open_gate(at, None);
        } else if verdict == Verdict::NotJudged && !permanent && self.attempts_left(&limit) > 0 {
            self.phases
                .entry(at.phase.clone())
                .or_default()
                .set_host_feedback(format!("the gate could not be judged: {reason}"));
            self.stage = Stage::Ready;
        }
        Ok(())
    }

    fn apply_feedback(&mut self, at: &AttemptId, decided: &FeedbackOutcome) -> Result<(), String> {
        let judged = self.latest_judgement(at)?;
        if judged.waiting.is_some() || judged.decided.is_some() || !(judged.failed() || judged.rejected()) {
            return Err(format!("{at} gives the strategy nothing to decide"));
        }
        judged.decided = Some(decided.clone());
        if let FeedbackOutcome::Revise { rework } = decided {
            self.rewind(rework)?;
        }
        Ok(())
    }

    fn apply_approval(&mut self, at: &AttemptId, approval: Approval) -> Result<(), String> {
        let judged = self.latest_judgement(at)?;
        if judged.waiting.take().is_none() {
            return Err(format!("{at} was not waiting for a person"));
        }
        if approval.choice == Choice::Approve && !judged.verdict.passes() {
            return Err(format!("{at} did not pass, so it cannot be approved"));
        }
        judged.decided = None;
        judged.approvals.push(approval.clone());
        let (about, issues) = (judged.about.clone(), judged.issues.clone());
        match &approval.choice {
            Choice::Approve | Choice::Override => self.open_gate(at, Some(&approval)),
            Choice::Abort => self.stage = Stage::Aborted(format!("aborted by {}: {}", approval.by, approval.reason)),
            Choice::Reject { revise } => {
                self.grant_attempts(revise.as_ref());
                if let Some(phase) = revise {
                    let source = format!("person:{}", approval.by);
                    let feedback = FeedbackItem { source, about, issues, instructions: approval.reason.clone() };
                    let rework = vec![Rework { phase: phase.clone(), feedback }];
                    self.latest_judgement(at)?.decided = Some(FeedbackOutcome::Revise { rework: rework.clone() });
                    self.rewind(&rework)?;
                }
            }
        }
        Ok(())
    }

    /// Grants one more judgement to each gate on the way that has none left, because a person asked for another
    /// attempt.
    fn grant_attempts(&mut self, target: Option<&PhaseName>) {
        let revisable = self.phase().and_then(|phase| phase.gate.as_ref()).map(|gate| gate.may_revise.as_slice());
        let targets = target.map(std::slice::from_ref).or(revisable).unwrap_or_default();
        let places = targets.iter().filter_map(|phase| self.pipeline.position(phase));
        let from = places.chain([self.cursor]).min().unwrap_or(self.cursor);
        for gate in self.pipeline.phases.iter().take(self.cursor + 1).skip(from).filter(|phase| phase.gate.is_some()) {
            let known = self.phases.entry(gate.name.clone()).or_default();
            let judged = known.judged.len() as u32;
            if gate.max_retries.get() + known.granted <= judged {
                known.granted = judged + 1 - gate.max_retries.get();
            }
        }
        self.extra_judgements += self.gates_from(from).saturating_sub(self.judgements_left());
    }

    /// Opens the gate. Its issues and the person's reason become feedback of the next phase.
    fn open_gate(&mut self, at: &AttemptId, approval: Option<&Approval>) {
        let judged = self.latest().map(|judged| (judged.issues.clone(), judged.about.clone()));
        self.advance();
        let (Some((issues, about)), Some(next)) = (judged, self.phase().map(|phase| phase.name.clone())) else {
            return;
        };
        let person = approval.map(|approval| (format!("person:{}", approval.by), approval.reason.clone()));
        let (source, instructions) = person.filter(|(_, reason)| !reason.is_empty()).unwrap_or_else(|| {
            (at.phase.to_string(), "these did not fail the gate; mend what belongs to your work as you go".to_owned())
        });
        if !issues.is_empty() || source.starts_with("person:") {
            let known = self.phases.entry(next).or_default();
            known.feedback.retain(|item| item.source != source);
            known.feedback.push(FeedbackItem { source, about, issues, instructions });
        }
    }

    /// Goes back to the earliest phase that has to revise. The others get their feedback when they are at turn.
    fn rewind(&mut self, rework: &[Rework]) -> Result<(), String> {
        let gate = self.phase().and_then(|phase| phase.gate.as_ref()).ok_or("no gate has its turn")?;
        if let Some(other) = rework.iter().find(|rework| !gate.may_revise.contains(&rework.phase)) {
            return Err(format!("this gate may not send work back to {}", other.phase));
        }
        let place =
            |phase: &PhaseName| self.pipeline.position(phase).ok_or_else(|| format!("there is no phase {phase}"));
        let places = rework.iter().map(|rework| place(&rework.phase)).collect::<Result<Vec<_>, _>>()?;
        self.cursor = places.into_iter().min().ok_or("nobody revises anything")?;
        self.stage = Stage::Ready;
        for rework in rework {
            self.phases.entry(rework.phase.clone()).or_default().feedback.push(rework.feedback.clone());
        }
        Ok(())
    }

    fn advance(&mut self) {
        self.cursor += 1;
        self.stage = if self.cursor < self.pipeline.phases.len() { Stage::Ready } else { Stage::Done };
    }

    fn expect_turn(&self, at: &AttemptId) -> Result<(), String> {
        match self.phase() {
            Some(phase) if phase.name == at.phase && self.attempt(&phase.name) == at.attempt => Ok(()),
            Some(phase) => {
                Err(format!("it is about {at}, but it is the turn of {}#{}", phase.name, self.attempt(&phase.name)))
            }
            None => Err(format!("it is about {at}, but every phase is done")),
        }
    }

    fn running_calls(&mut self, at: &AttemptId) -> Result<&mut BTreeMap<u32, CallState>, String> {
        self.expect_turn(at)?;
        match &mut self.stage {
            Stage::Running(calls) => Ok(calls),
            _ => Err(format!("{at} is not running")),
        }
    }

    fn latest_judgement(&mut self, at: &AttemptId) -> Result<&mut RecordedJudgement, String> {
        self.expect_turn(at)?;
        if !matches!(self.stage, Stage::Judged) {
            return Err(format!("{at} has not been judged"));
        }
        let known = self.phases.get_mut(&at.phase).and_then(|known| known.judged.last_mut());
        known.ok_or_else(|| format!("{at} has not been judged"))
    }
}

impl PhaseState {
    fn set_host_feedback(&mut self, why: String) {
        self.feedback.retain(|item| item.source != "host");
        self.feedback.push(host_feedback(why));
    }
}

/// Whether a person has to confirm a pass.
fn needs_approval(gate: &Gate, judged: &RecordedJudgement) -> bool {
    gate.ask == ApprovalPolicy::Always || (gate.ask == ApprovalPolicy::OnFail && !judged.dropped.is_empty())
}

fn host_feedback(why: String) -> FeedbackItem {
    let instructions = format!("the attempt before this one could not be taken: {why}");
    FeedbackItem { source: "host".to_owned(), about: Vec::new(), issues: Vec::new(), instructions }
}
