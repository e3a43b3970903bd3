//! The inputs of the test phase.

use phasegate_plugin::artifacts::{
    DesignSpecification, GeneratedCode, ProjectPlan, TaskRequirements, TestReport, TestSuite,
};
use phasegate_plugin::{Failure, Sections};
use phasegate_standard_agents::Context;

use crate::taken::Taken;

/// The inputs of one attempt.
pub struct Inputs {
    /// The task.
    pub task: TaskRequirements,
    /// The plan.
    pub plan: ProjectPlan,
    /// The design, from which tests are written, if the pipeline has one.
    pub design: Option<DesignSpecification>,
    /// The code under test.
    pub code: GeneratedCode,
    /// The host's report of the previous attempt, if the pipeline passes it.
    pub report: Option<TestReport>,
    /// The suite of the previous attempt.
    pub previous: Option<TestSuite>,
    /// The names of files in the repository.
    pub taken: Taken,
}

impl Inputs {
    /// Reads all inputs of the assignment.
    pub fn load(context: &Context<'_>) -> Result<Self, Failure> {
        let work = context.work;
        Ok(Self {
            task: context.task.clone(),
            plan: work.read_json("project_plan")?,
            design: work.read_optional("design_specification")?,
            code: work.read_json("generated_code")?,
            report: work.read_optional("test_report")?,
            previous: work.previous_json("test_suite")?,
            taken: context.repository.as_ref().map(|view| Taken::load(&view.repository)).unwrap_or_default(),
        })
    }

    /// Returns the sections with the plan, and with the design if there is one.
    pub fn sections(&self, context: &Context<'_>) -> Result<Sections, Failure> {
        match &self.design {
            Some(design) => context.with_design(&self.plan, design),
            None => context.with_plan(&self.plan),
        }
    }

    /// Returns the name of the document that says beside the requirements what must hold.
    pub fn basis(&self) -> &'static str {
        if self.design.is_some() { "design" } else { "plan" }
    }
}
