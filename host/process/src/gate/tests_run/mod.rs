//! Judges gates by a run of tests that the host made.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::baseline::RepositoryTests;
use super::baseline::render::{describe_regressed, describe_repository, group_alike, list_names, render_repository};
use super::judgement::{
    GateContext, Judgement, NumberedFindings, describe_counts, failed_check_issues, merge_fields, number_findings,
    render_totals, report_head,
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
    /// The repository's own tests.
    #[serde(flatten)]
    pub repository: RepositoryTests,
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
    let broken = describe_regressed(&run.repository);
    let failure = if let Err(failure) = &tests {
        Some([Some(failure.clone()), broken].into_iter().flatten().collect::<Vec<_>>().join("; "))
    } else if broken.is_some() {
        broken
    } else if let Some(requirement) = run.uncovered.first() {
        Some(format!("no test is left for requirement {requirement}"))
    } else {
        (!checks_failed.is_empty()).then(|| format!("{} failed on the checklist", checks_failed.len()))
    };
    let unexplained = unexplained(context, allow, run, &findings.issues);
    let issues = findings.issues.into_iter().chain(unexplained).chain(checks_failed).collect();
    let NumberedFindings { issues, suggestions } = number_findings(context, issues, findings.suggestions);
    let passes = || [describe_passes(&totals), describe_repository(&run.repository)].concat();
    let (verdict, reason) = match failure {
        Some(why) => (Verdict::Failed, why),
        None if issues.is_empty() => (Verdict::Passed, passes()),
        None => (Verdict::PassedWithConditions, format!("{}; {} noted", passes(), describe_counts(&issues))),
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
    let report = merge_fields(report, render_repository(&run.repository));
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
    for (first, others) in group_alike(&run.repository.regressed).into_iter().take(MAX_UNEXPLAINED) {
        if issues.iter().any(|issue| explains(issue, &first.name)) {
            continue;
        }
        let message = first.message.as_deref().unwrap_or("it gave no message");
        add(
            code_phase.as_str(),
            match others.as_slice() {
                [] => format!("test {} of the repository no longer passes", first.name),
                others => {
                    let number = others.len() + 1;
                    format!("{number} tests of the repository no longer pass: {}", list_names(&first.name, others))
                }
            },
            format!("{}: {message}", first.outcome.as_str()),
            "the change breaks what worked before",
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
mod tests;
