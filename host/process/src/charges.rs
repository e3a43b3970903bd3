//! What each request of a run counts in budgets.
//!
//! Budgets are charged while requests are made, and charged again from the events when a run is resumed. Both come to the same
//! sum, because every amount is in the events. Pure; cannot fail.

use std::collections::BTreeMap;

use crate::budget::{Amount, Cost};
use crate::digest::Digest;
use crate::event::{Event, GivenLimits, Recorded, RequestCost};
use crate::model::StopReason;
use crate::names::AttemptId;

/// A request and its cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Charge {
    /// The request, a blob of JSON.
    pub request: Digest,
    /// `provider:model` that was asked.
    pub model: String,
    /// The bytes of its prompt; `None` in older runs.
    pub prompt_bytes: Option<u64>,
    /// What it cost.
    pub cost: ChargedCost,
    /// Whether the answer is the recorded one of the run that this one forks: nothing was paid here.
    pub recorded: bool,
}

/// What a request counts in budgets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ChargedCost {
    /// The request was answered, or failed.
    Of(RequestCost),
    /// No result is recorded: the run was interrupted. The request may have been billed. `None` where the event does not say
    /// what it can use at most, as in older runs.
    NoResult(Option<Cost>),
}

/// What a request counts in a budget.
impl From<RequestCost> for Amount {
    fn from(cost: RequestCost) -> Self {
        match cost {
            RequestCost::Nothing => Self::default(),
            RequestCost::Known(usage) => {
                Cost { tokens: usage.input_tokens.saturating_add(usage.output_tokens), usd: usage.usd }.into()
            }
            RequestCost::Unknown(most) => most.into(),
        }
    }
}

/// Returns a charge for each request that was sent, in the order in which they ended; those without a result come last.
/// Calls that the host rejected sent none.
pub fn charges(events: &[Recorded]) -> Vec<Charge> {
    let mut open: BTreeMap<(&AttemptId, u32), Vec<Charge>> = BTreeMap::new();
    let mut ended = Vec::new();
    let mut end = |open: &mut BTreeMap<_, Vec<Charge>>, at, call, cost, recorded| {
        let newest = open.get_mut(&(at, call)).and_then(Vec::pop);
        ended.extend(newest.map(|charge| Charge { cost: ChargedCost::Of(cost), recorded, ..charge }));
    };
    for event in events.iter().map(|recorded| &recorded.event) {
        match event {
            Event::ModelAsked { at, call, request, model, bound, .. } => {
                open.entry((at, *call)).or_default().push(Charge {
                    request: request.clone(),
                    model: model.clone(),
                    prompt_bytes: bound.map(|bound| bound.prompt_bytes),
                    cost: ChargedCost::NoResult(bound.map(|bound| bound.most)),
                    recorded: false,
                })
            }
            Event::ModelTried { at, call, cost, .. } => end(&mut open, at, *call, *cost, false),
            Event::ModelAnswered { at, call, stop, .. } if stop == StopReason::FAILED_CALL => {
                end(&mut open, at, *call, RequestCost::Nothing, false);
            }
            Event::ModelAnswered { at, call, usage, recorded, .. } => {
                end(&mut open, at, *call, RequestCost::Known(*usage), *recorded);
            }
            _ => {}
        }
    }
    ended.into_iter().chain(open.into_values().flatten()).collect()
}

/// Returns the limits that people gave the run: the latest of each kind since it was created or forked.
pub fn given_limits(events: &[Recorded]) -> GivenLimits {
    events.iter().fold(GivenLimits::default(), |given, recorded| match &recorded.event {
        Event::BudgetChanged { limits, .. } => limits.or(given),
        // A fork pins the limits of its origin.
        Event::RunForked(_) => GivenLimits::default(),
        _ => given,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fixtures::{RunBuilder, at};
    use crate::model::Usage;

    #[test]
    fn every_request_is_charged_once() {
        let most = Cost { tokens: 500, usd: Some(2.0) };
        let mut run = RunBuilder::new();
        run.add(Event::PhaseStarted { at: at("planning", 1), inputs: vec![] });
        run.ask("planning", 1, 1).fail("planning", 1, 1, 1, RequestCost::Unknown(most));
        run.ask("planning", 1, 1).fail("planning", 1, 1, 2, RequestCost::Nothing);
        // Interrupted, and asked again.
        run.ask("planning", 1, 1).ask("planning", 1, 1).answer("planning", 1, 1, Some(0.5));
        run.ask("planning", 1, 2);
        let costs: Vec<ChargedCost> = charges(&run.events).into_iter().map(|charge| charge.cost).collect();
        let usage = Usage { input_tokens: 100, output_tokens: 10, cached_input_tokens: 0, usd: Some(0.5) };
        let ended = [RequestCost::Unknown(most), RequestCost::Nothing, RequestCost::Known(usage)].map(ChargedCost::Of);
        let without_result = [ChargedCost::NoResult(Some(most)); 2];
        assert_eq!(costs, [ended.as_slice(), &without_result].concat());
    }

    #[test]
    fn latest_limits_of_each_kind_are_in_force() {
        let changed = |number, calls, usd| Recorded {
            number,
            at_ms: 1,
            event: Event::BudgetChanged { limits: GivenLimits { calls, tokens: None, usd }, by: "ada".to_owned() },
        };
        let events = [changed(2, Some(4), Some(1.0)), changed(3, Some(9), None)];
        let given = given_limits(&events);
        assert_eq!(given, GivenLimits { calls: Some(9), tokens: None, usd: Some(1.0) });
        assert_eq!(given.to_string(), "9 calls, 1.00 USD");
    }
}
