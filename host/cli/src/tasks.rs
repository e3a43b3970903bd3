//! The tasks of `run`: from flags, from an issue or from task files, each with the repository that it starts from.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use phasegate_process::issue::Issue;
use phasegate_process::repository::CommitStyle;
use phasegate_process::source::Source;
use phasegate_process::task::{CONTROL_HINT, Task, control_character, control_fault};
use phasegate_process::{InvalidName, TaskId};
use phasegate_runtime::{RepositorySource, ReservedPaths, SAVE_AS_UTF8, TaskFile, TaskSource};

use crate::exit::Failure;
use crate::paths::current_dir;
use crate::terminal::format::describe_read_error;

/// The headings of options in `--help`.
const REPOSITORY: &str = "Repository";
const TASK: &str = "Task";

/// The arguments that name a repository.
#[derive(clap::Args)]
pub struct RepositoryArgs {
    /// Git repository to start from; the result is a branch in it
    #[arg(long, value_name = "PATH", help_heading = REPOSITORY)]
    repo: Option<PathBuf>,
    /// Branch, tag or commit to start from [default: HEAD]
    #[arg(long, value_name = "REF", help_heading = REPOSITORY, hide_short_help = true)]
    base: Option<String>,
    /// Start from what `git status` shows as well: changes that are not committed
    #[arg(long, help_heading = REPOSITORY, hide_short_help = true)]
    include_uncommitted: bool,
    /// Number of commits of the branch: one, or one for each accepted attempt
    #[arg(long, value_name = "STYLE", value_enum, help_heading = REPOSITORY, hide_short_help = true)]
    commits: Option<Commits>,
    /// Author of the commits [default: the one that git's configuration names]
    #[arg(long, value_name = "NAME <MAIL>", help_heading = REPOSITORY, hide_short_help = true)]
    author: Option<String>,
}

/// How many commits the branch gets.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Commits {
    /// One for the whole work
    One,
    /// One for each accepted attempt
    Attempts,
}

impl RepositoryArgs {
    /// Adds the repository to a task: that of the command line, else that of the task file.
    fn add_to(&self, mut source: TaskSource) -> Result<TaskSource, Failure> {
        let named = match &self.repo {
            Some(repo) => {
                let path = current_dir().join(repo);
                Some(RepositorySource { revision: source.task.base.clone(), ..RepositorySource::new(path) })
            }
            None => RepositorySource::of_task(&source.task, &source.folder)?,
        };
        let Some(mut repository) = named else {
            let flags = [
                (self.base.is_some(), "--base"),
                (self.include_uncommitted, "--include-uncommitted"),
                (self.commits.is_some(), "--commits"),
                (self.author.is_some(), "--author"),
            ];
            return match flags.iter().find(|(given, _)| *given) {
                None => Ok(source),
                Some((_, flag)) => Err(Failure::usage(format!("{flag} needs a repository"))
                    .with_hint("name one with --repo PATH, or with `repo` in the task file")),
            };
        };
        repository.revision = self.base.clone().or(repository.revision);
        repository.include_uncommitted = self.include_uncommitted;
        repository.commits = match self.commits {
            None | Some(Commits::One) => CommitStyle::One,
            Some(Commits::Attempts) => CommitStyle::Attempts,
        };
        repository.author = self.author.clone();
        source.repository = Some(repository);
        Ok(source)
    }
}

/// The arguments that describe one task.
#[derive(clap::Args)]
pub struct TaskArgs {
    /// Task files in TOML
    #[arg(value_name = "TASK.toml", conflicts_with_all = ["task_id", "issue", "requirements"])]
    files: Vec<PathBuf>,
    /// Id of a task that is described by flags or an issue
    #[arg(long, value_name = "ID", conflicts_with = "task", help_heading = TASK)]
    pub task_id: Option<String>,
    /// Description of the task, at least 10 characters
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["issue", "task", "files"], help_heading = TASK)]
    description: Option<String>,
    /// Issue in Markdown: title and text are the description, items of checklists the requirements
    #[arg(long, value_name = "FILE", conflicts_with = "task", help_heading = TASK)]
    pub issue: Option<PathBuf>,
    /// Requirement that the result must meet; repeat for more
    #[arg(long, value_name = "TEXT", conflicts_with = "task", help_heading = TASK)]
    requirements: Vec<String>,
    /// A further task file; repeat for more
    #[arg(long, value_name = "FILE", help_heading = TASK, hide_short_help = true)]
    task: Vec<PathBuf>,
}

/// A task that is described by flags or an issue.
pub enum Described {
    /// Complete.
    Whole(Box<TaskSource>),
    /// Only the id is known: there is a run to resume, or the description is missing.
    Id(TaskId),
}

