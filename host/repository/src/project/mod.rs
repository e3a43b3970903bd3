//! What a Python project says about itself: the settings of pytest, and what it requires.
//!
//! Guarantees: files are read as data and nothing is executed; a file that cannot be parsed says nothing. Names only: nothing
//! is looked up or installed.

mod declared;
mod imports;
mod ini;
mod pytest;
mod shell_words;
#[cfg(test)]
mod tests;

pub(crate) use self::imports::PythonFile;
pub use self::pytest::PytestSettings;

use self::declared::declared;
use self::imports::{MissingModule, missing_modules};
use crate::sources::Sources;

/// The most modules that have a sentence of their own.
const MAX_MODULES: usize = 10;
const MAX_NAMES: usize = 15;

/// Returns sentences about what the project requires and the test runner does not have. `modules` are those of the runner.
pub(crate) fn requirement_notes(sources: &Sources<'_>, files: &[PythonFile<'_>], modules: &[String]) -> Vec<String> {
    let settings = PytestSettings::read(sources);
    let mut notes: Vec<String> = settings.unreadable.iter().map(|why| format!("{why}.")).collect();
    let declared = declared(sources, modules);
    if !declared.required.is_empty() {
        let names = list_names(&declared.required);
        notes.push(format!("The project requires {names}, which the test runner does not have."));
    }
    if !declared.plugins.is_empty() {
        let names = list_names(&declared.plugins);
        notes.push(format!("The project uses plugins of pytest that the test runner does not have: {names}."));
    }
    let missing = missing_modules(sources.files, files, &settings, modules);
    notes.extend(missing.iter().take(MAX_MODULES).map(sentence));
    let rest: Vec<String> = missing.into_iter().skip(MAX_MODULES).map(|it| it.name).collect();
    if !rest.is_empty() {
        notes.push(format!("The test runner does not have these imported modules either: {}.", list_names(&rest)));
    }
    notes
}

fn sentence(missing: &MissingModule) -> String {
    let MissingModule { name, files } = missing;
    match files.as_slice() {
        [file] => format!("`{file}` imports `{name}`, which the test runner does not have."),
        files => {
            let mut shown: Vec<String> = files.iter().take(3).map(|file| format!("`{file}`")).collect();
            if files.len() > shown.len() {
                shown.push("…".to_owned());
            }
            let shown = shown.join(", ");
            format!("{} files import `{name}`, which the test runner does not have: {shown}.", files.len())
        }
    }
}

fn list_names(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(MAX_NAMES).map(|name| format!("`{name}`")).collect();
    if names.len() > shown.len() {
        shown.push(format!("{} more", names.len() - shown.len()));
    }
    shown.join(", ")
}
