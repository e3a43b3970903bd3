//! A small pipeline with three gates, and a harness that executes the next actions of a run.

use crate::digest::Digest;
use crate::event::{
    Choice, DroppedTest, Event, FeedbackOutcome, PhaseOutcome, Recorded, Rework, RunCreated, RunStatus, Verdict,
};
use crate::fixtures::sample_issue;
use crate::model::Usage;
use crate::names::AttemptId;
use crate::pipeline::{Pipeline, parse};
use crate::source::Source;
use crate::state::{Action, AgentWork, State};
use crate::work::{ArtifactRef, FeedbackItem, Severity};

const PIPELINE: &str = r#"
name = "small"
MORE
[feedback]
strategy = "phase-aware"
[[phase]]
name = "plan"
agent = "a"
produces = [{ name = "project_plan", kind = "project_plan" }]
[[phase]]
name = "design"
agent = "a"
reads = ["project_plan"]
produces = [{ name = "design_specification", kind = "design_specification" }]
[[phase]]
name = "review"
agent = "a"
reads = ["project_plan", "design_specification"]
[phase.gate]
report = "review_report"
fails_at = { high = 1 }
may_revise = ["plan", "design"]
ASK
[[phase]]
name = "code"
agent = "a"
reads = ["design_specification"]
produces = [{ name = "generated_code", kind = "generated_code" }]
[[phase]]
name = "check"
agent = "a"
reads = ["generated_code"]
[phase.gate]
report = "check_report"
fails_at = { high = 1 }
may_revise = ["plan", "design", "code"]
ASK
[[phase]]
name = "test"
agent = "a"
reads = ["generated_code"]
produces = [{ name = "test_suite", kind = "test_suite" }]
[phase.gate]
report = "test_report"
tests = { code = "generated_code", suite = "test_suite" }
may_revise = ["plan", "design", "code", "test"]
ASK
[[phase]]
name = "post"
agent = "a"
reads = ["test_report", "review_report"]
produces = [{ name = "postmortem_report", kind = "postmortem_report" }]
"#;

/// Returns the pipeline of these tests, with an additional line at its top and one in each gate.
pub fn pipeline(more: &str, ask: &str) -> Pipeline {
    let text = PIPELINE.replace("MORE", more).replace("ASK", ask);
    parse(Source { file: "small.toml", text: &text }, &|_| Err(String::new())).unwrap()
}

pub struct Run {
    pub state: State,
}

impl Run {
    pub fn new() -> Self {
        Self::with("", "")
    }

    pub fn with(more: &str, ask: &str) -> Self {
        let digest = Digest::from_content(b"x");
        let created = RunCreated {
            format: 1,
            run_id: "run-1".parse().unwrap(),
            task_id: "TASK-1".parse().unwrap(),
            pipeline: digest.clone(),
            inputs: Vec::new(),
            base: Vec::new(),
            components: Default::default(),
            settings: digest.clone(),
            history: digest,
            scripted: true,
            started_by: None,
            repository: None,
            acceptance: None,
        };
        Self { state: State::new(created, pipeline(more, ask)) }
    }

    pub fn try_push(&mut self, event: Event) -> Result<(), String> {
        let number = self.state.events + 1;
        self.state.apply(&Recorded { number, at_ms: 7, event }).map_err(|error| error.to_string())
    }

    pub fn push(&mut self, event: Event) {
        self.try_push(event).unwrap();
    }

    /// Returns the work of the agent at turn.
    pub fn work(&self) -> AgentWork {
        match self.state.next() {
            Action::RunAgent(work) => *work,
            other => panic!("no agent has its turn: {other:?}"),
        }
    }

    /// Describes the next action: `PHASE#ATTEMPT` for an agent.
    pub fn next(&self) -> String {
        match self.state.next() {
            Action::RunAgent(work) => work.at.to_string(),
            Action::RunSuite(work) => format!("suite {}", work.at),
            Action::Judge(work) => format!("judge {}", work.at),
            Action::AskStrategy(at, _) => format!("strategy {at}"),
            Action::AskPerson(_, question, _) => format!("person: {question}"),
            Action::Wait(at) => format!("wait {at}"),
            Action::RunAcceptance(_) => "run the acceptance tests".to_owned(),
            Action::WriteBranch => "write the branch".to_owned(),
            Action::Finish(status, reason) => format!("{status:?}: {reason}"),
            Action::Over => "over".to_owned(),
        }
    }

    pub fn start(&mut self) -> AgentWork {
        let work = self.work();
        self.push(Event::PhaseStarted { at: work.at.clone(), inputs: work.inputs.clone() });
        work
    }

    pub fn finish(&mut self, at: &AttemptId, outcome: PhaseOutcome) {
        self.push(Event::PhaseFinished { at: at.clone(), outcome, elapsed_ms: 1, limit: None, log: None });
    }

    /// Runs an agent that submits new artifacts.
    pub fn submit(&mut self) -> AgentWork {
        let work = self.start();
        self.submit_artifacts(&work);
        work
    }

    pub fn submit_artifacts(&mut self, work: &AgentWork) {
        let made = |produced: &crate::pipeline::Produce| {
            let digest = Digest::from_content(format!("{} {}", work.at, produced.name).as_bytes());
            ArtifactRef { name: produced.name.clone(), kind: produced.kind.clone(), digest, size: 1 }
        };
        let artifacts = work.phase.produces.iter().map(made).collect();
        self.finish(&work.at, PhaseOutcome::Submitted { artifacts, findings: None });
    }

    /// Runs an agent that fails.
    pub fn fail(&mut self, reason: &str) -> AgentWork {
        let work = self.start();
        self.finish(&work.at, PhaseOutcome::Failed { reason: reason.to_owned() });
        work
    }

