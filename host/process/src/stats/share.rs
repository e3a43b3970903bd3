//! Shares with Wilson's interval.

use serde::Serialize;

use super::distribution::{Z, student_point};
use super::levels::MIN_VALUES;

/// A share with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// The total.
    pub n: usize,
    /// The share, from 0 to 1.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Share {
    /// Computes the share `some` of `n` with Wilson's score interval; `None` where `n` is 0. It holds for the clusters
    /// that were observed: where their shares differ, it is wider than necessary.
    pub fn from_counts(some: usize, n: usize) -> Option<Self> {
        if n == 0 {
            return None;
        }
        let value = some as f64 / n as f64;
        let (low, high) = wilson(value, n as f64, Z);
        Some(Self { n, value, low, high })
    }

    /// Computes the share with an interval for the population that the clusters were drawn from. Each cluster is `(some,
    /// n)`. The number of values is reduced by the design effect, and Student's t replaces the normal point. Where all values
    /// are equal, each cluster counts as one value. `None` with fewer than [`MIN_VALUES`] clusters that have values.
    pub fn from_clusters(clusters: &[(usize, usize)]) -> Option<Self> {
        let full: Vec<(f64, f64)> =
            clusters.iter().filter(|(_, n)| *n > 0).map(|(some, n)| (*some as f64, *n as f64)).collect();
        if full.len() < MIN_VALUES {
            return None;
        }
        let count = full.len() as f64;
        let (some, n) = full.iter().fold((0.0, 0.0), |(some, n), cluster| (some + cluster.0, n + cluster.1));
        let value: f64 = some / n;
        let squares: f64 = full.iter().map(|(some, n)| (some - value * n).powi(2)).sum();
        let variance = count / (count - 1.0) * squares / (n * n);
        let effective = match variance > 0.0 {
            true => (value * (1.0 - value) / variance).min(n),
            false => count,
        };
        let (low, high) = wilson(value, effective, student_point(full.len() - 1));
        Some(Self { n: n as usize, value, low, high })
    }
}

/// Returns Wilson's score interval of a share of `n` values.
pub(super) fn wilson(share: f64, n: f64, z: f64) -> (f64, f64) {
    let (centre, stretch) = (share + z * z / (2.0 * n), 1.0 + z * z / n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    // At the ends rounding may leave a remainder.
    let low = if share <= 0.0 { 0.0 } else { ((centre - half) / stretch).max(0.0) };
    let high = if share >= 1.0 { 1.0 } else { ((centre + half) / stretch).min(1.0) };
    (low, high)
}
