//! The bootstrap by cluster, with a fixed seed.

use serde::Serialize;

use super::distribution::{normal_below, student_point};
use super::levels::MIN_VALUES;

/// The number of resamples.
const RESAMPLES: usize = 5_000;

/// The seed of the generator: the same data have the same interval on every machine.
const SEED: u64 = 20_260_101;

/// A ratio of two sums with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ratio {
    /// The number of clusters.
    pub clusters: usize,
    /// The ratio.
    pub value: f64,
    /// The lower end of the interval; `None` with fewer than [`MIN_VALUES`] clusters, and where all have the same ratio.
    pub low: Option<f64>,
    /// The upper end of the interval; `None` also where the sum below may be zero, and the ratio has no upper limit.
    pub high: Option<f64>,
}

/// Computes the ratio of the sums of both amounts, with an interval from resampled clusters. Each cluster is `(above,
/// below)`. `None` where the sum below is zero. The percentiles are expanded for few clusters: Hesterberg 2015, section 3.3.
pub fn ratio_by_cluster(clusters: &[(f64, f64)]) -> Option<Ratio> {
    let sum = |clusters: &mut dyn Iterator<Item = &(f64, f64)>| {
        let (above, below) = clusters.fold((0.0, 0.0), |(above, below), each| (above + each.0, below + each.1));
        if below > 0.0 { above / below } else { f64::INFINITY }
    };
    let (n, value) = (clusters.len(), sum(&mut clusters.iter()));
    if !value.is_finite() {
        return None;
    }
    let none = Ratio { clusters: n, value, low: None, high: None };
    if n < MIN_VALUES {
        return Some(none);
    }
    let mut random = SplitMix64(SEED);
    let mut ratios: Vec<f64> =
        (0..RESAMPLES).map(|_| sum(&mut (0..n).filter_map(|_| clusters.get(random.below(n))))).collect();
    ratios.sort_by(f64::total_cmp);
    if ratios.first() == ratios.last() {
        return Some(none);
    }
    let freedom = n - 1;
    let tail = normal_below(-student_point(freedom) * (n as f64 / freedom as f64).sqrt());
    let skipped = (tail * RESAMPLES as f64).floor() as usize;
    let finite = |place: usize| ratios.get(place).copied().filter(|ratio| ratio.is_finite());
    Some(Ratio { low: finite(skipped), high: finite(RESAMPLES - 1 - skipped), ..none })
}

/// The generator of Steele, Lea and Flood 2014.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `n`; its bias is less than `n` in 2^64.
    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}
