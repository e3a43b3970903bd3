//! Each method against figures of scipy 1.17 and statsmodels 0.15, computed by the call beside them.
#![allow(clippy::unwrap_used)]
use super::distribution::{student_point, student_tails};
use super::*;

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
}

fn interval_is(interval: Option<(f64, f64)>, low: f64, high: f64) {
    let found = interval.unwrap();
    near(found.0, low);
    near(found.1, high);
}

// statsmodels.stats.proportion.proportion_confint(some, n, method="wilson")
#[test]
fn shares_have_wilsons_interval() {
    for (some, n, low, high) in [
        (8, 10, 0.490_162_472, 0.943_317_849),
        (0, 10, 0.0, 0.277_532_800),
        (10, 10, 0.722_467_200, 1.0),
        (1, 1, 0.206_549_314, 1.0),
        (81, 263, 0.255_288_520, 0.366_209_577),
    ] {
        let share = Share::from_counts(some, n).unwrap();
        interval_is(Some((share.low, share.high)), low, high);
    }
    assert_eq!(Share::from_counts(0, 0), None);
}

// The variance of sm.OLS(y, 1).fit(cov_type="cluster", use_correction=False) times k / (k - 1) gives 9.137 effective values;
// the ends are the roots of (p - q)² 9.137 = t² q (1 - q), t = scipy.stats.t.ppf(0.975, 6).
#[test]
fn clusters_widen_the_interval_of_a_share() {
    let share = Share::from_clusters(&[(2, 2), (0, 2), (1, 2), (2, 2), (2, 2), (1, 3), (0, 2)]).unwrap();
    assert_eq!((share.n, share.value), (15, 8.0 / 15.0));
    interval_is(Some((share.low, share.high)), 0.205_967_347, 0.834_307_686);
    // 6 clusters without a difference count as 6 values: 6 / (6 + t²), t = scipy.stats.t.ppf(0.975, 5).
    let all = Share::from_clusters(&[(9, 9); 6]).unwrap();
    interval_is(Some((all.low, all.high)), 0.475_892_440, 1.0);
    assert_eq!(Share::from_clusters(&[(9, 9); 5]), None);
}

// scipy.stats.t.interval(0.95, 6, mean, scipy.stats.sem(values))
#[test]
fn means_have_students_interval() {
    let mean = Mean::from_values(&[1.0, 2.0, 0.0, 4.0, 1.0, 3.0, 0.0]).unwrap();
    near(mean.value, 1.571_428_571);
    interval_is(mean.low.zip(mean.high), 0.173_193_228, 2.969_663_915);
    let rare = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0];
    let free = Mean::from_values(&rare).unwrap();
    interval_is(free.low.zip(free.high), -0.511_734_094, 1.261_734_094);
    assert_eq!(Mean::from_amounts(&rare).unwrap().low, Some(0.0), "an amount is not negative");
}

