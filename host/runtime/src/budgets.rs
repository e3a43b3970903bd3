//! What the models may take for one assignment of a plugin: tokens and money, as its limits say.
//!
//! Promises: calls are judged in the order in which the guest asked, each at its worst case and by what the answers before
//! it took, which is in their record. So a run that is gone on with, replayed or forked lets through what the first one did,
//! and a call that the record holds is never refused. A refused call leaves nothing behind: it is refused again whenever
//! it is asked again. Fails with [`Overdrawn`], which ends the plugin's call.

use phasegate_broker::{BudgetConfig, Ledger, PriceTable, Reservation, Shortage, worst_case};
use phasegate_process::model::Request;
use phasegate_sandbox::{Limits, Overdrawn};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::config::run_settings::RunSettings;

pub(crate) struct Allowance {
    ledger: Ledger,
    /// Calls that their agent gave up are still under way: they count here, where nothing of it can be seen by a guest.
    places: Semaphore,
}

/// A call that was let through.
pub(crate) struct Allowed<'a> {
    /// What may be used for it.
    pub(crate) reservation: Reservation,
    _place: Option<SemaphorePermit<'a>>,
}

impl Allowance {
    pub(crate) fn new(limits: &Limits) -> Self {
        let budget = BudgetConfig { calls: None, tokens: Some(limits.tokens), usd: Some(limits.usd.into()) };
        Self { ledger: Ledger::new(&budget), places: Semaphore::new(limits.calls_at_once as usize) }
    }

    /// Waits for a place, and for calls under way whose outcome decides. To be asked in the order of the calls; `known` are
    /// those that the record holds.
    pub(crate) async fn let_through(
        &self,
        request: &Request,
        settings: &RunSettings,
        known: bool,
    ) -> Result<Allowed<'_>, Overdrawn> {
        let model = settings.models.configured(request.tier);
        let worst = worst_case(request, model.and_then(|(_, model)| PriceTable::of(&settings.prices, model)));
        // A closed semaphore would mean that the attempt is over, and with it this call.
        let place = self.places.acquire().await.ok();
        let reservation = match known {
            true => self.ledger.owe(worst),
            false => self.ledger.reserve_in_turn(worst).await.map_err(overdrawn)?,
        };
        Ok(Allowed { reservation, _place: place })
    }
}

fn overdrawn(Shortage { limit_of, asked, left, limit }: Shortage) -> Overdrawn {
    Overdrawn { bound: limit_of, asked, left, limit }
}
