//! Notices about answers that are complete but not as asked: logged for the user, each kind once per model.

use std::sync::atomic::{AtomicBool, Ordering};

use phasegate_process::model::{Content, Request, Response, StopReason, Usage};

use super::output_limit::prompt_bytes;

/// A prompt of fewer bytes is not compared with its count, since what servers add to it would matter.
const LEAST_COMPARED_BYTES: u64 = 4000;

/// A tokenizer makes at least one token of so many bytes of prose or code.
const MOST_BYTES_PER_TOKEN: u64 = 6;

/// The notices that were given about a model.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    prompt_cut: AtomicBool,
    window_full: AtomicBool,
    tool_not_called: AtomicBool,
    not_counted: AtomicBool,
}

/// A request and what came of it.
pub(super) struct Exchange<'a> {
    pub(super) request: &'a Request,
    pub(super) response: &'a Response,
    /// The name of the provider.
    pub(super) provider: &'a str,
    /// The most output tokens that the provider was asked for.
    pub(super) limit: u32,
    /// What the provider counted.
    pub(super) counted: Option<Usage>,
    /// Whether an answer schema was sent as a tool or a format, not in the prompt.
    pub(super) is_structured: bool,
}

impl Notices {
    /// Logs what the user has to know about an answer.
    pub(super) fn give(&self, exchange: &Exchange<'_>) {
        let found = [
            (&self.prompt_cut, prompt_cut(exchange)),
            (&self.window_full, window_full(exchange)),
            (&self.tool_not_called, tool_not_called(exchange)),
            (&self.not_counted, not_counted(exchange)),
        ];
        for (given, notice) in found {
            if let Some(notice) = notice
                && !given.swap(true, Ordering::Relaxed)
            {
                tracing::warn!(target: "phasegate_notice", "{}: {notice}", exchange.response.model);
            }
        }
    }
}

fn prompt_cut(exchange: &Exchange<'_>) -> Option<String> {
    let (bytes, read) = (prompt_bytes(exchange.request), exchange.counted?.input_tokens);
    let setting = match exchange.provider {
        "ollama" => {
            "set the environment variable OLLAMA_CONTEXT_LENGTH of the Ollama server, or `PARAMETER num_ctx` in the \
             model's Modelfile"
        }
        _ => "raise the context size of the server (num_ctx of Ollama, --ctx-size of llama.cpp)",
    };
    (bytes >= LEAST_COMPARED_BYTES && read.saturating_mul(MOST_BYTES_PER_TOKEN) < bytes).then(|| {
        format!(
            "the server counted {read} tokens in a prompt of {bytes} bytes; it may have cut the prompt off; hint: {setting}"
        )
    })
}

fn window_full(exchange: &Exchange<'_>) -> Option<String> {
    let (usage, limit) = (exchange.counted?, u64::from(exchange.limit));
    let is_cut = exchange.response.stop == StopReason::MaxTokens.as_str();
    (is_cut && usage.output_tokens < limit / 4 * 3).then(|| {
        format!(
            "the answer was cut off after {} of {limit} tokens, because the context window was full after {} tokens of \
             prompt; hint: raise the context size of the server, or shorten the context of the task",
            usage.output_tokens, usage.input_tokens
        )
    })
}

fn tool_not_called(exchange: &Exchange<'_>) -> Option<String> {
    let Exchange { request, response, provider, .. } = exchange;
    let is_end = response.stop == StopReason::End.as_str();
    let has_call = response.content.iter().any(|part| matches!(part, Content::ToolCall { .. }));
    let is_forced = !matches!(request.tool_choice.as_str(), "auto" | "none" | "") && !request.tools.is_empty();
    if is_end && is_forced && !has_call && request.answer_schema.is_none() {
        let choice = &request.tool_choice;
        return Some(format!("the model answered without the tool call that was required (tool_choice `{choice}`)"));
    }
    let is_json = || serde_json::from_str::<serde::de::IgnoredAny>(&response.text()).is_ok();
    (is_end && request.answer_schema.is_some() && exchange.is_structured && !has_call && !is_json()).then(|| {
        format!(
            "the model answered without the JSON that was required of it; hint: set [providers.{provider}] \
             structured = false, which asks for it in the prompt"
        )
    })
}

fn not_counted(exchange: &Exchange<'_>) -> Option<String> {
    exchange.counted.is_none().then(|| "the server counts no tokens; they are estimated".to_owned())
}
