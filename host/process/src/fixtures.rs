//! Builds runs event by event, for the tests of this crate.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use crate::budget::Cost;
use crate::model::{Error, Usage};
use crate::pipeline::{parse, standard};
use crate::source::Source;
use crate::state::State;
use crate::*;

pub struct RunBuilder {
    pub state: State,
    pub events: Vec<Recorded>,
    now_ms: u64,
}

pub fn at(phase: &str, attempt: u32) -> AttemptId {
    AttemptId { phase: phase.parse().unwrap(), attempt }
}

pub fn artifact(name: &str, content: &str) -> ArtifactRef {
    let digest = Digest::from_content(content.as_bytes());
    let kind = name.split('/').next_back().unwrap();
    ArtifactRef { name: name.parse().unwrap(), kind: kind.parse().unwrap(), digest, size: content.len() as u64 }
}

impl RunBuilder {
    /// Returns a new run of `planning-design`.
    pub fn new() -> Self {
        Self::with_pipeline("planning-design")
    }

    /// Returns a new run of a standard pipeline.
    pub fn with_pipeline(pipeline: &str) -> Self {
        let text = standard(pipeline).unwrap();
        let pipeline = parse(Source { file: pipeline, text }, &|_| Err(String::new())).unwrap();
        let created = RunCreated {
            format: EVENT_FORMAT,
            run_id: "run-1".parse().unwrap(),
            task_id: "TASK-1".parse().unwrap(),
            pipeline: Digest::from_content(b"pipeline"),
            inputs: vec![artifact("task_requirements", "{}")],
            base: vec![],
            components: BTreeMap::new(),
            settings: Digest::from_content(b"settings"),
            history: Digest::from_content(b"[]"),
            scripted: true,
            started_by: None,
            repository: None,
            acceptance: None,
        };
        let event = Event::RunCreated(Box::new(created.clone()));
        let events = vec![Recorded { number: 1, at_ms: 1000, event }];
        Self { state: State::new(created, pipeline), events, now_ms: 1000 }
    }

    pub fn add(&mut self, event: Event) -> &mut Self {
        self.now_ms += 1000;
        let recorded = Recorded { number: self.state.events + 1, at_ms: self.now_ms, event };
        self.state.apply(&recorded).unwrap();
        self.events.push(recorded);
        self
    }

    pub fn ask(&mut self, phase: &str, attempt: u32, call: u32) -> &mut Self {
        let (label, model) = ("plan".to_owned(), "a:b".to_owned());
        let (request, most) = (Digest::from_content(b"q"), Cost { tokens: 500, usd: Some(2.0) });
        let bound = Some(RequestBound { prompt_bytes: 400, most });
        self.add(Event::ModelAsked { at: at(phase, attempt), call, label, request, model, bound })
    }

    /// Adds a failed request.
    pub fn fail(&mut self, phase: &str, attempt: u32, call: u32, number: u32, cost: RequestCost) -> &mut Self {
        let (status, error) = (Some(503), Error::Unavailable("a answered 503: busy".to_owned()));
        self.add(Event::ModelTried {
            at: at(phase, attempt),
            call,
            request_number: number,
            status,
            error,
            cost,
            elapsed_ms: 30,
        })
    }

    pub fn answer(&mut self, phase: &str, attempt: u32, call: u32, usd: Option<f64>) -> &mut Self {
        let usage = Usage { input_tokens: 100, output_tokens: 10, cached_input_tokens: 0, usd };
        let (answer, stop) = (Digest::from_content(b"a"), "end".to_owned());
        self.add(Event::ModelAnswered {
            at: at(phase, attempt),
            call,
            answer,
            usage,
            stop,
            elapsed_ms: 40,
            recorded: false,
        })
    }

    /// Adds an attempt with one call that takes 50 ms and submits one artifact or none.
    pub fn work(&mut self, phase: &str, attempt: u32, made: Option<&str>) -> &mut Self {
        self.add(Event::PhaseStarted { at: at(phase, attempt), inputs: vec![] });
        self.ask(phase, attempt, 1).answer(phase, attempt, 1, Some(0.5));
        let artifacts = made.map(|name| artifact(name, &format!("{phase}#{attempt}"))).into_iter().collect();
        let outcome = PhaseOutcome::Submitted { artifacts, findings: None };
        self.add(Event::PhaseFinished { at: at(phase, attempt), outcome, elapsed_ms: 50, limit: None, log: None })
    }

    pub fn judge(&mut self, phase: &str, attempt: u32, verdict: Verdict, severities: &[Severity]) -> &mut Self {
        let issue =
            |(i, severity): (usize, &Severity)| sample_issue(&format!("{phase}#{attempt}/I-{i}"), *severity, "design");
        self.add(Event::GateJudged {
            at: at(phase, attempt),
            verdict,
            reason: format!("{} issues", severities.len()),
            permanent: false,
            issues: severities.iter().enumerate().map(issue).collect(),
            dropped: vec![],
            about: vec![Digest::from_content(b"design")],
            report: None,
        })
    }

    pub fn revise(&mut self, gate: &str, attempt: u32, phase: &str) -> &mut Self {
        let instructions = "mend it".to_owned();
        let feedback = FeedbackItem { source: gate.to_owned(), about: vec![], issues: vec![], instructions };
        let decided = FeedbackOutcome::Revise { rework: vec![Rework { phase: phase.parse().unwrap(), feedback }] };
        self.add(Event::FeedbackDecided { at: at(gate, attempt), decided, limit: None })
    }

    pub fn ask_person(&mut self, gate: &str, attempt: u32) -> &mut Self {
        let question = "what now?".to_owned();
        self.add(Event::ApprovalAsked { at: at(gate, attempt), question, about: vec![] })
    }

    pub fn decide(&mut self, gate: &str, attempt: u32, choice: Choice, reason: &str) -> &mut Self {
        let (by, reason, about) = ("ada".to_owned(), reason.to_owned(), vec![Digest::from_content(b"design")]);
        self.add(Event::ApprovalGiven { at: at(gate, attempt), choice, by, reason, about })
    }

    pub fn finish(&mut self, status: RunStatus) -> &mut Self {
        self.add(Event::RunFinished { status, reason: "every gate passed".to_owned() })
    }

    /// Returns a run whose design review failed once and then passed.
    pub fn reviewed_twice() -> Self {
        let mut run = Self::new();
        run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
        run.work("design-review", 1, None);
        run.judge("design-review", 1, Verdict::Failed, &[Severity::High, Severity::Low]);
        run.revise("design-review", 1, "design").work("design", 2, Some("design_specification"));
        run.work("design-review", 2, None).judge("design-review", 2, Verdict::Passed, &[]);
        run
    }
}

pub fn sample_issue(id: &str, severity: Severity, phase: &str) -> Issue {
    Issue {
        id: id.to_owned(),
        severity,
        category: "correctness".to_owned(),
        defect_type: "conventional_code_bug".to_owned(),
        phase_injected: phase.to_owned(),
        description: "minutes are taken for hours".to_owned(),
        evidence: "parse(\"5m\") gives 5 hours".to_owned(),
        impact: "every duration is wrong".to_owned(),
        recommendation: None,
        location: None,
    }
}
