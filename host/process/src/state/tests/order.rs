//! Events that do not fit the state are rejected with a reason.

use super::harness::{Run, answered, asked};
use crate::digest::Digest;
use crate::event::{Choice, Event, FeedbackOutcome, PhaseOutcome, Recorded, Rework, RunStatus, Verdict};
use crate::repository::RepositoryRequest;
use crate::work::ArtifactRef;

fn at(text: &str) -> crate::names::AttemptId {
    let (phase, attempt) = text.split_once('#').unwrap();
    crate::names::AttemptId { phase: phase.parse().unwrap(), attempt: attempt.parse().unwrap() }
}

fn started(text: &str) -> Event {
    Event::PhaseStarted { at: at(text), inputs: vec![] }
}

fn finished(text: &str) -> Event {
    let outcome = PhaseOutcome::Failed { reason: "no".into() };
    Event::PhaseFinished { at: at(text), outcome, elapsed_ms: 1, limit: None, log: None }
}

fn judged(text: &str, verdict: Verdict) -> Event {
    let (issues, dropped, about) = (vec![], vec![], vec![]);
    let reason = "so".into();
    Event::GateJudged { at: at(text), verdict, reason, permanent: false, issues, dropped, about, report: None }
}

fn decided(text: &str) -> Event {
    Event::FeedbackDecided { at: at(text), decided: FeedbackOutcome::GiveUp { reason: "no".into() }, limit: None }
}

/// Returns why an event is rejected, which changes nothing.
fn refusal(run: &mut Run, event: Event) -> String {
    let before = format!("{:?}", run.state);
    let error = run.try_push(event).expect_err("it was taken");
    assert_eq!(format!("{:?}", run.state), before);
    error.split_once("cannot follow the events before it: ").unwrap().1.to_owned()
}

#[test]
fn event_numbers_have_no_gaps() {
    let mut run = Run::new();
    let event = started("plan#1");
    let error = run.state.apply(&Recorded { number: 5, at_ms: 1, event }).unwrap_err();
    assert_eq!(error.to_string(), "event 5 cannot follow the events before it: the event before it is 1");
    assert_eq!(error.hint(), "the journal was changed, or written by another version");
}

#[test]
fn a_phase_starts_only_at_turn() {
    let mut run = Run::new();
    assert_eq!(refusal(&mut run, started("code#1")), "it is about code#1, but plan#1 is at turn");
    assert_eq!(refusal(&mut run, started("plan#2")), "it is about plan#2, but plan#1 is at turn");
    run.push(started("plan#1"));
    assert_eq!(refusal(&mut run, started("plan#1")), "plan#1 is not ready to start");
}

#[test]
fn calls_need_a_running_attempt() {
    let mut run = Run::new();
    assert_eq!(refusal(&mut run, asked(&at("plan#1"), 1)), "plan#1 is not running");
    let work = run.start();
    assert_eq!(refusal(&mut run, answered(&work.at, 1)), "call 1 of plan#1 was not asked");
    run.push(asked(&work.at, 1));
    run.push(answered(&work.at, 1));
    assert_eq!(refusal(&mut run, answered(&work.at, 1)), "call 1 of plan#1 was answered already");
    assert_eq!(refusal(&mut run, asked(&work.at, 1)), "call 1 of plan#1 was answered already");
    run.submit_artifacts(&work);
    assert_eq!(refusal(&mut run, asked(&work.at, 2)), "it is about plan#1, but design#1 is at turn");
}

#[test]
fn rejects_artifacts_of_other_attempts() {
    let mut run = Run::new();
    run.run_until("check");
    let (name, kind) = ("generated_code".parse().unwrap(), "generated_code".parse().unwrap());
    let artifact = ArtifactRef { name, kind, digest: Digest::from_content(b"other code"), size: 1 };
    let slipped = Event::ArtifactStored { at: at("code#1"), artifact };
    assert_eq!(refusal(&mut run, slipped), "it is about code#1, but check#1 is at turn");
}

#[test]
fn judges_a_gate_once_after_its_agent() {
    let mut run = Run::new();
    assert_eq!(refusal(&mut run, judged("plan#1", Verdict::Passed)), "plan#1 is not ready to be judged");
    run.run_until("review");
    assert_eq!(refusal(&mut run, judged("review#1", Verdict::Passed)), "review#1 is not ready to be judged");
    run.judge(Verdict::Failed, &["design"]);
    assert_eq!(refusal(&mut run, judged("review#1", Verdict::Passed)), "review#1 is not ready to be judged");
}

#[test]
fn only_gates_can_be_judged() {
    let mut run = Run::new();
    for attempt in 1..=3 {
        run.push(started(&format!("plan#{attempt}")));
        run.push(finished(&format!("plan#{attempt}")));
    }
    assert_eq!(refusal(&mut run, judged("plan#3", Verdict::Passed)), "plan is no gate");
}

