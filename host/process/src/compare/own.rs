//! What a fork used itself, and what its origin paid for.

use crate::event::{Event, Recorded};
use crate::measures::Effort;
use crate::names::AttemptId;
use crate::result::Totals;

/// Returns what a fork used itself and what its origin paid for: the shared beginning and recorded answers. `None` for a run
/// that is no fork. Only attempts for which `counts` holds are counted.
pub(super) fn split_fork(events: &[Recorded], counts: impl Fn(&AttemptId) -> bool) -> Option<(Totals, Totals)> {
    let forked = events.iter().rposition(|recorded| matches!(recorded.event, Event::RunForked(_)))?;
    let (before, after) = events.split_at(forked);
    let counted = |recorded: &&Recorded| recorded.event.attempt().is_some_and(&counts);
    let mut shared = Effort::default();
    before.iter().filter(counted).for_each(|recorded| shared.add(&recorded.event));
    shared.spent.recorded = shared.spent.calls;
    let (own, recorded) = split_recorded(after.iter().filter(counted));
    shared.spent.calls += recorded.spent.calls;
    shared.spent.recorded += recorded.spent.recorded;
    shared.spent.input_tokens += recorded.spent.input_tokens;
    shared.spent.cached_input_tokens += recorded.spent.cached_input_tokens;
    shared.spent.output_tokens += recorded.spent.output_tokens;
    shared.spent.usd = shared.spent.usd.zip(recorded.spent.usd).map(|(one, other)| one + other);
    shared.spent.asks_models |= recorded.spent.asks_models;
    Some((own.into(), shared.into()))
}

/// Returns the effort of events, and apart from it that of recorded answers, which nobody paid here.
pub(super) fn split_recorded<'a>(events: impl Iterator<Item = &'a Recorded>) -> (Effort, Effort) {
    let (mut own, mut recorded) = (Effort::default(), Effort::default());
    for Recorded { event, .. } in events {
        match event {
            Event::ModelAnswered { recorded: true, .. } => {
                recorded.add(event);
                recorded.spent.asks_models = own.spent.asks_models;
            }
            _ => own.add(event),
        }
    }
    (own, recorded)
}
