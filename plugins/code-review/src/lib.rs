//! The code review agent: six specialists examine the code concurrently, each with its own speciality.
//!
//! Asks each specialist one question (label `code-review/SPECIALIST`) and merges all findings. If one specialist fails, the
//! review fails.

use phasegate_plugin::artifacts::{DesignSpecification, GeneratedCode, ProjectPlan};
use phasegate_plugin::{Agent, Failure, Prompt, SharedBy, Submission, Work, agent};
use phasegate_standard_agents::panel::{self, Specialist};
use phasegate_standard_agents::{Context, render, sections, titled};

const ROLE: Prompt = Prompt::new(include_str!("../prompts/role.md"));
const CHANGES: Prompt = Prompt::new(include_str!("../prompts/changes.md"));
const SPECIALITY: Prompt = Prompt::new(include_str!("../prompts/speciality.md"));
const PANEL: [(&str, &str, &str); 6] = [
    ("quality", "correctness and quality", include_str!("../prompts/quality.md")),
    ("security", "security", include_str!("../prompts/security.md")),
    ("performance", "performance", include_str!("../prompts/performance.md")),
    ("test-coverage", "testability and test coverage", include_str!("../prompts/test-coverage.md")),
    ("documentation", "documentation", include_str!("../prompts/documentation.md")),
    ("best-practices", "best practices of the language", include_str!("../prompts/best-practices.md")),
];
/// Phases that can have caused a fault in the code.
const BLAMABLE_PHASES: [&str; 3] = ["planning", "design", "code"];

/// The code review agent.
pub struct CodeReview;

agent!(CodeReview);
phasegate_plugin::manifest!();

impl Agent for CodeReview {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let context = Context::load(&work)?;
        let plan: ProjectPlan = work.read_json("project_plan")?;
        let design: DesignSpecification = work.read_json("design_specification")?;
        let code: GeneratedCode = work.read_json("generated_code")?;
        let changes =
            context.repository.as_ref().map(|view| CHANGES.render(&[("changes", &view.render_changes(&code))]));
        let question = context
            .with_design(&plan, &design)?
            .add(SharedBy::Agent, ROLE.render(&[]))
            .add(SharedBy::Subject, titled("The code under review", &render::numbered_code(&code)))
            .add(SharedBy::Subject, changes.unwrap_or_default())
            .add(SharedBy::Attempt, sections::revision(&work, None));
        let panel = PANEL.map(|(name, title, focus)| Specialist {
            name,
            speciality: SPECIALITY.render(&[("title", title), ("focus", focus.trim_end())]),
            must_check: Vec::new(),
        });
        panel::review(&context, "code-review", &question, &panel, &BLAMABLE_PHASES).await
    }
}

#[cfg(test)]
mod tests;
