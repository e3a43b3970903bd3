//! The code review agent: six specialists examine the code concurrently, each with its own prompt.
//!
//! Asks each specialist one question (label `code-review/SPECIALIST`) and merges all findings. If one specialist fails, the
//! review fails.

use phasegate_plugin::artifacts::{DesignSpecification, GeneratedCode};
use phasegate_plugin::{Agent, Failure, Prompt, Submission, Work, agent};
use phasegate_standard_agents::panel::{self, Specialist};
use phasegate_standard_agents::render;

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
/// Phases that can have caused a fault in the code.
const BLAMABLE_PHASES: [&str; 3] = ["planning", "design", "code"];

/// The code review agent.
pub struct CodeReview;

agent!(CodeReview);
phasegate_plugin::manifest!();

impl Agent for CodeReview {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let design: DesignSpecification = work.read_json("design_specification")?;
        let code: GeneratedCode = work.read_json("generated_code")?;
        let (design, code) = (render::design(&design), render::numbered_code(&code));
        let question = panel::render_question(&work, &TASK, &[("design", &design), ("code", &code)])?;
        let panel = PANEL.map(|(name, title, focus)| Specialist {
            name,
            system: FRAME.render(&[("title", title), ("focus", focus.trim_end())]),
            must_check: Vec::new(),
        });
        panel::review(&work, "code-review", &question, &panel, &BLAMABLE_PHASES).await
    }
}

#[cfg(test)]
mod tests;
