//! Rework: the feedback of each phase, and the phases that run again.

use super::harness::{Run, render_feedback};
use crate::digest::Digest;
use crate::event::Verdict;
use crate::state::Action;

fn done_again(run: &Run) -> Vec<(String, u32)> {
    run.state
        .phases
        .iter()
        .filter(|(_, it)| it.attempts > 1)
        .map(|(name, it)| (name.to_string(), it.attempts))
        .collect()
}

// Fault 6: issues of two phases sent back together lost one half.
#[test]
fn each_revising_phase_gets_its_own_issues() {
    let mut run = Run::new();
    run.run_until("check");
    run.judge(Verdict::Failed, &["plan", "code"]);
    let about = run.state.phases[&"check".parse().unwrap()].judged[0].about.clone();
    run.revise(&["code", "plan"]);
    let plan = run.submit();
    assert_eq!(
        (plan.at.to_string(), render_feedback(&plan)),
        ("plan#2".to_owned(), vec!["check: mend plan".to_owned()])
    );
    let design = run.submit();
    assert_eq!((design.at.to_string(), render_feedback(&design)), ("design#2".to_owned(), vec![]));
    run.judge(Verdict::Passed, &[]);
    let code = run.submit();
    assert_eq!(render_feedback(&code), ["check: mend code"]);
    assert_eq!(code.feedback[0].issues.len(), 1);
    assert_eq!(code.feedback[0].issues[0].phase_injected, "code");
    assert!(!about.is_empty() && code.feedback[0].about == about, "with the digests that were judged");
    run.judge(Verdict::Failed, &["plan"]);
    run.revise(&["plan"]);
    run.run_until("code");
    assert_eq!(render_feedback(&run.work()), Vec::<String>::new(), "said once");
}

// Fault 3: retries carried no feedback.
#[test]
fn failed_attempts_keep_feedback_and_previous_work() {
    let mut run = Run::new();
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    run.revise(&["design"]);
    run.fail("timeout");
    let again = run.submit();
    assert_eq!(
        render_feedback(&again),
        ["review: mend design", "host: the attempt before this one could not be taken: timeout"]
    );
    assert_eq!(again.previous[0].name.as_str(), "previous/design_specification");
    assert_eq!(again.previous[0].digest, Digest::from_content(b"design#1 design_specification"));
    run.run_until("check");
    run.judge(Verdict::Failed, &["design"]);
    run.revise(&["design"]);
    assert_eq!(render_feedback(&run.work()), ["check: mend design"], "what was submitted upon is gone");
}

// Fault 4: after a test fix the old review stayed in the result.
#[test]
fn new_code_passes_later_gates_again() {
    let mut run = Run::new();
    run.run_until("test");
    run.judge(Verdict::Failed, &["code"]);
    run.revise(&["code"]);
    assert_eq!(run.submit().at.to_string(), "code#2");
    assert_eq!(run.next(), "check#2");
    run.judge(Verdict::Passed, &[]);
    assert_eq!(run.next(), "test#2");
    run.run_to_end();
    let judged = &run.state.phases[&"check".parse().unwrap()].judged;
    assert_eq!(judged[1].about, [Digest::from_content(b"code#2 generated_code")]);
    let report = &run.state.artifacts[&"check_report".parse().unwrap()];
    assert_eq!(report.digest, Digest::from_content(b"report check#2"));
}

#[test]
fn revised_plans_rerun_every_phase() {
    let mut run = Run::new();
    run.run_until("test");
    run.judge(Verdict::Failed, &["plan"]);
    run.revise(&["plan"]);
    run.run_to_end();
    let twice = ["check", "code", "design", "plan", "review", "test"].map(|name| (name.to_owned(), 2));
    assert_eq!(done_again(&run), twice);
}

// Faults 15 and 16.
#[test]
fn revises_a_wrong_suite_without_changing_code() {
    let mut run = Run::new();
    run.run_until("test");
    run.judge(Verdict::Failed, &["test"]);
    run.revise(&["test"]);
    let work = run.submit();
    assert_eq!(
        (work.at.to_string(), render_feedback(&work)),
        ("test#2".to_owned(), vec!["test: mend test".to_owned()])
    );
    let Action::RunSuite(suite) = run.state.next() else { panic!("{}", run.next()) };
    assert_eq!(suite.code, Digest::from_content(b"code#1 generated_code"), "from the store, as it was reviewed");
    assert_eq!(suite.suite, Digest::from_content(b"test#2 test_suite"));
    assert_eq!(suite.earlier.len(), 1);
    assert_eq!(suite.earlier[0].suite, Digest::from_content(b"test#1 test_suite"));
    assert_eq!(suite.earlier[0].run, Some(Digest::from_content(b"run test#1")));
}

#[test]
fn runs_the_suite_before_judging() {
    let mut run = Run::new();
    run.run_until("test");
    run.submit();
    assert_eq!(run.next(), "suite test#1");
    run.run_suite();
    assert_eq!(run.next(), "judge test#1");
}

#[test]
fn the_next_phase_gets_minor_issues_once() {
    let mut run = Run::new();
    run.run_until("review");
    run.judge(Verdict::PassedWithConditions, &["design"]);
    let code = run.submit();
    assert_eq!(code.feedback[0].source, "review");
    assert_eq!(code.feedback[0].issues.len(), 1);
    run.judge(Verdict::Failed, &["code"]);
    run.revise(&["code"]);
    assert_eq!(render_feedback(&run.work()), ["check: mend code"]);
}

#[test]
fn the_strategy_sees_what_was_tried_before() {
    let mut run = Run::new();
    run.run_until("check");
    run.judge(Verdict::Failed, &["design"]);
    run.revise(&["design"]);
    run.run_until("check");
    run.judge(Verdict::Failed, &["code"]);
    let failure = run.failure();
    assert_eq!((failure.attempt, failure.attempts_left, failure.history.len()), (2, 1, 1));
    assert_eq!(failure.history[0].issues[0].phase_injected, "design");
    assert_eq!(failure.history[0].revised[0].as_str(), "design");
}
