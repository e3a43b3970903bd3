//! Estimation by PROBE from the estimated complexity and the actual cost of finished runs.
//!
//! Uses a linear regression if it has a positive slope and R² ≥ 0.5, otherwise the average rate per point of complexity. Both
//! give a 70 % prediction interval for one new run by Student's t distribution.
//!
//! Needs at least three runs. Figures are never negative and deterministic (only sums, products and square roots).

/// Minimum number of finished runs.
pub const MIN_RUNS: usize = 3;
/// Minimum R² for the regression.
const MIN_R_SQUARED: f64 = 0.5;

/// The estimate of one figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Expected value.
    pub value: f64,
    /// Lower bound of the 70 % interval.
    pub low: f64,
    /// Upper bound of the 70 % interval.
    pub high: f64,
    /// Method.
    pub basis: Basis,
    /// R² of the regression, also if it was not used; `None` if all runs have the same complexity.
    pub r_squared: Option<f64>,
    /// Number of runs used.
    pub runs: usize,
}

/// Method of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Linear regression.
    Regression,
    /// Average rate per point of complexity.
    AverageRate,
}

/// Estimates the actual figure at this complexity from `(estimated complexity, actual figure)` of finished runs.
pub fn estimate(complexity: f64, history: &[(f64, f64)]) -> Option<Estimate> {
    let history: Vec<(f64, f64)> =
        history.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite() && *x > 0.0).collect();
    if history.len() < MIN_RUNS || !(complexity.is_finite() && complexity >= 0.0) {
        return None;
    }
    let line = Line::through(&history);
    let r_squared = line.as_ref().map(|line| line.r_squared);
    let (basis, value, half) = match line.filter(Line::is_trusted) {
        Some(line) => (Basis::Regression, line.at(complexity), line.half_interval(complexity)),
        None => {
            let (rate, half) = average_rate(&history);
            (Basis::AverageRate, rate * complexity, half * complexity)
        }
    };
    let value = value.max(0.0);
    Some(Estimate { value, low: (value - half).max(0.0), high: value + half, basis, r_squared, runs: history.len() })
}

struct Line {
    slope: f64,
    intercept: f64,
    r_squared: f64,
    n: f64,
    mean_x: f64,
    spread_x: f64,
    deviation: f64,
}

impl Line {
    /// Returns `None` if all runs have the same complexity.
    fn through(history: &[(f64, f64)]) -> Option<Self> {
        let n = history.len() as f64;
        let mean_x = history.iter().map(|(x, _)| x).sum::<f64>() / n;
        let mean_y = history.iter().map(|(_, y)| y).sum::<f64>() / n;
        let spread_x: f64 = history.iter().map(|(x, _)| (x - mean_x) * (x - mean_x)).sum();
        let spread_y: f64 = history.iter().map(|(_, y)| (y - mean_y) * (y - mean_y)).sum();
        let common: f64 = history.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        if spread_x <= 0.0 {
            return None;
        }
        let slope = common / spread_x;
        let intercept = mean_y - slope * mean_x;
        let residue: f64 = history.iter().map(|(x, y)| (y - intercept - slope * x).powi(2)).sum();
        let r_squared = if spread_y > 0.0 { (1.0 - residue / spread_y).clamp(0.0, 1.0) } else { 0.0 };
        Some(Self { slope, intercept, r_squared, n, mean_x, spread_x, deviation: (residue / (n - 2.0)).sqrt() })
    }

    fn is_trusted(&self) -> bool {
        self.slope > 0.0 && self.r_squared >= MIN_R_SQUARED
    }

    fn at(&self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }

    fn half_interval(&self, x: f64) -> f64 {
        let distance = (x - self.mean_x).powi(2) / self.spread_x;
        student_t_85(self.n - 2.0) * self.deviation * (1.0 + 1.0 / self.n + distance).sqrt()
    }
}

/// Returns the mean rate per point of complexity and half of its 70 % interval for one new run.
fn average_rate(history: &[(f64, f64)]) -> (f64, f64) {
    let n = history.len() as f64;
    let rates: Vec<f64> = history.iter().map(|(x, y)| y / x).collect();
    let mean = rates.iter().sum::<f64>() / n;
    let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, student_t_85(n - 1.0) * (variance * (1.0 + 1.0 / n)).sqrt())
}

