//! The statistics of an experiment: a share and a mean, each with a 95 % confidence interval.
//!
//! A share has Wilson's interval, which stays within 0 and 1 and is meaningful at 0 of 3, where the normal
//! approximation has no width. A mean has Student's interval: for the few runs of an experiment a bootstrap would be
//! too narrow, and it would need a seed. Both assume independent values. Pure; cannot fail.

use serde::Serialize;

/// The two-sided 95 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The two-sided 95 % points of Student's t for 1 to 30 degrees of freedom.
const T: [f64; 30] = [
    12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004, 2.262_157, 2.228_139,
    2.200_985, 2.178_813, 2.160_369, 2.144_787, 2.131_450, 2.119_905, 2.109_816, 2.100_922, 2.093_024, 2.085_963,
    2.079_614, 2.073_873, 2.068_658, 2.063_899, 2.059_539, 2.055_529, 2.051_831, 2.048_407, 2.045_230, 2.042_272,
];

/// A share with its confidence interval.
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
    /// Computes the share `some` of `n` with Wilson's score interval; `None` where `n` is 0.
    pub fn from_counts(some: usize, n: usize) -> Option<Self> {
        if n == 0 {
            return None;
        }
        let (share, all) = (some as f64 / n as f64, n as f64);
        let (centre, stretch) = (share + Z * Z / (2.0 * all), 1.0 + Z * Z / all);
        let half = Z * (share * (1.0 - share) / all + Z * Z / (4.0 * all * all)).sqrt();
        // At the ends rounding may leave a remainder.
        let low = if some == 0 { 0.0 } else { ((centre - half) / stretch).max(0.0) };
        let high = if some >= n { 1.0 } else { ((centre + half) / stretch).min(1.0) };
        Some(Self { n, value: share, low, high })
    }
}

/// A mean with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mean {
    /// The number of values.
    pub n: usize,
    /// The mean.
    pub value: f64,
    /// The lower end of the interval; `None` for a single value.
    pub low: Option<f64>,
    /// The upper end of the interval.
    pub high: Option<f64>,
}

impl Mean {
    /// Computes the mean with Student's t interval; `None` without values.
    pub fn from_values(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n == 0 {
            return None;
        }
        let value = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|x| (x - value) * (x - value)).sum();
        let half = (n > 1).then(|| student_t(n - 1) * (squares / (n - 1) as f64 / n as f64).sqrt());
        Some(Self { n, value, low: half.map(|half| value - half), high: half.map(|half| value + half) })
    }
}

/// Returns the two-sided 95 % point of Student's t: from the table, and beyond it by the expansion around the normal
/// one.
fn student_t(freedom: usize) -> f64 {
    let known = freedom.checked_sub(1).and_then(|place| T.get(place));
    known.copied().unwrap_or_else(|| {
        let v = freedom as f64;
        let (z3, z5, z7) = (Z.powi(3), Z.powi(5), Z.powi(7));
        Z + (z3 + Z) / (4.0 * v)
            + (5.0 * z5 + 16.0 * z3 + 3.0 * Z) / (96.0 * v * v)
            + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * Z) / (384.0 * v.powi(3))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-5
    }

    // Values from published tables of Wilson's interval.
    #[test]
    fn a_share_has_wilsons_interval() {
        for (some, n, low, high) in [
            (8, 10, 0.490_16, 0.943_32),
            (0, 10, 0.0, 0.277_53),
            (10, 10, 0.722_47, 1.0),
            (1, 1, 0.206_55, 1.0),
            (81, 263, 0.255_27, 0.366_20),
        ] {
            let share = Share::from_counts(some, n).unwrap();
            assert!(near(share.low, low) && near(share.high, high), "{some} of {n}: {share:?}");
        }
        assert_eq!(Share::from_counts(0, 0), None);
    }

    #[test]
    fn a_mean_has_students_interval() {
        // Mean 3, standard deviation √2.5, t(4) = 2.776: 3 ± 1.963.
        let mean = Mean::from_values(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!(near(mean.value, 3.0) && near(mean.low.unwrap(), 1.036_76) && near(mean.high.unwrap(), 4.963_24));
        let same = Mean::from_values(&[4.0, 4.0, 4.0]).unwrap();
        assert_eq!((same.low, same.high), (Some(4.0), Some(4.0)));
    }

    #[test]
    fn single_values_have_no_interval() {
        assert_eq!(Mean::from_values(&[7.0]), Some(Mean { n: 1, value: 7.0, low: None, high: None }));
        assert_eq!(Mean::from_values(&[]), None);
    }

    #[test]
    fn the_expansion_continues_the_table() {
        for (freedom, point) in [(30, 2.042_272), (31, 2.039_513), (60, 2.000_298), (120, 1.979_930)] {
            assert!((student_t(freedom) - point).abs() < 2e-6, "{freedom}: {}", student_t(freedom));
        }
    }
}
