//! Times of the same work, repeated.

use std::time::{Duration, Instant};

/// Times of the same work, in milliseconds.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds the time since `began`.
    pub fn add(&mut self, began: Instant) {
        self.push(began.elapsed());
    }

    /// Adds a time.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1e3);
    }

    /// Returns the time below which this share of the others is, 0.5 for the median; 0 without samples.
    pub fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let place = (sorted.len() as f64 * share) as usize;
        sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}
