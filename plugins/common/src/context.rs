//! What all questions of one attempt have in common: the task, the settings, and the repository as models see it.
//!
//! Every question begins with the same text: one system message, then the task and the work of earlier phases in the order in
//! which they are made, then the agent's own rules. So a request shares its start with the requests of earlier phases and
//! attempts. Fails if an input is unreadable.

use phasegate_plugin::artifacts::{DesignSpecification, ProjectPlan, TaskRequirements};
use phasegate_plugin::{Failure, Prompt, Question, Sections, SharedBy, Work};

use crate::repository::RepositoryView;
use crate::{Settings, render, sections};

const TEAM: Prompt = Prompt::new(include_str!("../prompts/team.md"));

/// The common parts of an attempt's questions.
#[derive(Debug)]
pub struct Context<'a> {
    /// The assignment.
    pub work: &'a Work,
    /// The task.
    pub task: TaskRequirements,
    /// The settings from the pipeline.
    pub settings: Settings,
    /// The repository that the run starts from, if it has one.
    pub repository: Option<RepositoryView>,
}

impl<'a> Context<'a> {
    /// Reads the task, the settings and the repository.
    pub fn load(work: &'a Work) -> Result<Self, Failure> {
        let task = work.task()?;
        let settings = Settings::from_work(work)?;
        let repository = RepositoryView::load(work, settings.repository_tokens)?;
        Ok(Self { work, task, settings, repository })
    }

    /// Creates a question with the system message of all standard agents, and tools to read a repository that is not given
    /// whole. The settings are not applied yet.
    pub fn question(&self, label: impl Into<String>, sections: Sections) -> Question {
        let question = Question::new(label, TEAM.render(&[]), sections);
        match self.repository.as_ref().and_then(RepositoryView::tools) {
            Some(tools) => question.tools(tools),
            None => question,
        }
    }

    /// Returns the task, the context files, the process notes and the repository.
    pub fn with_task(&self) -> Result<Sections, Failure> {
        Ok(Sections::new()
            .add(SharedBy::Run, titled("The task", &render::task(&self.task)))
            .add(SharedBy::Run, sections::context(self.work))
            .add(SharedBy::Run, sections::notes(self.work)?)
            .add(SharedBy::Run, self.repository.as_ref().map(RepositoryView::section).unwrap_or_default()))
    }

    /// Returns the sections of [`Context::with_task`], what code can rely on, and the plan.
    pub fn with_plan(&self, plan: &ProjectPlan) -> Result<Sections, Failure> {
        Ok(self
            .with_task()?
            .add(SharedBy::Run, titled("What code and tests can rely on", &render::environment(self.work)))
            .add(SharedBy::Phases, titled("The plan", &render::plan(plan))))
    }

    /// Returns the sections of [`Context::with_plan`] and the design.
    pub fn with_design(&self, plan: &ProjectPlan, design: &DesignSpecification) -> Result<Sections, Failure> {
        Ok(self.with_plan(plan)?.add(SharedBy::Phases, titled("The design", &render::design(design))))
    }
}

/// Returns a section with a heading of the first level.
pub fn titled(title: &str, text: &str) -> String {
    format!("# {title}\n\n{text}")
}
