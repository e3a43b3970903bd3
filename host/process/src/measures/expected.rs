//! What a run of a pipeline will probably take, from earlier runs: the median and the range. Pure; cannot fail.

use serde::{Deserialize, Serialize};

/// What an earlier run took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastEffort {
    /// The name of its pipeline.
    pub pipeline: String,
    /// Whether its answers came from a script.
    pub scripted: bool,
    /// Model calls.
    pub calls: u64,
    /// Input and output tokens.
    pub tokens: u64,
    /// US dollars; `None` where a price is unknown.
    pub usd: Option<f64>,
    /// Milliseconds of work, without waiting for people.
    pub elapsed_ms: u64,
}

/// The median of some numbers, the smallest and the largest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Expected<T> {
    /// The median; of an even number, the mean of the two in the middle.
    pub median: T,
    /// The smallest.
    pub least: T,
    /// The largest.
    pub most: T,
}

/// What a run will probably take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ExpectedEffort {
    /// The number of earlier runs, at least 1.
    pub runs: usize,
    /// Model calls.
    pub calls: Expected<u64>,
    /// Input and output tokens.
    pub tokens: Expected<u64>,
    /// US dollars; `None` where the cost of an earlier run is unknown.
    pub usd: Option<Expected<f64>>,
    /// Milliseconds of work.
    pub elapsed_ms: Expected<u64>,
}

impl ExpectedEffort {
    /// Returns what these runs took; `None` without runs.
    pub fn from_runs<'a>(runs: impl IntoIterator<Item = &'a PastEffort>) -> Option<Self> {
        let runs: Vec<&PastEffort> = runs.into_iter().collect();
        let of = |figure: fn(&PastEffort) -> u64| expected_number(runs.iter().map(|run| figure(run)).collect());
        let usd: Option<Vec<f64>> = runs.iter().map(|run| run.usd).collect();
        Some(Self {
            runs: runs.len(),
            calls: of(|run| run.calls)?,
            tokens: of(|run| run.tokens)?,
            usd: usd.and_then(expected_sum),
            elapsed_ms: of(|run| run.elapsed_ms)?,
        })
    }
}

fn expected_number(mut values: Vec<u64>) -> Option<Expected<u64>> {
    values.sort_unstable();
    let (low, high) = middle(&values)?;
    Some(Expected { median: low.midpoint(high), least: *values.first()?, most: *values.last()? })
}

fn expected_sum(mut values: Vec<f64>) -> Option<Expected<f64>> {
    values.sort_by(f64::total_cmp);
    let (low, high) = middle(&values)?;
    Some(Expected { median: low.midpoint(high), least: *values.first()?, most: *values.last()? })
}

/// Returns the two values in the middle; the same one twice where their number is odd.
fn middle<T: Copy>(values: &[T]) -> Option<(T, T)> {
    let last = values.len().checked_sub(1)?;
    Some((*values.get(last / 2)?, *values.get(values.len() / 2)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn run(calls: u64, usd: Option<f64>) -> PastEffort {
        PastEffort { pipeline: "tsp".to_owned(), scripted: false, calls, tokens: calls * 1_000, usd, elapsed_ms: 7 }
    }

    #[test]
    fn median_and_range_of_runs() {
        let odd = ExpectedEffort::from_runs(&[run(33, Some(0.2)), run(20, Some(0.1)), run(47, Some(0.4))]).unwrap();
        assert_eq!((odd.runs, odd.calls), (3, Expected { median: 33, least: 20, most: 47 }));
        assert_eq!(odd.usd, Some(Expected { median: 0.2, least: 0.1, most: 0.4 }));
        let even = ExpectedEffort::from_runs(&[run(10, Some(1.0)), run(20, None)]).unwrap();
        assert_eq!((even.tokens.median, even.usd), (15_000, None));
        assert_eq!(ExpectedEffort::from_runs(&[]), None);
    }
}
