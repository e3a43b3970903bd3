//! Limits of attempts and judgements.

use super::harness::{Run, render_feedback};
use crate::event::{FeedbackOutcome, PhaseOutcome, RunStatus, Verdict};

#[test]
fn a_plain_run_passes_every_phase_once() {
    let mut run = Run::new();
    assert_eq!(run.run_to_end(), (RunStatus::Passed, "every gate passed".to_owned()));
    assert!(run.state.phases.values().all(|phase| phase.attempts == 1));
    assert_eq!(run.next(), "over");
}

#[test]
fn exhausted_gates_end_the_run() {
    let mut run = Run::with("", "ask = \"never\"");
    for left in [2, 1] {
        run.run_until("review");
        run.judge(Verdict::Failed, &["design"]);
        assert_eq!(run.failure().attempts_left, left);
        run.revise(&["design"]);
    }
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    assert_eq!(run.next(), "Failed: gate review failed after 3 attempts: review#3 failed");
}

#[test]
fn judgements_are_never_reset() {
    let mut run = Run::with("", "ask = \"never\"");
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    run.revise(&["design"]);
    run.run_until("check");
    run.judge(Verdict::Failed, &["design"]);
    run.revise(&["design"]);
    run.run_until("review");
    assert_eq!(run.work().at.to_string(), "review#3");
    run.judge(Verdict::Failed, &["design"]);
    assert_eq!(run.next(), "Failed: gate review failed after 3 attempts: review#3 failed");
}

#[test]
fn never_sends_work_past_exhausted_gates() {
    let mut run = Run::with("", "ask = \"never\"");
    for _ in 0..2 {
        run.run_until("review");
        run.judge(Verdict::Failed, &["design"]);
        run.revise(&["design"]);
    }
    run.run_until("check");
    run.judge(Verdict::Failed, &["design", "code"]);
    let open: Vec<_> = run.failure().may_revise.iter().map(ToString::to_string).collect();
    assert_eq!(open, ["code"]);
}

#[test]
fn limits_all_judgements_together() {
    let mut run = Run::with("max_total_attempts = 4", "ask = \"never\"");
    run.run_until("check");
    run.judge(Verdict::Failed, &["code"]);
    assert_eq!(run.failure().may_revise.len(), 1, "two are left: check and test, but not review again");
    run.revise(&["code"]);
    run.run_until("test");
    run.judge(Verdict::Failed, &["code"]);
    assert_eq!(run.next(), "Failed: gate test failed after 1 attempt: test#1 failed");
}

#[test]
fn never_starts_an_exhausted_gate() {
    let mut run = Run::with("max_total_attempts = 3", "ask = \"never\"");
    run.run_until("review");
    run.judge(Verdict::NotJudged, &[]);
    run.judge(Verdict::Passed, &[]);
    run.run_until("check");
    run.judge(Verdict::Passed, &[]);
    assert_eq!(
        run.next(),
        "Failed: gate test has no judgement left: 3 of this gate (max_retries) and 3 in all (max_total_attempts) are allowed"
    );
}

#[test]
fn retries_failing_agents_with_the_reason() {
    let mut run = Run::new();
    run.fail("the model said no");
    let again = run.work();
    assert_eq!(again.at.to_string(), "plan#2");
    assert_eq!(render_feedback(&again), ["host: the attempt before this one could not be taken: the model said no"]);
    let work = run.start();
    run.finish(&work.at, PhaseOutcome::Invalid { faults: vec!["task_id is missing".into()] });
    let last = run.start();
    assert_eq!(last.feedback.len(), 1, "only the last reason is told");
    assert!(render_feedback(&last)[0].ends_with("what was submitted could not be taken: task_id is missing"));
    run.finish(&last.at, PhaseOutcome::Crashed { reason: "it used up its time".into() });
    assert_eq!(run.next(), "Failed: phase plan could not be done: it used up its time");
}

#[test]
fn counts_agent_failures_over_the_run() {
    let mut run = Run::new();
    run.submit();
    run.fail("one");
    run.fail("two");
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    run.revise(&["design"]);
    run.fail("three");
    assert_eq!(run.next(), "Failed: phase design could not be done: three");
}

// Fault 2: a reviewer that errors counted as no issues.
#[test]
fn unjudged_gates_run_again() {
    let mut run = Run::with("", "ask = \"never\"");
    run.run_until("review");
    for attempt in 1..=2 {
        run.judge(Verdict::NotJudged, &[]);
        let again = run.work();
        assert_eq!(again.at.to_string(), format!("review#{}", attempt + 1), "the strategy is not asked");
        let note = format!(
            "host: the attempt before this one could not be taken: the gate could not be judged: review#{attempt} not_judged"
        );
        assert_eq!(render_feedback(&again), [note]);
    }
    run.judge(Verdict::NotJudged, &[]);
    assert_eq!(run.next(), "Failed: gate review could not be judged after 3 attempts: review#3 not_judged");
}

#[test]
fn failed_agents_of_gates_spend_judgements() {
    let mut run = Run::new();
    run.run_until("review");
    run.fail("no answer");
    assert_eq!(run.next(), "judge review#1");
    run.verdict(Verdict::NotJudged, &[], &[]);
    assert_eq!(run.next(), "review#2");
    assert_eq!(run.state.phases[&"review".parse().unwrap()].judged.len(), 1);
}

#[test]
fn permanently_unjudged_gates_end_the_run() {
    let mut run = Run::with("", "ask = \"on_fail\"");
    run.run_until("test");
    let work = run.submit();
    run.run_suite();
    run.push(crate::event::Event::GateJudged {
        at: work.at,
        verdict: Verdict::NotJudged,
        reason: "no runner serves cobol".into(),
        permanent: true,
        issues: vec![],
        dropped: vec![],
        about: vec![],
        report: None,
    });
    assert_eq!(run.next(), "Failed: gate test could not be judged: no runner serves cobol");
}

#[test]
fn refused_decisions_and_giving_up_end_the_gate() {
    for decided in [FeedbackOutcome::Refused { reason: "no".into() }, FeedbackOutcome::GiveUp { reason: "no".into() }] {
        let mut run = Run::with("", "ask = \"never\"");
        run.run_until("review");
        run.judge(Verdict::Failed, &["design"]);
        run.decide_feedback(decided);
        assert_eq!(
            run.next(),
            "Failed: gate review failed and was not sent back (no) after 1 attempt: review#1 failed"
        );
    }
}
