//! A task, parsed from `task.toml`. Failures are [`SourceError`]s with file, line and hint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::Spanned;

use crate::file_schema::file_schema;
use crate::names::TaskId;
use crate::source::{Reference, Source, SourceError, parse};

/// A validated task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The task's id.
    pub id: TaskId,
    /// The project that it belongs to; free text.
    pub project_id: Option<String>,
    /// The description, in at least 10 characters.
    pub description: String,
    /// The requirements; tests refer to the first as `R1`, to the second as `R2`, and so on.
    pub requirements: Vec<String>,
    /// The context files, which agents may read.
    pub context_files: Vec<ContextPattern>,
    /// Constraints on the solution.
    pub constraints: Vec<String>,
    /// The language of the code, where the task names one.
    pub language: Option<String>,
    /// The git repository that the task is about, relative to the task's file.
    pub repo: Option<String>,
    /// The revision that the work starts from; without one it is the repository's `HEAD`.
    pub base: Option<String>,
    /// Paths and globs of the acceptance tests, which no agent reads, relative to the task's file.
    pub acceptance: Vec<String>,
}

/// A path or glob, relative to the task's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextPattern {
    /// The pattern, separated by `/`, with the wildcards `*`, `?` and `**`.
    pub path: String,
    /// Whether the files lie under the generated files when tests run.
    pub base: bool,
    /// Whether the path may name a file that globs leave out.
    #[serde(default)]
    pub allow: bool,
}

impl ContextPattern {
    /// Whether the pattern has wildcards.
    pub fn is_glob(&self) -> bool {
        self.path.contains(['*', '?', '[', '{'])
    }
}

/// A task of Phasegate: what is asked for, and what agents may read.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "Task")]
#[serde(deny_unknown_fields)]
struct RawTask {
    /// The id of the task. Many runs may share it.
    #[schemars(with = "TaskId")]
    task_id: Spanned<String>,
    /// The project that the task belongs to; free text.
    project_id: Option<String>,
    /// What is asked for, in at least 10 characters.
    #[schemars(with = "String", length(min = 10))]
    description: Spanned<String>,
    /// What must hold, in order. Tests refer to the first as `R1`, to the second as `R2`, and so on.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    requirements: Vec<Spanned<String>>,
    /// The files that agents may read: paths and globs, relative to this file.
    #[serde(default)]
    #[schemars(with = "Vec<RawPattern>")]
    context_files: Vec<Spanned<RawPattern>>,
    /// Constraints on the solution.
    #[serde(default)]
    constraints: Vec<String>,
    /// The language of the code, such as `python`.
    language: Option<String>,
    /// The git repository that the task is about, relative to this file.
    #[schemars(with = "Option<String>")]
    repo: Option<Spanned<String>>,
    /// The revision that the work starts from. Default: `HEAD` of `repo`.
    #[schemars(with = "Option<String>")]
    base: Option<Spanned<String>>,
    /// Acceptance tests, which no agent reads: paths and globs, relative to this file.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    acceptance: Vec<Spanned<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a path, or { path = \"…\", base = true, allow = true }")]
enum RawPattern {
    /// A path or a glob.
    Plain(String),
    Marked(RawMarked),
}

/// A path or a glob, and how its files are used.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawMarked {
    /// A path or a glob.
    path: String,
    /// Whether the files lie under the generated files when tests run.
    #[serde(default)]
    base: bool,
    /// Whether the path may name a file that globs leave out. Only for the path of one file.
    #[serde(default)]
    allow: bool,
}

/// Returns the JSON Schema of a task file.
pub fn task_schema() -> Value {
    file_schema::<RawTask>()
}

