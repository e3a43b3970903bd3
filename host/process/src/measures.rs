//! What the host measured of a run: the input `run_measures`, and the figures that later runs estimate from.
//!
//! Everything is counted from the events: every judgement of every gate, every answered call, and as time what agents and
//! test runs took, so that a run that waited a week for a person did not work for a week. Cannot fail.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::{Spent, State, plus};
use crate::{Event, PhaseName, Recorded, RunId, RunStatus};

/// A run that passed, as estimation sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinishedRun {
    /// The run.
    pub run_id: RunId,
    /// What its plan said of its size.
    pub est_complexity: u64,
    /// Tokens read and written.
    pub tokens: u64,
    /// US dollars; `None` where a price was not known.
    pub usd: Option<f64>,
    /// Milliseconds of work, waiting for people not counted.
    pub latency_ms: u64,
}

/// What one phase took, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effort {
    /// What models took.
    pub spent: Spent,
    /// Milliseconds of work.
    pub elapsed_ms: u64,
}

impl Default for Effort {
    fn default() -> Self {
        // Nothing asked is known to have cost nothing.
        Self { spent: Spent { usd: Some(0.0), ..Spent::default() }, elapsed_ms: 0 }
    }
}

/// The effort of each phase that did anything.
pub fn efforts(events: &[Recorded]) -> BTreeMap<&PhaseName, Effort> {
    let mut efforts: BTreeMap<&PhaseName, Effort> = BTreeMap::new();
    for recorded in events {
        match &recorded.event {
            Event::ModelAsked { at, .. } => efforts.entry(&at.phase).or_default().spent.unanswered += 1,
            Event::ModelAnswered { at, usage, .. } => {
                let spent = &mut efforts.entry(&at.phase).or_default().spent;
                spent.add(usage);
                spent.unanswered = spent.unanswered.saturating_sub(1);
            }
            // Trial runs happen while their agent runs and are in its time already.
            Event::TestsRan { at, call: None, elapsed_ms, .. } | Event::PhaseFinished { at, elapsed_ms, .. } => {
                let effort = efforts.entry(&at.phase).or_default();
                effort.elapsed_ms = plus(effort.elapsed_ms, *elapsed_ms);
            }
            _ => {}
        }
    }
    efforts
}

/// The effort of the whole run.
pub fn total(state: &State, events: &[Recorded]) -> Effort {
    let elapsed_ms = efforts(events).values().map(|effort| effort.elapsed_ms).fold(0, plus);
    Effort { spent: state.spent, elapsed_ms }
}

/// A run's figures, where it passed and had a plan that says how big it was.
pub fn finished_run(state: &State, events: &[Recorded], plan: Option<&Value>) -> Option<FinishedRun> {
    let (RunStatus::Passed, _) = state.ended()? else { return None };
    let effort = total(state, events);
    Some(FinishedRun {
        run_id: state.created.run_id.clone(),
        est_complexity: plan?.get("total_est_complexity")?.as_u64()?,
        tokens: effort.spent.input_tokens + effort.spent.output_tokens,
        usd: effort.spent.usd,
        latency_ms: effort.elapsed_ms,
    })
}

/// The artifact `run_measures`. Of an attempt under way, the time up to `now_ms` is counted.
pub fn run_measures(state: &State, events: &[Recorded], history: &[FinishedRun], now_ms: u64) -> Value {
    let efforts = efforts(events);
    let under_way = state.running().map(|(at, _)| {
        let started = events.iter().rev().find_map(|recorded| match &recorded.event {
            Event::PhaseStarted { at: started, .. } if *started == at => Some(recorded.at_ms),
            _ => None,
        });
        (at.phase, now_ms.saturating_sub(started.unwrap_or(now_ms)))
    });
    let mut elapsed_ms = 0;
    let mut phases = Vec::new();
    let mut defects = Vec::new();
    for phase in &state.pipeline.phases {
        let mut effort = efforts.get(&phase.name).copied().unwrap_or_default();
        let now = under_way.as_ref().filter(|(name, _)| *name == phase.name).map_or(0, |(_, ms)| *ms);
        effort.elapsed_ms = plus(effort.elapsed_ms, now);
        elapsed_ms = plus(elapsed_ms, effort.elapsed_ms);
        let known = state.phases.get(&phase.name).cloned().unwrap_or_default();
        phases.push(json!({
            "phase": phase.name,
            "gate": phase.gate.is_some(),
            "attempts": known.attempts,
            "calls": effort.spent.calls,
            "input_tokens": effort.spent.input_tokens,
            "output_tokens": effort.spent.output_tokens,
            "usd": effort.spent.usd,
            "elapsed_ms": effort.elapsed_ms,
            "verdicts": known.judged.iter().map(|judged| judged.verdict).collect::<Vec<_>>(),
        }));
        for judged in &known.judged {
            defects.extend(judged.issues.iter().map(|issue| {
                json!({
                    "id": issue.id,
                    "gate": phase.name,
                    "attempt": judged.attempt,
                    "severity": issue.severity,
                    "defect_type": issue.defect_type,
                    "phase_injected": issue.phase_injected,
                    "description": issue.description,
                })
            }));
        }
    }
    json!({
        "phases": phases,
        "totals": {
            "calls": state.spent.calls,
            "input_tokens": state.spent.input_tokens,
            "output_tokens": state.spent.output_tokens,
            "usd": state.spent.usd,
            "elapsed_ms": elapsed_ms,
        },
        "defects": defects,
        "finished_runs": history,
    })
}

