//! The plan's estimate by PROBE: tokens, price and time, each from the finished runs that have the figure.
//!
//! Needs at least three finished runs, and three known prices for a price. The text contains no run ids.

use phasegate_plugin::artifacts::{Estimate, FinishedRun, Interval, Range};

use crate::probe::{self, Basis};

/// Estimates a task of this complexity; `None` with fewer than three finished runs.
pub fn from_runs(runs: &[FinishedRun], complexity: u64) -> Option<Estimate> {
    let x = complexity as f64;
    let history = |figure: &dyn Fn(&FinishedRun) -> Option<f64>| -> Vec<(f64, f64)> {
        runs.iter().filter_map(|run| Some((run.est_complexity as f64, figure(run)?))).collect()
    };
    let tokens = probe::estimate(x, &history(&|run| Some(run.tokens as f64)))?;
    let usd = probe::estimate(x, &history(&|run| run.usd));
    let latency = probe::estimate(x, &history(&|run| Some(run.latency_ms as f64)));
    let range = |found: &probe::Estimate, digits| Range {
        low: round_to(found.low, digits),
        high: round_to(found.high, digits),
    };
    Some(Estimate {
        tokens: round_to(tokens.value, 0),
        usd: usd.as_ref().map(|found| round_to(found.value, 6)),
        latency_ms: latency.as_ref().map(|found| round_to(found.value, 0)),
        basis: describe_basis(&tokens),
        r_squared: tokens.r_squared.map(|r| round_to(r, 4)),
        interval: Some(Interval {
            tokens: Some(range(&tokens, 0)),
            usd: usd.as_ref().map(|found| range(found, 6)),
            latency_ms: latency.as_ref().map(|found| range(found, 0)),
        }),
    })
}

fn describe_basis(tokens: &probe::Estimate) -> String {
    let runs = tokens.runs;
    match tokens.basis {
        Basis::Regression => {
            format!(
                "PROBE: linear regression of actual tokens on estimated complexity over {runs} finished runs; 70 % interval"
            )
        }
        Basis::AverageRate => format!(
            "PROBE: average tokens per point of complexity over {runs} finished runs, because a regression does not explain them; \
             70 % interval"
        ),
    }
}

fn round_to(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn run(est_complexity: u64, tokens: u64, usd: Option<f64>) -> FinishedRun {
        FinishedRun { run_id: "run-x".into(), est_complexity, tokens, usd, latency_ms: tokens / 10 }
    }

    #[test]
    fn needs_three_finished_runs() {
        assert_eq!(from_runs(&[run(10, 1_000, None), run(20, 2_000, None)], 15), None);
    }

    #[test]
    fn estimates_tokens_and_time_from_three_runs() {
        let found = from_runs(&[run(10, 1_000, None), run(20, 2_100, None), run(30, 2_900, Some(0.3))], 20).unwrap();
        assert_eq!((found.tokens, found.latency_ms, found.usd), (2_000.0, Some(200.0), None));
        assert!(
            found.basis.contains("linear regression") && found.basis.contains("3 finished runs"),
            "{}",
            found.basis
        );
        let range = found.interval.unwrap().tokens.unwrap();
        assert!(range.low < 2_000.0 && range.high > 2_000.0);
        assert!(found.r_squared.unwrap() > 0.9);
    }

    #[test]
    fn estimates_the_price_from_three_known_prices() {
        let found =
            from_runs(&[run(10, 1_000, Some(0.1)), run(20, 2_000, Some(0.2)), run(30, 3_000, Some(0.3))], 40).unwrap();
        assert_eq!(found.usd, Some(0.4));
    }
}
