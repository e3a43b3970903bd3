//! What models took: calls, tokens and money.

use crate::model::Usage;

/// What models took.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Spending {
    /// Calls answered or failed.
    pub calls: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// US dollars; `None` as soon as one call's price is not known.
    pub usd: Option<f64>,
    /// Calls that were asked and never heard of again; they may have been billed.
    pub unanswered: u64,
    /// Of `calls` those that another run asked and paid.
    #[serde(skip_serializing_if = "is_zero")]
    pub recorded: u64,
}

/// Whether a count is left out of JSON: only zero is.
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// No run comes near it; what claims more, a provider or an imported run, counts as this, so that sums stay numbers.
const MAX_COUNT: u64 = u64::MAX >> 16;

/// A sum of counts that strangers may have given.
pub(crate) fn bounded_sum(sum: u64, count: u64) -> u64 {
    sum.saturating_add(count).min(MAX_COUNT)
}

impl Spending {
    /// Adds one answered call.
    pub fn add(&mut self, usage: &Usage) {
        let before = if self.calls == 0 { Some(0.0) } else { self.usd };
        self.calls += 1;
        self.input_tokens = bounded_sum(self.input_tokens, usage.input_tokens);
        self.output_tokens = bounded_sum(self.output_tokens, usage.output_tokens);
        let free = usage.input_tokens == 0 && usage.output_tokens == 0;
        self.usd = match (before, usage.usd) {
            (Some(sum), Some(usd)) => Some(sum + usd),
            (Some(sum), None) if free => Some(sum),
            _ => None,
        };
    }
}