impl Task {
    /// Parses and validates a task file.
    pub fn parse(source: Source<'_>) -> Result<Self, SourceError> {
        let raw: RawTask = parse(source, &Reference::TASK)?;
        let id = source.parse_name(&raw.task_id)?;
        if raw.description.get_ref().trim().chars().count() < 10 {
            let hint = "describe the task in at least 10 characters";
            return Err(source.error(raw.description.span(), "the description is too short", hint));
        }
        if let Some(empty) = raw.requirements.iter().find(|text| text.get_ref().trim().is_empty()) {
            return Err(source.error(empty.span(), "a requirement is empty", "write it down or remove it"));
        }
        let mut texts = std::iter::once(&raw.description).chain(&raw.requirements);
        if let Some((text, c)) = texts.find_map(|text| Some((text, control_character(text.get_ref())?))) {
            return Err(source.error(text.span(), control_fault(c), CONTROL_HINT));
        }
        if let (Some(base), None) = (&raw.base, &raw.repo) {
            let hint = "add `repo = \"PATH\"`, the git repository that has it";
            return Err(source.error(base.span(), "`base` names a revision, but there is no `repo`", hint));
        }
        let texts = [("repo", &raw.repo), ("base", &raw.base)];
        if let Some((key, text)) = texts
            .iter()
            .find_map(|(key, text)| Some((key, text.as_ref()?)).filter(|(_, text)| text.get_ref().trim().is_empty()))
        {
            return Err(source.error(text.span(), format!("`{key}` is empty"), "write it down or remove it"));
        }
        if let Some(outside) = raw.acceptance.iter().find(|path| !is_inside_folder(path.get_ref())) {
            let message = format!("acceptance test `{}` leaves the task's folder", outside.get_ref());
            return Err(source.error(outside.span(), message, OUTSIDE_HINT));
        }
        let patterns = raw.context_files.into_iter().map(|pattern| {
            let span = pattern.span();
            let pattern = match pattern.into_inner() {
                RawPattern::Plain(path) => ContextPattern { path, base: false, allow: false },
                RawPattern::Marked(RawMarked { path, base, allow }) => ContextPattern { path, base, allow },
            };
            let path = &pattern.path;
            match () {
                () if !is_inside_folder(path) => {
                    Err(source.error(span, format!("context file `{path}` leaves the task's folder"), OUTSIDE_HINT))
                }
                () if pattern.allow && pattern.is_glob() => Err(source.error(
                    span,
                    format!("context file `{path}` has wildcards, and `allow` is for one file"),
                    "name each file that is to be allowed",
                )),
                () => Ok(pattern),
            }
        });
        Ok(Self {
            id,
            project_id: raw.project_id,
            description: raw.description.into_inner(),
            requirements: raw.requirements.into_iter().map(Spanned::into_inner).collect(),
            context_files: patterns.collect::<Result<_, _>>()?,
            constraints: raw.constraints,
            language: raw.language,
            repo: raw.repo.map(Spanned::into_inner),
            base: raw.base.map(Spanned::into_inner),
            acceptance: raw.acceptance.into_iter().map(Spanned::into_inner).collect(),
        })
    }
}

impl Task {
    /// Allows the context files with this path, as `allow = true` does.
    pub fn allow(&mut self, path: &str) {
        self.context_files.iter_mut().filter(|pattern| pattern.path == path).for_each(|pattern| pattern.allow = true);
    }
}

/// What to do about a path outside of the task's folder.
const OUTSIDE_HINT: &str =
    "give a path relative to the task file, without `..`; copy the file there if it lies elsewhere";

/// What to do about the fault of [`control_fault`].
pub const CONTROL_HINT: &str = "remove it; it may come from a copied terminal output";

