//! Prices of models, from the operator's `[prices]` table. An unknown price gives an unknown cost, never zero.

use std::collections::BTreeMap;

use phasegate_process::model::Usage;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model_id::ModelId;

const TOKENS_PER_PRICE: f64 = 1_000_000.0;

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Price of tokens read.
    #[serde(deserialize_with = "deserialize_usd")]
    #[schemars(range(min = 0))]
    pub input: f64,
    /// Price of tokens written.
    #[serde(deserialize_with = "deserialize_usd")]
    #[schemars(range(min = 0))]
    pub output: f64,
    /// Price of tokens read from the provider's cache; `input` where not given.
    #[serde(default, deserialize_with = "deserialize_optional_usd", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cached_input: Option<f64>,
    /// Price of tokens written to the provider's cache; `input` where not given, and a quarter above it for
    /// Anthropic, whose cache the host uses.
    #[serde(default, deserialize_with = "deserialize_optional_usd", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cache_write: Option<f64>,
}

impl Price {
    /// Returns the price with writes to the cache at a quarter above `input` where it has none for them.
    pub(crate) fn with_cache_writes(self) -> Self {
        Self { cache_write: self.cache_write.or(Some(self.input * 1.25)), ..self }
    }

    /// Returns the cost of an answer in US dollars, of whose input tokens so many were written to the provider's cache.
    pub fn cost_usd(&self, usage: &Usage, cache_written: u64) -> f64 {
        let cached = usage.cached_input_tokens.min(usage.input_tokens);
        let written = cache_written.min(usage.input_tokens - cached);
        let fresh = usage.input_tokens - cached - written;
        (fresh as f64 * self.input
            + written as f64 * self.cache_write.unwrap_or(self.input)
            + cached as f64 * self.cached_input.unwrap_or(self.input)
            + usage.output_tokens as f64 * self.output)
            / TOKENS_PER_PRICE
    }

    /// Returns what the provider's cache saved at an answer, in US dollars; `None` where cached tokens have no price of their
    /// own. Negative where they cost more than others.
    pub fn cache_saving_usd(&self, usage: &Usage) -> Option<f64> {
        let cached = usage.cached_input_tokens.min(usage.input_tokens);
        Some(cached as f64 * (self.input - self.cached_input?) / TOKENS_PER_PRICE)
    }

    /// Returns the most that this many tokens can cost, in US dollars.
    pub fn max_cost_usd(&self, input: u64, output: u64) -> f64 {
        let dearest = self.input.max(self.cached_input.unwrap_or(0.0)).max(self.cache_write.unwrap_or(0.0));
        (input as f64 * dearest + output as f64 * self.output) / TOKENS_PER_PRICE
    }
}

/// `[prices."provider:model"]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PriceTable(pub BTreeMap<ModelId, Price>);

impl PriceTable {
    /// Returns the price of a model, where the operator gave one.
    pub fn get(&self, model: &ModelId) -> Option<Price> {
        self.0.get(model).copied()
    }
}

/// Deserializes an amount in US dollars: an integer or a fraction, 0 or more.
pub(crate) fn deserialize_usd<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let usd = f64::deserialize(deserializer)?;
    match usd.is_finite() && usd >= 0.0 {
        true => Ok(usd),
        false => Err(serde::de::Error::custom(format!("{usd} is not an amount of money: write US dollars, 0 or more"))),
    }
}

fn deserialize_optional_usd<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    deserialize_usd(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn charges_cached_tokens_once_at_their_own_price() {
        let usage = Usage { input_tokens: 1_000_000, output_tokens: 100_000, cached_input_tokens: 600_000, usd: None };
        let price = Price { input: 3.0, output: 15.0, cached_input: Some(0.3), cache_write: Some(3.75) };
        assert!((price.cost_usd(&usage, 0) - (0.4 * 3.0 + 0.6 * 0.3 + 0.1 * 15.0)).abs() < 1e-9);
        assert!((Price { cached_input: None, ..price }.cost_usd(&usage, 0) - 4.5).abs() < 1e-9);
        let written = price.cost_usd(&usage, 100_000);
        assert!((written - (0.3 * 3.0 + 0.1 * 3.75 + 0.6 * 0.3 + 0.1 * 15.0)).abs() < 1e-9);
    }

    #[test]
    fn rejects_negative_prices() {
        let table = toml::from_str::<PriceTable>("[\"a:b\"]\ninput = -1\noutput = 2");
        assert!(table.unwrap_err().to_string().contains("-1 is not an amount of money: write US dollars, 0 or more"));
    }

    #[test]
    fn finds_prices_by_full_model_id() {
        let table: PriceTable = toml::from_str("[\"ollama:llama3.1:8b\"]\ninput = 0\noutput = 0.5").unwrap();
        assert_eq!(table.get(&"ollama:llama3.1:8b".parse().unwrap()).unwrap().output, 0.5);
        assert_eq!(table.get(&"ollama:llama3.1".parse().unwrap()), None);
    }
}
