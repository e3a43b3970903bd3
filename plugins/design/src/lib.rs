//! The design agent: turns a plan into a design that a programmer can implement without further questions.
//!
//! Asks one question (label `design`). Faults found by the host or by `check` (a unit without a component, a cycle, a
//! checklist without a high item) lead to one repair question. Fails if an input is unreadable or the repaired answer is
//! still invalid.

use phasegate_plugin::artifacts::{self, DesignSpecification, ProjectPlan};
use phasegate_plugin::{Agent, Failure, Prompt, SharedBy, Submission, Work, agent, artifact};
use phasegate_standard_agents::{Context, render, sections};

mod check;

const ROLE: Prompt = Prompt::new(include_str!("../prompts/role.md"));
const SCHEMA: &str = include_str!("../prompts/answer.schema.json");
const REQUEST: &str = "Write the design. Answer with the JSON object alone.";

/// The design agent.
pub struct Design;

agent!(Design);
phasegate_plugin::manifest!();

impl Agent for Design {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let context = Context::load(&work)?;
        let plan: ProjectPlan = work.read_json("project_plan")?;
        let previous: Option<DesignSpecification> = work.previous_json("design_specification")?;
        let sections = context
            .with_plan(&plan)?
            .add(SharedBy::Agent, ROLE.render(&[]))
            .add(SharedBy::Attempt, sections::revision(&work, previous.as_ref().map(render::design).as_deref()))
            .add(SharedBy::Call, REQUEST);
        let with_task_id = |answer: &DesignSpecification| DesignSpecification {
            task_id: context.task.task_id.clone(),
            ..answer.clone()
        };
        let answer: DesignSpecification = context
            .settings
            .apply(context.question("design", sections).schema(SCHEMA))
            .json(|answer: &DesignSpecification, _| {
                let mut faults = artifacts::faults("design_specification", &with_task_id(answer));
                faults.extend(check::faults(answer, &plan));
                faults
            })
            .await?;
        Ok(Submission { artifacts: vec![artifact("design_specification", &with_task_id(&answer))?], findings: None })
    }
}

#[cfg(test)]
mod tests;
