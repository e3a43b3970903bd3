//! The start of every question: one system message, then the task and the work of earlier phases in the order in which they are
//! made, then the agent's own rules. So a request shares its start with the requests of earlier phases and attempts.
//!
//! Fails if an input is unreadable.

use phasegate_plugin::artifacts::{DesignSpecification, ProjectPlan, TaskRequirements};
use phasegate_plugin::{Failure, Prompt, Question, Sections, SharedBy, Work};

use crate::{render, sections};

const TEAM: Prompt = Prompt::new(include_str!("../prompts/team.md"));

/// Creates a question with the system message of all standard agents.
pub fn question(label: impl Into<String>, sections: Sections) -> Question {
    Question::new(label, TEAM.render(&[]), sections)
}

/// Returns the task, the context files and the process notes.
pub fn with_task(work: &Work, task: &TaskRequirements) -> Result<Sections, Failure> {
    Ok(Sections::new()
        .add(SharedBy::Run, titled("The task", &render::task(task)))
        .add(SharedBy::Run, sections::context(work))
        .add(SharedBy::Run, sections::notes(work)?))
}

/// Returns the sections of [`with_task`], what code can rely on, and the plan.
pub fn with_plan(work: &Work, task: &TaskRequirements, plan: &ProjectPlan) -> Result<Sections, Failure> {
    Ok(with_task(work, task)?
        .add(SharedBy::Run, titled("What code and tests can rely on", &render::environment(work)))
        .add(SharedBy::Phases, titled("The plan", &render::plan(plan))))
}

/// Returns the sections of [`with_plan`] and the design.
pub fn with_design(
    work: &Work,
    task: &TaskRequirements,
    plan: &ProjectPlan,
    design: &DesignSpecification,
) -> Result<Sections, Failure> {
    Ok(with_plan(work, task, plan)?.add(SharedBy::Phases, titled("The design", &render::design(design))))
}

/// Returns a section with a heading of the first level.
pub fn titled(title: &str, text: &str) -> String {
    format!("# {title}\n\n{text}")
}
