//! Finds the first difference of built runs that differ in one thing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::event::{Choice, FeedbackOutcome, RunStatus, Verdict};
use crate::fixtures::*;
use crate::model::Usage;
use crate::work::{ArtifactRef, Severity};

fn first(before: &RunBuilder, after: &RunBuilder) -> Option<Difference> {
    first_difference(&before.events, &after.events, &|_| None)
}

fn differs(before: &RunBuilder, after: &RunBuilder) -> Option<DifferenceKind> {
    first(before, after).map(|difference| difference.differs)
}

/// Returns one field of the events on both sides of a difference.
fn sides(difference: &Difference, field: &str) -> [String; 2] {
    [&difference.before, &difference.after].map(|side| {
        let event = serde_json::to_value(side).unwrap();
        event
            .get(field)
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .unwrap_or_default()
    })
}

fn started(phase: &str) -> RunBuilder {
    let mut run = RunBuilder::new();
    run.add(Event::PhaseStarted { at: at(phase, 1), inputs: vec![] });
    run
}

fn add_request(run: &mut RunBuilder, call: u32, request: &str) {
    let (label, model) = ("plan".to_owned(), "a:b".to_owned());
    let request = Digest::from_content(request.as_bytes());
    run.add(Event::ModelAsked { at: at("planning", 1), call, label, request, model, bound: None });
}

fn add_answer(run: &mut RunBuilder, call: u32, answer: &str) {
    let answer = Digest::from_content(answer.as_bytes());
    let (usage, stop) = (Usage::default(), "end".to_owned());
    run.add(Event::ModelAnswered { at: at("planning", 1), call, answer, usage, stop, elapsed_ms: 40, recorded: false });
}

fn finish_phase(run: &mut RunBuilder, outcome: PhaseOutcome) {
    run.add(Event::PhaseFinished { at: at("planning", 1), outcome, elapsed_ms: 1, limit: None, log: None });
}

fn submitted(artifacts: Vec<ArtifactRef>) -> PhaseOutcome {
    PhaseOutcome::Submitted { artifacts, findings: None }
}

/// Returns a run whose plan is the answer to the second of these requests.
fn planned(requests: [&str; 2], answer: &str) -> RunBuilder {
    let mut run = started("planning");
    add_request(&mut run, 1, requests[0]);
    add_answer(&mut run, 1, "first");
    add_request(&mut run, 2, requests[1]);
    add_answer(&mut run, 2, answer);
    run.add(Event::ArtifactStored { at: at("planning", 1), artifact: artifact("project_plan", answer) });
    finish_phase(&mut run, submitted(vec![artifact("project_plan", answer)]));
    run
}

fn judged(verdict: Verdict, severities: &[Severity]) -> RunBuilder {
    let mut run = RunBuilder::new();
    run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
    run.work("design-review", 1, None).judge("design-review", 1, verdict, severities);
    run
}

#[test]
fn ignores_order_stops_and_repeated_calls() {
    let plain = planned(["one", "two"], "done");
    let mut other = started("planning");
    add_request(&mut other, 1, "one");
    add_request(&mut other, 2, "two");
    add_answer(&mut other, 2, "done");
    other.add(Event::RunStopped { reason: "cancelled by ada".into() });
    add_request(&mut other, 1, "one");
    add_answer(&mut other, 1, "first");
    other.add(Event::ArtifactStored { at: at("planning", 1), artifact: artifact("project_plan", "done") });
    finish_phase(&mut other, submitted(vec![artifact("project_plan", "done")]));
    assert_eq!(first(&plain, &other), None);
    assert_eq!(first(&other, &plain), None);
}

#[test]
fn reports_requests_before_their_effects() {
    let (before, after) = (planned(["one", "two"], "done"), planned(["one", "2"], "otherwise"));
    let difference = first(&before, &after).unwrap();
    assert_eq!((difference.differs, sides(&difference, "call")), (DifferenceKind::Request, ["2".into(), "2".into()]));
    assert_eq!(difference.blobs(), Some((&Digest::from_content(b"two"), &Digest::from_content(b"2"))));
}

#[test]
fn reports_answers_before_artifacts() {
    let difference = first(&planned(["one", "two"], "done"), &planned(["one", "two"], "otherwise")).unwrap();
    assert_eq!(difference.differs, DifferenceKind::Answer);
    assert_eq!(difference.blobs(), Some((&Digest::from_content(b"done"), &Digest::from_content(b"otherwise"))));
}

#[test]
fn finds_other_artifacts_by_name() {
    let made = |plan: &str, names: [&str; 2]| {
        let mut run = started("planning");
        let both = [artifact(names[0], "same"), artifact(names[1], plan)];
        // In any order of storing.
        for stored in [&both[1], &both[0]] {
            run.add(Event::ArtifactStored { at: at("planning", 1), artifact: stored.clone() });
        }
        finish_phase(&mut run, submitted(both.to_vec()));
        run
    };
    let difference = first(&made("a", ["notes", "project_plan"]), &made("b", ["notes", "project_plan"])).unwrap();
    assert_eq!(
        (difference.differs, difference.blobs()),
        (DifferenceKind::Artifact, Some((&Digest::from_content(b"a"), &Digest::from_content(b"b"))))
    );
    let renamed = first(&made("a", ["notes", "project_plan"]), &made("a", ["notes", "second_plan"])).unwrap();
    assert_eq!(
        (renamed.differs, renamed.blobs()),
        (DifferenceKind::Artifact, None),
        "they are not two versions of one thing"
    );
}

