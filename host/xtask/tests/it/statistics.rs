//! Statistics of the benchmarks.

use xtask::bench::statistics::{exponent, line, median, range, short};

#[test]
fn medians_and_ranges_of_few_values() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    assert_eq!(median(&[]), 0.0);
    assert_eq!(range(&[3.0, 1.0, 2.0]), (1.0, 3.0));
}

#[test]
fn slopes_and_exponents_tell_how_cost_grows() {
    let points = |cost: fn(f64) -> f64| [1.0, 10.0, 100.0, 1000.0].map(|x| (x, cost(x)));
    let (slope, intercept) = line(&points(|x| 5.0 + 0.25 * x));
    assert!((slope - 0.25).abs() < 1e-9 && (intercept - 5.0).abs() < 1e-9, "{slope} {intercept}");
    for (cost, expected) in [(points(|_| 3.0), 0.0), (points(|x| 2.0 * x), 1.0), (points(|x| x * x), 2.0)] {
        assert!((exponent(&cost) - expected).abs() < 1e-9, "{expected}");
    }
}

#[test]
fn numbers_have_three_significant_digits() {
    for (value, text) in [
        (0.0, "0"),
        (0.098, "0.098"),
        (3.456, "3.46"),
        (45.67, "45.7"),
        (999.6, "1,000"),
        (1234567.0, "1,234,567"),
        (-150.0, "-150"),
    ] {
        assert_eq!(short(value), text);
    }
}
