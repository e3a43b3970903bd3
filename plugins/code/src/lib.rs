//! The code agent: writes every file of a design, whole.
//!
//! Promises: one question (label `code`), one repair of what is no usable artifact, and, where the operator grants a test bench for
//! the language, one repair of what the runner says does not build; code that still does not build is not submitted. Without a
//! bench, or without a runner for the language, it submits untried. Fails in words.

use phasegate_plugin::artifacts::{self, DesignSpecification, GeneratedCode, ProjectPlan, TestReport};
use phasegate_plugin::types::{File, Level, Subject};
use phasegate_plugin::{Agent, Ask, Failure, Prompt, Submission, Work, agent, artifact, failed, fenced, host};
use phasegate_standard_agents::{Settings, sections, show};

mod check;

const SYSTEM: Prompt = Prompt::new(include_str!("../prompts/system.md"));
const TASK: Prompt = Prompt::new(include_str!("../prompts/task.md"));
const REPORT: Prompt = Prompt::new(include_str!("../prompts/report.md"));
const UNBUILDABLE: Prompt = Prompt::new(include_str!("../prompts/unbuildable.md"));
const SCHEMA: &str = include_str!("../prompts/answer.schema.json");

/// The agent.
pub struct Code;

agent!(Code);

impl Agent for Code {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let settings = Settings::of(&work)?;
        let user = question(&work)?;
        let mut code = ask(&settings, "code", user.clone()).await?;
        let errors = build_errors(&code).await;
        if !errors.is_empty() {
            host::log(Level::Info, &format!("code: does not build, asking again: {}", errors.join("; ")));
            let again = UNBUILDABLE.render(&[("errors", &fenced("Build errors", &errors.join("\n")))]);
            let answered = fenced("Your answer", &show::json(&code));
            code = ask(&settings, "code/repair", format!("{user}\n\n{answered}\n{again}")).await?;
            let left = build_errors(&code).await;
            if !left.is_empty() {
                return Err(failed(format!("the code does not build, also after one repair: {}", left.join("; "))));
            }
        }
        Ok(Submission { artifacts: vec![artifact("generated_code", &code)?], findings: None })
    }
}

fn question(work: &Work) -> Result<String, Failure> {
    let plan: ProjectPlan = work.read_json("project_plan")?;
    let design: DesignSpecification = work.read_json("design_specification")?;
    let report: Option<TestReport> = work.read_optional("test_report")?;
    let report = report.map(|report| sections::section(REPORT.render(&[("report", &show::test_report(&report))])));
    let previous: Option<GeneratedCode> = work.previous_json("generated_code")?;
    Ok(TASK.render(&[
        ("task", &show::task(&work.task()?)),
        ("plan", &show::plan(&plan)),
        ("design", &show::design(&design)),
        ("environment", &show::environment(&work.environment_text())),
        ("context", &sections::context(work)?),
        ("notes", &sections::notes(work)?),
        ("report", &report.unwrap_or_default()),
        ("revision", &sections::revision(work, previous.as_ref().map(show::plain_code).as_deref())),
    ]))
}

async fn ask(settings: &Settings, label: &str, user: String) -> Result<GeneratedCode, Failure> {
    let ask = Ask::new(label, SYSTEM.render(&[]), user).schema(SCHEMA);
    let check = |code: &GeneratedCode, _: &str| {
        let mut faults = artifacts::faults("generated_code", code);
        faults.extend(check::faults(code));
        faults
    };
    settings.apply(ask).json(check).await
}

/// What the runner of the language says before any test is written; nothing where there is none.
async fn build_errors(code: &GeneratedCode) -> Vec<String> {
    let files = code.files.iter().map(|file| File { path: file.path.clone(), content: file.content.clone() }).collect();
    match host::run_tests(&code.language, Subject::Draft(files), Vec::new()).await {
        Ok(run) => run.build_errors,
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
