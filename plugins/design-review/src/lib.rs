//! The design review agent: six specialists examine the design concurrently, each with its own speciality.
//!
//! Asks each specialist one question (label `design-review/SPECIALIST`) and merges all findings. The architecture specialist
//! must answer every item of the design's checklist. If one specialist fails, the review fails.

use phasegate_plugin::artifacts::{DesignSpecification, ProjectPlan};
use phasegate_plugin::{Agent, Failure, Prompt, SharedBy, Submission, Work, agent};
use phasegate_standard_agents::panel::{self, Specialist};
use phasegate_standard_agents::{Context, sections};

const ROLE: Prompt = Prompt::new(include_str!("../prompts/role.md"));
const SPECIALITY: Prompt = Prompt::new(include_str!("../prompts/speciality.md"));
const DESIGN_CHECKS: &str = include_str!("../prompts/checks-design.md");
/// The specialist that answers the design's checklist.
const CHECKLIST_SPECIALIST: &str = "architecture";
const PANEL: [(&str, &str, &str); 6] = [
    ("security", "security", include_str!("../prompts/security.md")),
    ("performance", "performance", include_str!("../prompts/performance.md")),
    ("data-integrity", "data integrity", include_str!("../prompts/data-integrity.md")),
    ("maintainability", "maintainability", include_str!("../prompts/maintainability.md")),
    (CHECKLIST_SPECIALIST, "architecture", include_str!("../prompts/architecture.md")),
    ("api-design", "API design", include_str!("../prompts/api-design.md")),
];
/// Phases that can have caused a fault in the design.
const BLAMABLE_PHASES: [&str; 2] = ["planning", "design"];

/// The design review agent.
pub struct DesignReview;

agent!(DesignReview);
phasegate_plugin::manifest!();

impl Agent for DesignReview {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let context = Context::load(&work)?;
        let plan: ProjectPlan = work.read_json("project_plan")?;
        let design: DesignSpecification = work.read_json("design_specification")?;
        let question = context
            .with_design(&plan, &design)?
            .add(SharedBy::Agent, ROLE.render(&[]))
            .add(SharedBy::Attempt, sections::revision(&work, None));
        let panel = PANEL.map(|(name, title, focus)| specialist(name, title, focus, &design));
        panel::review(&context, "design-review", &question, &panel, &BLAMABLE_PHASES).await
    }
}

fn specialist(name: &'static str, title: &str, focus: &str, design: &DesignSpecification) -> Specialist<'static> {
    let answers_checklist = name == CHECKLIST_SPECIALIST;
    let checks = if answers_checklist { sections::section(DESIGN_CHECKS.to_owned()) } else { String::new() };
    let speciality = SPECIALITY.render(&[("title", title), ("focus", focus.trim_end()), ("checks", &checks)]);
    let checklist = design.review_checklist.iter().map(|item| item.item.clone());
    Specialist { name, speciality, must_check: if answers_checklist { checklist.collect() } else { Vec::new() } }
}

#[cfg(test)]
mod tests;
