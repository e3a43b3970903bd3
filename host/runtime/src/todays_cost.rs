//! What the answers of a run cost with other prices than those that it pinned.

use std::collections::BTreeMap;

use phasegate_broker::{ModelId, Price, PriceTable, ProviderConfig, list_price};
use phasegate_process::charges::{ChargedCost, charges};
use phasegate_process::model::Usage;
use phasegate_process::{Recorded, RequestCost};

/// The cost of a run with the prices of today.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TodaysCost {
    /// US dollars of all answers; `None` where a price is unknown.
    pub usd: Option<f64>,
}

impl TodaysCost {
    /// Computes the cost from the recorded tokens. Returns `None` if every model of the run has the price today that the run
    /// pinned: what is recorded holds then. Tokens that were written to a provider's cache are not recorded apart from others and
    /// cost what others cost.
    pub fn new(
        events: &[Recorded],
        pinned: &PriceTable,
        prices: &PriceTable,
        providers: &BTreeMap<String, ProviderConfig>,
    ) -> Option<Self> {
        let mut today: BTreeMap<String, (bool, Option<Price>)> = BTreeMap::new();
        let charges = charges(events);
        for charge in &charges {
            if !today.contains_key(&charge.model) {
                let model: Option<ModelId> = charge.model.parse().ok();
                let before = model.as_ref().and_then(|model| pinned.get(model));
                let known = |model| prices.get(model).or_else(|| list_price(model, providers));
                let now = model.as_ref().and_then(known).or(before);
                today.insert(charge.model.clone(), (now == before, now));
            }
        }
        if today.values().all(|(same, _)| *same) {
            return None;
        }
        let cost = |usage: Usage, (same, price): (bool, Option<Price>)| match price {
            _ if usage.input_tokens == 0 && usage.output_tokens == 0 => Some(0.0),
            _ if same => usage.usd,
            price => price.map(|price| price.cost_usd(&usage, 0)),
        };
        let usd = charges.iter().map(|charge| match charge.cost {
            ChargedCost::Of(RequestCost::Known(usage)) => {
                cost(usage, today.get(&charge.model).copied().unwrap_or_default())
            }
            // Requests of unknown cost are in no sum.
            _ => Some(0.0),
        });
        Some(Self { usd: usd.sum() })
    }
}
