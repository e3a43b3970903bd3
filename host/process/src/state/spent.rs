//! Model usage: calls, tokens and money.

use crate::model::Usage;

/// The model usage of a run or a part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Spending {
    /// Calls that were answered or failed.
    pub calls: u64,
    /// Input tokens, cached ones included.
    pub input_tokens: u64,
    /// Those of `input_tokens` that came from a provider's cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// US dollars; `None` as soon as the price of one call is unknown.
    pub usd: Option<f64>,
    /// Calls without an answer; they may have been billed.
    pub unanswered: u64,
    /// Those of `calls` that the run which this one forks asked and paid.
    #[serde(skip_serializing_if = "is_zero")]
    pub recorded: u64,
}

/// Whether a count is zero, and therefore left out of JSON.
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The largest count. No real run comes near it; larger counts from a provider or an imported run are cut off, so that
/// sums cannot overflow.
const MAX_COUNT: u64 = u64::MAX >> 16;

/// Adds counts that may come from an untrusted source; the result is at most [`MAX_COUNT`].
pub(crate) fn bounded_sum(sum: u64, count: u64) -> u64 {
    sum.saturating_add(count).min(MAX_COUNT)
}

impl Spending {
    /// Adds the usage of one answered call.
    pub fn add(&mut self, usage: &Usage) {
        let before = if self.calls == 0 { Some(0.0) } else { self.usd };
        self.calls += 1;
        self.input_tokens = bounded_sum(self.input_tokens, usage.input_tokens);
        self.cached_input_tokens = bounded_sum(self.cached_input_tokens, usage.cached_input_tokens);
        self.output_tokens = bounded_sum(self.output_tokens, usage.output_tokens);
        let free = usage.input_tokens == 0 && usage.output_tokens == 0;
        self.usd = match (before, usage.usd) {
            (Some(sum), Some(usd)) => Some(sum + usd),
            (Some(sum), None) if free => Some(sum),
            _ => None,
        };
    }
}
