//! Judges gates by a run of tests that the host made.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::judgement::{
    GateContext, Judgement, NumberedFindings, describe_counts, failed_check_issues, merge_fields, number_findings,
    report_head,
};
use crate::digest::Digest;
use crate::event::{DroppedTest, Verdict};
use crate::pipeline::{AllowedTests, TestAllowance};
use crate::testing::{Outcome, TestCase, Totals};
use crate::work::{Findings, Issue, Severity};

/// The run that a test gate is judged by: the suite and every kept test of earlier attempts, on code taken from the
/// store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteRun {
    /// The code's language.
    pub language: String,
    /// The code that was tested.
    pub code: Digest,
    /// The suite of this attempt.
    pub suite: Digest,
    /// The reason why no test can ever be run, where that is so: no runner serves the language.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub no_runner: Option<String>,
    /// Errors that prevented code or tests from being loaded.
    pub build_errors: Vec<String>,
    /// The names of the tests of this attempt's suite, found by parsing.
    pub collected: Vec<String>,
    /// The tests of earlier attempts that had to run as well.
    pub kept: Vec<KeptTest>,
    /// The result of each of them; a collected test that did not report is `errored`.
    pub tests: Vec<TestCase>,
    /// Tests of earlier attempts that were given up.
    pub dropped: Vec<DroppedTest>,
    /// Requirements of the task that no test covers.
    pub uncovered: Vec<String>,
}

/// A test of an earlier attempt that still has to pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTest {
    /// The test's name.
    pub test: String,
    /// The attempt that its suite is from.
    pub attempt: u32,
}

/// Judges a run of tests. The agent's findings explain failures and assign them to phases; they never change what
/// passed. `allow` says how many tests may be skipped or fail as their suite expects.
pub fn judge_tests(context: &GateContext<'_>, allow: TestAllowance, run: &SuiteRun, findings: Findings) -> Judgement {
    if let Some(why) = &run.no_runner {
        return Judgement::not_judged(why.clone(), true);
    }
    let totals = Totals::of(&run.tests);
    let checks_failed = failed_check_issues(context, &findings.checks);
    let tests = outcome_of_tests(allow, &run.build_errors, &run.tests);
    let failure = if let Err(failure) = &tests {
        Some(failure.clone())
    } else if let Some(requirement) = run.uncovered.first() {
        Some(format!("no test is left for requirement {requirement}"))
    } else {
        (!checks_failed.is_empty()).then(|| format!("{} failed on the checklist", checks_failed.len()))
    };
    let unexplained = unexplained(context, allow, run, &findings.issues);
    let issues = findings.issues.into_iter().chain(unexplained).chain(checks_failed).collect();
    let NumberedFindings { issues, suggestions } = number_findings(context, issues, findings.suggestions);
    let (verdict, reason) = match failure {
        Some(why) => (Verdict::Failed, why),
        None if issues.is_empty() => (Verdict::Passed, describe_passes(&totals)),
        None => {
            let passes = describe_passes(&totals);
            (Verdict::PassedWithConditions, format!("{passes}; {} noted", describe_counts(&issues)))
        }
    };
    let report = merge_fields(
        report_head(context, verdict, &reason),
        json!({
            "code": run.code,
            "build": { "ok": run.build_errors.is_empty(), "errors": run.build_errors },
            "tests": run.tests,
            "totals": render_totals(&totals),
            "dropped": run.dropped,
            "defects": issues,
            "suggestions": suggestions,
            "checks": findings.checks,
            "reviewers": findings.reviewers,
        }),
    );
    Judgement { verdict, reason, permanent: false, issues, dropped: run.dropped.clone(), report: Some(report) }
}

/// Returns whether tests pass a gate, as far as it depends on them alone: the reason why they do, or why they do not.
pub fn outcome_of_tests(allow: TestAllowance, build_errors: &[String], tests: &[TestCase]) -> Result<String, String> {
    if let Some(error) = build_errors.first() {
        return Err(format!("the build failed: {error}"));
    }
    if tests.is_empty() {
        return Err("no test ran".to_owned());
    }
    let totals = Totals::of(tests);
    describe_failures(&totals, allow).map_or_else(|| Ok(describe_passes(&totals)), Err)
}

/// Returns why these tests fail the gate, if they do. Skipped tests are named with the setting that accepts them, where nothing
/// else failed.
fn describe_failures(totals: &Totals, allow: TestAllowance) -> Option<String> {
    let Totals { passed, failed, errored, skipped, xfailed } = *totals;
    let unwanted = |number, allowed: AllowedTests| if allowed.accepts(number) { 0 } else { number };
    let left_out = unwanted(skipped, allow.skipped) + unwanted(xfailed, allow.xfailed);
    let expected = if xfailed > 0 { format!(", {xfailed} failed as expected") } else { String::new() };
    let counts = format!("({failed} failed, {errored} errored, {skipped} skipped{expected})");
    match (failed + errored + left_out, failed + errored) {
        (0, _) if passed == 0 => Some(format!("no test passed {counts}")),
        (0, _) => None,
        (others, 0) => {
            let numbers = [("skipped", skipped), ("xfailed", xfailed)].into_iter().filter(|(_, number)| *number > 0);
            let keys: Vec<String> = numbers.map(|(key, number)| format!("{key} = {number}")).collect();
            let setting = format!("set allow = {{ {} }} at the gate to accept them", keys.join(", "));
            Some(format!("{others} of {} tests did not pass {counts}; {setting}", totals.all()))
        }
        (others, _) => Some(format!("{others} of {} tests did not pass {counts}", totals.all())),
    }
}