#[test]
fn the_strategy_decides_once_about_a_failure() {
    let mut run = Run::with("", "ask = \"always\"");
    run.run_until("review");
    assert_eq!(refusal(&mut run, decided("review#1")), "review#1 has not been judged");
    run.judge(Verdict::Passed, &[]);
    assert_eq!(refusal(&mut run, decided("review#1")), "review#1 gives the strategy nothing to decide");
    let mut run = Run::new();
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    run.push(decided("review#1"));
    assert_eq!(refusal(&mut run, decided("review#1")), "review#1 gives the strategy nothing to decide");
}

#[test]
fn no_decision_skips_a_gate() {
    let mut run = Run::new();
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    let feedback =
        crate::work::FeedbackItem { source: "review".into(), about: vec![], issues: vec![], instructions: "go".into() };
    let rework = vec![Rework { phase: "post".parse().unwrap(), feedback }];
    let skip = Event::FeedbackDecided { at: at("review#1"), decided: FeedbackOutcome::Revise { rework }, limit: None };
    assert_eq!(refusal(&mut run, skip), "this gate may not send work back to post");
    let mut run = Run::new();
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    let nothing =
        Event::FeedbackDecided { at: at("review#1"), decided: FeedbackOutcome::Revise { rework: vec![] }, limit: None };
    assert_eq!(refusal(&mut run, nothing), "no phase revises");
}

#[test]
fn rejects_approvals_that_were_not_asked() {
    let mut run = Run::new();
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    let (by, reason, about) = ("ann".into(), "ok".into(), vec![]);
    let given = Event::ApprovalGiven { at: at("review#1"), choice: Choice::Override, by, reason, about };
    assert_eq!(refusal(&mut run, given), "review#1 was not waiting for a person");
    let ask = |question: &str| Event::ApprovalAsked { at: at("review#1"), question: question.into(), about: vec![] };
    run.push(ask("go on?"));
    assert_eq!(refusal(&mut run, ask("really?")), "review#1 waits for a person already");
}

#[test]
fn rejects_approvals_that_the_gate_forbids() {
    let mut run = Run::new();
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    run.push(Event::ApprovalAsked { at: at("review#1"), question: "go on?".into(), about: vec![] });
    let given = |choice| {
        let (by, reason, about) = ("ann".into(), "so".into(), vec![]);
        Event::ApprovalGiven { at: at("review#1"), choice, by, reason, about }
    };
    assert_eq!(refusal(&mut run, given(Choice::Approve)), "review#1 did not pass, so it cannot be approved");
    let reject = Choice::Reject { revise: Some("post".parse().unwrap()) };
    assert_eq!(refusal(&mut run, given(reject)), "this gate may not send work back to post");
}

#[test]
fn the_repository_answers_a_request_once() {
    let mut run = Run::new();
    let work = run.start();
    let read = |content: &str| Event::RepositoryRead {
        at: work.at.clone(),
        request: RepositoryRequest::Read { path: "a.py".into() },
        answer: Digest::from_content(content.as_bytes()),
        failed: false,
    };
    run.push(read("one"));
    assert_eq!(refusal(&mut run, read("two")), "plan#1 read `a.py`, which was answered already");
}

#[test]
fn a_suite_runs_only_after_it_was_submitted() {
    let mut run = Run::new();
    run.run_until("test");
    let digest = Digest::from_content(b"forged");
    let ran = Event::TestsRan {
        at: at("test#1"),
        call: None,
        run: digest,
        code: None,
        request: None,
        elapsed_ms: 1,
        limit: None,
    };
    assert_eq!(refusal(&mut run, ran), "test#1 has not submitted a suite");
}

#[test]
fn a_baseline_runs_before_the_suite() {
    let mut run = Run::new();
    run.run_until("test");
    let digest = Digest::from_content(b"baseline");
    let ran = Event::BaselineRan { at: at("test#1"), run: digest, tests: 1, passed: 1, elapsed_ms: 1, limit: None };
    assert_eq!(refusal(&mut run, ran), "test#1 has not submitted a suite");
}

#[test]
fn a_run_passes_once_after_its_last_phase() {
    let end = |status| Event::RunFinished { status, reason: "so".into() };
    let mut run = Run::new();
    assert_eq!(refusal(&mut run, end(RunStatus::Passed)), "the run cannot pass before every phase is done");
    run.push(end(RunStatus::Failed));
    assert_eq!(refusal(&mut run, end(RunStatus::Failed)), "the run is over already");
    assert_eq!(refusal(&mut run, started("plan#1")), "plan#1 is not ready to start");
}

#[test]
fn a_run_is_created_once() {
    let mut run = Run::new();
    let created = Event::RunCreated(Box::new((*run.state.created).clone()));
    assert_eq!(refusal(&mut run, created), "the run was created already");
}
