//! The repository that a new run is to start from, as a person or a task file names it.

use std::path::{Path, PathBuf};

use phasegate_files::TrustedFolders;
use phasegate_process::repository::{CommitStyle, GitId};
use phasegate_process::task::Task;
use phasegate_repository::Repository;

use crate::error::{Error, ErrorCode};

/// The repository that a new run is to start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositorySource {
    /// The top folder of the repository, its `.git`, or a bare repository.
    pub path: PathBuf,
    /// The revision that the run starts from; `None` for the repository's `HEAD`.
    pub revision: Option<String>,
    /// Whether changes that are not committed belong to the base.
    pub include_uncommitted: bool,
    /// How many commits the branch gets.
    pub commits: CommitStyle,
    /// `Name <mail>` of the commits' author; `None` for the one that git's configuration names.
    pub author: Option<String>,
}

impl RepositorySource {
    /// Returns the source for a repository with everything else by default.
    pub fn new(path: PathBuf) -> Self {
        Self { path, revision: None, include_uncommitted: false, commits: CommitStyle::One, author: None }
    }

    /// Returns the commit that the run would start from now.
    pub fn commit(&self, trusted: &TrustedFolders) -> Result<GitId, Error> {
        let repository = Repository::open(&self.path, trusted)?;
        Ok(repository.resolve(self.revision.as_deref())?.commit)
    }

    /// Returns the repository that a task file names, if it names one. Fails unless the repository contains the task file or
    /// lies below its folder: a task file of a stranger must not choose another repository of the user.
    pub fn of_task(task: &Task, folder: &Path) -> Result<Option<Self>, Error> {
        let Some(named) = &task.repo else { return Ok(None) };
        let path = folder.join(named);
        let rejected = |why: String, hint: &str| Error::rejected(ErrorCode::InvalidTask, why, hint);
        let real = |path: &Path| path.canonicalize();
        let (Ok(found), Ok(folder)) = (real(&path), real(folder)) else {
            let why = format!("task {}: there is no repository `{}`", task.id, named.escape_debug());
            return Err(rejected(why, "`repo` is relative to the task file"));
        };
        // A bare repository and `.git` stand for the folder that they lie in.
        let top = found.file_name().filter(|name| *name == ".git").and_then(|_| found.parent()).unwrap_or(&found);
        if !folder.starts_with(top) && !found.starts_with(&folder) {
            let why = format!(
                "task {}: the repository `{}` neither contains the task file nor lies below its folder",
                task.id,
                named.escape_debug()
            );
            return Err(rejected(why, "if it is the right one, name it with --repo PATH"));
        }
        Ok(Some(Self { revision: task.base.clone(), ..Self::new(found) }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use phasegate_process::source::Source;

    use super::*;

    fn named(repo: &str, folder: &Path) -> Result<Option<PathBuf>, String> {
        let text = format!("task_id = \"T-1\"\ndescription = \"long enough text\"\nrepo = \"{repo}\"\n");
        let task = Task::parse(Source { file: "task.toml", text: &text }).unwrap();
        let source = RepositorySource::of_task(&task, folder);
        source.map(|source| source.map(|source| source.path)).map_err(|error| error.describe())
    }

    #[test]
    fn task_files_name_only_their_own_repository() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for folder in ["project/tasks/below", "other"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let tasks = root.join("project/tasks");
        assert_eq!(named("..", &tasks), Ok(Some(root.join("project"))));
        assert_eq!(named(".", &tasks), Ok(Some(tasks.clone())));
        assert_eq!(named("below", &tasks), Ok(Some(tasks.join("below"))));
        let foreign = "task T-1: the repository `../../other` neither contains the task file nor lies below its folder\nhint: \
                       if it is the right one, name it with --repo PATH";
        assert_eq!(named("../../other", &tasks), Err(foreign.to_owned()));
        std::os::unix::fs::symlink("../../other", tasks.join("link")).unwrap();
        assert!(named("link", &tasks).unwrap_err().contains("neither contains"));
        let absent = "task T-1: there is no repository `gone`\nhint: `repo` is relative to the task file";
        assert_eq!(named("gone", &tasks), Err(absent.to_owned()));
    }
}