impl TaskArgs {
    /// Returns the task files, with and without `--task`.
    pub fn task_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().chain(&self.task)
    }

    /// Fails if no task is named, or a file twice.
    pub fn check_given(&self) -> Result<(), Failure> {
        let mut seen = HashSet::new();
        for file in self.task_files() {
            if !seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
                return Err(Failure::usage(format!("{} is given twice", file.display()))
                    .with_hint("give it once; an experiment repeats a task with `repetitions`"));
            }
        }
        if !seen.is_empty() || self.issue.is_some() || self.task_id.is_some() {
            return Ok(());
        }
        if self.description.is_some() || !self.requirements.is_empty() {
            let flag = if self.description.is_some() { "--description" } else { "--requirements" };
            return Err(Failure::usage(format!("{flag} needs --task-id"))
                .with_hint("name the task, as in --task-id DURATIONS-001"));
        }
        let failure = Failure::usage("no task is named");
        Err(match Path::new("task.toml").is_file() {
            true => failure.with_hint("run the one in this folder: `phasegate run task.toml`"),
            false => failure
                .with_hint("give a task file, or describe the task with --task-id ID --description TEXT")
                .with_hint("`phasegate init` writes an example, `phasegate init --demo demo` one that needs no model"),
        })
    }

    /// Returns the task that flags or an issue describe; `None` if there are only task files.
    pub fn described(&self, repository: &RepositoryArgs) -> Result<Option<Described>, Failure> {
        if let Some(file) = &self.issue {
            let source = self.task_of_issue(file)?;
            return repository.add_to(source).map(|source| Some(Described::Whole(Box::new(source))));
        }
        let Some(id) = self.id()? else { return Ok(None) };
        let Some(description) = self.description.clone() else { return Ok(Some(Described::Id(id))) };
        if description.trim().chars().count() < 10 {
            return Err(
                Failure::usage("--description is too short").with_hint("describe the task in at least 10 characters")
            );
        }
        check_text("--description", &description)?;
        let source = self.task_of(id, description, Vec::new())?;
        repository.add_to(source).map(|source| Some(Described::Whole(Box::new(source))))
    }

    fn id(&self) -> Result<Option<TaskId>, Failure> {
        let id = self.task_id.as_deref().map(str::parse).transpose();
        id.map_err(|bad: InvalidName| Failure::usage(format!("--task-id: {bad}")).with_hint(bad.hint()))
    }

    fn task_of_issue(&self, file: &Path) -> Result<TaskSource, Failure> {
        let name = file.display().to_string();
        let text = phasegate_files::read_text(file, phasegate_files::MAX_TEXT_BYTES).map_err(|why| {
            Failure::usage(format!("--issue: {name} cannot be read: {}", describe_read_error(&why))).with_hint(
                match why.kind() {
                    ErrorKind::InvalidData => SAVE_AS_UTF8,
                    _ => "give the text of an issue as a file in Markdown",
                },
            )
        })?;
        let issue = Issue::parse(&text);
        if issue.description.trim().chars().count() < 10 {
            return Err(Failure::usage(format!("--issue: the text of {name} is too short"))
                .with_hint("describe the task in at least 10 characters"));
        }
        check_text(&format!("--issue {name}"), &text)?;
        let id = match self.id()? {
            Some(id) => id,
            None => issue.task_id().and_then(|id| id.parse().ok()).ok_or_else(|| {
                Failure::usage(format!("--issue: the title of {name} gives no task id"))
                    .with_hint("name the task with --task-id ID")
            })?,
        };
        self.task_of(id, issue.description, issue.requirements)
    }

    fn task_of(&self, id: TaskId, description: String, mut requirements: Vec<String>) -> Result<TaskSource, Failure> {
        if self.requirements.iter().any(|text| text.trim().is_empty()) {
            return Err(
                Failure::usage("--requirements is empty").with_hint("state a requirement, or leave out the flag")
            );
        }
        self.requirements.iter().try_for_each(|text| check_text("--requirements", text))?;
        requirements.extend(self.requirements.clone());
        let task = Task {
            id,
            project_id: None,
            description,
            requirements,
            context_files: Vec::new(),
            constraints: Vec::new(),
            language: None,
            repo: None,
            base: None,
            acceptance: Vec::new(),
        };
        Ok(TaskSource { task, folder: current_dir(), reserved: ReservedPaths::default(), repository: None, file: None })
    }
}

/// Rejects a text with control characters, which no commit message may hold.
fn check_text(place: &str, text: &str) -> Result<(), Failure> {
    match control_character(text) {
        None => Ok(()),
        Some(c) => Err(Failure::usage(format!("{place}: {}", control_fault(c))).with_hint(CONTROL_HINT)),
    }
}

/// Reads a task file and its repository.
pub fn task_from_file(file: &Path, repository: &RepositoryArgs) -> Result<TaskSource, Failure> {
    let name = file.display().to_string();
    if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("md")) {
        return Err(Failure::usage(format!("{name} is no task file, its name ends in `.md`"))
            .with_hint(format!("for an issue in Markdown: `phasegate run --issue {}`", phasegate_files::quote(file))));
    }
    let text = phasegate_files::read_text(file, phasegate_files::MAX_TEXT_BYTES).map_err(|why| {
        let hint = match why.kind() {
            ErrorKind::InvalidData => SAVE_AS_UTF8.to_owned(),
            _ => unreadable_task_hint(file),
        };
        Failure::usage(format!("{name} cannot be read: {}", describe_read_error(&why))).with_hint(hint)
    })?;
    let task = Task::parse(Source { file: &name, text: &text })?;
    let file = current_dir().join(file);
    let folder = file.parent().map_or_else(current_dir, Path::to_owned);
    let reserved = ReservedPaths { configuration: vec![file], ..ReservedPaths::default() };
    repository.add_to(TaskSource { task, folder, reserved, repository: None, file: Some(TaskFile { name, text }) })
}

/// Returns what to give in place of something that cannot be read as a task file.
fn unreadable_task_hint(file: &Path) -> String {
    let inside = file.join("task.toml");
    match () {
        () if inside.is_file() => format!("give the task file in it: {}", inside.display()),
        () if file.to_string_lossy().contains(' ') && !file.exists() => {
            "give a task file, or describe the task with --task-id ID --description TEXT".to_owned()
        }
        () => "give a task file; `phasegate init` writes an example".to_owned(),
    }
}
