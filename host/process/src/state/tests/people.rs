//! When a person is asked, and the effects of the decision.

use super::harness::{Run, render_feedback};
use crate::event::{Choice, FeedbackOutcome, RunStatus, Verdict};

fn failed(ask: &str) -> Run {
    let mut run = Run::with("", ask);
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    run
}

fn exhausted() -> Run {
    let mut run = failed("");
    for _ in 0..2 {
        run.revise(&["design"]);
        run.run_until("review");
        run.judge(Verdict::Failed, &["design"]);
    }
    run
}

fn reject(revise: Option<&str>) -> Choice {
    Choice::Reject { revise: revise.map(|phase| phase.parse().unwrap()) }
}

// Fault 14: the approver was asked before any self-correction.
#[test]
fn by_default_asks_only_when_attempts_are_exhausted() {
    assert_eq!(failed("").next(), "strategy review#1");
    assert_eq!(exhausted().next(), "person: gate review failed after 3 attempts: review#3 failed. What now?");
}

#[test]
fn on_fail_asks_at_every_failure() {
    assert_eq!(failed("ask = \"on_fail\"").next(), "person: review failed: review#1 failed. What now?");
    let mut run = Run::with("", "ask = \"on_fail\"");
    run.run_until("review");
    run.judge(Verdict::PassedWithConditions, &["design"]);
    assert_eq!(run.next(), "code#1");
}

#[test]
fn on_fail_asks_about_dropped_tests() {
    let mut run = Run::with("", "ask = \"on_fail\"");
    run.run_until("test");
    run.submit();
    run.run_suite();
    run.verdict(Verdict::Passed, &[], &["t.py::test_a"]);
    assert_eq!(run.next(), "person: test passed: test#1 passed. Approve?");
    run.decide(Choice::Approve, "").unwrap();
    assert_eq!(run.next(), "post#1");
}

#[test]
fn always_asks_and_approval_opens_the_gate() {
    let mut run = Run::with("", "ask = \"always\"");
    run.run_until("review");
    run.judge(Verdict::Passed, &[]);
    assert_eq!(run.next(), "person: review passed: review#1 passed. Approve?");
    run.decide(Choice::Approve, "use short names").unwrap();
    assert_eq!(render_feedback(&run.work()), ["person:ann: use short names"]);
}

#[test]
fn never_asks_no_one() {
    let mut run = failed("ask = \"never\"");
    run.decide_feedback(FeedbackOutcome::AskAPerson { reason: "I cannot tell".into() });
    assert_eq!(
        run.next(),
        "Failed: gate review failed and was not sent back (I cannot tell) after 1 attempt: review#1 failed"
    );
}

#[test]
fn a_strategy_may_ask_for_a_person() {
    let mut run = failed("");
    run.decide_feedback(FeedbackOutcome::AskAPerson { reason: "I cannot tell".into() });
    assert_eq!(run.next(), "person: review failed, and the strategy asks for a person: I cannot tell");
}

#[test]
fn a_failing_gate_cannot_be_approved() {
    let refused = exhausted().decide(Choice::Approve, "").unwrap_err();
    assert!(refused.contains("review#3 did not pass, so it cannot be approved"), "{refused}");
}

// Fault 11: a run with an override still ended as a failure.
#[test]
fn overrides_open_the_gate() {
    let mut run = exhausted();
    run.decide(Choice::Override, "we know, ship it").unwrap();
    let code = run.work();
    assert_eq!(render_feedback(&code), ["person:ann: we know, ship it"]);
    assert_eq!(code.feedback[0].issues.len(), 1, "with the issues that were overridden");
    assert_eq!(run.run_to_end(), (RunStatus::Passed, "passed; overridden by a person: review".to_owned()));
}

#[test]
fn a_later_pass_replaces_an_override() {
    let mut run = failed("ask = \"on_fail\"");
    run.decide(Choice::Override, "for now").unwrap();
    run.run_until("check");
    run.judge(Verdict::Failed, &["design"]);
    run.decide(reject(Some("design")), "no").unwrap();
    assert_eq!(run.run_to_end().1, "every gate passed");
}

#[test]
fn abort_ends_the_run_at_once() {
    let mut run = exhausted();
    run.decide(Choice::Abort, "wrong task").unwrap();
    assert_eq!(run.run_to_end(), (RunStatus::Aborted, "aborted by ann: wrong task".to_owned()));
}

#[test]
fn the_strategy_gets_the_rejection_reason() {
    let mut run = failed("ask = \"on_fail\"");
    run.decide(reject(None), "too many tables").unwrap();
    let failure = run.failure();
    assert_eq!(failure.person_words.as_deref(), Some("too many tables"));
    assert_eq!(failure.attempts_left, 2, "none was spent by asking");
    run.revise(&["design"]);
    assert_eq!(run.next(), "design#2");
}

#[test]
fn rejection_may_name_a_phase() {
    let mut run = failed("ask = \"on_fail\"");
    run.decide(reject(Some("plan")), "split it").unwrap();
    let plan = run.work();
    assert_eq!(plan.at.to_string(), "plan#2");
    assert_eq!(render_feedback(&plan), ["person:ann: split it"]);
    assert_eq!((plan.feedback[0].issues.len(), plan.feedback[0].about.len()), (1, 2));
}

#[test]
fn a_rejected_pass_counts_as_failure() {
    let mut run = Run::with("", "ask = \"always\"");
    run.run_until("review");
    run.judge(Verdict::Passed, &[]);
    run.decide(reject(None), "not what I meant").unwrap();
    assert_eq!(run.failure().person_words.as_deref(), Some("not what I meant"));
    run.revise(&["design"]);
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    run.decide(reject(None), "still not").unwrap();
    assert_eq!(run.failure().history.len(), 1);
}

#[test]
fn rejection_grants_exactly_one_judgement() {
    let mut run = exhausted();
    run.decide(reject(Some("design")), "once more").unwrap();
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    assert_eq!(run.next(), "person: gate review failed after 4 attempts: review#4 failed. What now?");
}

#[test]
fn rejection_grants_judgements_along_the_way() {
    let mut run = Run::with("max_total_attempts = 3\n", "ask = \"on_fail\"");
    run.run_until("test");
    run.judge(Verdict::Failed, &["plan"]);
    run.decide(reject(Some("plan")), "once more").unwrap();
    assert_eq!(run.run_to_end().0, RunStatus::Passed);
}

#[test]
fn folding_rejects_rework_outside_the_pipeline() {
    let refused = failed("ask = \"on_fail\"").decide(reject(Some("post")), "skip it").unwrap_err();
    assert!(refused.contains("this gate may not send work back to post"), "{refused}");
}

#[test]
fn asks_again_after_a_fruitless_rejection() {
    let mut run = exhausted();
    run.decide(reject(None), "think").unwrap();
    run.decide_feedback(FeedbackOutcome::GiveUp { reason: "nothing left to try".into() });
    assert!(run.next().starts_with("person: gate review failed and was not sent back (nothing left to try)"));
    run.decide(Choice::Override, "then as it is").unwrap();
    assert_eq!(run.next(), "code#1");
}

#[test]
fn unjudged_gates_cannot_be_approved() {
    let mut run = Run::new();
    run.run_until("review");
    for _ in 0..3 {
        run.judge(Verdict::NotJudged, &[]);
    }
    assert!(run.next().starts_with("person: gate review could not be judged after 3 attempts"));
    assert!(run.decide(Choice::Approve, "fine").is_err());
}
