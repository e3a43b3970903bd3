//! Bounds on the size of events, so that a run that somebody prepared cannot take more than a bounded part of memory.
//!
//! A journal writes no event above them, imports none, and reads none: its run then counts as unreadable. They lie far above
//! the largest events of runs, which are feedback with issues of at most 1 MiB for each phase.

use phasegate_process::RunId;
use phasegate_process::json::weight;

use crate::error::JournalError;

/// The most bytes of the JSON of one event.
pub const MAX_EVENT_BYTES: usize = 16 << 20;
/// The largest [`weight`] of one event; parsing it takes less than a hundred megabytes.
const MAX_EVENT_WEIGHT: usize = 500_000;
/// The most bytes of all events of a run as JSON.
pub const MAX_RUN_BYTES: usize = 256 << 20;
/// The largest [`weight`] of all events of a run.
const MAX_RUN_WEIGHT: usize = 5_000_000;

/// The size of the events of a run so far.
#[derive(Debug, Default)]
pub struct RunSize {
    bytes: usize,
    weight: usize,
}

impl RunSize {
    /// Adds an event. `Err` gives the bound that the event or the run exceeds.
    pub fn add(&mut self, body: &str) -> Result<(), String> {
        self.weight += check_event(body)?;
        self.bytes += body.len();
        let over = |what: &str, max: usize| Err(format!("with it the run has more than {max} {what}"));
        match () {
            () if self.bytes > MAX_RUN_BYTES => over("bytes of events", MAX_RUN_BYTES),
            () if self.weight > MAX_RUN_WEIGHT => over("parts of events", MAX_RUN_WEIGHT),
            () => Ok(()),
        }
    }
}

/// Returns the weight of an event. `Err` gives the bound that it exceeds.
pub(crate) fn check_event(body: &str) -> Result<usize, String> {
    if body.len() > MAX_EVENT_BYTES {
        return Err(too_long());
    }
    match weight(body) {
        weight if weight > MAX_EVENT_WEIGHT => Err(format!("it has more than {MAX_EVENT_WEIGHT} parts")),
        weight => Ok(weight),
    }
}

/// The text for an event above [`MAX_EVENT_BYTES`].
pub(crate) fn too_long() -> String {
    format!("it has more than {MAX_EVENT_BYTES} bytes")
}

/// Returns the error for an event above a bound.
pub(crate) fn too_large(run: &RunId, number: u64, reason: String) -> JournalError {
    JournalError::TooLarge { run: run.clone(), number, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_each_event_and_the_whole_run() {
        let long = "x".repeat(MAX_EVENT_BYTES);
        let mut size = RunSize::default();
        assert_eq!(size.add(&format!("{long}x")), Err("it has more than 16777216 bytes".to_owned()));
        for _ in 0..16 {
            assert_eq!(size.add(&long), Ok(()));
        }
        assert_eq!(size.add("x"), Err("with it the run has more than 268435456 bytes of events".to_owned()));

        let heavy = ",".repeat(MAX_EVENT_WEIGHT);
        let mut size = RunSize::default();
        assert_eq!(size.add(&format!("{heavy},")), Err("it has more than 500000 parts".to_owned()));
        for _ in 0..10 {
            assert_eq!(size.add(&heavy), Ok(()));
        }
        assert_eq!(size.add(","), Err("with it the run has more than 5000000 parts of events".to_owned()));
    }
}
