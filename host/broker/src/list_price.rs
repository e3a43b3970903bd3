//! Prices of the models that are asked where no configuration names one, as their providers publish them.
//!
//! They apply at the providers' own addresses only, and `[prices]` takes precedence. A run pins the prices that it uses, so
//! that a later version with other prices changes no run.

use std::collections::BTreeMap;

use crate::broker::Broker;
use crate::config::{ConfigError, ProviderConfig};
use crate::model_id::ModelId;
use crate::price::{Price, PriceTable};
use phasegate_process::model::Tier;

/// The month in which the prices were read from the pages of the providers.
pub const LIST_PRICES_OF: &str = "2026-11";

/// Provider, model, and US dollars per million tokens: input, cached input, output. Writes to the cache of Anthropic follow
/// from the input, see [`Price::with_cache_writes`].
const LIST: [(&str, &str, f64, f64, f64); 5] = [
    ("anthropic", "claude-haiku-4-5", 1.0, 0.1, 5.0),
    ("anthropic", "claude-sonnet-4-6", 3.0, 0.3, 15.0),
    ("anthropic", "claude-opus-4-8", 5.0, 0.5, 25.0),
    ("openai", "gpt-5-mini", 0.25, 0.025, 2.0),
    ("openai", "gpt-5", 1.25, 0.125, 10.0),
];

/// Returns the list price of a model; `None` if it is unknown or the provider has another address. A model that Ollama runs on
/// this machine costs nothing; one whose name ends in `cloud` runs elsewhere.
pub fn list_price(model: &ModelId, providers: &BTreeMap<String, ProviderConfig>) -> Option<Price> {
    if providers.get(model.provider()).is_some_and(|table| table.base_url.is_some()) {
        return None;
    }
    if model.provider() == "ollama" && !model.model().ends_with("cloud") {
        return Some(Price { input: 0.0, output: 0.0, cached_input: None, cache_write: None });
    }
    let (_, _, input, cached, output) =
        LIST.into_iter().find(|known| known.0 == model.provider() && known.1 == model.model())?;
    Some(Price { input, output, cached_input: Some(cached), cache_write: None })
}

/// Fails if there is a limit in US dollars and a model of the broker has no price: the limit could not stop calls to it.
pub fn check_priced(
    usd: Option<f64>,
    broker: &Broker,
    prices: &PriceTable,
    providers: &BTreeMap<String, ProviderConfig>,
) -> Result<(), ConfigError> {
    let Some(usd) = usd else { return Ok(()) };
    let models = Tier::ALL.iter().map(|tier| broker.model_for(*tier)).filter(|model| !model.is_scripted());
    let mut unpriced: Vec<ModelId> =
        models.filter(|model| prices.get(model).or_else(|| list_price(model, providers)).is_none()).cloned().collect();
    unpriced.sort_unstable();
    unpriced.dedup();
    match unpriced.is_empty() {
        true => Ok(()),
        false => Err(ConfigError::UnpricedLimit { usd, models: unpriced }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::resolve::DEFAULT_MODELS;

    #[test]
    fn default_models_have_list_prices() {
        let mut providers = BTreeMap::new();
        let models =
            || DEFAULT_MODELS.into_iter().flat_map(|(name, models)| models.map(|model| ModelId::new(name, model)));
        assert!(models().all(|model| list_price(&model, &providers).is_some()));
        for name in ["anthropic", "openai", "ollama"] {
            let table = ProviderConfig { base_url: Some("http://127.0.0.1:9/v1".to_owned()), ..Default::default() };
            providers.insert(name.to_owned(), table);
        }
        assert!(models().all(|model| list_price(&model, &providers).is_none()));
    }

    #[test]
    fn only_models_on_this_machine_are_free() {
        let price = |model: &str| list_price(&model.parse().unwrap(), &BTreeMap::new()).map(|price| price.output);
        assert_eq!(price("ollama:llama3.1:8b"), Some(0.0));
        assert_eq!(price("ollama:gpt-oss:120b-cloud"), None);
        assert_eq!(price("openai:gpt-4"), None);
    }
}
