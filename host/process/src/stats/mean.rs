//! Means with Student's interval.

use serde::Serialize;

use super::distribution::student_point;
use super::levels::MIN_VALUES;

/// A mean with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mean {
    /// The number of values.
    pub n: usize,
    /// The mean.
    pub value: f64,
    /// The lower end of the interval; `None` with fewer than [`MIN_VALUES`] values, and where all are equal.
    pub low: Option<f64>,
    /// The upper end of the interval.
    pub high: Option<f64>,
}

impl Mean {
    /// Computes the mean; `None` without values.
    pub fn from_values(values: &[f64]) -> Option<Self> {
        let (value, deviation) = moments(values)?;
        let n = values.len();
        let half = (n >= MIN_VALUES && deviation > 0.0).then(|| student_point(n - 1) * deviation / (n as f64).sqrt());
        Some(Self { n, value, low: half.map(|half| value - half), high: half.map(|half| value + half) })
    }

    /// Computes the mean of amounts that cannot be negative: neither is the interval.
    pub fn from_amounts(values: &[f64]) -> Option<Self> {
        let mean = Self::from_values(values)?;
        Some(Self { low: mean.low.map(|low| low.max(0.0)), ..mean })
    }
}

/// Returns the standard deviation of a sample; 0 for fewer than two values.
pub fn deviation(values: &[f64]) -> f64 {
    moments(values).map_or(0.0, |(_, deviation)| deviation)
}

/// Returns the mean and the standard deviation of a sample; no deviation of a single value. Values that differ by rounding
/// only count as equal.
pub(super) fn moments(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    let mean = (n > 0.0).then(|| values.iter().sum::<f64>() / n)?;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    let deviation = if n > 1.0 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
    Some((mean, if deviation <= 1e-12 * mean.abs() { 0.0 } else { deviation }))
}
