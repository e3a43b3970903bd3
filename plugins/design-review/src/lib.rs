//! The design review: six specialists examine a design at once, each with its own prompt.
//!
//! Promises: a question for each specialist (label `design-review/SPECIALIST`), all under way together; every finding of every one is
//! in the result; every item of the design's checklist is answered. A specialist that fails fails the review.

use phasegate_plugin::artifacts::{DesignSpecification, ProjectPlan};
use phasegate_plugin::{Agent, Failure, Prompt, Submission, Work, agent};
use phasegate_standard_agents::panel::{self, Specialist};
use phasegate_standard_agents::{Settings, render, sections};

const FRAME: Prompt = Prompt::new(include_str!("../prompts/frame.md"));
const TASK: Prompt = Prompt::new(include_str!("../prompts/task.md"));
const OWN_CHECKS: &str = include_str!("../prompts/checks-own.md");
const DESIGN_CHECKS: &str = include_str!("../prompts/checks-design.md");
/// Answers the design's checklist.
const CHECKLIST_SPECIALIST: &str = "architecture";
const PANEL: [(&str, &str, &str); 6] = [
    ("security", "security", include_str!("../prompts/security.md")),
    ("performance", "performance", include_str!("../prompts/performance.md")),
    ("data-integrity", "data integrity", include_str!("../prompts/data-integrity.md")),
    ("maintainability", "maintainability", include_str!("../prompts/maintainability.md")),
    (CHECKLIST_SPECIALIST, "architecture", include_str!("../prompts/architecture.md")),
    ("api-design", "API design", include_str!("../prompts/api-design.md")),
];
/// A design can only be wrong because of itself or of its plan.
const BLAMABLE_PHASES: [&str; 2] = ["planning", "design"];

/// The agent.
pub struct DesignReview;

agent!(DesignReview);
phasegate_plugin::manifest!();

impl Agent for DesignReview {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let task = work.task()?;
        let plan: ProjectPlan = work.read_json("project_plan")?;
        let design: DesignSpecification = work.read_json("design_specification")?;
        let user = TASK.render(&[
            ("task", &render::task(&task)),
            ("plan", &render::plan(&plan)),
            ("environment", &render::environment(&work)),
            ("context", &sections::context(&work)),
            ("notes", &sections::notes(&work)?),
            ("remarks", &sections::revision(&work, None)),
            ("design", &render::design(&design)),
        ]);
        let settings = Settings::from_work(&work)?;
        let panel = PANEL.map(|(name, title, focus)| specialist(name, title, focus, &design));
        let found = panel::review("design-review", &user, &panel, &BLAMABLE_PHASES, |ask| settings.apply(ask)).await?;
        Ok(Submission { artifacts: Vec::new(), findings: Some(found.into()) })
    }
}

fn specialist(name: &'static str, title: &str, focus: &str, design: &DesignSpecification) -> Specialist<'static> {
    let answers_checklist = name == CHECKLIST_SPECIALIST;
    let checks = if answers_checklist { DESIGN_CHECKS } else { OWN_CHECKS };
    let system = FRAME.render(&[("title", title), ("focus", focus.trim_end()), ("checks", checks.trim_end())]);
    let checklist = design.review_checklist.iter().map(|item| item.item.clone());
    Specialist { name, system, must_check: if answers_checklist { checklist.collect() } else { Vec::new() } }
}

#[cfg(test)]
mod tests;