/// Returns the 0.85 quantile of Student's t distribution: 70 % of it lies between this value and its negative. Exact for one
/// and two degrees of freedom, otherwise an expansion around the normal quantile, accurate to three decimals.
fn student_t_85(degrees: f64) -> f64 {
    const Z: f64 = 1.036_433_389_493_79;
    if degrees < 1.5 {
        return 1.962_610_505_505_15;
    }
    if degrees < 2.5 {
        return 1.386_206_971_037_38;
    }
    let (z3, z5, z7) = (Z.powi(3), Z.powi(5), Z.powi(7));
    Z + (z3 + Z) / (4.0 * degrees)
        + (5.0 * z5 + 16.0 * z3 + 3.0 * Z) / (96.0 * degrees.powi(2))
        + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * Z) / (384.0 * degrees.powi(3))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) -> bool {
        (a - b).abs() <= tolerance
    }

    #[test]
    fn needs_three_finished_runs() {
        assert_eq!(estimate(10.0, &[]), None);
        assert_eq!(estimate(10.0, &[(10.0, 100.0), (20.0, 200.0)]), None);
        assert_eq!(
            estimate(10.0, &[(10.0, 100.0), (20.0, 200.0), (0.0, 5.0)]),
            None,
            "runs without complexity do not count"
        );
    }

    #[test]
    fn extrapolates_a_linear_history_exactly() {
        let found = estimate(40.0, &[(10.0, 1_100.0), (20.0, 2_100.0), (30.0, 3_100.0)]).unwrap();
        assert_eq!(found.basis, Basis::Regression);
        assert!(close(found.value, 4_100.0, 1e-6) && close(found.r_squared.unwrap(), 1.0, 1e-9));
        assert!(close(found.low, 4_100.0, 1e-3) && close(found.high, 4_100.0, 1e-3));
    }

    #[test]
    fn computes_the_interval_by_students_t() {
        let history = [(10.0, 90.0), (20.0, 182.0), (30.0, 256.0), (40.0, 332.0)];
        let found = estimate(25.0, &history).unwrap();
        // mean 25 / 215, Sxx 500, Sxy 4000: slope 8, intercept 15; residues -5, 7, 1, -3: sum of squares 84.
        assert!(close(found.value, 215.0, 1e-9));
        let half = 1.386_207 * (84.0_f64 / 2.0).sqrt() * (1.0_f64 + 0.25).sqrt();
        assert!(close(found.high - found.value, half, 1e-4), "{} {half}", found.high - found.value);
        assert!(close(found.r_squared.unwrap(), 1.0 - 84.0 / 32_084.0, 1e-9));
    }

    #[test]
    fn uses_the_average_rate_for_a_poor_fit() {
        let found = estimate(30.0, &[(10.0, 300.0), (20.0, 100.0), (30.0, 310.0)]).unwrap();
        assert_eq!(found.basis, Basis::AverageRate);
        assert!(close(found.value, 30.0 * (30.0 + 5.0 + 310.0 / 30.0) / 3.0, 1e-9));
        assert!(found.low >= 0.0 && found.high > found.value);
    }

    #[test]
    fn uses_the_average_rate_for_equal_complexities() {
        let found = estimate(10.0, &[(10.0, 90.0), (10.0, 100.0), (10.0, 110.0)]).unwrap();
        assert_eq!((found.basis, found.r_squared), (Basis::AverageRate, None));
        assert!(close(found.value, 100.0, 1e-9));
        assert!(close(found.high - found.value, 1.386_207 * 10.0 * (4.0_f64 / 3.0).sqrt(), 1e-4));
    }

    #[test]
    fn clamps_figures_at_zero() {
        let found = estimate(1.0, &[(10.0, 1.0), (20.0, 90.0), (30.0, 140.0)]).unwrap();
        assert_eq!((found.value, found.low), (0.0, 0.0));
    }

    #[test]
    fn quantiles_match_published_tables() {
        let table = [(1, 1.963), (2, 1.386), (3, 1.250), (4, 1.190), (5, 1.156), (10, 1.093), (20, 1.064), (30, 1.055)];
        for (degrees, quantile) in table {
            assert!(close(student_t_85(f64::from(degrees)), quantile, 6e-4), "{degrees}");
        }
    }
}