    /// Runs a gate up to its verdict, with one high issue for each of `phases`.
    pub fn judge(&mut self, verdict: Verdict, phases: &[&str]) -> AgentWork {
        let work = self.submit();
        self.run_suite();
        self.verdict(verdict, phases, &[]);
        work
    }

    pub fn run_suite(&mut self) {
        if let Action::RunSuite(suite) = self.state.next() {
            let run = Digest::from_content(format!("run {}", suite.at).as_bytes());
            let code = Some(suite.code);
            self.push(Event::TestsRan {
                at: suite.at,
                call: None,
                run,
                code,
                request: None,
                elapsed_ms: 1,
                limit: None,
            });
        }
    }

    pub fn verdict(&mut self, verdict: Verdict, phases: &[&str], dropped: &[&str]) {
        let Action::Judge(judge) = self.state.next() else { panic!("nothing to judge: {}", self.next()) };
        let issue = |(n, phase): (usize, &&str)| sample_issue(&format!("{}/{n}", judge.at), Severity::High, phase);
        let drop = |test: &&str| DroppedTest { test: (*test).to_owned(), reason: "no longer asked".into() };
        let digest = Digest::from_content(format!("report {}", judge.at).as_bytes());
        let kind = "findings_report".parse().unwrap();
        self.push(Event::GateJudged {
            at: judge.at.clone(),
            verdict,
            reason: format!("{} {}", judge.at, verdict.as_str()),
            permanent: false,
            issues: phases.iter().enumerate().map(issue).collect(),
            dropped: dropped.iter().map(drop).collect(),
            about: judge.about,
            report: Some(ArtifactRef { name: judge.gate.report, kind, digest, size: 1 }),
        });
    }

    /// Returns the input of the strategy.
    pub fn failure(&self) -> crate::feedback::GateFailure {
        match self.state.next() {
            Action::AskStrategy(_, failure) => *failure,
            other => panic!("the strategy is not asked: {other:?}"),
        }
    }

    /// Lets the strategy send each issue back to the phase that injected it.
    pub fn revise(&mut self, phases: &[&str]) {
        let Action::AskStrategy(at, failure) = self.state.next() else { panic!("not asked: {}", self.next()) };
        let about = self.state.phases[&at.phase].judged.last().unwrap().about.clone();
        let rework = |phase: &&str| Rework {
            phase: phase.parse().unwrap(),
            feedback: FeedbackItem {
                source: at.phase.to_string(),
                about: about.clone(),
                issues: failure.issues.iter().filter(|issue| issue.phase_injected == **phase).cloned().collect(),
                instructions: format!("mend {phase}"),
            },
        };
        let rework = phases.iter().map(rework).collect();
        self.push(Event::FeedbackDecided { at, decided: FeedbackOutcome::Revise { rework }, limit: None });
    }

    pub fn decide_feedback(&mut self, decided: FeedbackOutcome) {
        let Action::AskStrategy(at, _) = self.state.next() else { panic!("not asked: {}", self.next()) };
        self.push(Event::FeedbackDecided { at, decided, limit: None });
    }

    /// Asks a person, if that is the next action.
    pub fn ask_person(&mut self) {
        if let Action::AskPerson(at, question, about) = self.state.next() {
            self.push(Event::ApprovalAsked { at, question, about });
        }
    }

    /// Asks a person, if that is the next action, and records the decision.
    pub fn decide(&mut self, choice: Choice, reason: &str) -> Result<(), String> {
        self.ask_person();
        let Action::Wait(at) = self.state.next() else { panic!("nobody waits: {}", self.next()) };
        let about = self.state.waiting().unwrap().1.about.clone();
        self.try_push(Event::ApprovalGiven { at, choice, by: "ann".into(), reason: reason.into(), about })
    }

    /// Lets every phase pass until this phase is at turn.
    pub fn run_until(&mut self, phase: &str) {
        while self.work().at.phase.as_str() != phase {
            match self.work().phase.gate {
                Some(_) => drop(self.judge(Verdict::Passed, &[])),
                None => drop(self.submit()),
            }
        }
    }

    /// Lets every phase pass to the end, and returns status and reason.
    pub fn run_to_end(&mut self) -> (RunStatus, String) {
        loop {
            match self.state.next() {
                Action::RunAgent(work) if work.phase.gate.is_some() => drop(self.judge(Verdict::Passed, &[])),
                Action::RunAgent(_) => drop(self.submit()),
                Action::Finish(status, reason) => self.push(Event::RunFinished { status, reason }),
                Action::Over => {
                    let (status, reason) = self.state.ended().unwrap();
                    return (status, reason.to_owned());
                }
                _ => panic!("stuck: {}", self.next()),
            }
        }
    }
}

/// Returns the event of asking a call.
pub fn asked(at: &AttemptId, call: u32) -> Event {
    let request = Digest::from_content(format!("request {call}").as_bytes());
    Event::ModelAsked { at: at.clone(), call, label: "plan".into(), request, model: "scripted:a".into(), bound: None }
}

/// Returns the event of its answer, with one input and one output token.
pub fn answered(at: &AttemptId, call: u32) -> Event {
    let usage = Usage { input_tokens: 1, output_tokens: 1, usd: Some(0.5), ..Usage::default() };
    let answer = Digest::from_content(format!("answer {call}").as_bytes());
    Event::ModelAnswered { at: at.clone(), call, answer, usage, stop: "end".into(), elapsed_ms: 1, recorded: false }
}

/// Renders all feedback as `SOURCE: INSTRUCTIONS`.
pub fn render_feedback(work: &AgentWork) -> Vec<String> {
    work.feedback.iter().map(|item| format!("{}: {}", item.source, item.instructions)).collect()
}
