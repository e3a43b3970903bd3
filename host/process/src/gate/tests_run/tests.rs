#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::fixtures::sample_issue;
use crate::names::PhaseName;

fn case(name: &str, outcome: Outcome) -> TestCase {
    TestCase { name: name.into(), outcome, message: Some("assert 5 == 300".into()), output: String::new() }
}

fn run(tests: Vec<TestCase>) -> SuiteRun {
    SuiteRun {
        language: "python".into(),
        code: Digest::from_content(b"code"),
        suite: Digest::from_content(b"suite"),
        no_runner: None,
        build_errors: vec![],
        collected: vec![],
        kept: vec![],
        tests,
        dropped: vec![],
        uncovered: vec![],
        repository: RepositoryTests::default(),
    }
}

fn judge(run: &SuiteRun, findings: Findings) -> Judgement {
    judge_allowing(TestAllowance::default(), run, findings)
}

fn judge_allowing(allow: TestAllowance, run: &SuiteRun, findings: Findings) -> Judgement {
    let may_revise: Vec<PhaseName> = ["design", "code", "test"].map(|name| name.parse().unwrap()).to_vec();
    let context = GateContext {
        task_id: &"TASK-1".parse().unwrap(),
        gate: &"test".parse().unwrap(),
        attempt: 1,
        may_revise: &may_revise,
        about: &[],
    };
    judge_tests(&context, allow, run, findings)
}

#[test]
fn passes_only_when_every_test_passed() {
    use Outcome::{Errored, Failed, Passed, Skipped};
    let verdict = |outcomes: &[Outcome]| {
        let tests = outcomes.iter().map(|outcome| case("t.py::a", *outcome)).collect();
        judge(&run(tests), Findings::default()).verdict
    };
    assert_eq!(verdict(&[Passed, Passed]), Verdict::Passed);
    for bad in [Failed, Errored, Skipped] {
        assert_eq!(verdict(&[Passed, bad]), Verdict::Failed);
    }
    assert_eq!(judge(&run(vec![]), Findings::default()).reason, "no test ran");
}

fn not_run(skipped: usize, xfailed: usize) -> SuiteRun {
    let named = |n: usize| format!("t.py::{n}");
    let mut tests = vec![case(&named(0), Outcome::Passed)];
    tests.extend((0..skipped).map(|n| case(&named(n + 1), Outcome::Skipped)));
    let expected = |n| TestCase { message: Some("xfailed: later".into()), ..case(&named(n), Outcome::Skipped) };
    tests.extend((0..xfailed).map(|n| expected(n + 100)));
    run(tests)
}

#[test]
fn tests_that_did_not_run_may_be_allowed() {
    use AllowedTests::{AtMost, Unlimited};
    let judged = |skipped, xfailed, allow| judge_allowing(allow, &not_run(skipped, xfailed), Findings::default());
    let allow = TestAllowance { skipped: AtMost(2), xfailed: AtMost(1) };
    let passed = judged(2, 1, allow);
    assert_eq!(passed.verdict, Verdict::Passed);
    assert_eq!(passed.reason, "all 1 tests passed; 2 skipped and 1 failed as expected, as allowed");
    assert_eq!(passed.report.unwrap()["totals"]["xfailed"], 1);
    assert_eq!(judged(0, 1, allow).reason, "all 1 tests passed; 1 failed as expected, as allowed");
    let failed = judged(3, 1, allow);
    assert_eq!((failed.verdict, failed.issues.len()), (Verdict::Failed, 3));
    assert_eq!(
        failed.reason,
        "3 of 5 tests did not pass (0 failed, 0 errored, 3 skipped, 1 failed as expected); set allow = { skipped = 3, \
         xfailed = 1 } at the gate to accept them"
    );
    let any = TestAllowance { skipped: Unlimited, xfailed: AtMost(0) };
    assert_eq!(judged(9, 0, any).reason, "all 1 tests passed; 9 skipped, as allowed");
    assert_eq!(judged(0, 1, any).verdict, Verdict::Failed);
}

#[test]
fn allowed_skips_never_hide_failures() {
    let any = TestAllowance { skipped: AllowedTests::Unlimited, xfailed: AllowedTests::Unlimited };
    let mut all_skipped = not_run(2, 0);
    all_skipped.tests.remove(0);
    let judged = judge_allowing(any, &all_skipped, Findings::default());
    assert_eq!(
        (judged.verdict, judged.reason.as_str()),
        (Verdict::Failed, "no test passed (0 failed, 0 errored, 2 skipped)")
    );
    let mut one_failed = not_run(2, 0);
    one_failed.tests.push(case("t.py::bad", Outcome::Failed));
    let judged = judge_allowing(any, &one_failed, Findings::default());
    assert_eq!((judged.verdict, judged.issues.len()), (Verdict::Failed, 1));
    assert_eq!(judged.reason, "1 of 4 tests did not pass (1 failed, 0 errored, 2 skipped)");
}

