//! Loads the tasks that an experiment names: files or glob patterns, relative to the file of the experiment.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use phasegate_process::TaskId;
use phasegate_process::source::Source;
use phasegate_process::task::Task;
use toml::Spanned;
use walkdir::WalkDir;

use phasegate_runtime::{ConfigFault, RepositorySource, ReservedPaths, TaskFile, TaskSource, unreadable_file};

type Patterns = Spanned<Vec<Spanned<String>>>;

/// Loads all tasks without duplicates in the order of the file; files of one pattern in the order of their names.
pub(crate) fn load_tasks(source: Source<'_>, patterns: &Patterns, dir: &Path) -> Result<Vec<TaskSource>, ConfigFault> {
    if patterns.get_ref().is_empty() {
        return Err(source.error(patterns.span(), "there is no task", "name at least one task file").into());
    }
    let mut tasks = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut ids: BTreeMap<TaskId, String> = BTreeMap::new();
    for pattern in patterns.get_ref() {
        for file in files(source, pattern, dir)? {
            let same = file.canonicalize().unwrap_or_else(|_| file.clone());
            if seen.contains(&same) {
                continue;
            }
            seen.push(same);
            let (task, name) = load_task(&file)?;
            if let Some(other) = ids.insert(task.task.id.clone(), name.clone()) {
                let message = format!("{other} and {name} are both called {}", task.task.id);
                return Err(source.error(pattern.span(), message, "give one of them another task_id").into());
            }
            tasks.push(task);
        }
    }
    Ok(tasks)
}

fn files(source: Source<'_>, pattern: &Spanned<String>, dir: &Path) -> Result<Vec<PathBuf>, ConfigFault> {
    let (text, span) = (pattern.get_ref(), pattern.span());
    let missing = |message: String| -> ConfigFault {
        source.error(span.clone(), message, "the path is relative to this file; `*` and `**` are understood").into()
    };
    if !is_glob(text) {
        let file = dir.join(text);
        return if file.exists() { Ok(vec![file]) } else { Err(missing(format!("there is no task file `{text}`"))) };
    }
    let found = match_glob(source, text, span.clone(), dir)?;
    if found.is_empty() { Err(missing(format!("no file matches `{text}`"))) } else { Ok(found) }
}

/// Lists the files that match a pattern, from the folder before its first wildcard.
fn match_glob(source: Source<'_>, text: &str, span: Range<usize>, dir: &Path) -> Result<Vec<PathBuf>, ConfigFault> {
    let parts: Vec<&str> = text.split('/').collect();
    let plain = parts.iter().take_while(|part| !is_glob(part)).count();
    let (start, rest) = parts.split_at(plain);
    let root = start.iter().fold(dir.to_owned(), |path, part| path.join(part));
    let glob = GlobBuilder::new(&rest.join("/")).literal_separator(true).build().map_err(|why| {
        source.error(span, format!("`{text}` is not a pattern: {}", why.kind()), "as in `tasks/*.toml`")
    })?;
    let matcher = glob.compile_matcher();
    let walk = WalkDir::new(&root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = walk.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    Ok(files.filter(|file| matcher.is_match(file.strip_prefix(&root).unwrap_or(file))).collect())
}

fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

fn load_task(file: &Path) -> Result<(TaskSource, String), ConfigFault> {
    // Shown without a leading `./`.
    let name = file.strip_prefix(".").unwrap_or(file).display().to_string();
    let text = phasegate_files::read_text(file, phasegate_files::MAX_TEXT_BYTES)
        .map_err(|why| unreadable_file(&name, &why, "a task is a TOML file"))?;
    let task = Task::parse(Source { file: &name, text: &text })?;
    let folder = std::path::absolute(folder_of(file)).unwrap_or_else(|_| folder_of(file).to_owned());
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let reserved = ReservedPaths { configuration: vec![file], ..ReservedPaths::default() };
    let repository = RepositorySource::of_task(&task, &folder).map_err(|error| {
        let hint = error.hint().unwrap_or_default();
        ConfigFault::from(Source { file: &name, text: &text }.error_at_top(error.to_string(), hint))
    })?;
    let file = Some(TaskFile { name: name.clone(), text });
    Ok((TaskSource { task, folder, reserved, repository, file }, name))
}

/// Returns the folder of a file; `.` for a bare file name.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
