//! The planning agent: the model divides the task into semantic units and rates them by counting. The agent computes
//! complexity and estimate.
//!
//! Asks one question (label `planning`) and at most one repair question. The estimate uses finished runs only. Fails if an
//! input is unreadable or the repaired answer is still invalid.

use phasegate_plugin::artifacts::{self, ProjectPlan, RunMeasures, SemanticUnit};
use phasegate_plugin::{Agent, Failure, Prompt, SharedBy, Submission, Work, agent, artifact};
use phasegate_standard_agents::{Context, render, sections};
use serde::Deserialize;

pub mod complexity;
mod estimate;
pub mod probe;

const ROLE: Prompt = Prompt::new(include_str!("../prompts/role.md"));
const REQUEST: &str = "Divide the task into semantic units and rate them. Answer with the JSON object alone.";
const SCHEMA: &str = include_str!("../prompts/answer.schema.json");
const MAX_ANSWER_TOKENS: u32 = 8_000;

/// The planning agent.
pub struct Planning;

agent!(Planning);
phasegate_plugin::manifest!();

#[derive(Deserialize)]
struct Answer {
    semantic_units: Vec<Unit>,
}

#[derive(Deserialize)]
struct Unit {
    unit_id: String,
    description: String,
    dependencies: Vec<String>,
    api_interactions: u32,
    data_transformations: u32,
    logical_branches: u32,
    code_entities_modified: u32,
    novelty: f64,
}

impl Agent for Planning {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let context = Context::load(&work)?;
        let measures: RunMeasures = work.read_optional("run_measures")?.unwrap_or_default();
        let previous: Option<ProjectPlan> = work.previous_json("project_plan")?;
        let sections = context
            .with_task()?
            .add(SharedBy::Agent, ROLE.render(&[]))
            .add(SharedBy::Attempt, sections::revision(&work, previous.as_ref().map(render::plan).as_deref()))
            .add(SharedBy::Call, REQUEST);
        let question = context.question("planning", sections).schema(SCHEMA).max_output_tokens(MAX_ANSWER_TOKENS);
        let draft = |answer: &Answer| plan(&context.task.task_id, answer);
        let answer: Answer = context
            .settings
            .apply(question)
            .json(|answer: &Answer, _| artifacts::faults("project_plan", &draft(answer)))
            .await?;
        let mut plan = draft(&answer);
        plan.estimate = estimate::from_runs(&measures.finished_runs, plan.total_est_complexity);
        Ok(Submission { artifacts: vec![artifact("project_plan", &plan)?], findings: None })
    }
}

fn plan(task_id: &str, answer: &Answer) -> ProjectPlan {
    let semantic_units: Vec<SemanticUnit> = answer.semantic_units.iter().map(rate_unit).collect();
    ProjectPlan {
        task_id: task_id.to_owned(),
        total_est_complexity: semantic_units.iter().map(|unit| unit.est_complexity).sum(),
        semantic_units,
        estimate: None,
    }
}

fn rate_unit(unit: &Unit) -> SemanticUnit {
    let counts = complexity::Counts {
        api: unit.api_interactions,
        data: unit.data_transformations,
        logic: unit.logical_branches,
        entities: unit.code_entities_modified,
        novelty: unit.novelty,
    };
    SemanticUnit {
        unit_id: unit.unit_id.clone(),
        description: unit.description.clone(),
        dependencies: unit.dependencies.clone(),
        api_interactions: unit.api_interactions,
        data_transformations: unit.data_transformations,
        logical_branches: unit.logical_branches,
        code_entities_modified: unit.code_entities_modified,
        novelty: unit.novelty,
        est_complexity: u64::from(complexity::from_counts(&counts)),
    }
}

#[cfg(test)]
mod tests;
