//! The levels that all methods share.

/// The fewest values, pairs or clusters that intervals and tests are computed for. With 5 pairs no test of signs can
/// reach a p of 0.05, and Student's interval of 2 values has no width where both are equal.
pub const MIN_VALUES: usize = 6;

/// The probability of an error of the first kind: the intervals cover 95 %.
pub const ALPHA: f64 = 0.05;
