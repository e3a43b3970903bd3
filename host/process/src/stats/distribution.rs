//! Points and tails of distributions.

use statrs::distribution::{Binomial, ContinuousCDF, Discrete, DiscreteCDF, Normal, StudentsT};

/// The two-sided 95 % point of the normal distribution.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// The 80 % point of the normal distribution.
pub(super) const Z_POWER: f64 = 0.841_621_233_572_914_4;

/// Returns the two-sided 95 % point of Student's t; that of the normal distribution without degrees of freedom.
pub(super) fn student_point(freedom: usize) -> f64 {
    StudentsT::new(0.0, 1.0, freedom as f64).map_or(Z, |student| student.inverse_cdf(0.975))
}

/// Returns the two-sided tail of Student's t beyond `t`.
pub(super) fn student_tails(t: f64, freedom: usize) -> f64 {
    StudentsT::new(0.0, 1.0, freedom as f64).map_or(1.0, |student| (2.0 * student.cdf(-t.abs())).min(1.0))
}

/// Returns the share of the normal distribution below `z`.
pub(super) fn normal_below(z: f64) -> f64 {
    Normal::new(0.0, 1.0).map_or(0.5, |normal| normal.cdf(z))
}

/// Returns the two-sided mid-p value of `some` of `n` where each has the probability 1/2: twice the smaller tail, of which
/// the observed number counts half.
pub(super) fn sign_mid_p(some: u64, n: u64) -> f64 {
    let fewer = some.min(n - some.min(n));
    Binomial::new(0.5, n).map_or(1.0, |binomial| (2.0 * binomial.cdf(fewer) - binomial.pmf(fewer)).min(1.0))
}
