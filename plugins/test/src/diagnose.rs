//! Diagnosis of failed tests: the model finds the causes. The agent checks that an issue explains every failure, and adds each
//! failure message to the evidence word for word.

use phasegate_plugin::artifacts::{Findings, Issue, TestSuite};
use phasegate_plugin::types::{Outcome, TestCase, TestRun};
use phasegate_plugin::{Failure, Prompt, SharedBy, fenced, fenced_named};
use phasegate_standard_agents::{Context, findings, panel, render, titled};

use crate::inputs::Inputs;

const ROLE: Prompt = Prompt::new(include_str!("../prompts/diagnose.md"));
const REQUEST: &str = "Find the causes. Answer with the JSON object alone.";
const MAX_ANSWER_TOKENS: u32 = 8_000;
/// The rule for faults of a design.
const DESIGN_PHASE: &str = include_str!("../prompts/diagnose-design.md");
/// Limit of a failure message in characters; its end is kept, where tracebacks name the error.
const MAX_MESSAGE_CHARS: usize = 4_000;
const MAX_OUTPUT_CHARS: usize = 1_000;

/// Returns one issue for each cause. Asks nothing and returns none if everything passed.
pub async fn find_causes(
    context: &Context<'_>,
    inputs: &Inputs,
    suite: &TestSuite,
    run: &TestRun,
) -> Result<Vec<Issue>, Failure> {
    let failed: Vec<&TestCase> = run.tests.iter().filter(|test| test.outcome != Outcome::Passed).collect();
    if failed.is_empty() && run.build_errors.is_empty() {
        return Ok(Vec::new());
    }
    let failures = render_failures(&run.build_errors, &failed);
    let changes =
        context.repository.as_ref().map(|view| titled("What the code changes", &view.render_changes(&inputs.code)));
    let design = if inputs.design.is_some() { DESIGN_PHASE } else { "" };
    let sections = inputs
        .sections(context)?
        .add(SharedBy::Agent, ROLE.render(&[("basis", inputs.basis()), ("design", design)]))
        .add(SharedBy::Subject, titled("The code", &render::numbered_code(&inputs.code)))
        .add(SharedBy::Subject, changes.unwrap_or_default())
        .add(SharedBy::Subject, titled("The suite", &render::suite(suite)))
        .add(SharedBy::Attempt, titled("What did not pass", &failures))
        .add(SharedBy::Call, REQUEST);
    let question =
        context.question("test/diagnose", sections).schema(panel::SCHEMA).max_output_tokens(MAX_ANSWER_TOKENS);
    let phases = blamable_phases(inputs.design.is_some());
    let check = |answer: &Findings, _: &str| faults(&answer.issues, &phases, &run.build_errors, &failed);
    let answer: Findings = context.settings.apply(question).json(check).await?;
    Ok(answer.issues.into_iter().map(|issue| add_messages(issue, &failed)).collect())
}

fn render_failures(build_errors: &[String], failed: &[&TestCase]) -> String {
    let build = (!build_errors.is_empty()).then(|| fenced("Errors of the build", &build_errors.join("\n")));
    let tests = failed.iter().map(|test| {
        let output = match test.output.trim() {
            "" => String::new(),
            output => format!("\n\nIt printed:\n{}", tail(output, MAX_OUTPUT_CHARS)),
        };
        let message = tail(test.message.as_deref().unwrap_or("(no message)"), MAX_MESSAGE_CHARS);
        let name = format!("{} {}", test.name, describe_outcome(test.outcome));
        fenced_named("Test that did not pass", &name, &format!("{message}{output}"))
    });
    build.into_iter().chain(tests).collect::<Vec<_>>().join("\n")
}

/// Returns the phases that an issue may name as its cause.
fn blamable_phases(has_design: bool) -> Vec<&'static str> {
    let all = ["planning", "design", "code", "test"];
    all.into_iter().filter(|phase| has_design || *phase != "design").collect()
}

fn faults(issues: &[Issue], phases: &[&str], build_errors: &[String], failed: &[&TestCase]) -> Vec<String> {
    let mut faults = findings::issue_faults(issues, phases);
    let is_explained = |text: &str| issues.iter().any(|issue| mentions(&issue.evidence, text));
    faults.extend(
        failed
            .iter()
            .filter(|test| !is_explained(&test.name))
            .map(|test| format!("no issue's evidence names `{}`, which did not pass", test.name)),
    );
    faults.extend(
        build_errors
            .iter()
            .filter(|error| !is_explained(error))
            .map(|error| format!("no issue's evidence contains the build error: {error}")),
    );
    faults
}

fn add_messages(mut issue: Issue, failed: &[&TestCase]) -> Issue {
    for test in failed.iter().filter(|test| mentions(&issue.evidence, &test.name)).collect::<Vec<_>>() {
        let message = tail(test.message.as_deref().unwrap_or_default(), MAX_MESSAGE_CHARS);
        if !issue.evidence.contains(message) {
            issue.evidence = format!("{}\n{}: {message}", issue.evidence.trim_end(), test.name);
        }
    }
    issue
}

/// Returns whether `text` contains `name` as a whole name, not only as the start of a longer one.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, found)| {
        let next = text.get(at + found.len()..).and_then(|rest| rest.chars().next());
        !next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '['))
    })
}

fn tail(text: &str, max_chars: usize) -> &str {
    let from = text.char_indices().rev().nth(max_chars.saturating_sub(1)).map_or(0, |(at, _)| at);
    text.get(from..).unwrap_or(text)
}

fn describe_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Errored => "could not be run to its end",
        Outcome::Skipped => "was skipped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_not_match_longer_names() {
        assert!(mentions("t.py::test_a: assert 1", "t.py::test_a"));
        assert!(mentions("t.py::test_ab and t.py::test_a", "t.py::test_a"));
        assert!(!mentions("t.py::test_ab", "t.py::test_a") && !mentions("t.py::test_a[1]", "t.py::test_a"));
    }

    #[test]
    fn keeps_the_end_of_long_messages() {
        assert_eq!((tail("abcdef", 2), tail("ab", 9), tail("äöü", 2)), ("ef", "ab", "öü"));
    }
}