/// Returns the first control character of a text, apart from tabs and line ends.
pub fn control_character(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Returns the fault of a text of a task with this control character, which no commit message may hold.
pub fn control_fault(c: char) -> String {
    format!("the text has the control character U+{:04X}", u32::from(c))
}

/// Whether a relative path or pattern cannot refer to anything outside its folder.
pub fn is_inside_folder(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', '\0'])
        && !path.starts_with('/')
        && !path.split('/').any(|segment| segment == "..")
        && path.as_bytes().get(1) != Some(&b':')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refusal(text: &str) -> String {
        let error = Task::parse(Source { file: "task.toml", text }).unwrap_err();
        format!("{error}\nhint: {}", error.hint)
    }

    #[test]
    fn parses_a_complete_task() {
        let text = r#"
            task_id = "TASK-1"
            description = "Parse durations like 1h30m"
            requirements = ["hours", "minutes"]
            context_files = ["docs/*.md", { path = "src/**/*.py", base = true },
                { path = ".env", allow = true }]
        "#;
        let task = Task::parse(Source { file: "task.toml", text }).unwrap();
        assert_eq!(task.requirements.len(), 2);
        assert_eq!(task.context_files[1], ContextPattern { path: "src/**/*.py".into(), base: true, allow: false });
        assert_eq!(task.context_files[2], ContextPattern { path: ".env".into(), base: false, allow: true });
    }

    #[test]
    fn rejects_context_paths_outside_the_folder() {
        let text = "task_id = \"TASK-1\"\ndescription = \"long enough text\"\ncontext_files = [\"../secret\"]\n";
        assert_eq!(
            refusal(text),
            "task.toml:3: context file `../secret` leaves the task's folder\nhint: give a path relative to the task file, \
             without `..`; copy the file there if it lies elsewhere"
        );
    }

    #[test]
    fn acceptance_tests_lie_in_the_folder() {
        let head = "task_id = \"TASK-1\"\ndescription = \"long enough text\"\n";
        let text = format!("{head}acceptance = [\"tests/acceptance/**\"]\n");
        let task = Task::parse(Source { file: "task.toml", text: &text }).unwrap();
        assert_eq!(task.acceptance, ["tests/acceptance/**"]);
        let refused = refusal(&format!("{head}acceptance = [\"a.py\",\n\"/etc/a.py\"]\n"));
        assert!(refused.starts_with("task.toml:4: acceptance test `/etc/a.py` leaves the task's folder"), "{refused}");
    }

    #[test]
    fn rejects_allowing_more_than_one_file() {
        let text = "task_id = \"TASK-1\"\ndescription = \"long enough text\"\ncontext_files = [{ path = \"**\", allow = true }]\n";
        assert_eq!(
            refusal(text),
            "task.toml:3: context file `**` has wildcards, and `allow` is for one file\nhint: name each file that is to be allowed"
        );
    }

    #[test]
    fn parses_the_repository_of_a_task() {
        let head = "task_id = \"TASK-1\"\ndescription = \"long enough text\"\n";
        let text = format!("{head}repo = \"..\"\nbase = \"main\"\n");
        let task = Task::parse(Source { file: "task.toml", text: &text }).unwrap();
        assert_eq!((task.repo.as_deref(), task.base.as_deref()), (Some(".."), Some("main")));
        assert_eq!(
            refusal(&format!("{head}base = \"main\"\n")),
            "task.toml:3: `base` names a revision, but there is no `repo`\nhint: add `repo = \"PATH\"`, the git repository \
             that has it"
        );
        assert_eq!(
            refusal(&format!("{head}repo = \" \"\n")),
            "task.toml:3: `repo` is empty\nhint: write it down or remove it"
        );
    }

    #[test]
    fn rejects_bad_ids_and_short_descriptions() {
        let text = "task_id = \"a/b\"\ndescription = \"long enough text\"\n";
        assert!(refusal(text).starts_with("task.toml:1: `a/b` is not a task id\nhint: "));
        let text = "task_id = \"TASK-1\"\ndescription = \"short\"\n";
        assert!(refusal(text).starts_with("task.toml:2: the description is too short\nhint: "));
        let text = "task_id = \"TASK-1\"\ndescription = \"long enough text\"\nrequirements = [\n\"a\\u0000b\"]\n";
        assert_eq!(
            refusal(text),
            "task.toml:4: the text has the control character U+0000\nhint: remove it; it may come from a copied terminal output"
        );
    }
}
