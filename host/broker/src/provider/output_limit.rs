//! The most output tokens of a request: what the plugin asks for, what the configuration allows, and what errors of the
//! provider have shown.

use std::num::NonZeroU32;
use std::sync::LazyLock;

use phasegate_process::model::{Error, Request};
use regex::Regex;

use crate::config::ModelLimits;
use crate::worst_case::{PromptMeasure, prompt_texts};

/// Bytes of a token, where no prompt of the run is measured. Most text has more bytes in a token than this.
const BYTES_PER_TOKEN: u64 = 4;

/// An answer shorter than this is not worth its prompt.
const LEAST_TOKENS: u32 = 128;

/// Phrases of providers and servers, in lower case and without commas. The group `most` is what the model supports; otherwise
/// it is what the `window` leaves beside the `prompt`, or beside the `total` without what was asked for.
const PHRASES: [&str; 7] = [
    r"context (?:length|window|limit|size)(?: is| of)?(?: only)? (?P<window>[0-9]+) tokens.{0,40}requested (?:about )?(?P<total>[0-9]+)",
    r"context (?:length|window|limit|size)(?: is| of)?(?: only)? (?P<window>[0-9]+) tokens and your request has (?P<prompt>[0-9]+)",
    r"context (?:length|window|limit|size): (?P<prompt>[0-9]+) \+ [0-9]+ > (?P<window>[0-9]+)",
    r"must be <= (?P<window>[0-9]+).{0,10}given: (?P<prompt>[0-9]+)",
    r"range[^0-9]{0,40}\[ ?[0-9]+ +(?P<most>[0-9]+) ?\]",
    r"tokens: [0-9]+ > (?P<most>[0-9]+)",
    r"(?:at most|up to|less than or equal to|no more than|cannot exceed|must not exceed|maximum is|maximum of|limit is|limit of|<=) [`'(]?(?P<most>[0-9]+)",
];

static PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| PHRASES.iter().filter_map(|phrase| Regex::new(phrase).ok()).collect());

/// A lower limit that an error of the provider has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lower {
    /// The model's own limit, for every request.
    Model(NonZeroU32),
    /// What the context window leaves beside this prompt.
    Prompt(NonZeroU32),
}

impl Lower {
    pub(super) fn tokens(self) -> NonZeroU32 {
        match self {
            Self::Model(tokens) | Self::Prompt(tokens) => tokens,
        }
    }
}

/// Returns the limit that an error names, if it is below what was asked for and leaves room for an answer.
pub(super) fn limit_in_error(message: &str, asked: NonZeroU32) -> Option<Lower> {
    let message = message.to_lowercase().replace(',', "");
    if !["tokens", "completion", "output"].iter().any(|word| message.contains(word)) {
        return None;
    }
    let found = PATTERNS.iter().find_map(|pattern| pattern.captures(&message))?;
    let number = |name: &str| found.name(name).and_then(|number| number.as_str().parse::<u32>().ok());
    let lower = match number("most") {
        Some(most) if message.contains("max") => Lower::Model(NonZeroU32::new(most)?),
        Some(_) => return None,
        None => {
            let prompt = number("prompt").or_else(|| number("total")?.checked_sub(asked.get()))?;
            Lower::Prompt(NonZeroU32::new(number("window")?.checked_sub(prompt)?)?)
        }
    };
    (lower.tokens() < asked && lower.tokens().get() >= LEAST_TOKENS.min(asked.get())).then_some(lower)
}

/// Returns the most output tokens that the configuration leaves to a request. Fails if the prompt alone fills the context
/// window.
pub(super) fn configured_limit(
    request: &Request,
    limits: ModelLimits,
    measure: &PromptMeasure,
    model: &str,
) -> Result<NonZeroU32, Error> {
    let asked = request.max_output_tokens;
    let asked = limits.max_output_tokens.map_or(asked, |most| most.min(asked));
    let Some(window) = limits.context_window else { return Ok(asked) };
    let prompt = measure.estimate(request).unwrap_or_else(|| prompt_bytes(request).div_ceil(BYTES_PER_TOKEN));
    let left = u64::from(window.get()).saturating_sub(prompt);
    match u32::try_from(left).ok().and_then(NonZeroU32::new) {
        Some(left) if left.get() >= LEAST_TOKENS.min(asked.get()) => Ok(asked.min(left)),
        _ => Err(Error::TooLong(format!(
            "the prompt has about {prompt} tokens, and {model} reads and writes at most {window} together\n\
             hint: shorten the task or its context, or raise context_window if the server takes more"
        ))),
    }
}

/// Returns the bytes of everything that a model reads.
pub(super) fn prompt_bytes(request: &Request) -> u64 {
    prompt_texts(request).map(|text| text.len() as u64).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_phrase_compiles() {
        assert_eq!(PATTERNS.len(), PHRASES.len());
    }

    #[test]
    fn finds_limits_in_errors_of_providers() {
        let asked = NonZeroU32::new(8000).unwrap();
        let number = |n| NonZeroU32::new(n).unwrap();
        for (message, expected) in [
            (
                "max_tokens is too large: 8000. This model supports at most 4096 completion tokens, whereas you provided 8000.",
                Lower::Model(number(4096)),
            ),
            ("max_tokens too large: this model supports at most 4096", Lower::Model(number(4096))),
            (
                "max_tokens: 8000 > 4,096, which is the maximum allowed number of output tokens for claude",
                Lower::Model(number(4096)),
            ),
            (
                "`max_tokens` must be less than or equal to `4096`, the maximum value for this model",
                Lower::Model(number(4096)),
            ),
            ("Invalid max_tokens value, the valid range of max_tokens is [1, 4096]", Lower::Model(number(4096))),
            (
                "<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 4096]",
                Lower::Model(number(4096)),
            ),
            (
                "This model's maximum context length is 8192 tokens. However, you requested 9192 tokens (1192 in the messages, 8000 in the completion).",
                Lower::Prompt(number(7000)),
            ),
            (
                "This endpoint's maximum context length is 8192 tokens. However, you requested about 9192 tokens (1192 of text input, 8000 in the output).",
                Lower::Prompt(number(7000)),
            ),
            (
                "'max_tokens' is too large: 8000. This model's maximum context length is 8192 tokens and your request has 1192 input tokens (8000 > 8192 - 1192).",
                Lower::Prompt(number(7000)),
            ),
            (
                "input length and `max_tokens` exceed context limit: 1192 + 8000 > 8192, decrease input length or `max_tokens` and try again",
                Lower::Prompt(number(7000)),
            ),
            (
                "`inputs` tokens + `max_new_tokens` must be <= 8192. Given: 1192 `inputs` tokens and 8000 `max_new_tokens`",
                Lower::Prompt(number(7000)),
            ),
        ] {
            assert_eq!(limit_in_error(message, asked), Some(expected), "{message}");
        }
        for message in [
            "prompt is too long: 210000 tokens > 200000 maximum",
            "This model's maximum context length is 8192 tokens. However, you requested 17000 tokens (9000 in the messages, 8000 in the completion).",
            "This model's maximum context length is 8192 tokens. However, you requested 16190 tokens (8190 in the messages, 8000 in the completion).",
            "max_tokens must be at most 16384",
            "temperature must be less than or equal to 1",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "Tools: at most 128 functions, tokens",
        ] {
            assert_eq!(limit_in_error(message, asked), None, "{message}");
        }
    }
}
