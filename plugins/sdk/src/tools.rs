//! Functions that a model can call while it works on a question, and the limits of such a conversation.
//!
//! Results are fenced as data. A call with an unknown name or bad arguments gets an error as its result, so that the model can
//! correct it. When a limit is reached, the model is asked to answer without further calls.

use std::fmt;

use serde_json::Value;

use crate::prompt::fenced;
use crate::types::{Content, Message, Response, Role, Tool, ToolCall, ToolResult};

/// How often a model may call tools before it must answer one question. One answer may contain several calls.
pub(crate) const MAX_ROUNDS: u32 = 20;
/// Size of all results together for one question, in bytes: about 32,000 tokens.
pub(crate) const MAX_BYTES: usize = 128 * 1024;
/// Number of calls for one question.
const MAX_CALLS: u32 = 100;
/// Size of one result, in bytes. The rest is cut off.
pub(crate) const MAX_RESULT_BYTES: usize = 16 * 1024;
const ANSWER_NOW: &str =
    "No further tool calls are possible. Give your answer now, in the form that was asked for, from what you know.";

/// Functions that a model can call. Add them to a question with [`Question::tools`](crate::Question::tools).
pub trait Toolbox: fmt::Debug {
    /// Returns the tools. Return the same text for every question, so that providers can reuse their requests.
    fn tools(&self) -> Vec<Tool>;
    /// Calls a tool of [`Toolbox::tools`] with a JSON object. The error is worded so that a model can correct its call.
    fn call(&self, name: &str, arguments: &Value) -> Result<String, String>;
}

/// What is left of the limits of one question.
#[derive(Debug)]
pub(crate) struct Allowance {
    rounds: u32,
    calls: u32,
    bytes: usize,
}

impl Allowance {
    /// The limits of a question.
    pub fn new() -> Self {
        Self { rounds: MAX_ROUNDS, calls: MAX_CALLS, bytes: MAX_BYTES }
    }

    /// Returns whether the model may call tools again.
    pub fn is_left(&self) -> bool {
        self.rounds > 0 && self.calls > 0 && self.bytes > 0
    }

    /// Answers the calls of a response. Returns the messages that continue the conversation: the response as it is, which may
    /// hold a provider's reasoning, and the results. `None` if it calls nothing.
    pub fn answer(&mut self, toolbox: &dyn Toolbox, response: &Response) -> Option<[Message; 2]> {
        let calls: Vec<&ToolCall> = calls(&response.content).collect();
        if calls.is_empty() {
            return None;
        }
        self.rounds = self.rounds.saturating_sub(1);
        let mut results: Vec<Content> =
            calls.into_iter().map(|call| Content::ToolResult(self.result(toolbox, call))).collect();
        if !self.is_left() {
            results.push(Content::Text(ANSWER_NOW.to_owned()));
        }
        let asked = Message { role: Role::Assistant, content: response.content.clone() };
        Some([asked, Message { role: Role::User, content: results }])
    }

    fn result(&mut self, toolbox: &dyn Toolbox, call: &ToolCall) -> ToolResult {
        let outcome = match self.calls > 0 && self.bytes > 0 {
            true => run(toolbox, call),
            false => Err("the limit of tool calls for this question is reached".to_owned()),
        };
        self.calls = self.calls.saturating_sub(1);
        let is_error = outcome.is_err();
        let text = shorten(outcome.unwrap_or_else(|why| why), self.bytes.clamp(1_000, MAX_RESULT_BYTES));
        self.bytes = self.bytes.saturating_sub(text.len());
        let title = if is_error { "Error of this call" } else { "Result of this call" };
        ToolResult { id: call.id.clone(), text: fenced(title, &text), is_error }
    }
}

/// Returns the tool calls of an answer.
pub(crate) fn calls(content: &[Content]) -> impl Iterator<Item = &ToolCall> {
    content.iter().filter_map(|part| match part {
        Content::ToolCall(call) => Some(call),
        _ => None,
    })
}

fn run(toolbox: &dyn Toolbox, call: &ToolCall) -> Result<String, String> {
    let tools = toolbox.tools();
    if !tools.iter().any(|tool| tool.name == call.name) {
        let names: Vec<String> = tools.iter().map(|tool| format!("`{}`", tool.name)).collect();
        return Err(format!("there is no tool `{}`; the tools are {}", call.name, names.join(", ")));
    }
    let text = if call.arguments.trim().is_empty() { "{}" } else { call.arguments.as_str() };
    match serde_json::from_str::<Value>(text) {
        Ok(arguments @ Value::Object(_)) => toolbox.call(&call.name, &arguments),
        Ok(_) => Err(format!("the arguments of `{}` are not a JSON object", call.name)),
        Err(error) => Err(format!("the arguments of `{}` are not JSON: {error}", call.name)),
    }
}

fn shorten(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("\n… (cut here by its length)");
    }
    text
}
