//! Budgets: a request reserves the most it can use beforehand and is charged what it used afterwards.
//!
//! Guarantees: at the moment of a reservation, usage and reservations together are within each limit; a reservation that
//! is dropped is returned; a request of unknown price still counts its tokens and itself; a request of unknown usage counts
//! the most that it can have used. [`Budget::reserve`] accepts the same requests however they overlap: its result depends
//! only on the order of the reservations and on the usage of the requests.
//! Fails with [`BudgetExceeded`].

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use phasegate_process::RequestCost;
use phasegate_process::budget::{Amount, AmountLimits, BudgetExceeded, Cost, NANOS_PER_USD, nanos};
use phasegate_process::sync::lock;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::sync::Notify;

const UNLIMITED: &str = "unlimited";

/// `[budget]`: what one run may use. `None` is written `"unlimited"`. `Display` lists the limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetConfig {
    /// Tokens read and written. Default: 2,000,000.
    #[serde(deserialize_with = "deserialize_limit", serialize_with = "serialize_limit")]
    #[schemars(schema_with = "whole_limit")]
    pub tokens: Option<u64>,
    /// US dollars of the calls whose price is known. Default: 20.
    #[serde(deserialize_with = "deserialize_usd_limit", serialize_with = "serialize_limit")]
    #[schemars(schema_with = "usd_limit")]
    pub usd: Option<f64>,
    /// Requests to models: each answered call and each failed request that reached a provider. Default: 400.
    #[serde(deserialize_with = "deserialize_limit", serialize_with = "serialize_limit")]
    #[schemars(schema_with = "whole_limit")]
    pub calls: Option<u64>,
}

fn whole_limit(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "const": UNLIMITED }] })
}

fn usd_limit(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [{ "type": "number", "minimum": 0 }, { "const": UNLIMITED }] })
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self { tokens: Some(2_000_000), usd: Some(20.0), calls: Some(400) }
    }
}

impl BudgetConfig {
    /// Returns the limits in the units of [`Amount`].
    pub fn bounds(&self) -> AmountLimits {
        AmountLimits { calls: self.calls, tokens: self.tokens, nanos: self.usd.map(nanos) }
    }

    /// Returns limits that are given in the units of [`Amount`].
    pub fn from_bounds(AmountLimits { calls, tokens, nanos }: AmountLimits) -> Self {
        Self { calls, tokens, usd: nanos.map(|nanos| nanos as f64 / NANOS_PER_USD) }
    }
}

impl fmt::Display for BudgetConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = [
            self.calls.map(|calls| format!("{calls} calls")),
            self.tokens.map(|tokens| format!("{tokens} tokens")),
            self.usd.map(|usd| format!("{usd:.2} USD")),
        ];
        let limits: Vec<String> = limits.into_iter().flatten().collect();
        match limits.is_empty() {
            true => f.write_str("no limit"),
            false => write!(f, "at most {}", limits.join(", ")),
        }
    }
}

/// The usage of a run so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Tokens read and written; of requests of unknown usage the most that they can have used.
    pub tokens: u64,
    /// US dollars of the requests whose price is known; `None` where no request has a known price.
    pub usd: Option<f64>,
    /// Requests.
    pub calls: u64,
    /// Requests whose price is not known.
    pub unknown_cost_calls: u64,
}

impl From<Amount> for Spent {
    fn from(Amount { calls, tokens, nanos, unpriced }: Amount) -> Self {
        let known = calls == 0 || unpriced < calls;
        Self { tokens, usd: known.then_some(nanos as f64 / NANOS_PER_USD), calls, unknown_cost_calls: unpriced }
    }
}

/// Limits and the usage that counts against them. Clones share both.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: BudgetConfig,
    bounds: AmountLimits,
    totals: Mutex<Totals>,
    released: Notify,
    /// Held by the call that waits for others to settle, so that later calls queue behind it.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    spent: Amount,
    reserved: Amount,
    open: u64,
}

impl Budget {
    /// Creates an unused budget with these limits.
    pub fn new(limits: &BudgetConfig) -> Self {
        Self(Arc::new(Shared {
            limits: *limits,
            bounds: limits.bounds(),
            totals: Mutex::default(),
            released: Notify::new(),
            turn: tokio::sync::Mutex::default(),
        }))
    }

