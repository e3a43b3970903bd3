//! The next action of a run, derived from its state.

use serde_json::json;

use super::phase_state::{RecordedJudgement, Suite};
use super::run_state::{Stage, State};
use crate::digest::Digest;
use crate::event::{Choice, FeedbackOutcome, PhaseOutcome, RunStatus, Verdict};
use crate::feedback::{GateFailure, PastAttempt};
use crate::names::{ArtifactName, AttemptId, PhaseName};
use crate::pipeline::{ApprovalPolicy, Gate, Phase};
use crate::repository::{CommitStyle, RepositoryBase};
use crate::work::{ArtifactRef, FeedbackItem};

/// The next action of the host. The host executes it and appends the event that records it. Questions and reasons in it
/// become stored text.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Give an agent its assignment; ends in `phase_finished`.
    RunAgent(Box<AgentWork>),
    /// Run the suite that a test gate's agent submitted; ends in `tests_ran`.
    RunSuite(Box<SuiteWork>),
    /// Judge a gate; ends in `gate_judged`.
    Judge(Box<JudgeWork>),
    /// Ask the strategy; ends in `feedback_decided`.
    AskStrategy(AttemptId, Box<GateFailure>),
    /// Ask a person; ends in `approval_asked`.
    AskPerson(AttemptId, String, Vec<Digest>),
    /// Wait for a person's decision; ends in `approval_given`.
    Wait(AttemptId),
    /// Run the acceptance tests on the delivered code, if there is any; ends in `acceptance_tested`.
    RunAcceptance(Option<Digest>),
    /// Write the branch with the work; ends in `branch_written`.
    WriteBranch,
    /// End the run; ends in `run_finished`.
    Finish(RunStatus, String),
    /// Nothing; the run has ended.
    Over,
}

/// The work of one agent.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentWork {
    /// The attempt.
    pub at: AttemptId,
    /// The phase.
    pub phase: Phase,
    /// Whether the attempt was interrupted: `phase_started` is in the journal already.
    pub started: bool,
    /// The artifacts that it may read.
    pub inputs: Vec<ArtifactRef>,
    /// The artifacts of its attempt before, named `previous/NAME`.
    pub previous: Vec<ArtifactRef>,
    /// The feedback that it has to act on.
    pub feedback: Vec<FeedbackItem>,
}

/// The run of tests that a gate is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteWork {
    /// The attempt.
    pub at: AttemptId,
    /// The code artifact.
    pub code: Digest,
    /// The test suite of this attempt.
    pub suite: Digest,
    /// Suites of earlier attempts with their runs, oldest first.
    pub earlier: Vec<Suite>,
}

/// The input of a judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeWork {
    /// The attempt.
    pub at: AttemptId,
    /// The gate.
    pub gate: Gate,
    /// The outcome of its agent's attempt.
    pub outcome: PhaseOutcome,
    /// The run of tests, a blob of [`crate::gate::SuiteRun`].
    pub tests: Option<Digest>,
    /// Digests of the artifacts that are judged.
    pub about: Vec<Digest>,
}

impl State {
    /// Returns the next action.
    pub fn next(&self) -> Action {
        let Some(phase) = self.phase() else {
            return match &self.stage {
                Stage::Over(..) => Action::Over,
                _ => self.pass(),
            };
        };
        let at = AttemptId { phase: phase.name.clone(), attempt: self.attempt(&phase.name) };
        match &self.stage {
            Stage::Over(..) => Action::Over,
            Stage::Aborted(reason) => Action::Finish(RunStatus::Aborted, reason.clone()),
            Stage::Done => self.pass(),
            Stage::Ready if phase.gate.is_some() && self.attempts_left(phase) == 0 => {
                Action::Finish(RunStatus::Failed, self.no_judgement_left(phase))
            }
            Stage::Ready | Stage::Running(_) => self.run_agent(at, phase),
            Stage::Returned { outcome, tests } => match &phase.gate {
                Some(gate) => self.test_or_judge(at, phase, gate, outcome, tests.as_ref()),
                None => {
                    let fault = outcome.fault().unwrap_or_default();
                    Action::Finish(RunStatus::Failed, format!("phase {} could not be done: {fault}", phase.name))
                }
            },
            Stage::Judged => match (&phase.gate, self.latest()) {
                (Some(gate), Some(judged)) => self.after_judgement(at, phase, gate, judged),
                _ => Action::Finish(RunStatus::Failed, format!("gate {} has no judgement", phase.name)),
            },
        }
    }

