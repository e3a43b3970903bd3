//! The branch with the work of a run that passed.
//!
//! Guarantees: the branch is in the repository before the run counts as passed; it is there whole or not at all. Its commits
//! depend on the journal and the repository's history only, so an interrupted run writes the same branch when it is resumed. A
//! replay compares the digest of the work and needs no repository. A branch that cannot be written stops the run, which can
//! be resumed.

use std::sync::Arc;

use phasegate_journal::Journal;
use phasegate_process::artifact::kinds;
use phasegate_process::repository::{CommitStyle, RepositoryBase, RunBranch, UncommittedChange};
use phasegate_process::result::TaskResult;
use phasegate_process::state::State;
use phasegate_process::{Event, Recorded};
use phasegate_repository::{Change, MessageDraft, NewBranch, NewCommit, NewContent, Repository};
use serde_json::Value;

use crate::error::Error;
use crate::output::work::{Step, StepContent, Work, steps_of_attempts};
use crate::repository::{blocking, branch_name};
use crate::run::context::RunContext;
use crate::store::blobs::{read_blob, read_json};

/// The subjects of earlier commits from which the manner of messages is judged.
const SUBJECTS: usize = 50;

/// Writes the branch of the run and records it.
pub(crate) async fn write_branch(context: &RunContext) -> Result<(), Error> {
    context.durable().await?;
    let mut state = State::clone(&context.state());
    if let Some(check) = context.replay_check() {
        // What was read is in the record only.
        Arc::make_mut(&mut state.repository).extend(check.repository_answers());
    }
    let journal = context.host.journal();
    let work = Work::load(journal.as_ref(), &state)?;
    let nothing =
        RunBranch { name: branch_name(&state.created.run_id), commits: Vec::new(), tree: None, work: work.digest() };
    let Some(base) = state.created.repository.clone() else {
        return Err(Error::host_failed("a run without a repository has no branch"));
    };
    let branch = match context.replay_check() {
        Some(check) => check.branch().map_or(nothing.clone(), |known| RunBranch { work: work.digest(), ..known }),
        None => {
            let steps = match base.commits {
                CommitStyle::Attempts => steps_of_attempts(journal.as_ref(), &state, &context.events())?,
                CommitStyle::One | CommitStyle::None => work.one_step(),
            };
            let draft = Draft::new(journal.as_ref(), &state, &context.events(), &base, steps, &work)?;
            match draft.steps.is_empty() {
                true => nothing,
                false => {
                    let tree = context.base_tree().await?;
                    let written = blocking(move || {
                        let new = draft.commits(tree.repository())?;
                        Ok(tree.repository().write_branch(&new)?)
                    });
                    let written = written.await?;
                    RunBranch { commits: written.commits, tree: Some(written.tree), ..nothing }
                }
            }
        }
    };
    context.append(Event::BranchWritten { branch })
}

/// Everything that the commits are made from, apart from the repository.
struct Draft {
    name: String,
    base: RepositoryBase,
    /// The changes that were not committed when the run was created.
    uncommitted: Vec<Change>,
    steps: Vec<Step>,
    summary: String,
    requirements: Vec<String>,
    trailers: Vec<(&'static str, String)>,
    /// Unix seconds.
    time: i64,
}

impl Draft {
    fn new(
        journal: &dyn Journal,
        state: &State,
        events: &[Recorded],
        base: &RepositoryBase,
        steps: Vec<Step>,
        work: &Work,
    ) -> Result<Self, Error> {
        let task = state.created.inputs.iter().find(|input| input.name.as_str() == kinds::TASK_REQUIREMENTS);
        let task: Value = task.map(|input| read_json(journal, &input.digest)).transpose()?.unwrap_or_default();
        let requirements = task.get("requirements").and_then(Value::as_array).into_iter().flatten();
        let result = TaskResult::from_events(state, events);
        let verdicts: Vec<_> = result
            .gates
            .iter()
            .map(|gate| format!("{} {}", gate.gate, gate.standing.as_str().replace('_', " ")))
            .collect();
        let mut trailers = vec![("Phasegate-Run", state.created.run_id.to_string())];
        if !verdicts.is_empty() {
            trailers.push(("Phasegate-Verdicts", verdicts.join(", ")));
        }
        trailers.push(("Phasegate-Digest", work.digest().to_string()));
        let mut uncommitted = Vec::new();
        for file in &base.uncommitted {
            let (content, executable) = match &file.change {
                UncommittedChange::Written { content, executable } => {
                    (NewContent::Bytes(read_blob(journal, content)?), Some(*executable))
                }
                UncommittedChange::Deleted => (NewContent::Deleted, None),
            };
            uncommitted.push(Change { path: file.path.clone(), content, executable });
        }
        Ok(Self {
            name: branch_name(&state.created.run_id),
            base: base.clone(),
            uncommitted,
            steps,
            summary: task.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            requirements: requirements.filter_map(Value::as_str).map(str::to_owned).collect(),
            trailers,
            time: (last_decision_ms(events) / 1_000) as i64,
        })
    }

    /// Returns the branch to write. Fails if the history cannot be read.
    fn commits(self, repository: &Repository) -> Result<NewBranch, Error> {
        let subjects = repository.subjects(&self.base.commit, SUBJECTS)?;
        let author = self.base.author.clone();
        let author = author.ok_or_else(|| Error::host_failed("the run names no author of its branch"))?;
        let commit = |changes: Vec<Change>, draft: MessageDraft| NewCommit {
            message: draft.render(&subjects),
            changes,
            author: author.clone(),
            committer: author.clone(),
            time: self.time,
        };
        let mut commits = Vec::new();
        if !self.uncommitted.is_empty() {
            let draft = MessageDraft {
                summary: "Add uncommitted changes of the working tree".to_owned(),
                body: "The work of the run starts from them.".to_owned(),
                trailers: self.trailers.iter().filter(|(name, _)| *name == "Phasegate-Run").cloned().collect(),
                paths: self.uncommitted.iter().map(|change| change.path.clone()).collect(),
            };
            commits.push(commit(self.uncommitted.clone(), draft));
        }
        for step in &self.steps {
            let mut parts = Vec::new();
            parts.extend(step.at.iter().map(|at| format!("Accepted attempt: {at}.")));
            let items: Vec<_> = self.requirements.iter().map(|item| format!("- {}", one_line(item))).collect();
            parts.extend((!items.is_empty()).then(|| items.join("\n")));
            let draft = MessageDraft {
                summary: self.summary.clone(),
                body: parts.join("\n\n"),
                trailers: self.trailers.clone(),
                paths: step.changes.keys().cloned().collect(),
            };
            let changes = step.changes.iter().map(|(path, content)| Change {
                path: path.clone(),
                content: match content {
                    StepContent::Text(text) => NewContent::Text(text.clone()),
                    StepContent::Base(bytes) => NewContent::Bytes(bytes.clone()),
                    StepContent::Deleted => NewContent::Deleted,
                },
                executable: None,
            });
            commits.push(commit(changes.collect(), draft));
        }
        Ok(NewBranch { name: self.name, base: self.base.commit, commits })
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns when the last phase was done. Events that may follow it, such as a stop, do not count, so that a resumed run makes
/// the same commits.
fn last_decision_ms(events: &[Recorded]) -> u64 {
    let decides = |event: &Event| {
        matches!(event, Event::PhaseFinished { .. } | Event::GateJudged { .. } | Event::ApprovalGiven { .. })
    };
    let last = events.iter().rev().find(|recorded| decides(&recorded.event)).or(events.first());
    last.map_or(0, |recorded| recorded.at_ms)
}
