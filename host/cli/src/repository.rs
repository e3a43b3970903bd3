//! The git repository of a run that continues.
//!
//! Events name its path, and a state folder may be a stranger's. So a repository that neither lies in the project nor contains
//! it is used only if the person names it.

use std::path::{Path, PathBuf};

use phasegate_process::RunId;
use phasegate_runtime::{ErrorCode, Host, load_run};

use crate::exit::Failure;
use crate::paths::{current_dir, display_path, is_within};

/// Rejects the repository of a run if only the state folder names it. `named` is the one of `--repo`.
pub fn check_repository(state: &Path, host: &Host, run: &RunId, named: Option<&Path>) -> Result<(), Failure> {
    let (known, _) = load_run(host.journal().as_ref(), run)?;
    let needs_none = known.ended().is_some() || named.is_some();
    let Some(base) = known.created.repository.as_ref().filter(|_| !needs_none) else { return Ok(()) };
    let path = Path::new(&base.path);
    let shown = display_path(path);
    let unusable = |message: String, hint: &str| {
        let hint = format!("{hint}, continue with `phasegate resume {run} --repo PATH`");
        Failure::usage(message).with_code(ErrorCode::RepositoryUnusable).with_hint(hint)
    };
    if !path.exists() {
        return Err(unusable(format!("repository `{shown}` of run {run} is not there"), "if it was moved"));
    }
    let projects = [Some(current_dir()), state.parent().map(Path::to_owned)];
    let belongs = |project: &PathBuf| is_within(path, project) || is_within(project, path);
    match projects.iter().flatten().any(belongs) {
        true => Ok(()),
        false => {
            let why = "lies outside of the project, and only the state folder names it";
            Err(unusable(format!("repository `{shown}` {why}"), "if it is the right one"))
        }
    }
}
