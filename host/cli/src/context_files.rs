//! The context files of tasks before runs are created: questions about files that need agreement, and what is left out.

use std::path::Path;

use phasegate_runtime::{Config, ContextError, ContextFiles, Error, ReservedPaths, TaskSource};

use crate::context::Context;
use crate::exit::Failure;
use crate::paths::{cache_dir, components_dir, current_dir};
use crate::terminal::format::{one_line, truncate};
use crate::terminal::prompt::{confirm, is_interactive};

/// The most characters of a note.
const MAX_NOTE: usize = 1_000;

/// Reads the context files of all tasks and prints what globs left out. At a terminal, asks about files that the tasks name
/// and that may be secrets. `experiment` is the file and the output folder of an experiment.
pub fn check(
    tasks: &mut [TaskSource],
    config: &Config,
    experiment: Option<(&Path, &Path)>,
    context: &Context,
) -> Result<(), Failure> {
    let mut reserved = reserved_paths(config, &context.state);
    reserved.configuration.extend(tasks.iter().flat_map(|source| source.reserved.configuration.clone()));
    if let Some((file, out)) = experiment {
        reserved.configuration.push(current_dir().join(file));
        reserved.written.push(out.to_owned());
    }
    let several = tasks.len() > 1;
    for source in tasks {
        source.reserved = reserved.clone();
        source.gather_acceptance_tests().map_err(|error| {
            let place = source.place_of_acceptance(&error);
            let failure = Failure::from(Error::from(error));
            place.iter().fold(failure, |failure, place| failure.at(place))
        })?;
        let gathered = gather(source)?;
        let owner = if several { format!(" of {}", source.task.id) } else { String::new() };
        let note = |text: String| context.printer.note(&format!("{}\n", truncate(&text, MAX_NOTE)));
        if !gathered.left_out.is_empty() {
            note(format!("left out of the context files{owner}: {}", gathered.left_out));
        }
        if !gathered.allowed.is_empty() {
            let allowed = gathered.allowed.iter().map(|(path, why)| format!("{path} ({why})"));
            note(format!("allowed as context files{owner}: {}", allowed.collect::<Vec<_>>().join(", ")));
        }
    }
    Ok(())
}

fn gather(source: &mut TaskSource) -> Result<ContextFiles, Failure> {
    loop {
        match source.gather_context_files() {
            Err(ContextError::NotAllowed { pattern, why }) if is_interactive() => {
                let path = one_line(&pattern.path);
                if !confirm(&format!("task {}: may agents read `{path}` ({why})?", source.task.id)) {
                    return Err(at_line(source, ContextError::NotAllowed { pattern, why }));
                }
                source.task.allow(&pattern.path);
            }
            gathered => return gathered.map_err(|error| at_line(source, error)),
        }
    }
}

/// Returns the failure with the line of the task file that names the context file.
fn at_line(source: &TaskSource, error: ContextError) -> Failure {
    let place = source.place_of(&error);
    let failure = Failure::from(Error::from(error));
    match place {
        Some(place) => failure.at(&place),
        None => failure,
    }
}

/// The paths that no context file may have, of this command and its configuration.
pub fn reserved_paths(config: &Config, state: &Path) -> ReservedPaths {
    let keys = config.providers.values().filter_map(|provider| provider.key_file.as_ref());
    // A command that has no cache folder fails later, where it compiles.
    let cache = cache_dir(state).ok().flatten();
    ReservedPaths {
        written: std::iter::once(state.to_owned()).chain(cache).chain(components_dir()).collect(),
        lock: Some(config.lock.clone()),
        keys: keys.map(|file| config.dir.join(file)).collect(),
        configuration: config.file.iter().cloned().collect(),
    }
}