    /// Every phase is done: the run passes once its acceptance tests ran and its branch is written.
    fn pass(&self) -> Action {
        if self.created.acceptance.is_some() && self.acceptance.is_none() && self.branch.is_none() {
            return Action::RunAcceptance(self.delivered_code().map(|code| code.digest.clone()));
        }
        let wants = |base: &RepositoryBase| base.commits != CommitStyle::None;
        match self.branch.is_none() && self.created.repository.as_ref().is_some_and(wants) {
            true => Action::WriteBranch,
            false => Action::Finish(RunStatus::Passed, self.passed_reason()),
        }
    }

    fn run_agent(&self, at: AttemptId, phase: &Phase) -> Action {
        let known = self.phases.get(&phase.name);
        let previous =
            known.map(|known| known.last.iter().filter_map(rename_to_previous).collect()).unwrap_or_default();
        Action::RunAgent(Box::new(AgentWork {
            at,
            phase: phase.clone(),
            started: matches!(self.stage, Stage::Running(_)),
            inputs: self.inputs(phase),
            previous,
            feedback: known.map(|known| known.feedback.clone()).unwrap_or_default(),
        }))
    }

    fn test_or_judge(
        &self,
        at: AttemptId,
        phase: &Phase,
        gate: &Gate,
        outcome: &PhaseOutcome,
        tests: Option<&Digest>,
    ) -> Action {
        let submitted = matches!(outcome, PhaseOutcome::Submitted { .. });
        let digest_of = |name: &ArtifactName| self.artifacts.get(name).map(|artifact| artifact.digest.clone());
        if let (true, None, Some(test_gate)) = (submitted, tests, &gate.tests)
            && let (Some(code), Some(suite)) = (digest_of(&test_gate.code), digest_of(&test_gate.suite))
        {
            let suites = self.phases.get(&phase.name).map(|known| known.suites.as_slice()).unwrap_or_default();
            let earlier = suites.iter().filter(|suite| suite.attempt < at.attempt).cloned().collect();
            return Action::RunSuite(Box::new(SuiteWork { at, code, suite, earlier }));
        }
        Action::Judge(Box::new(JudgeWork {
            at,
            gate: gate.clone(),
            outcome: outcome.clone(),
            tests: tests.cloned(),
            about: self.judged_artifacts(phase, gate),
        }))
    }

    /// Returns the digests that a gate's verdict is about: the produced artifacts that it reads and its own, without
    /// host inputs.
    fn judged_artifacts(&self, phase: &Phase, gate: &Gate) -> Vec<Digest> {
        let products = self.pipeline.phases.iter().flat_map(|other| &other.produces);
        let names: Vec<_> = products.map(|produced| &produced.name).filter(|name| **name != gate.report).collect();
        let own = phase.produces.iter().map(|produced| &produced.name);
        let read = names.into_iter().filter(|name| phase.reads.iter().any(|read| read.matches(name.as_str())));
        read.chain(own).filter_map(|name| self.artifacts.get(name)).map(|artifact| artifact.digest.clone()).collect()
    }

    /// Returns the action after a judgement that did not open the gate: ask a person, ask the strategy, or end the run.
    fn after_judgement(&self, at: AttemptId, phase: &Phase, gate: &Gate, judged: &RecordedJudgement) -> Action {
        if judged.waiting.is_some() {
            return Action::Wait(at);
        }
        let rejection = judged.approvals.last().filter(|approval| matches!(approval.choice, Choice::Reject { .. }));
        let person = |question: String| Action::AskPerson(at.clone(), question, judged.about.clone());
        if rejection.is_none() {
            if judged.verdict.passes() {
                return person(format!("{} {}: {}. Approve?", phase.name, judged.verdict.as_str(), judged.reason));
            }
            if judged.permanent {
                return Action::Finish(
                    RunStatus::Failed,
                    format!("gate {} could not be judged: {}", phase.name, judged.reason),
                );
            }
            let at_every_failure = matches!(gate.ask, ApprovalPolicy::OnFail | ApprovalPolicy::Always);
            if judged.verdict == Verdict::Failed && judged.decided.is_none() && at_every_failure {
                return person(format!("{} failed: {}. What now?", phase.name, judged.reason));
            }
        }
        let left = self.attempts_left(phase);
        match &judged.decided {
            None if judged.verdict == Verdict::NotJudged && rejection.is_none() => {
                self.exhausted(at, phase, gate, judged, "could not be judged")
            }
            None if left == 0 => self.exhausted(at, phase, gate, judged, "failed"),
            None => {
                let reason = rejection.map(|approval| approval.reason.clone());
                let failure = self.gate_failure(phase, gate, judged, left, reason);
                if failure.may_revise.is_empty() && !gate.may_revise.is_empty() {
                    let how = "failed and has no way back (a gate on it, or the run, has no judgement left)";
                    return self.exhausted(at, phase, gate, judged, how);
                }
                Action::AskStrategy(at, Box::new(failure))
            }
            Some(FeedbackOutcome::AskAPerson { reason }) if gate.ask != ApprovalPolicy::Never => {
                person(format!("{} failed, and the strategy asks for a person: {reason}", phase.name))
            }
            Some(
                FeedbackOutcome::AskAPerson { reason }
                | FeedbackOutcome::GiveUp { reason }
                | FeedbackOutcome::Refused { reason },
            ) => self.exhausted(at, phase, gate, judged, &format!("failed and was not sent back ({reason})")),
            Some(FeedbackOutcome::Revise { .. }) => {
                Action::Finish(RunStatus::Failed, format!("gate {} was sent back and did not start again", phase.name))
            }
        }
    }

