//! Tools for models: list, read and search the files of the repository.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::files::{Repository, words};
use crate::host;
use crate::tools::Toolbox;
use crate::types::{ArtifactError, RepositoryFile, Tool};

/// The most files that are listed one by one; more are counted by folder.
const MAX_LISTED: usize = 200;
/// The most bytes of one result, below the limit of the conversation.
const MAX_BYTES: usize = 15_000;
const MAX_LINE_CHARS: usize = 1_000;
const MAX_SUGGESTED: usize = 5;

/// `list_files`, `read_file` and `search_text` on the run's repository.
#[derive(Debug, Clone)]
pub struct RepositoryTools {
    repository: Repository,
}

#[derive(Deserialize)]
struct ListFiles {
    #[serde(default)]
    folder: String,
}

#[derive(Deserialize)]
struct ReadFile {
    path: String,
    #[serde(default, deserialize_with = "line_number")]
    from_line: Option<usize>,
    #[serde(default, deserialize_with = "line_number")]
    to_line: Option<usize>,
}

#[derive(Deserialize)]
struct SearchText {
    text: String,
    #[serde(default)]
    folder: String,
}

impl Repository {
    /// Returns functions that let a model list, read and search the files.
    pub fn tools(&self) -> RepositoryTools {
        RepositoryTools { repository: self.clone() }
    }
}

impl RepositoryTools {
    fn list_files(&self, ListFiles { folder }: &ListFiles) -> Result<String, String> {
        let folder = clean(folder);
        let list = host::list_files(folder).map_err(|error| words(&error).to_owned())?;
        if list.files.is_empty() {
            return Err(format!("there is no file below `{folder}`{}", self.suggestions(folder)));
        }
        let mut text = match list.files.len() > MAX_LISTED {
            true => render_by_folder(folder, &list.files),
            false => list.files.iter().map(render_file).collect(),
        };
        if list.left_out > 0 {
            let _ = writeln!(text, "{} more files are not counted here: list a folder below.", list.left_out);
        }
        Ok(text)
    }

    fn read_file(&self, arguments: &ReadFile) -> Result<String, String> {
        let path = clean(&arguments.path);
        let content = self.repository.read(path).map_err(|error| match &error {
            ArtifactError::Unknown(_) => format!("{}{}", words(&error), self.suggestions(path)),
            _ => words(&error).to_owned(),
        })?;
        if content.contains(&0) {
            return Err(format!("`{path}` is not text ({} bytes)", content.len()));
        }
        let text = String::from_utf8_lossy(&content);
        let lines: Vec<&str> = text.lines().collect();
        let first = arguments.from_line.unwrap_or(1).max(1);
        let last = arguments.to_line.unwrap_or(lines.len()).min(lines.len());
        if lines.is_empty() {
            return Ok(format!("{path}: empty\n"));
        }
        if first > last {
            return Err(format!("`{path}` has no lines from {first} to {last}; its last line is {}", lines.len()));
        }
        let width = last.to_string().len();
        let mut shown = String::new();
        let mut end = first - 1;
        for (at, line) in lines.iter().enumerate().take(last).skip(first - 1) {
            let numbered = format!("{:>width$} | {}\n", at + 1, shorten(line));
            if shown.len() + numbered.len() > MAX_BYTES {
                break;
            }
            shown.push_str(&numbered);
            end = at + 1;
        }
        let rest = match end < last {
            true => format!("; the result is full: read on from line {}", end + 1),
            false => String::new(),
        };
        let foreign = if std::str::from_utf8(&content).is_ok() { "" } else { "; not UTF-8, cannot be edited" };
        Ok(format!("{path}: lines {first} to {end} of {}{rest}{foreign}\n----\n{shown}", lines.len()))
    }

    fn search_text(&self, SearchText { text, folder }: &SearchText) -> Result<String, String> {
        let folder = clean(folder);
        if text.trim().is_empty() {
            return Err("`text` is empty".to_owned());
        }
        let found = host::search_text(text, folder).map_err(|error| words(&error).to_owned())?;
        if found.matches.is_empty() {
            return Ok(format!("no line contains `{text}`\n"));
        }
        let mut shown = String::new();
        let mut is_cut = found.incomplete;
        for hit in &found.matches {
            let line = format!("{}:{}: {}\n", hit.path, hit.line, shorten(hit.text.trim_end()));
            is_cut |= shown.len() + line.len() > MAX_BYTES;
            if shown.len() + line.len() > MAX_BYTES {
                break;
            }
            shown.push_str(&line);
        }
        if is_cut {
            shown.push_str("There are more: search for a longer text or in a folder.\n");
        }
        Ok(shown)
    }