    /// Reserves the worst case of a call, unless it would exceed a limit. Calls under way count at their worst case.
    pub fn try_reserve(&self, cost: Cost) -> Result<Reservation, BudgetExceeded> {
        let mut totals = self.0.totals();
        self.0.bounds.check(totals.spent.plus(totals.reserved), Amount::from(cost))?;
        Ok(self.add_reservation(&mut totals, Amount::from(cost)))
    }

    /// Reserves the worst case of a call that was admitted before, without checking limits.
    pub fn reserve_unchecked(&self, cost: Cost) -> Reservation {
        self.add_reservation(&mut self.0.totals(), Amount::from(cost))
    }

    fn add_reservation(&self, totals: &mut Totals, amount: Amount) -> Reservation {
        totals.reserved = totals.reserved.plus(amount);
        totals.open += 1;
        Reservation { shared: Arc::clone(&self.0), amount, settled: false }
    }

    /// Reserves the worst case of a call. A call that does not fit waits for those under way to settle, and later calls
    /// queue behind it: overlapping calls exceed a budget exactly where sequential calls would.
    ///
    /// Waits as long as the calls under way take. A caller that holds a reservation must not call this: it would wait for
    /// itself.
    pub async fn reserve(&self, cost: Cost) -> Result<Reservation, BudgetExceeded> {
        let _turn = self.0.turn.lock().await;
        loop {
            let settled = self.0.released.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            match self.try_reserve(cost) {
                Err(_) if self.0.totals().open > 0 => settled.await,
                done => return done,
            }
        }
    }

    /// Charges a recorded request, without checking limits: it is paid already.
    pub fn restore(&self, cost: impl Into<RequestCost>) {
        self.0.charge(cost.into());
    }

    /// Returns the usage so far, without reservations.
    pub fn spent(&self) -> Spent {
        self.0.totals().spent.into()
    }

    /// Returns the limits.
    pub fn limits(&self) -> &BudgetConfig {
        &self.0.limits
    }
}

impl Shared {
    fn totals(&self) -> MutexGuard<'_, Totals> {
        lock(&self.totals)
    }

    fn charge(&self, cost: RequestCost) {
        let mut totals = self.totals();
        totals.spent = totals.spent.plus(cost.into());
    }
}

/// The reservation of a request that is under way. Dropping it returns the reservation.
#[derive(Debug)]
#[must_use = "a reservation that is dropped is given back"]
pub struct Reservation {
    shared: Arc<Shared>,
    amount: Amount,
    settled: bool,
}

impl Reservation {
    /// Charges what the request used and returns the rest of the reservation.
    pub fn commit(mut self, cost: impl Into<RequestCost>) {
        // Charge first: in between, the totals are too high rather than too low.
        self.shared.charge(cost.into());
        self.settle();
    }

    fn settle(&mut self) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        let mut totals = self.shared.totals();
        totals.reserved = totals.reserved.minus(self.amount);
        totals.open = totals.open.saturating_sub(1);
        drop(totals);
        self.shared.released.notify_waiters();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.settle();
    }
}

/// A limit as the configuration writes it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a limit is a number, or \"unlimited\"")]
enum RawLimit {
    Whole(i64),
    Fraction(f64),
    Word(String),
}

fn invalid_limit<E: serde::de::Error>(given: impl fmt::Display) -> E {
    E::custom(format!("`{given}` is not a limit: write a number, 0 or more, or \"{UNLIMITED}\""))
}

fn deserialize_limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match RawLimit::deserialize(deserializer)? {
        RawLimit::Whole(number) => u64::try_from(number).map(Some).map_err(|_| invalid_limit(number)),
        RawLimit::Fraction(number) => Err(invalid_limit(number)),
        RawLimit::Word(word) if word == UNLIMITED => Ok(None),
        RawLimit::Word(word) => Err(invalid_limit(word)),
    }
}

fn deserialize_usd_limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let usd = match RawLimit::deserialize(deserializer)? {
        RawLimit::Whole(number) => number as f64,
        RawLimit::Fraction(number) => number,
        RawLimit::Word(word) if word == UNLIMITED => return Ok(None),
        RawLimit::Word(word) => return Err(invalid_limit(word)),
    };
    if usd.is_finite() && usd >= 0.0 { Ok(Some(usd)) } else { Err(invalid_limit(usd)) }
}

fn serialize_limit<S: Serializer, T: Serialize>(limit: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match limit {
        Some(number) => number.serialize(serializer),
        None => UNLIMITED.serialize(serializer),
    }
}
