//! The decisions that a person may make, and the events that record them.

use super::harness::Run;
use crate::event::{Choice, Event, RunStatus, Verdict};
use crate::names::PhaseName;
use crate::state::DecisionError;

const REVIEW: &str = "review";

/// Returns a run that waits for a person after this verdict of its review.
fn waiting(verdict: Verdict) -> Run {
    let mut run = Run::with("", "ask = \"always\"");
    run.run_until(REVIEW);
    run.judge(verdict, if verdict == Verdict::Passed { &[] } else { &["design"] });
    for _ in 0..2 {
        if verdict == Verdict::NotJudged {
            run.judge(verdict, &[]);
        }
    }
    run.ask_person();
    run
}

fn phase(name: &str) -> PhaseName {
    name.parse().unwrap()
}

fn refusal(run: &Run, choice: Choice, reason: &str) -> DecisionError {
    run.state.decide(choice, "ann".to_owned(), reason.to_owned()).unwrap_err()
}

fn reject(target: Option<&str>) -> Choice {
    Choice::Reject { revise: target.map(phase) }
}

#[test]
fn approves_only_a_gate_that_passed() {
    assert!(waiting(Verdict::Passed).state.check_choice(&Choice::Approve, "").is_ok());
    let not_passed = |judged| DecisionError::NotPassed { gate: phase(REVIEW), judged };
    assert_eq!(refusal(&waiting(Verdict::Failed), Choice::Approve, "fine"), not_passed(true));
    assert_eq!(refusal(&waiting(Verdict::NotJudged), Choice::Approve, "fine"), not_passed(false));
    assert_eq!(not_passed(false).to_string(), "gate review could not be judged; a failing gate cannot be approved");
}

#[test]
fn overrides_only_a_failing_gate_with_reason() {
    let run = waiting(Verdict::Failed);
    assert!(run.state.check_choice(&Choice::Override, "known").is_ok());
    assert_eq!(refusal(&run, Choice::Override, " "), DecisionError::ReasonMissing);
    let passed = DecisionError::Passed { gate: phase(REVIEW) };
    assert_eq!(refusal(&waiting(Verdict::Passed), Choice::Override, "known"), passed);
    assert!(waiting(Verdict::NotJudged).state.check_choice(&Choice::Override, "known").is_ok());
}

#[test]
fn rejects_with_reason_and_allowed_phase() {
    for verdict in [Verdict::Passed, Verdict::Failed, Verdict::NotJudged] {
        let run = waiting(verdict);
        assert!(run.state.check_choice(&reject(None), "too long").is_ok());
        assert!(run.state.check_choice(&reject(Some("design")), "too long").is_ok());
        assert_eq!(refusal(&run, reject(None), ""), DecisionError::ReasonMissing);
        let error = refusal(&run, reject(Some("post")), "too long");
        assert_eq!(error.to_string(), "gate review may not send work back to `post`");
        assert_eq!(error.hint(), "it may send work back to plan, design");
    }
}

#[test]
fn aborts_without_a_reason_and_ends_the_run() {
    let run = waiting(Verdict::Passed);
    let events = run.state.decide(Choice::Abort, "ann".to_owned(), String::new()).unwrap();
    let [Event::ApprovalGiven { at, about, .. }, Event::RunFinished { status, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    let judged = run.state.waiting().unwrap().1;
    assert_eq!((at.to_string().as_str(), about, *status), ("review#1", &judged.about, RunStatus::Aborted));
}

#[test]
fn refuses_decisions_when_no_gate_waits() {
    let mut run = Run::new();
    let not_waiting = DecisionError::NotWaiting { run: run.state.created.run_id.clone() };
    assert_eq!(refusal(&run, Choice::Approve, ""), not_waiting);
    run.run_to_end();
    let error = refusal(&run, Choice::Abort, "");
    assert_eq!(error.hint(), "it is over: every gate passed");
}

#[test]
fn allowed_decisions_fold_into_the_state() {
    let choices = |verdict: Verdict| match verdict.passes() {
        true => [Choice::Approve, reject(None), reject(Some("plan")), Choice::Abort],
        false => [Choice::Override, reject(None), reject(Some("plan")), Choice::Abort],
    };
    for verdict in [Verdict::Passed, Verdict::PassedWithConditions, Verdict::Failed, Verdict::NotJudged] {
        for choice in choices(verdict) {
            let mut run = waiting(verdict);
            for event in run.state.decide(choice, "ann".to_owned(), "words".to_owned()).unwrap() {
                run.push(event);
            }
            assert!(run.state.waiting().is_none());
        }
    }
}