#[test]
fn few_or_equal_values_have_no_interval() {
    assert_eq!(Mean::from_values(&[7.0]), Some(Mean { n: 1, value: 7.0, low: None, high: None }));
    assert_eq!(Mean::from_values(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap().low, None);
    assert_eq!(Mean::from_values(&[0.1; 9]).unwrap().low, None);
    assert_eq!(Mean::from_values(&[]), None);
}

// scipy.stats.t.ppf(0.975, n) and 2 * scipy.stats.t.sf(t, n)
#[test]
fn students_points_and_tails() {
    for (freedom, point) in [(1, 12.706_204_736), (5, 2.570_581_836), (30, 2.042_272_456), (399, 1.965_927_296)] {
        near(student_point(freedom), point);
        near(student_tails(point, freedom), 0.05);
    }
}

// Tango's statistic with the restricted likelihood maximised by scipy.optimize.minimize_scalar, and scipy.optimize.brentq where
// it is 1.96. The mid-p value: 2 * binom.cdf(k, n, 0.5) - binom.pmf(k, n, 0.5).
#[test]
fn paired_shares_have_tangos_interval() {
    for ((both, first_only, second_only, neither), low, high, p) in [
        ((4, 2, 0, 0), -0.700_006_685, 0.187_112_386, 0.25),
        ((20, 5, 23, 12), 0.136_412_814, 0.449_774_868, 0.000_546_113),
        ((7, 1, 3, 3), -0.166_974_512, 0.432_663_851, 0.375),
        ((43, 0, 1, 0), -0.059_393_231, 0.118_077_097, 0.5),
    ] {
        let found = Pairs { both, first_only, second_only, neither }.difference().unwrap();
        interval_is(found.test.unwrap().interval, low, high);
        near(found.test.unwrap().p, p);
    }
}

#[test]
fn extreme_pairs_have_an_interval_too() {
    let all = Pairs { second_only: 10, ..Pairs::default() }.difference().unwrap();
    let (low, high) = all.test.unwrap().interval.unwrap();
    // Wilson's interval of 10 of 10, as the score test of one direction.
    assert!(low > 0.44 && low < 0.73 && high == 1.0, "{low} {high}");
    let none = Pairs { both: 50, neither: 10, ..Pairs::default() }.difference().unwrap();
    let (low, high) = none.test.unwrap().interval.unwrap();
    assert!((low + high).abs() < 1e-9 && high > 0.05 && high < 0.07, "{low} {high}");
    assert_eq!(none.test.unwrap().p, 1.0);
    assert_eq!(Pairs { both: 3, second_only: 2, ..Pairs::default() }.difference().unwrap().test, None);
    assert_eq!(Pairs::default().difference(), None);
}

// scipy.stats.ttest_1samp(differences, 0), with .confidence_interval()
#[test]
fn paired_means_have_students_test() {
    let found = paired_means(&[0.1, 0.2, -0.05, 0.3, 0.15, 0.12, 0.02]).unwrap();
    near(found.value, 0.12);
    interval_is(found.test.unwrap().interval, 0.013_877_560, 0.226_122_440);
    near(found.test.unwrap().p, 0.032_555_907);
}

#[test]
fn equal_differences_are_judged_by_their_signs() {
    let same = paired_means(&[-2.0; 6]).unwrap().test.unwrap();
    assert_eq!(same.interval, None);
    // scipy.stats.binom.pmf(0, 6, 0.5)
    near(same.p, 0.015_625);
    assert_eq!(paired_means(&[0.0; 9]).unwrap().test.unwrap().p, 1.0);
    assert_eq!(paired_means(&[1.0; 5]).unwrap().test, None);
}

// statsmodels.stats.multitest.multipletests(p, method="holm")
#[test]
fn holm_corrects_several_comparisons() {
    for (given, expected) in
        [(vec![0.01, 0.04, 0.03, 0.005], vec![0.03, 0.06, 0.06, 0.02]), (vec![0.5, 0.9], vec![1.0, 1.0])]
    {
        holm(&given).into_iter().zip(expected).for_each(|(found, expected)| near(found, expected));
    }
}

// statsmodels.stats.power.TTestPower().solve_power(effect_size, alpha=0.05, power=0.8)
#[test]
fn pairs_needed_for_means_agree_with_statsmodels() {
    for (effect, n) in [(0.2, 198.150_821), (0.5, 33.367_131), (1.0, 9.937_951)] {
        let found = pairs_for_mean(effect, 1.0).unwrap();
        assert!((found - n).abs() < 0.2, "{found} {n}");
        near(smallest_mean(40, 2.0).and_then(|smallest| pairs_for_mean(smallest, 2.0)).unwrap(), 40.0);
    }
    assert_eq!((pairs_for_mean(0.0, 1.0), smallest_mean(1, 1.0)), (None, None));
}

// ((1.959964 * sqrt(p) + 0.841621 * sqrt(p - d²)) / d)² with scipy.stats.norm.ppf, and scipy.optimize.brentq for its inverse
#[test]
fn pairs_needed_for_shares_follow_connor() {
    for (difference, discordant, n) in [(0.3, 0.5, 41.165_242), (-0.1, 0.3, 233.094_538), (0.3, 0.3, 23.658_359)] {
        near(pairs_for_shares(difference, discordant).unwrap(), n);
    }
    near(smallest_shares(60, 0.5).unwrap(), 0.250_755_432);
    assert_eq!((pairs_for_shares(0.0, 0.3), smallest_shares(2, 0.3)), (None, None));
}

// scipy.stats.bootstrap of the index of the clusters with 60,000 resamples and method="percentile", at the level that Hesterberg's
// expansion gives for 8 clusters: [0.4929, 1.3444].
#[test]
fn ratios_are_resampled_by_cluster() {
    let clusters = [(1.2, 2.0), (0.8, 1.0), (2.0, 2.0), (1.5, 1.0), (0.9, 2.0), (1.1, 2.0), (2.2, 1.0), (0.7, 2.0)];
    let ratio = ratio_by_cluster(&clusters).unwrap();
    near(ratio.value, 0.8);
    assert!((ratio.low.unwrap() - 0.4929).abs() < 0.01 && (ratio.high.unwrap() - 1.3444).abs() < 0.04, "{ratio:?}");
    assert_eq!(ratio_by_cluster(&clusters), Some(ratio), "the seed is fixed");
}

#[test]
fn ratios_may_have_no_upper_limit() {
    let mut clusters = [(1.0, 0.0); 6];
    assert_eq!(ratio_by_cluster(&clusters), None);
    clusters[0].1 = 1.0;
    let ratio = ratio_by_cluster(&clusters).unwrap();
    assert_eq!((ratio.value, ratio.high), (6.0, None));
    assert_eq!(ratio_by_cluster(&[(1.0, 1.0); 5]).unwrap().low, None);
}
