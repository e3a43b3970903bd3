//! The words with which providers say why an answer ended, and what they mean.
//!
//! An unknown word is kept as it is if the answer has content, because the answer is then as complete as any.

use phasegate_process::model::{Content, StopReason};

use super::format::broken_answer;
use super::peer::Peer;
use crate::call::Failure;

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    End,
    /// The limit on output tokens or the context window cut the answer off.
    Truncated,
    ToolCalls,
    /// The model or a filter of the provider refused.
    Filtered,
    /// The provider failed within the answer.
    Failed,
}

/// Words in lower case, from the documentation of providers and gateways.
const WORDS: [(Stop, &[&str]); 5] = [
    (Stop::End, &["stop", "end_turn", "stop_sequence", "eos", "eos_token", "end", "completed", "complete"]),
    (
        Stop::Truncated,
        &["length", "max_tokens", "max_output_tokens", "max_length", "model_length", "model_context_window_exceeded"],
    ),
    (Stop::ToolCalls, &["tool_calls", "tool_call", "tool_use", "function_call"]),
    (
        Stop::Filtered,
        &[
            "content_filter",
            "content_filtered",
            "refusal",
            "safety",
            "recitation",
            "blocklist",
            "prohibited_content",
            "spii",
            "sensitive",
            "guardrail_intervened",
        ],
    ),
    (
        Stop::Failed,
        &[
            "error",
            "abort",
            "aborted",
            "cancel",
            "cancelled",
            "canceled",
            "failed",
            "timeout",
            "network_error",
            "insufficient_system_resource",
            "malformed_function_call",
        ],
    ),
];

impl Stop {
    /// Returns the meaning of a provider's word, in any case; `None` for an unknown word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(stop, _)| *stop)
    }
}

/// Returns the `stop` of an answer. Fails if the provider failed, or if nothing shows that the answer is complete: neither a
/// reason nor, at the provider's end marker, content that was counted.
pub(super) fn stop_reason(
    word: Option<&str>,
    content: &[Content],
    is_counted_to_its_end: bool,
    peer: &Peer,
) -> Result<String, Failure> {
    let calls = content.iter().any(|part| matches!(part, Content::ToolCall { .. }));
    let is_empty = content.iter().all(|part| matches!(part, Content::Opaque { .. }));
    let end = if calls { StopReason::ToolCalls } else { StopReason::End };
    let reason = match (word, word.and_then(Stop::from_word)) {
        (None, _) if is_empty || !is_counted_to_its_end => {
            return Err(broken_answer(peer, "it ended without a finish reason"));
        }
        (None, _) | (_, Some(Stop::End)) => end,
        (_, Some(Stop::Truncated)) => StopReason::MaxTokens,
        (_, Some(Stop::ToolCalls)) => StopReason::ToolCalls,
        (_, Some(Stop::Filtered)) => StopReason::Refusal,
        (Some(word), Some(Stop::Failed)) => {
            return Err(broken_answer(peer, &format!("it ended with `{}`", peer.sanitize(word))));
        }
        (Some(word), None) if is_empty => {
            return Err(broken_answer(peer, &format!("it has no content and ended with `{}`", peer.sanitize(word))));
        }
        (Some(word), None) => return Ok(word.to_owned()),
    };
    Ok(reason.as_str().to_owned())
}