fn describe_passes(totals: &Totals) -> String {
    let passed = format!("all {} tests passed", totals.passed);
    match (totals.skipped, totals.xfailed) {
        (0, 0) => passed,
        (skipped, 0) => format!("{passed}; {skipped} skipped, as allowed"),
        (0, xfailed) => format!("{passed}; {xfailed} failed as expected, as allowed"),
        (skipped, xfailed) => format!("{passed}; {skipped} skipped and {xfailed} failed as expected, as allowed"),
    }
}

/// Returns the totals of a report. Reports of earlier versions do not have the last one.
fn render_totals(totals: &Totals) -> Value {
    let Totals { passed, failed, errored, skipped, xfailed } = *totals;
    let known = json!({ "passed": passed, "failed": failed, "errored": errored, "skipped": skipped });
    if xfailed == 0 { known } else { merge_fields(known, json!({ "xfailed": xfailed })) }
}

/// The most failing tests that become issues of their own; the report contains all tests.
const MAX_UNEXPLAINED: usize = 100;

/// Returns an issue for each build error, failing test and uncovered requirement that the agent gave no issue for.
fn unexplained(context: &GateContext<'_>, allow: TestAllowance, run: &SuiteRun, issues: &[Issue]) -> Vec<Issue> {
    let mut found = Vec::new();
    let code_phase = context.may_revise.iter().rev().find(|phase| *phase != context.gate).unwrap_or(context.gate);
    let mut add = |phase: &str, description: String, evidence: String, impact: &str| {
        found.push(Issue {
            id: format!("RUN-{:03}", found.len() + 1),
            severity: Severity::High,
            category: "test".to_owned(),
            defect_type: "conventional_code_bug".to_owned(),
            phase_injected: phase.to_owned(),
            description,
            evidence,
            impact: impact.to_owned(),
            recommendation: None,
            location: None,
        });
    };
    for error in &run.build_errors {
        add(
            code_phase.as_str(),
            "the code or its tests could not be loaded".to_owned(),
            format!("build error: {error}"),
            "nothing can be tested",
        );
    }
    let totals = Totals::of(&run.tests);
    let accepted = |test: &TestCase| match test.outcome {
        Outcome::Passed => true,
        Outcome::Failed | Outcome::Errored => false,
        Outcome::Skipped if test.is_expected_failure() => allow.xfailed.accepts(totals.xfailed),
        Outcome::Skipped => allow.skipped.accepts(totals.skipped),
    };
    let bad = run.tests.iter().filter(|test| !accepted(test));
    let silent = bad.filter(|test| !issues.iter().any(|issue| explains(issue, &test.name)));
    for test in silent.take(MAX_UNEXPLAINED) {
        let message = test.message.as_deref().unwrap_or("it gave no message");
        add(
            code_phase.as_str(),
            format!("test {} did not pass", test.name),
            format!("{}: {message}", test.outcome.as_str()),
            "the code does not do what the test asks for",
        );
    }
    for requirement in &run.uncovered {
        add(
            context.gate.as_str(),
            format!("no test is left for requirement {requirement}"),
            "`covers` of the test suite names no test that was collected for it".to_owned(),
            "nothing shows that the requirement holds",
        );
    }
    found
}

/// Whether an agent's issue names this test, by its full name or by the part after the file.
fn explains(issue: &Issue, test: &str) -> bool {
    let short = test.split_once("::").map_or(test, |(_, rest)| rest);
    [&issue.evidence, &issue.description].into_iter().any(|text| text.contains(test) || text.contains(short))
}

#[cfg(test)]
mod tests {
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
        let failing =
            run(vec![case("tests/t.py::test_a", Outcome::Failed), case("tests/t.py::test_b", Outcome::Failed)]);
        let mut issue = sample_issue("I-1", Severity::Critical, "design");
        issue.evidence = "tests/t.py::test_a fails".into();
        let judged = judge(&failing, Findings { issues: vec![issue], ..Findings::default() });
        let ids: Vec<_> =
            judged.issues.iter().map(|issue| (issue.id.as_str(), issue.phase_injected.as_str())).collect();
        assert_eq!(ids, [("test#1/I-1", "design"), ("test#1/RUN-001", "code")]);
        assert_eq!(judged.issues[1].evidence, "failed: assert 5 == 300");
    }

    // Fault 1: a report written by the model said 27 of 27 passed.
    #[test]
    fn claims_of_agents_do_not_count() {
        let claims = Findings { reviewers: vec!["all 27 tests passed".into()], ..Findings::default() };
        assert_eq!(judge(&run(vec![case("t.py::a", Outcome::Failed)]), claims).verdict, Verdict::Failed);
    }
}
