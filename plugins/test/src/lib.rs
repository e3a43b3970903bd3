//! The test agent: writes a suite from requirements and design, or from requirements and plan where the pipeline has no design,
//! runs it on the delivered code, and names the phase that caused each failure.
//!
//! Earlier tests stay unless they are dropped by name with a reason. If the suite cannot be collected or is incomplete, the
//! model gets one repair question. Every test that did not pass is in the evidence of an issue, with its message. The agent
//! gives no verdict: the host runs the suite itself. If no runner serves the language, the suite is submitted without a trial
//! run. Fails if an input is unreadable or a repaired answer is still invalid.

use phasegate_plugin::artifacts::{self, Findings, TestSuite};
use phasegate_plugin::types::Level;
use phasegate_plugin::{Agent, Failure, Prompt, Sections, SharedBy, Submission, Work, agent, artifact, fenced, host};
use phasegate_standard_agents::sections::revision;
use phasegate_standard_agents::{Context, render, titled};

mod diagnose;
mod inputs;
mod suite;
mod surface;
mod taken;
mod trial;

use inputs::Inputs;
use suite::SuiteCheck;
use trial::{Trial, run_trial};

const WRITE: Prompt = Prompt::new(include_str!("../prompts/write.md"));
const EXISTING: Prompt = Prompt::new(include_str!("../prompts/existing.md"));
const REPORT: Prompt = Prompt::new(include_str!("../prompts/report.md"));
const REPAIR: Prompt = Prompt::new(include_str!("../prompts/repair.md"));
const SCHEMA: &str = include_str!("../prompts/suite.schema.json");
/// Added to the cases that need a test where a design was reviewed.
const REVIEWED_CASES: &str = ", and the cases that the reviews named";
/// Added where there is no design that fixes names.
const OPEN_NAMES: &str =
    "\n  Names and signatures that the requirements leave open are those of the code's public lines.";
const REQUEST: &str = "Write the suite. Answer with the JSON object alone.";

/// The test agent.
pub struct Test;

agent!(Test);
phasegate_plugin::manifest!();

impl Agent for Test {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let context = Context::load(&work)?;
        let inputs = Inputs::load(&context)?;
        let (suite, trial) = write_suite(&context, &inputs).await?;
        let mut findings = Findings { reviewers: vec![work.assignment.phase.clone()], ..Findings::default() };
        if let Trial::Ran(run) = &trial {
            findings.issues = diagnose::find_causes(&context, &inputs, &suite, run).await?;
        }
        Ok(Submission { artifacts: vec![artifact("test_suite", &suite)?], findings: Some(findings.into()) })
    }
}

async fn write_suite(context: &Context<'_>, inputs: &Inputs) -> Result<(TestSuite, Trial), Failure> {
    let check = SuiteCheck::new(inputs);
    let question = sections(context, inputs)?;
    let suite = ask_for_suite(context, "test/write", question.clone(), inputs, &check).await?;
    let trial = run_trial(&inputs.code.language, &suite).await;
    let errors = check.check_trial(&suite, &trial);
    if errors.is_empty() {
        return Ok((suite, trial));
    }
    host::log(Level::Info, &format!("test: asking for a repair of the suite: {}", errors.join("; ")));
    let repair = REPAIR.render(&[
        ("basis", inputs.basis()),
        ("errors", &fenced("Faults of the suite", &errors.join("\n"))),
        ("found", &fenced("Tests that were found", &trial.names().join("\n"))),
    ]);
    let answered = fenced("Your suite as it stands, earlier files included", &render::json(&suite));
    let question = question.add(SharedBy::Call, answered).add(SharedBy::Call, repair);
    let suite = ask_for_suite(context, "test/write/repair", question, inputs, &check).await?;
    let trial = run_trial(&inputs.code.language, &suite).await;
    Ok((suite, trial))
}

fn sections(context: &Context<'_>, inputs: &Inputs) -> Result<Sections, Failure> {
    let report = inputs.report.as_ref().map(|report| REPORT.render(&[("report", &render::test_report(report))]));
    let surface = fenced("Paths and public lines", &surface::render(&inputs.code));
    let existing = context.repository.as_ref().map(|_| EXISTING.render(&[("tests", &inputs.taken.render_tests())]));
    let (cases, names) = if inputs.design.is_some() { (REVIEWED_CASES, "") } else { ("", OPEN_NAMES) };
    Ok(inputs
        .sections(context)?
        .add(SharedBy::Agent, WRITE.render(&[("basis", inputs.basis()), ("cases", cases), ("names", names)]))
        .add(SharedBy::Agent, existing.unwrap_or_default())
        .add(SharedBy::Subject, titled("The files of the code", &surface))
        .add(SharedBy::Attempt, report.unwrap_or_default())
        .add(SharedBy::Attempt, revision(context.work, inputs.previous.as_ref().map(render::suite).as_deref()))
        .add(SharedBy::Call, REQUEST))
}

/// Asks for a suite and merges the answer into the previous suite.
async fn ask_for_suite(
    context: &Context<'_>,
    label: &str,
    sections: Sections,
    inputs: &Inputs,
    check: &SuiteCheck<'_>,
) -> Result<TestSuite, Failure> {
    let question = context.question(label, sections).schema(SCHEMA);
    let answer: TestSuite = context
        .settings
        .apply(question)
        .json(|answer: &TestSuite, _| {
            let merged = suite::merge(inputs.previous.as_ref(), answer);
            let mut found = artifacts::faults("test_suite", &merged);
            found.extend(check.check_suite(answer, &merged));
            found
        })
        .await?;
    Ok(suite::merge(inputs.previous.as_ref(), &answer))
}

#[cfg(test)]
mod tests;
