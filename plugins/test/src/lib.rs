//! The test agent: writes a suite from requirements and design, tries it on the delivered code, and says whose fault each failure is.
//!
//! Promises: earlier tests stay unless dropped by name and with a reason; what keeps the suite from being collected, complete and
//! correctly listed gets one repair question; every test that did not pass stands in the evidence of an issue, with its message. Claims no
//! verdict: the host runs the suite itself. Where no runner serves the language, the suite is submitted untried. Fails in
//! words when an input cannot be read or an answer stays unusable.

use phasegate_plugin::artifacts::{
    self, DesignSpecification, Findings, GeneratedCode, ProjectPlan, TaskRequirements, TestReport, TestSuite,
};
use phasegate_plugin::types::Level;
use phasegate_plugin::{Agent, Ask, Failure, Prompt, Submission, Work, agent, artifact, fenced, host};
use phasegate_standard_agents::{Settings, render, sections};

mod diagnose;
mod suite;
mod surface;
mod trial;

use suite::Faults;
use trial::{Trial, tried};

const WRITE: Prompt = Prompt::new(include_str!("../prompts/write.md"));
const WRITE_TASK: Prompt = Prompt::new(include_str!("../prompts/write-task.md"));
const REPORT: Prompt = Prompt::new(include_str!("../prompts/report.md"));
const REPAIR: Prompt = Prompt::new(include_str!("../prompts/repair.md"));
const SCHEMA: &str = include_str!("../prompts/suite.schema.json");

/// The agent.
pub struct Test;

agent!(Test);
phasegate_plugin::manifest!();

/// What the agent was given.
struct Inputs {
    task: TaskRequirements,
    plan: ProjectPlan,
    design: DesignSpecification,
    code: GeneratedCode,
    report: Option<TestReport>,
    previous: Option<TestSuite>,
}

impl Agent for Test {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let inputs = Inputs {
            task: work.task()?,
            plan: work.read_json("project_plan")?,
            design: work.read_json("design_specification")?,
            code: work.read_json("generated_code")?,
            report: work.read_optional("test_report")?,
            previous: work.previous_json("test_suite")?,
        };
        let settings = Settings::of(&work)?;
        let (suite, trial) = written(&work, &settings, &inputs).await?;
        let mut findings = Findings { reviewers: vec![work.assignment.phase.clone()], ..Findings::default() };
        if let Trial::Ran(run) = &trial {
            findings.issues = diagnose::causes(&work, &settings, &inputs, &suite, run).await?;
        }
        Ok(Submission { artifacts: vec![artifact("test_suite", &suite)?], findings: Some(findings.into()) })
    }
}

async fn written(work: &Work, settings: &Settings, inputs: &Inputs) -> Result<(TestSuite, Trial), Failure> {
    let faults = Faults::new(inputs);
    let user = question(work, inputs)?;
    let suite = ask(settings, "test/write", user.clone(), inputs, &faults).await?;
    let trial = tried(&inputs.code.language, &suite).await;
    let errors = faults.of_trial(&suite, &trial);
    if errors.is_empty() {
        return Ok((suite, trial));
    }
    host::log(Level::Info, &format!("test: the suite has faults, asking again: {}", errors.join("; ")));
    let again = REPAIR.render(&[
        ("errors", &fenced("Faults of the suite", &errors.join("\n"))),
        ("found", &fenced("Tests that were found", &trial.names().join("\n"))),
    ]);
    let answered = fenced("Your suite as it stands, earlier files included", &render::json(&suite));
    let suite = ask(settings, "test/write/repair", format!("{user}\n\n{answered}\n{again}"), inputs, &faults).await?;
    let trial = tried(&inputs.code.language, &suite).await;
    Ok((suite, trial))
}

fn question(work: &Work, inputs: &Inputs) -> Result<String, Failure> {
    let report = inputs
        .report
        .as_ref()
        .map(|report| sections::section(REPORT.render(&[("report", &render::test_report(report))])));
    Ok(WRITE_TASK.render(&[
        ("task", &render::task(&inputs.task)),
        ("plan", &render::plan(&inputs.plan)),
        ("design", &render::design(&inputs.design)),
        ("environment", &render::environment(work)),
        ("context", &sections::context(work)),
        ("notes", &sections::notes(work)?),
        ("surface", &fenced("Paths and public lines", &surface::of(&inputs.code))),
        ("report", &report.unwrap_or_default()),
        ("revision", &sections::revision(work, inputs.previous.as_ref().map(render::suite).as_deref())),
    ]))
}

/// The answer, laid over the previous suite.
async fn ask(
    settings: &Settings,
    label: &str,
    user: String,
    inputs: &Inputs,
    faults: &Faults<'_>,
) -> Result<TestSuite, Failure> {
    let ask = Ask::new(label, WRITE.render(&[]), user).schema(SCHEMA);
    let answer: TestSuite = settings
        .apply(ask)
        .json(|answer: &TestSuite, _| {
            let merged = suite::merged(inputs.previous.as_ref(), answer);
            let mut found = artifacts::faults("test_suite", &merged);
            found.extend(faults.of_suite(answer, &merged));
            found
        })
        .await?;
    Ok(suite::merged(inputs.previous.as_ref(), &answer))
}

#[cfg(test)]
mod tests;
