//! The code review: six specialists examine code at once, each with its own prompt.
//!
//! Promises: a question for each specialist (label `code-review/SPECIALIST`), all under way together; every finding of every one is
//! in the result. A specialist that fails fails the review.

use phasegate_plugin::artifacts::{DesignSpecification, GeneratedCode, ProjectPlan};
use phasegate_plugin::{Agent, Failure, Prompt, Submission, Work, agent};
use phasegate_standard_agents::panel::{self, Specialist};
use phasegate_standard_agents::{Settings, render, sections};

const FRAME: Prompt = Prompt::new(include_str!("../prompts/frame.md"));
const TASK: Prompt = Prompt::new(include_str!("../prompts/task.md"));
const PANEL: [(&str, &str, &str); 6] = [
    ("quality", "correctness and quality", include_str!("../prompts/quality.md")),
    ("security", "security", include_str!("../prompts/security.md")),
    ("performance", "performance", include_str!("../prompts/performance.md")),
    ("test-coverage", "testability and test coverage", include_str!("../prompts/test-coverage.md")),
    ("documentation", "documentation", include_str!("../prompts/documentation.md")),
    ("best-practices", "best practices of the language", include_str!("../prompts/best-practices.md")),
];
/// Code can be wrong because of itself, or of what it was written from.
const BLAMABLE_PHASES: [&str; 3] = ["planning", "design", "code"];

/// The agent.
pub struct CodeReview;

agent!(CodeReview);
phasegate_plugin::manifest!();

impl Agent for CodeReview {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let task = work.task()?;
        let plan: ProjectPlan = work.read_json("project_plan")?;
        let design: DesignSpecification = work.read_json("design_specification")?;
        let code: GeneratedCode = work.read_json("generated_code")?;
        let user = TASK.render(&[
            ("task", &render::task(&task)),
            ("plan", &render::plan(&plan)),
            ("design", &render::design(&design)),
            ("environment", &render::environment(&work)),
            ("context", &sections::context(&work)),
            ("notes", &sections::notes(&work)?),
            ("remarks", &sections::revision(&work, None)),
            ("code", &render::numbered_code(&code)),
        ]);
        let settings = Settings::from_work(&work)?;
        let panel = PANEL.map(|(name, title, focus)| Specialist {
            name,
            system: FRAME.render(&[("title", title), ("focus", focus.trim_end())]),
            must_check: Vec::new(),
        });
        let found = panel::review("code-review", &user, &panel, &BLAMABLE_PHASES, |ask| settings.apply(ask)).await?;
        Ok(Submission { artifacts: Vec::new(), findings: Some(found.into()) })
    }
}

#[cfg(test)]
mod tests;