#[test]
fn finds_other_outcomes() {
    let failed = |reason: &str| {
        let mut run = started("planning");
        finish_phase(&mut run, PhaseOutcome::Failed { reason: reason.into() });
        run
    };
    let mut done = started("planning");
    finish_phase(&mut done, submitted(vec![]));
    assert_eq!(differs(&failed("no idea"), &done), Some(DifferenceKind::Outcome));
    assert_eq!(differs(&failed("no idea"), &failed("no time")), Some(DifferenceKind::Outcome));
    assert_eq!(differs(&failed("no idea"), &failed("no idea")), None);
}

#[test]
fn distinguishes_verdicts_from_findings() {
    let passed = judged(Verdict::Passed, &[]);
    let failed = judged(Verdict::Failed, &[Severity::High]);
    let difference = first(&passed, &failed).unwrap();
    assert_eq!(difference.differs, DifferenceKind::Verdict);
    assert_eq!(sides(&difference, "verdict"), ["passed", "failed"]);
    let worse = judged(Verdict::Failed, &[Severity::High, Severity::Low]);
    assert_eq!(differs(&failed, &worse), Some(DifferenceKind::Findings));
}

#[test]
fn finds_other_decisions() {
    let decided = |decided: FeedbackOutcome| {
        let mut run = judged(Verdict::Failed, &[Severity::High]);
        run.add(Event::FeedbackDecided { at: at("design-review", 1), decided, limit: None });
        run
    };
    let gives_up = decided(FeedbackOutcome::GiveUp { reason: "no use".into() });
    assert_eq!(
        differs(&gives_up, &decided(FeedbackOutcome::AskAPerson { reason: "no use".into() })),
        Some(DifferenceKind::Decision)
    );
    let decided_by = |person: &str, reason: &str| {
        let mut run = judged(Verdict::Failed, &[Severity::High]);
        run.ask_person("design-review", 1);
        let (by, reason) = (person.to_owned(), reason.to_owned());
        let at = at("design-review", 1);
        run.add(Event::ApprovalGiven { at, choice: Choice::Override, by, reason, about: vec![] });
        run
    };
    assert_eq!(differs(&decided_by("ada", "harmless"), &decided_by("bob", "harmless")), None);
    assert_eq!(differs(&decided_by("ada", "harmless"), &decided_by("ada", "known")), Some(DifferenceKind::Person));
    assert_eq!(differs(&decided_by("ada", "harmless"), &gives_up), Some(DifferenceKind::Way));
}

#[test]
fn finds_another_end() {
    let ended = |status| {
        let mut run = judged(Verdict::Passed, &[]);
        run.finish(status);
        run
    };
    assert_eq!(differs(&ended(RunStatus::Passed), &ended(RunStatus::Passed)), None);
    let mut failed = ended(RunStatus::Passed);
    failed.events.last_mut().unwrap().event =
        Event::RunFinished { status: RunStatus::Failed, reason: "every gate passed".into() };
    assert_eq!(differs(&ended(RunStatus::Passed), &failed), Some(DifferenceKind::End));
}

#[test]
fn reports_a_shorter_run_as_further() {
    let whole = planned(["one", "two"], "done");
    let mut part = started("planning");
    add_request(&mut part, 1, "one");
    let difference = first(&whole, &part).unwrap();
    assert_eq!(
        (difference.differs, sides(&difference, "event")),
        (DifferenceKind::Further, ["model_answered".into(), String::new()])
    );
    // Killed while two calls were open: neither has an answer, which is not a different step.
    add_request(&mut part, 2, "two");
    assert_eq!(differs(&part, &whole), Some(DifferenceKind::Further));
}

#[test]
fn ignores_only_calls_that_nothing_waited_for() {
    let mut before = started("planning");
    add_request(&mut before, 1, "one");
    let mut left = started("planning");
    for run in [&mut before, &mut left] {
        add_request(run, 2, "two");
        add_answer(run, 2, "two");
    }
    add_request(&mut left, 3, "three");
    for run in [&mut before, &mut left] {
        finish_phase(run, submitted(vec![]));
    }
    assert_eq!(first(&before, &left), None);
    assert_eq!(first(&left, &before), None);
    let mut repeated = started("planning");
    for call in 1..=3 {
        add_request(&mut repeated, call, ["one", "two", "three"][call as usize - 1]);
        add_answer(&mut repeated, call, "two");
    }
    finish_phase(&mut repeated, submitted(vec![]));
    let difference = first(&before, &repeated).unwrap();
    assert_eq!(
        (difference.differs, sides(&difference, "event")),
        (DifferenceKind::Way, ["phase_finished".into(), "model_asked".into()])
    );
}

