//! Model usage: calls, tokens and money.

use crate::budget::Cost;
use crate::event::RequestCost;
use crate::model::Usage;

/// The model usage of a run or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Spending {
    /// Calls that were answered, or that the host rejected.
    pub calls: u64,
    /// Requests that failed. One call can have several.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: u64,
    /// Input tokens, cached ones included.
    pub input_tokens: u64,
    /// Those of `input_tokens` that came from a provider's cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// US dollars of the requests whose cost is known; `None` as soon as the price of one of them is unknown.
    pub usd: Option<f64>,
    /// Requests without an answer; they may have been billed.
    pub unanswered: u64,
    /// Those of `calls` that the run which this one forks asked and paid.
    #[serde(skip_serializing_if = "is_zero")]
    pub recorded: u64,
    /// The failed requests whose cost is unknown. It is in no other figure.
    #[serde(skip_serializing_if = "UnknownCost::is_nothing")]
    pub unknown: UnknownCost,
    /// Whether a model was asked, and not only a script.
    #[serde(skip)]
    pub asks_models: bool,
}

/// Failed requests of unknown cost.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct UnknownCost {
    /// Their number.
    pub requests: u64,
    /// The most tokens that they can have used.
    pub tokens: u64,
    /// The most US dollars that they can have cost; `None` as soon as the price of one of them is unknown.
    pub usd: Option<f64>,
}

impl Default for Spending {
    fn default() -> Self {
        Self {
            calls: 0,
            failed: 0,
            input_tokens: 0,
            output_tokens: 0,
            cached_input_tokens: 0,
            // Without any request the cost is known to be zero.
            usd: Some(0.0),
            unanswered: 0,
            recorded: 0,
            unknown: UnknownCost::default(),
            asks_models: false,
        }
    }
}

impl Default for UnknownCost {
    fn default() -> Self {
        Self { requests: 0, tokens: 0, usd: Some(0.0) }
    }
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
    /// Counts a request that is about to be sent to this `provider:model`.
    pub fn ask(&mut self, model: &str) {
        self.unanswered += 1;
        self.asks_models |= !model.starts_with("scripted:");
    }

    /// Adds the usage of an answered call, whose request was counted as unanswered.
    pub fn answer(&mut self, usage: &Usage) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.calls += 1;
        self.add(usage);
    }

    /// Adds the cost of a failed request, which was counted as unanswered.
    pub fn fail(&mut self, cost: &RequestCost) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.failed += 1;
        match cost {
            RequestCost::Nothing => {}
            RequestCost::Known(usage) => self.add(usage),
            RequestCost::Unknown(most) => self.unknown.add(most),
        }
    }

    /// Returns the US dollars of all requests; `None` where a price is unknown, and where nothing is known but that
    /// requests failed.
    pub fn known_usd(&self) -> Option<f64> {
        self.usd.filter(|_| self.calls > 0 || self.unknown.is_nothing())
    }

    fn add(&mut self, usage: &Usage) {
        self.input_tokens = bounded_sum(self.input_tokens, usage.input_tokens);
        self.cached_input_tokens = bounded_sum(self.cached_input_tokens, usage.cached_input_tokens);
        self.output_tokens = bounded_sum(self.output_tokens, usage.output_tokens);
        let free = usage.input_tokens == 0 && usage.output_tokens == 0;
        self.usd = match (self.usd, usage.usd) {
            (Some(sum), Some(usd)) => Some(sum + usd),
            (Some(sum), None) if free => Some(sum),
            _ => None,
        };
    }
}

impl UnknownCost {
    /// Whether there is no such request.
    pub fn is_nothing(&self) -> bool {
        self.requests == 0
    }

    fn add(&mut self, most: &Cost) {
        self.requests += 1;
        self.tokens = bounded_sum(self.tokens, most.tokens);
        self.usd = self.usd.zip(most.usd).map(|(sum, usd)| sum + usd);
    }
}
