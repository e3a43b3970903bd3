//! Reads script files: `[[answer]]` blocks of conditions and a reply.
//!
//! Conditions: `label` (a glob), `phase`, `attempt`, `occurrence`, `contains`. Replies: `text`, `json`, `text-file`,
//! `json-file`, `tool_calls`, `error`, or `generated_bytes = N`: `{"body":"…"}` of N bytes that differs for each request. Also
//! `stop`, `input_tokens`, `output_tokens` and `delay_ms`.
//!
//! All files that a script names are read at once, so that calls read none.

use std::path::{Component, Path, PathBuf};

use phasegate_files::read_text;
use phasegate_process::file_schema::file_schema;
use phasegate_process::model::{Content, Error, Request, StopReason};
use phasegate_process::source::{self, Reference, Source};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::format::content_text;
use super::generated;
use crate::call::CallPath;

/// The largest size of a script and of a file that it names, in bytes.
pub const MAX_SCRIPT_BYTES: u64 = 8 * 1024 * 1024;

/// The reason why a script cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScriptError {
    /// File, line and what is wrong, in one line.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl ScriptError {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }

    fn at(self, place: &str) -> Self {
        Self { message: format!("{place}: {}", self.message), ..self }
    }
}

/// A reply and its conditions.
#[derive(Debug)]
pub(crate) struct Block {
    label: Option<String>,
    phase: Option<String>,
    attempt: Option<u32>,
    occurrence: Option<u32>,
    contains: Vec<String>,
    pub(crate) reply: Reply,
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) delay_ms: u64,
}

/// The reply of a block.
#[derive(Debug)]
pub(crate) enum Reply {
    Content {
        content: Vec<Content>,
        stop: String,
    },
    /// A document of so many bytes that differs for each request; see [`generated`].
    Generated {
        bytes: usize,
        stop: String,
    },
    Error(Error),
}

impl Block {
    /// Whether every condition holds.
    pub(crate) fn matches(&self, path: &CallPath, request: &Request) -> bool {
        let contains = |needle: &String| {
            request.messages.iter().flat_map(|message| &message.content).any(|part| content_text(part).contains(needle))
        };
        self.label.as_deref().is_none_or(|glob| glob_matches(glob, &request.label))
            && self.phase.as_deref().is_none_or(|phase| phase == path.phase)
            && self.attempt.is_none_or(|attempt| attempt == path.attempt)
            && self.occurrence.is_none_or(|occurrence| occurrence == path.occurrence)
            && self.contains.iter().all(contains)
    }
}

