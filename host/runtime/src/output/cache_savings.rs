//! What the caches of providers saved a run.

use phasegate_broker::{ModelId, PriceTable};
use phasegate_journal::Journal;
use phasegate_process::charges::{Charge, ChargedCost, charges};
use phasegate_process::state::State;
use phasegate_process::{Recorded, RequestCost};
use serde::Deserialize;

/// The part of a run's settings that has the prices.
#[derive(Deserialize)]
struct Settings {
    prices: PriceTable,
}

/// Returns the US dollars that cached input tokens saved, by the prices that the run pins. Requests to a model without a price
/// for cached tokens are left out; `None` where no request with cached tokens has such a price. Reads the settings of the
/// run.
pub fn cache_savings_usd(journal: &dyn Journal, state: &State, events: &[Recorded]) -> Option<f64> {
    if state.spent.cached_input_tokens == 0 {
        return None;
    }
    let settings: Settings = serde_json::from_slice(&journal.blob(&state.created.settings).ok()??).ok()?;
    let saved: Vec<f64> = charges(events).iter().filter_map(|charge| saving(charge, &settings.prices)).collect();
    (!saved.is_empty()).then(|| saved.iter().sum())
}

fn saving(charge: &Charge, prices: &PriceTable) -> Option<f64> {
    let ChargedCost::Of(RequestCost::Known(usage)) = charge.cost else { return None };
    let model: ModelId = charge.model.parse().ok()?;
    let price = prices.get(&model).filter(|_| usage.cached_input_tokens > 0)?;
    price.cache_saving_usd(&usage)
}
