//! Differences of paired values: shares and means.

use super::distribution::{Z, sign_mid_p, student_point, student_tails};
use super::levels::MIN_VALUES;
use super::mean::moments;

/// A difference with its 95 % confidence interval and a two-sided test of no difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDifference {
    /// The number of pairs.
    pub pairs: usize,
    /// The difference.
    pub value: f64,
    /// The interval and the test; `None` with fewer than [`MIN_VALUES`] pairs.
    pub test: Option<Test>,
}

/// An interval and a test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// The lower and the upper end; `None` where all differences are equal and their spread is unknown.
    pub interval: Option<(f64, f64)>,
    /// The two-sided p value.
    pub p: f64,
}

/// Pairs of outcomes that are yes or no.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Yes in both.
    pub both: usize,
    /// Yes in the first only.
    pub first_only: usize,
    /// Yes in the second only.
    pub second_only: usize,
    /// Yes in neither.
    pub neither: usize,
}

impl Pairs {
    /// Counts pairs of a first and a second outcome.
    pub fn from_outcomes(outcomes: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut pairs = Self::default();
        for outcome in outcomes {
            match outcome {
                (true, true) => pairs.both += 1,
                (true, false) => pairs.first_only += 1,
                (false, true) => pairs.second_only += 1,
                (false, false) => pairs.neither += 1,
            }
        }
        pairs
    }

    /// Returns the number of pairs.
    pub fn n(self) -> usize {
        self.both + self.neither + self.discordant()
    }

    /// Returns the number of pairs with different outcomes.
    pub fn discordant(self) -> usize {
        self.first_only + self.second_only
    }

    /// Returns the difference of the shares, second minus first, with Tango's interval and McNemar's mid-p test; `None`
    /// without pairs.
    pub fn difference(self) -> Option<PairedDifference> {
        let (n, more, fewer) = (self.n() as f64, self.second_only as f64, self.first_only as f64);
        let test = || Test {
            interval: Some((bound(n, more, fewer, -1.0), bound(n, more, fewer, 1.0))),
            p: sign_mid_p(self.second_only as u64, self.discordant() as u64),
        };
        (n > 0.0).then(|| PairedDifference {
            pairs: self.n(),
            value: (more - fewer) / n,
            test: (self.n() >= MIN_VALUES).then(test),
        })
    }
}

/// Returns the end of Tango's interval on the side of `end`, which is -1 or 1: where the score statistic is the normal
/// point. The statistic falls with the difference, so halving finds the place.
fn bound(n: f64, more: f64, fewer: f64, end: f64) -> f64 {
    let (mut inside, mut outside) = ((more - fewer) / n, end);
    for _ in 0..60 {
        let middle = f64::midpoint(inside, outside);
        match score(n, more, fewer, middle).abs() <= Z {
            true => inside = middle,
            false => outside = middle,
        }
    }
    if score(n, more, fewer, end).abs() <= Z { end } else { inside }
}

/// Returns Tango's score statistic of a hypothetical difference.
fn score(n: f64, more: f64, fewer: f64, difference: f64) -> f64 {
    let b = (2.0 * n - more + fewer) * difference - more - fewer;
    let c = -fewer * difference * (1.0 - difference);
    let only_first = ((b * b - 8.0 * n * c).max(0.0).sqrt() - b) / (4.0 * n);
    let variance = n * (2.0 * only_first + difference * (1.0 - difference));
    let distance = more - fewer - n * difference;
    match variance > 1e-12 {
        true => distance / variance.sqrt(),
        false if distance.abs() < 1e-9 => 0.0,
        false => distance.signum() * f64::INFINITY,
    }
}

/// Returns the mean of differences with Student's interval and test; `None` without differences. Where all are equal and not
/// zero, the test is that of their signs.
pub fn paired_means(differences: &[f64]) -> Option<PairedDifference> {
    let (value, deviation) = moments(differences)?;
    let n = differences.len();
    let error = deviation / (n as f64).sqrt();
    let test = || match deviation > 0.0 {
        true => {
            let half = student_point(n - 1) * error;
            Test { interval: Some((value - half, value + half)), p: student_tails(value / error, n - 1) }
        }
        false if value == 0.0 => Test { interval: None, p: 1.0 },
        false => Test { interval: None, p: sign_mid_p(0, n as u64) },
    };
    Some(PairedDifference { pairs: n, value, test: (n >= MIN_VALUES).then(test) })
}