/// Whether a text matches a glob. `*` matches any characters, `/` included; no other character is special.
fn glob_matches(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

/// Scripted answers of a model, written by hand. The first answer whose conditions all hold is used.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "Answers")]
#[serde(deny_unknown_fields)]
struct RawScript {
    /// The answers, in the order in which they are tried.
    #[serde(default)]
    #[schemars(with = "Vec<RawAnswer>")]
    answer: Vec<Spanned<RawAnswer>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawAnswer {
    /// Condition: the label of the request. `*` stands for any characters.
    label: Option<String>,
    /// Condition: the phase that asks.
    phase: Option<String>,
    /// Condition: the attempt of the phase, from 1.
    attempt: Option<u32>,
    /// Condition: the place of the request among those of its label in this attempt, from 1.
    occurrence: Option<u32>,
    /// Condition: texts that the request contains.
    contains: Option<OneOrMore>,
    /// Reply: a text.
    text: Option<String>,
    /// Reply: a JSON document, written as TOML.
    json: Option<serde_json::Value>,
    /// Reply: the text of a file, relative to this file.
    #[serde(rename = "text-file")]
    text_file: Option<PathBuf>,
    /// Reply: the text of a file that is JSON, relative to this file.
    #[serde(rename = "json-file")]
    json_file: Option<PathBuf>,
    /// Reply: a JSON document of so many bytes that differs for each request.
    generated_bytes: Option<usize>,
    /// Reply: an error, as `KIND: MESSAGE`. Kinds are denied, budget, invalid, too-long, unavailable and other.
    error: Option<String>,
    /// Reply: calls of tools, alone or beside a text.
    #[serde(default)]
    tool_calls: Vec<RawToolCall>,
    /// Why the answer ended. Default: `end`, or `tool-calls` if there are some.
    stop: Option<String>,
    /// The tokens of the request. Default: an estimate.
    input_tokens: Option<u64>,
    /// The tokens of the answer. Default: an estimate.
    output_tokens: Option<u64>,
    /// How long the answer takes, in milliseconds.
    #[serde(default)]
    delay_ms: u64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum OneOrMore {
    /// One text.
    One(String),
    /// Several texts, all of which are contained.
    More(Vec<String>),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawToolCall {
    /// The id of the call. Default: `call-N`.
    id: Option<String>,
    /// The name of the tool.
    name: String,
    /// The arguments, as a table.
    #[serde(default)]
    arguments: serde_json::Map<String, serde_json::Value>,
}

/// Returns the JSON Schema of a script.
pub fn answers_schema() -> serde_json::Value {
    file_schema::<RawScript>()
}

/// Reads a script and every file that it names.
pub(crate) fn read(path: &Path) -> Result<Vec<Block>, ScriptError> {
    let source = read_text(path, MAX_SCRIPT_BYTES).map_err(|why| {
        ScriptError::new(
            format!("the script {} cannot be read: {}", path.display(), phasegate_files::describe(&why)),
            "the path is relative to the configuration's folder",
        )
    })?;
    let at = |offset: usize| {
        let before = source.get(..offset.min(source.len())).unwrap_or(&source);
        format!("{}:{}", path.display(), before.matches('\n').count() + 1)
    };
    let name = path.display().to_string();
    let file: RawScript = source::parse(Source { file: &name, text: &source }, &Reference::SCRIPT).map_err(|error| {
        let shape = "a script is a list of [[answer]] tables with text, json, text-file, json-file, generated_bytes, tool_calls or error";
        let hint = if error.hint.starts_with("did you mean") { error.hint.clone() } else { shape.to_owned() };
        ScriptError::new(error.to_string(), hint)
    })?;
    if file.answer.is_empty() {
        let fault = ScriptError::new("no [[answer]]", "write at least one, with text = \"…\"");
        return Err(fault.at(&path.display().to_string()));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let block = |written: Spanned<RawAnswer>| {
        let start = written.span().start;
        written.into_inner().block(folder).map_err(|fault| fault.at(&at(start)))
    };
    file.answer.into_iter().map(block).collect()
}

impl RawAnswer {
    fn block(self, folder: &Path) -> Result<Block, ScriptError> {
        let reply = self.reply(folder)?;
        Ok(Block {
            contains: match self.contains {
                None => Vec::new(),
                Some(OneOrMore::One(needle)) => vec![needle],
                Some(OneOrMore::More(needles)) => needles,
            },
            label: self.label,
            phase: self.phase,
            attempt: self.attempt,
            occurrence: self.occurrence,
            reply,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            delay_ms: self.delay_ms,
        })
    }

    fn reply(&self, folder: &Path) -> Result<Reply, ScriptError> {
        let given = [
            self.text.is_some(),
            self.json.is_some(),
            self.text_file.is_some(),
            self.json_file.is_some(),
            self.generated_bytes.is_some(),
            self.error.is_some(),
        ];
        match (given.into_iter().filter(|given| *given).count(), self.tool_calls.is_empty(), &self.error) {
            (0, true, _) | (2.., ..) => {
                return Err(ScriptError::new(
                    "this answer needs exactly one reply",
                    "write exactly one of text, json, text-file, json-file, generated_bytes and error, or tool_calls",
                ));
            }
            (1, false, Some(_)) => {
                return Err(ScriptError::new("this answer has both an error and tool_calls", "remove one of them"));
            }
            (1, false, _) if self.generated_bytes.is_some() => {
                let message = "this answer has both generated_bytes and tool_calls";
                return Err(ScriptError::new(message, "remove one of them"));
            }
            (_, _, Some(error)) => return Ok(Reply::Error(parse_error(error)?)),
            _ => {}
        }
        if let Some(bytes) = self.generated_bytes {
            let stop = self.stop.clone().unwrap_or_else(|| StopReason::End.as_str().to_owned());
            return check_size(bytes).map(|()| Reply::Generated { bytes, stop });
        }
        let mut content: Vec<Content> = self.text(folder)?.map(|text| Content::Text { text }).into_iter().collect();
        content.extend(self.tool_calls.iter().enumerate().map(|(n, call)| Content::ToolCall {
            id: call.id.clone().unwrap_or_else(|| format!("call-{}", n + 1)),
            name: call.name.clone(),
            arguments: serde_json::Value::Object(call.arguments.clone()).to_string(),
        }));
        let usual = if self.tool_calls.is_empty() { StopReason::End } else { StopReason::ToolCalls };
        Ok(Reply::Content { content, stop: self.stop.clone().unwrap_or_else(|| usual.as_str().to_owned()) })
    }

    fn text(&self, folder: &Path) -> Result<Option<String>, ScriptError> {
        if let Some(json) = &self.json {
            return Ok(Some(json.to_string()));
        }
        if let Some(file) = &self.json_file {
            let text = read_near(folder, file)?;
            serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(|why| {
                ScriptError::new(
                    format!("json-file `{}` is not JSON: {why}", file.display()),
                    "use text-file for an answer that is invalid on purpose",
                )
            })?;
            return Ok(Some(text));
        }
        self.text_file.as_ref().map_or(Ok(self.text.clone()), |file| read_near(folder, file).map(Some))
    }
}

fn check_size(bytes: usize) -> Result<(), ScriptError> {
    if (generated::MIN_BYTES..=generated::MAX_BYTES).contains(&bytes) {
        return Ok(());
    }
    let message = format!("generated_bytes `{bytes}` is out of range");
    Err(ScriptError::new(message, format!("write a size from {} to {}", generated::MIN_BYTES, generated::MAX_BYTES)))
}

fn parse_error(written: &str) -> Result<Error, ScriptError> {
    let (kind, message) = written.split_once(':').unwrap_or((written, ""));
    let message = match message.trim() {
        "" => "the script says so".to_owned(),
        message => message.to_owned(),
    };
    Ok(match kind.trim() {
        "denied" => Error::Denied(message),
        "budget" => Error::Budget(message),
        "invalid" => Error::Invalid(message),
        "too-long" => Error::TooLong(message),
        "unavailable" => Error::Unavailable(message),
        "other" => Error::Other(message),
        _ => {
            return Err(ScriptError::new(
                format!("`{written}` is not an error"),
                "write KIND: MESSAGE, with denied, budget, invalid, too-long, unavailable or other",
            ));
        }
    })
}

/// Reads a file in the script's folder or below it.
fn read_near(folder: &Path, file: &Path) -> Result<String, ScriptError> {
    let outside = || {
        let message = format!("`{}` is outside the script's folder", file.display());
        ScriptError::new(message, "put the file beside the script")
    };
    if !file.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(outside());
    }
    let unreadable = |why: String| {
        let message = format!("`{}` cannot be read: {why}", file.display());
        ScriptError::new(message, "the path is relative to the script")
    };
    let real = |path: &Path| path.canonicalize().map_err(|why| unreadable(why.to_string()));
    let home = real(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?;
    let path = real(&folder.join(file))?;
    if !path.starts_with(home) {
        return Err(outside());
    }
    read_text(&path, MAX_SCRIPT_BYTES).map_err(|why| unreadable(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::glob_matches;

    #[test]
    fn only_the_star_is_special_in_globs() {
        for (glob, text) in [
            ("*", ""),
            ("*", "a/b"),
            ("plan", "plan"),
            ("design-review/*", "design-review/security"),
            ("*/security", "design-review/security"),
            ("a*b*c", "a-b-b-c"),
            ("a*b", "ab"),
            ("[x]?", "[x]?"),
        ] {
            assert!(glob_matches(glob, text), "{glob} {text}");
        }
        for (glob, text) in
            [("plan", "planning"), ("a*b", "a"), ("ab*ba", "aba"), ("*x*", "abc"), ("", "a"), ("[x]", "x")]
        {
            assert!(!glob_matches(glob, text), "{glob} {text}");
        }
    }
}