    fn exhausted(&self, at: AttemptId, phase: &Phase, gate: &Gate, judged: &RecordedJudgement, how: &str) -> Action {
        let times = self.phases.get(&phase.name).map_or(0, |known| known.judged.len());
        let attempts = if times == 1 { "attempt" } else { "attempts" };
        let reason = format!("gate {} {how} after {times} {attempts}: {}", phase.name, judged.reason);
        match gate.ask {
            ApprovalPolicy::Never => Action::Finish(RunStatus::Failed, reason),
            _ => Action::AskPerson(at, format!("{reason}. What now?"), judged.about.clone()),
        }
    }

    fn gate_failure(
        &self,
        phase: &Phase,
        gate: &Gate,
        judged: &RecordedJudgement,
        left: u32,
        reason: Option<String>,
    ) -> GateFailure {
        let all = self.phases.get(&phase.name).map(|known| known.judged.as_slice()).unwrap_or_default();
        let earlier = all.iter().filter(|past| past.attempt < judged.attempt && (past.failed() || past.rejected()));
        let past =
            |past: &RecordedJudgement| PastAttempt { issues: past.issues.clone(), revised: revised_phases(past) };
        GateFailure {
            gate: phase.name.clone(),
            attempt: all.len() as u32,
            attempts_left: left,
            issues: judged.issues.clone(),
            person_words: reason,
            may_revise: self.revisable_phases(gate),
            history: earlier.map(past).collect(),
            settings: if self.pipeline.feedback.settings.is_null() {
                json!({})
            } else {
                self.pipeline.feedback.settings.clone()
            },
        }
    }

    /// Returns the phases that may revise, earliest first, and from which the gate can be reached again.
    fn revisable_phases(&self, gate: &Gate) -> Vec<PhaseName> {
        let names = self.pipeline.phases.iter().map(|phase| &phase.name);
        names.filter(|name| gate.may_revise.contains(name) && self.can_return_from(name)).cloned().collect()
    }

    fn no_judgement_left(&self, gate: &Phase) -> String {
        let (name, own, all) = (&gate.name, gate.max_retries, self.pipeline.max_total_attempts);
        format!(
            "gate {name} has no judgement left: {own} of this gate (max_retries) and {all} in all (max_total_attempts) are allowed"
        )
    }

    fn passed_reason(&self) -> String {
        let overridden = self.phases.iter().filter(|(_, known)| {
            let last = known.judged.last().and_then(|judged| judged.approvals.last());
            last.is_some_and(|approval| approval.choice == Choice::Override)
        });
        let names: Vec<_> = overridden.map(|(name, _)| name.as_str()).collect();
        let gates = match names.is_empty() {
            true => "every gate passed".to_owned(),
            false => format!("passed; overridden by a person: {}", names.join(", ")),
        };
        match self.acceptance().describe() {
            None => gates,
            Some(acceptance) => format!("{gates}; {acceptance}"),
        }
    }
}

fn revised_phases(judged: &RecordedJudgement) -> Vec<PhaseName> {
    match &judged.decided {
        Some(FeedbackOutcome::Revise { rework }) => rework.iter().map(|rework| rework.phase.clone()).collect(),
        _ => Vec::new(),
    }
}

fn rename_to_previous(artifact: &ArtifactRef) -> Option<ArtifactRef> {
    let name = format!("previous/{}", artifact.name).parse().ok()?;
    Some(ArtifactRef { name, ..artifact.clone() })
}
