//! The code agent: writes all files of a design.
//!
//! Asks one question (label `code`). Faults found by the host or by `check` lead to one repair question; where the host has a
//! runner for the language, these include syntax errors. Fails if an input is unreadable or the repaired answer is still invalid.

use phasegate_plugin::artifacts::{self, DesignSpecification, GeneratedCode, ProjectPlan, TestReport};
use phasegate_plugin::{Agent, Failure, Prompt, Sections, SharedBy, Submission, Work, agent, artifact};
use phasegate_standard_agents::sections::revision;
use phasegate_standard_agents::{Settings, render, request};

mod check;

const ROLE: Prompt = Prompt::new(include_str!("../prompts/role.md"));
const REPORT: Prompt = Prompt::new(include_str!("../prompts/report.md"));
const SCHEMA: &str = include_str!("../prompts/answer.schema.json");
const REQUEST: &str = "Write the code. Answer with the JSON object alone.";

/// The code agent.
pub struct Code;

agent!(Code);
phasegate_plugin::manifest!();

impl Agent for Code {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let question = request::question("code", sections(&work)?).schema(SCHEMA);
        let check = |code: &GeneratedCode, _: &str| {
            let mut faults = artifacts::faults("generated_code", code);
            faults.extend(check::faults(code));
            faults
        };
        let code: GeneratedCode = Settings::from_work(&work)?.apply(question).json(check).await?;
        Ok(Submission { artifacts: vec![artifact("generated_code", &code)?], findings: None })
    }
}

fn sections(work: &Work) -> Result<Sections, Failure> {
    let plan: ProjectPlan = work.read_json("project_plan")?;
    let design: DesignSpecification = work.read_json("design_specification")?;
    let report: Option<TestReport> = work.read_optional("test_report")?;
    let report = report.map(|report| REPORT.render(&[("report", &render::test_report(&report))]));
    let previous: Option<GeneratedCode> = work.previous_json("generated_code")?;
    Ok(request::with_design(work, &work.task()?, &plan, &design)?
        .add(SharedBy::Agent, ROLE.render(&[]))
        .add(SharedBy::Attempt, report.unwrap_or_default())
        .add(SharedBy::Attempt, revision(work, previous.as_ref().map(render::plain_code).as_deref()))
        .add(SharedBy::Call, REQUEST))
}

#[cfg(test)]
mod tests;