#[test]
fn build_errors_and_uncovered_requirements_fail_the_gate() {
    let mut broken = run(vec![case("t.py::a", Outcome::Passed)]);
    broken.build_errors = vec!["app.py:3: invalid syntax".into()];
    assert_eq!(judge(&broken, Findings::default()).reason, "the build failed: app.py:3: invalid syntax");
    let mut thin = run(vec![case("t.py::a", Outcome::Passed)]);
    thin.uncovered = vec!["R2".into()];
    let judged = judge(&thin, Findings::default());
    assert_eq!((judged.verdict, judged.reason.as_str()), (Verdict::Failed, "no test is left for requirement R2"));
    assert_eq!(judged.issues[0].phase_injected, "test");
}

#[test]
fn missing_runners_are_permanently_unjudged() {
    let mut none = run(vec![]);
    none.no_runner = Some("no runner serves cobol".into());
    let judged = judge(&none, Findings::default());
    assert_eq!((judged.verdict, judged.permanent), (Verdict::NotJudged, true));
}

#[test]
fn unexplained_failing_tests_become_issues() {
    let failing = run(vec![case("tests/t.py::test_a", Outcome::Failed), case("tests/t.py::test_b", Outcome::Failed)]);
    let mut issue = sample_issue("I-1", Severity::Critical, "design");
    issue.evidence = "tests/t.py::test_a fails".into();
    let judged = judge(&failing, Findings { issues: vec![issue], ..Findings::default() });
    let ids: Vec<_> = judged.issues.iter().map(|issue| (issue.id.as_str(), issue.phase_injected.as_str())).collect();
    assert_eq!(ids, [("test#1/I-1", "design"), ("test#1/RUN-001", "code")]);
    assert_eq!(judged.issues[1].evidence, "failed: assert 5 == 300");
}

fn with_repository(regressed: Vec<TestCase>) -> SuiteRun {
    let mut run = run(vec![case("t.py::a", Outcome::Passed)]);
    let totals = Totals { passed: 3, failed: 1, ..Totals::default() };
    run.repository = RepositoryTests {
        before: Some(totals),
        after: Some(totals),
        regressed,
        still_failing: vec!["old.py::a".into()],
        fixed: vec!["old.py::b".into()],
        ..RepositoryTests::default()
    };
    run
}

#[test]
fn regressions_fail_the_gate() {
    let failed = |name: &str| case(name, Outcome::Failed);
    let other = TestCase { message: Some("KeyError".into()), ..failed("old.py::f") };
    let judged = judge(&with_repository(vec![failed("old.py::c"), failed("old.py::d"), other]), Findings::default());
    assert_eq!(judged.verdict, Verdict::Failed);
    assert_eq!(judged.reason, "3 tests of the repository regressed, the first is old.py::c");
    let issues: Vec<_> =
        judged.issues.iter().map(|issue| (issue.description.as_str(), issue.evidence.as_str())).collect();
    let expected = [
        ("2 tests of the repository no longer pass: old.py::c, old.py::d", "failed: assert 5 == 300"),
        ("test old.py::f of the repository no longer passes", "failed: KeyError"),
    ];
    assert_eq!(issues, expected);
    assert!(judged.issues.iter().all(|issue| issue.phase_injected == "code"));
    assert_eq!(judged.report.unwrap()["repository"]["regressed"][2], "old.py::f");
}

#[test]
fn earlier_failures_do_not_fail_the_gate() {
    let judged = judge(&with_repository(vec![]), Findings::default());
    assert_eq!(judged.verdict, Verdict::Passed);
    let reason = "all 1 tests passed; of the repository's tests 3 of 4 passed, 1 still failing, 1 fixed";
    assert_eq!((judged.reason.as_str(), judged.issues.len()), (reason, 0));
    let report = judged.report.unwrap();
    assert_eq!(report["repository"]["still_failing"][0], "old.py::a");
    assert_eq!(report["repository"]["before"]["passed"], 3);
    assert!(
        judge(&run(vec![case("t.py::a", Outcome::Passed)]), Findings::default())
            .report
            .unwrap()
            .get("repository")
            .is_none()
    );
}

#[test]
fn runs_without_a_repository_are_stored_as_before() {
    let text = serde_json::to_string(&run(vec![])).unwrap();
    assert!(text.ends_with(r#""uncovered":[]}"#), "{text}");
    let stored = serde_json::to_string(&with_repository(vec![])).unwrap();
    assert_eq!(serde_json::from_str::<SuiteRun>(&stored).unwrap(), with_repository(vec![]));
}

// Fault 1: a report written by the model said 27 of 27 passed.
#[test]
fn claims_of_agents_do_not_count() {
    let claims = Findings { reviewers: vec!["all 27 tests passed".into()], ..Findings::default() };
    assert_eq!(judge(&run(vec![case("t.py::a", Outcome::Failed)]), claims).verdict, Verdict::Failed);
}