/// Adds a phase that reads these measures, makes one call and submits a report.
fn add_measured_phase(run: &mut RunBuilder, phase: &str, measures: &str, [request, answer, report]: [&str; 3]) {
    let measures = artifact("run_measures", measures);
    run.add(Event::ArtifactStored { at: at(phase, 1), artifact: measures.clone() });
    run.add(Event::PhaseStarted { at: at(phase, 1), inputs: vec![measures] });
    let (label, model) = ("look".to_owned(), "a:b".to_owned());
    let request = Digest::from_content(request.as_bytes());
    run.add(Event::ModelAsked { at: at(phase, 1), call: 1, label, request, model, bound: None });
    let (usage, stop, answer) = (Usage::default(), "end".to_owned(), Digest::from_content(answer.as_bytes()));
    let at = || at(phase, 1);
    run.add(Event::ModelAnswered { at: at(), call: 1, answer, usage, stop, elapsed_ms: 1, recorded: false });
    let report = artifact(&format!("{phase}_report"), report);
    run.add(Event::ArtifactStored { at: at(), artifact: report.clone() });
    run.add(Event::PhaseFinished { at: at(), outcome: submitted(vec![report]), elapsed_ms: 5, limit: None, log: None });
}

#[test]
fn ignores_effects_of_measured_time() {
    let measured = |measures: &str, made: [&str; 3]| {
        let mut run = RunBuilder::new();
        run.work("planning", 1, Some("project_plan"));
        add_measured_phase(&mut run, "design", measures, made);
        run
    };
    let (quick, slow) = (["was it quick?", "yes", "quick"], ["was it slow?", "no", "slow"]);
    assert_eq!(first(&measured("12 ms", quick), &measured("13 ms", slow)), None);
    assert_eq!(differs(&measured("12 ms", quick), &measured("12 ms", slow)), Some(DifferenceKind::Request));
    let moody = measured("13 ms", ["was it quick?", "no", "slow"]);
    assert_eq!(differs(&measured("12 ms", quick), &moody), Some(DifferenceKind::Answer), "time does not explain it");
}

#[test]
fn ignores_indirect_effects_of_time_but_not_verdicts() {
    let reviewed = |measures: &str, report: &str, verdict: Verdict| {
        let mut run = RunBuilder::new();
        run.work("planning", 1, Some("project_plan"));
        add_measured_phase(&mut run, "design", measures, ["how long?", "so long", report]);
        let report = artifact("design_report", report);
        run.add(Event::PhaseStarted { at: at("design-review", 1), inputs: vec![report.clone()] });
        let (at, request) = (at("design-review", 1), report.digest);
        run.add(Event::ModelAsked {
            at: at.clone(),
            call: 1,
            label: "review".into(),
            request,
            model: "a:b".into(),
            bound: None,
        });
        run.add(Event::PhaseFinished { at, outcome: submitted(vec![]), elapsed_ms: 5, limit: None, log: None });
        run.judge("design-review", 1, verdict, &[]);
        run
    };
    let quick = reviewed("12 ms", "quick", Verdict::Passed);
    assert_eq!(first(&quick, &reviewed("13 ms", "slow", Verdict::Passed)), None);
    assert_eq!(differs(&quick, &reviewed("13 ms", "slow", Verdict::Failed)), Some(DifferenceKind::Verdict));
}

#[test]
fn figures_of_earlier_runs_count() {
    let planned = |measures: &str, made: [&str; 3]| {
        let mut run = RunBuilder::new();
        add_measured_phase(&mut run, "planning", measures, made);
        run
    };
    let (first_run, second) = (["how big?", "big", "big"], ["how big, after 12 tokens?", "small", "small"]);
    assert_eq!(differs(&planned("no runs", first_run), &planned("one run", second)), Some(DifferenceKind::Request));
    assert_eq!(first(&planned("no runs", first_run), &planned("one run", first_run)), None, "nothing came of them");
}

#[test]
fn distinguishes_trial_runs_from_suite_runs() {
    let tried = |request: &str, run_digest: &str, call: Option<u32>| {
        let mut run = started("planning");
        let (run_blob, request) =
            (Digest::from_content(run_digest.as_bytes()), Some(Digest::from_content(request.as_bytes())));
        let ran = Event::TestsRan {
            at: at("planning", 1),
            call,
            run: run_blob,
            code: None,
            request,
            elapsed_ms: 3,
            limit: None,
        };
        run.events.push(Recorded { number: 3, at_ms: 9, event: ran });
        run
    };
    assert_eq!(differs(&tried("a", "x", Some(1)), &tried("a", "y", Some(1))), Some(DifferenceKind::Trial));
    assert_eq!(differs(&tried("a", "x", Some(1)), &tried("b", "x", Some(1))), Some(DifferenceKind::Trial));
    assert_eq!(differs(&tried("a", "x", None), &tried("a", "y", None)), Some(DifferenceKind::Tests));
    let mut asked = started("planning");
    add_request(&mut asked, 1, "one");
    assert_eq!(differs(&tried("a", "x", Some(1)), &asked), Some(DifferenceKind::Request));
}
