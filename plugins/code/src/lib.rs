//! The code agent: writes the files of a design, or of the task and its plan where the pipeline has no design. In a repository it
//! answers with changes, which this agent applies.
//!
//! Asks one question (label `code`). Faults found by the host, by `check` or by `changes` lead to one repair question; where the
//! host has a runner for the language, these include syntax errors. Fails if an input is unreadable or the repaired answer is
//! still invalid.

use phasegate_plugin::artifacts::{self, DesignSpecification, GeneratedCode, ProjectPlan, TestReport};
use phasegate_plugin::{
    Agent, Failure, Prompt, Question, Repository, Sections, SharedBy, Submission, Work, agent, artifact, failure,
};
use phasegate_standard_agents::sections::revision;
use phasegate_standard_agents::{Context, render};

mod changes;
mod check;
mod role;

use changes::{Answer, Project};
use role::{CHANGES, DESIGN, Form, TASK, WHOLE_FILES};

const REPORT: Prompt = Prompt::new(include_str!("../prompts/report.md"));
const REQUEST: &str = "Write the code. Answer with the JSON object alone.";

/// The code agent.
pub struct Code;

agent!(Code);
phasegate_plugin::manifest!();

impl Agent for Code {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let context = Context::load(&work)?;
        let previous: Option<GeneratedCode> = work.previous_json("generated_code")?;
        let form = if context.repository.is_some() { CHANGES } else { WHOLE_FILES };
        let sections = sections(&context, &form, previous.as_ref())?;
        let question = context.settings.apply(context.question("code", sections).schema(form.schema));
        let code = match &context.repository {
            Some(view) => ask_for_changes(&question, &work, &view.repository, previous.as_ref()).await?,
            None => question.json(|code: &GeneratedCode, _| faults(code, |_| true)).await?,
        };
        Ok(Submission { artifacts: vec![artifact("generated_code", &code)?], findings: None })
    }
}

async fn ask_for_changes(
    question: &Question,
    work: &Work,
    repository: &Repository,
    previous: Option<&GeneratedCode>,
) -> Result<GeneratedCode, Failure> {
    let project = Project { work, repository, previous };
    let check = |answer: &Answer, _: &str| match project.apply(answer) {
        Ok(changed) => faults(&changed.code, |path| changed.written.contains(path)),
        Err(faults) => faults,
    };
    let answer: Answer = question.json(check).await?;
    project.apply(&answer).map(|changed| changed.code).map_err(|faults| failure(faults.join("; ")))
}

fn faults(code: &GeneratedCode, written: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = artifacts::faults("generated_code", code);
    faults.extend(check::faults(code, written));
    faults
}

fn sections(context: &Context<'_>, form: &Form, previous: Option<&GeneratedCode>) -> Result<Sections, Failure> {
    let work = context.work;
    let plan: ProjectPlan = work.read_json("project_plan")?;
    let design: Option<DesignSpecification> = work.read_optional("design_specification")?;
    let report: Option<TestReport> = work.read_optional("test_report")?;
    let report = report.map(|report| REPORT.render(&[("report", &render::test_report(&report))]));
    let (sections, basis) = match &design {
        Some(design) => (context.with_design(&plan, design)?, DESIGN),
        None => (context.with_plan(&plan)?, TASK),
    };
    Ok(sections
        .add(SharedBy::Agent, form.render(&basis))
        .add(SharedBy::Attempt, report.unwrap_or_default())
        .add(SharedBy::Attempt, revision(work, previous.map(render::plain_code).as_deref()))
        .add(SharedBy::Call, REQUEST))
}

#[cfg(test)]
mod tests;