    /// Names files of the map with the same name as a path that does not exist.
    fn suggestions(&self, path: &str) -> String {
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_lowercase();
        let wanted = name(path);
        let paths = self.repository.map().paths.iter().map(|file| file.path.as_str());
        let same: Vec<String> =
            paths.filter(|known| name(known) == wanted).take(MAX_SUGGESTED).map(|path| format!("`{path}`")).collect();
        if same.is_empty() { String::new() } else { format!("; files of this name: {}", same.join(", ")) }
    }
}

impl Toolbox for RepositoryTools {
    fn tools(&self) -> Vec<Tool> {
        let tool = |name: &str, description: &str, parameters: &str| Tool {
            name: name.to_owned(),
            description: description.to_owned(),
            parameters: parameters.to_owned(),
        };
        vec![
            tool(
                "list_files",
                "Lists the files of the repository below a folder, with their sizes.",
                r#"{"type":"object","properties":{"folder":{"type":"string","description":"Relative path; empty for the whole repository"}},"required":["folder"],"additionalProperties":false}"#,
            ),
            tool(
                "read_file",
                "Returns the lines of a file, each after its number and a bar, which are not part of the file.",
                r#"{"type":"object","properties":{"path":{"type":"string","description":"Relative path of the file"},"from_line":{"type":"integer","minimum":1,"description":"First line; default: 1"},"to_line":{"type":"integer","minimum":1,"description":"Last line; default: the last one of the file"}},"required":["path"],"additionalProperties":false}"#,
            ),
            tool(
                "search_text",
                "Returns the lines that contain a text, as path:line: text. Case is ignored; patterns are not supported.",
                r#"{"type":"object","properties":{"text":{"type":"string","minLength":1,"description":"Text within one line"},"folder":{"type":"string","description":"Relative path of a folder; default: the whole repository"}},"required":["text"],"additionalProperties":false}"#,
            ),
        ]
    }

    fn call(&self, name: &str, arguments: &Value) -> Result<String, String> {
        match name {
            "list_files" => self.list_files(&parse(name, arguments)?),
            "read_file" => self.read_file(&parse(name, arguments)?),
            "search_text" => self.search_text(&parse(name, arguments)?),
            _ => Err(format!("there is no tool `{name}`")),
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(name: &str, arguments: &'a Value) -> Result<T, String> {
    T::deserialize(arguments).map_err(|error| format!("the arguments of `{name}` are invalid: {error}"))
}

/// Reads a line number, which some models give as text. 0 is read as 1.
fn line_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(value) => {
            let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
            text.parse().map(Some).map_err(|_| D::Error::custom(format!("`{text}` is not a line number")))
        }
    }
}

/// Returns a path as the host knows it: without `./` or `/` in front and `/` at the end.
fn clean(path: &str) -> &str {
    let path = path.trim();
    let path = path.strip_prefix("./").unwrap_or(path).trim_matches('/');
    if path == "." { "" } else { path }
}

fn render_file(file: &RepositoryFile) -> String {
    let kind = if file.kind == "text" { String::new() } else { format!(", {}", file.kind) };
    format!("{} ({} bytes{kind})\n", file.path, file.size)
}

/// Renders the files directly in the folder, and one line for each folder below it.
fn render_by_folder(folder: &str, files: &[RepositoryFile]) -> String {
    let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    let mut text = String::new();
    let mut direct = 0_usize;
    for file in files {
        let inside = file.path.strip_prefix(&start).unwrap_or(&file.path);
        match inside.split_once('/') {
            Some((below, _)) => *folders.entry(below).or_default() += 1,
            None => {
                direct += 1;
                if direct <= MAX_LISTED {
                    text.push_str(&render_file(file));
                }
            }
        }
    }
    if direct > MAX_LISTED {
        let _ = writeln!(text, "{} more files in this folder: use search_text to find one.", direct - MAX_LISTED);
    }
    for (below, count) in folders {
        let noun = if count == 1 { "file" } else { "files" };
        let _ = writeln!(text, "{start}{below}/ ({count} {noun})");
    }
    text
}

fn shorten(line: &str) -> String {
    match line.char_indices().nth(MAX_LINE_CHARS) {
        Some((end, _)) => format!("{}… (line cut here)", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}
