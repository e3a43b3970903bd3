//! What the requests of a run count in budgets, from its events.

use phasegate_broker::{PriceTable, worst_case};
use phasegate_journal::Journal;
use phasegate_process::budget::{Amount, Cost};
use phasegate_process::charges::{Charge, ChargedCost, charges};
use phasegate_process::model::Request;
use phasegate_process::{Recorded, RequestCost};

use crate::store::blobs::read_json;

/// Returns what a request counts in a budget. A request of an older run whose result is unknown counts its worst case.
pub(crate) fn charged_cost(charge: &Charge, journal: &dyn Journal, prices: &PriceTable) -> RequestCost {
    match charge.cost {
        ChargedCost::Of(cost) => cost,
        ChargedCost::NoResult(Some(most)) => RequestCost::Unknown(most),
        ChargedCost::NoResult(None) => {
            let price = charge.model.parse().ok().and_then(|model| prices.get(&model));
            // A request that is lost counts as a request without tokens.
            let request = read_json::<Request>(journal, &charge.request).ok();
            RequestCost::Unknown(request.map_or_else(Cost::default, |request| worst_case(&request, price)))
        }
    }
}

/// Returns what was paid for the requests in these events: those whose answer was taken from another run cost nothing.
pub(crate) fn paid(events: &[Recorded], journal: &dyn Journal, prices: &PriceTable) -> Amount {
    let charges = charges(events);
    charges
        .iter()
        .filter(|charge| !charge.recorded)
        .map(|charge| Amount::from(charged_cost(charge, journal, prices)))
        .sum()
}
