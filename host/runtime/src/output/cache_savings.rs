//! What the caches of providers saved a run.

use std::collections::HashMap;

use phasegate_broker::{ModelId, PriceTable};
use phasegate_journal::Journal;
use phasegate_process::state::State;
use phasegate_process::{Event, Recorded};
use serde::Deserialize;

/// The part of a run's settings that has the prices.
#[derive(Deserialize)]
struct Settings {
    prices: PriceTable,
}

/// Returns the US dollars that cached input tokens saved, by the prices that the run pins. Calls of a model without a price
/// for cached tokens are left out; `None` where no call with cached tokens has such a price. Reads the settings of the run.
pub fn cache_savings_usd(journal: &dyn Journal, state: &State, events: &[Recorded]) -> Option<f64> {
    if state.spent.cached_input_tokens == 0 {
        return None;
    }
    let settings = journal.blob(&state.created.settings).ok()??;
    let settings: Settings = serde_json::from_slice(&settings).ok()?;
    let mut models = HashMap::new();
    let mut saved = None;
    for recorded in events {
        match &recorded.event {
            Event::ModelAsked { at, call, model, .. } => {
                models.insert((at, *call), model);
            }
            Event::ModelAnswered { at, call, usage, .. } if usage.cached_input_tokens > 0 => {
                let model = models.get(&(at, *call)).and_then(|model| model.parse::<ModelId>().ok());
                let price = model.and_then(|model| settings.prices.get(&model));
                if let Some(usd) = price.and_then(|price| price.cache_saving_usd(usage)) {
                    saved = Some(saved.unwrap_or(0.0) + usd);
                }
            }
            _ => {}
        }
    }
    saved
}
