//! Judges gates by a run of tests that the host made.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::judgement::{
    GateContext, Judgement, NumberedFindings, describe_counts, failed_check_issues, merge_fields, number_findings,
    report_head,
};
use crate::digest::Digest;
use crate::event::{DroppedTest, Verdict};
use crate::testing::{Outcome, TestCase};
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
/// passed.
pub fn judge_tests(context: &GateContext<'_>, run: &SuiteRun, findings: Findings) -> Judgement {
    if let Some(why) = &run.no_runner {
        return Judgement::not_judged(why.clone(), true);
    }
    let count = |outcome| run.tests.iter().filter(|test| test.outcome == outcome).count();
    let (passed, failed, errored, skipped) =
        (count(Outcome::Passed), count(Outcome::Failed), count(Outcome::Errored), count(Outcome::Skipped));
    let checks_failed = failed_check_issues(context, &findings.checks);
    let failure = if !run.build_errors.is_empty() {
        Some(format!("the build failed: {}", run.build_errors.first().map_or("", String::as_str)))
    } else if run.tests.is_empty() {
        Some("no test ran".to_owned())
    } else if failed + errored + skipped > 0 {
        let others = failed + errored + skipped;
        Some(format!(
            "{others} of {} tests did not pass ({failed} failed, {errored} errored, {skipped} skipped)",
            run.tests.len()
        ))
    } else if let Some(requirement) = run.uncovered.first() {
        Some(format!("no test is left for requirement {requirement}"))
    } else {
        (!checks_failed.is_empty()).then(|| format!("{} failed on the checklist", checks_failed.len()))
    };
    let unexplained = unexplained(context, run, &findings.issues);
    let issues = findings.issues.into_iter().chain(unexplained).chain(checks_failed).collect();
    let NumberedFindings { issues, suggestions } = number_findings(context, issues, findings.suggestions);
    let (verdict, reason) = match failure {
        Some(why) => (Verdict::Failed, why),
        None if issues.is_empty() => (Verdict::Passed, format!("all {passed} tests passed")),
        None => {
            (Verdict::PassedWithConditions, format!("all {passed} tests passed; {} noted", describe_counts(&issues)))
        }
    };
    let report = merge_fields(
        report_head(context, verdict, &reason),
        json!({
            "code": run.code,
            "build": { "ok": run.build_errors.is_empty(), "errors": run.build_errors },
            "tests": run.tests,
            "totals": { "passed": passed, "failed": failed, "errored": errored, "skipped": skipped },
            "dropped": run.dropped,
            "defects": issues,
            "suggestions": suggestions,
            "checks": findings.checks,
            "reviewers": findings.reviewers,
        }),
    );
    Judgement { verdict, reason, permanent: false, issues, dropped: run.dropped.clone(), report: Some(report) }
}

/// The most failing tests that become issues of their own; the report contains all tests.
const MAX_UNEXPLAINED: usize = 100;

/// Returns an issue for each build error, failing test and uncovered requirement that the agent gave no issue for.
fn unexplained(context: &GateContext<'_>, run: &SuiteRun, issues: &[Issue]) -> Vec<Issue> {
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
    let bad = run.tests.iter().filter(|test| test.outcome != Outcome::Passed);
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
        let may_revise: Vec<PhaseName> = ["design", "code", "test"].map(|name| name.parse().unwrap()).to_vec();
        let context = GateContext {
            task_id: &"TASK-1".parse().unwrap(),
            gate: &"test".parse().unwrap(),
            attempt: 1,
            may_revise: &may_revise,
            about: &[],
        };
        judge_tests(&context, run, findings)
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