/// A run folded by hand, shared by the tests of this room.
#[cfg(test)]
pub(crate) mod by_hand {
    #![allow(clippy::unwrap_used, missing_docs)]
    use std::collections::BTreeMap;

    use crate::gate::sample_issue;
    use crate::model::Usage;
    use crate::pipeline::{parse, standard};
    use crate::source::Source;
    use crate::state::State;
    use crate::*;

    pub struct ByHand {
        pub state: State,
        pub events: Vec<Recorded>,
        now_ms: u64,
    }

    pub fn at(phase: &str, attempt: u32) -> AttemptId {
        AttemptId { phase: phase.parse().unwrap(), attempt }
    }

    pub fn artifact(name: &str, content: &str) -> ArtifactRef {
        let digest = Digest::of(content.as_bytes());
        let kind = name.split('/').next_back().unwrap();
        ArtifactRef { name: name.parse().unwrap(), kind: kind.parse().unwrap(), digest, size: content.len() as u64 }
    }

    impl ByHand {
        /// A run of `planning-design`, about to plan.
        pub fn new() -> Self {
            Self::of("planning-design")
        }

        /// A run of a standard pipeline, about to plan.
        pub fn of(pipeline: &str) -> Self {
            let text = standard(pipeline).unwrap();
            let pipeline = parse(Source { file: pipeline, text }, &|_| Err(String::new())).unwrap();
            let created = RunCreated {
                format: EVENT_FORMAT,
                run_id: "run-1".parse().unwrap(),
                task_id: "TASK-1".parse().unwrap(),
                pipeline: Digest::of(b"pipeline"),
                inputs: vec![artifact("task_requirements", "{}")],
                base: vec![],
                components: BTreeMap::new(),
                settings: Digest::of(b"settings"),
                history: Digest::of(b"[]"),
                scripted: true,
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
            self.add(Event::ModelAsked { at: at(phase, attempt), call, label, request: Digest::of(b"q"), model })
        }

        pub fn answer(&mut self, phase: &str, attempt: u32, call: u32, usd: Option<f64>) -> &mut Self {
            let usage = Usage { input_tokens: 100, output_tokens: 10, cached_input_tokens: 0, usd };
            let (answer, stop) = (Digest::of(b"a"), "end".to_owned());
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

        /// One attempt with one call that makes one artifact in 50 ms, or none.
        pub fn work(&mut self, phase: &str, attempt: u32, made: Option<&str>) -> &mut Self {
            self.add(Event::PhaseStarted { at: at(phase, attempt), inputs: vec![] });
            self.ask(phase, attempt, 1).answer(phase, attempt, 1, Some(0.5));
            let artifacts = made.map(|name| artifact(name, &format!("{phase}#{attempt}"))).into_iter().collect();
            let outcome = PhaseOutcome::Submitted { artifacts, findings: None };
            self.add(Event::PhaseFinished { at: at(phase, attempt), outcome, elapsed_ms: 50, limit: None })
        }

        pub fn judge(&mut self, phase: &str, attempt: u32, verdict: Verdict, severities: &[Severity]) -> &mut Self {
            let issue = |(i, severity): (usize, &Severity)| {
                sample_issue(&format!("{phase}#{attempt}/I-{i}"), *severity, "design")
            };
            self.add(Event::GateJudged {
                at: at(phase, attempt),
                verdict,
                reason: format!("{} issues", severities.len()),
                permanent: false,
                issues: severities.iter().enumerate().map(issue).collect(),
                dropped: vec![],
                about: vec![Digest::of(b"design")],
                report: None,
            })
        }

        pub fn revise(&mut self, gate: &str, attempt: u32, phase: &str) -> &mut Self {
            let instructions = "mend it".to_owned();
            let feedback = FeedbackItem { source: gate.to_owned(), about: vec![], issues: vec![], instructions };
            let decided = Decided::Revise { rework: vec![Rework { phase: phase.parse().unwrap(), feedback }] };
            self.add(Event::FeedbackDecided { at: at(gate, attempt), decided, limit: None })
        }

        pub fn ask_person(&mut self, gate: &str, attempt: u32) -> &mut Self {
            let question = "what now?".to_owned();
            self.add(Event::ApprovalAsked { at: at(gate, attempt), question, about: vec![] })
        }

        pub fn say(&mut self, gate: &str, attempt: u32, choice: Choice, reason: &str) -> &mut Self {
            let (by, reason, about) = ("ada".to_owned(), reason.to_owned(), vec![Digest::of(b"design")]);
            self.add(Event::ApprovalGiven { at: at(gate, attempt), choice, by, reason, about })
        }

        pub fn finish(&mut self, status: RunStatus) -> &mut Self {
            self.add(Event::RunFinished { status, reason: "every gate passed".to_owned() })
        }

        /// Whatever comes after the design, up to the end.
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
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::by_hand::*;
    use super::*;
    use crate::artifact::compile;
    use crate::{Choice, Severity, Verdict};

    fn valid(run: &ByHand, measures: &Value) {
        let validator = compile(&run.state.pipeline, &"run_measures".parse().unwrap()).unwrap();
        let faults: Vec<_> = validator.iter_errors(measures).map(|error| error.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new());
    }

    fn history() -> Vec<FinishedRun> {
        let run_id = "run-0".parse().unwrap();
        vec![FinishedRun { run_id, est_complexity: 12, tokens: 900, usd: None, latency_ms: 7 }]
    }

    // Fault 10 of the reference process: its defect log holds the last reports only.
    #[test]
    fn the_defects_of_every_judgement_count_and_not_only_the_last_ones() {
        let run = ByHand::reviewed_twice();
        let measures = run_measures(&run.state, &run.events, &history(), 99_000);
        valid(&run, &measures);
        let ids: Vec<_> = measures["defects"].as_array().unwrap().iter().map(|defect| &defect["id"]).collect();
        assert_eq!(ids, ["design-review#1/I-0", "design-review#1/I-1"]);
        assert_eq!(measures["finished_runs"][0]["run_id"], "run-0");
    }

    // Fault 9: its effort is always zero.
    #[test]
    fn effort_is_what_was_measured_for_each_phase() {
        let run = ByHand::reviewed_twice();
        let measures = run_measures(&run.state, &run.events, &[], 99_000);
        let review = &measures["phases"].as_array().unwrap()[2];
        assert_eq!(
            *review,
            json!({
                "phase": "design-review", "gate": true, "attempts": 2, "calls": 2, "input_tokens": 200,
                "output_tokens": 20, "usd": 1.0, "elapsed_ms": 100, "verdicts": ["failed", "passed"],
            })
        );
        assert_eq!(measures["totals"]["usd"], 2.5);
        assert_eq!(measures["totals"]["elapsed_ms"], 250);
    }

    #[test]
    fn an_unknown_price_makes_the_sum_unknown_and_not_small() {
        let mut run = ByHand::new();
        run.add(Event::PhaseStarted { at: at("planning", 1), inputs: vec![] });
        run.ask("planning", 1, 1).answer("planning", 1, 1, Some(0.5));
        run.ask("planning", 1, 2).answer("planning", 1, 2, None);
        let measures = run_measures(&run.state, &run.events, &[], 0);
        valid(&run, &measures);
        assert_eq!((&measures["phases"][0]["usd"], &measures["totals"]["usd"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn an_attempt_under_way_counts_up_to_now() {
        let mut run = ByHand::new();
        run.add(Event::PhaseStarted { at: at("planning", 1), inputs: vec![] });
        let measures = run_measures(&run.state, &run.events, &[], 2500);
        assert_eq!(measures["phases"][0]["elapsed_ms"], 500);
    }

    #[test]
    fn waiting_for_a_person_is_no_work() {
        let mut run = ByHand::new();
        run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
        run.work("design-review", 1, None).judge("design-review", 1, Verdict::Failed, &[Severity::High]);
        let before = total(&run.state, &run.events);
        run.ask_person("design-review", 1).say("design-review", 1, Choice::Override, "known and accepted");
        assert_eq!(total(&run.state, &run.events), before);
        assert_eq!(before.elapsed_ms, 150);
    }

    #[test]
    fn only_a_run_that_passed_and_had_a_plan_is_history() {
        let mut run = ByHand::reviewed_twice();
        let plan = json!({ "total_est_complexity": 31 });
        assert_eq!(finished_run(&run.state, &run.events, Some(&plan)), None);
        run.finish(RunStatus::Passed);
        assert_eq!(finished_run(&run.state, &run.events, None), None);
        let finished = finished_run(&run.state, &run.events, Some(&plan)).unwrap();
        assert_eq!((finished.est_complexity, finished.tokens, finished.latency_ms), (31, 550, 250));
        assert_eq!(finished.usd, Some(2.5));
    }
}
