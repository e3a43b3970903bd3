//! The code agent: writes all files of a design.
//!
//! Asks one question (label `code`). Faults found by the host or by `check` lead to one repair question; where the host has a
//! runner for the language, these include syntax errors. Fails if an input is unreadable or the repaired answer is still invalid.

use phasegate_plugin::artifacts::{self, DesignSpecification, GeneratedCode, ProjectPlan, TestReport};
use phasegate_plugin::{Agent, Failure, Prompt, Question, Submission, Work, agent, artifact};
use phasegate_standard_agents::{Settings, render, sections};

mod check;

const SYSTEM: Prompt = Prompt::new(include_str!("../prompts/system.md"));
const TASK: Prompt = Prompt::new(include_str!("../prompts/task.md"));
const REPORT: Prompt = Prompt::new(include_str!("../prompts/report.md"));
const SCHEMA: &str = include_str!("../prompts/answer.schema.json");

/// The code agent.
pub struct Code;

agent!(Code);
phasegate_plugin::manifest!();

impl Agent for Code {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let question = Question::new("code", SYSTEM.render(&[]), render_prompt(&work)?).schema(SCHEMA);
        let check = |code: &GeneratedCode, _: &str| {
            let mut faults = artifacts::faults("generated_code", code);
            faults.extend(check::faults(code));
            faults
        };
        let code: GeneratedCode = Settings::from_work(&work)?.apply(question).json(check).await?;
        Ok(Submission { artifacts: vec![artifact("generated_code", &code)?], findings: None })
    }
}

fn render_prompt(work: &Work) -> Result<String, Failure> {
    let plan: ProjectPlan = work.read_json("project_plan")?;
    let design: DesignSpecification = work.read_json("design_specification")?;
    let report: Option<TestReport> = work.read_optional("test_report")?;
    let report = report.map(|report| sections::section(REPORT.render(&[("report", &render::test_report(&report))])));
    let previous: Option<GeneratedCode> = work.previous_json("generated_code")?;
    Ok(TASK.render(&[
        ("task", &render::task(&work.task()?)),
        ("plan", &render::plan(&plan)),
        ("design", &render::design(&design)),
        ("environment", &render::environment(work)),
        ("context", &sections::context(work)),
        ("notes", &sections::notes(work)?),
        ("report", &report.unwrap_or_default()),
        ("revision", &sections::revision(work, previous.as_ref().map(render::plain_code).as_deref())),
    ]))
}

#[cfg(test)]
mod tests;
