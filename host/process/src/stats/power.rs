//! The number of pairs that shows a difference with a power of 80 %, and the smallest difference that a number shows.

use super::distribution::{Z, Z_POWER};

/// Returns the number of pairs that McNemar's test needs for a difference of shares, where this share of the pairs has
/// different outcomes: Connor 1987, formula 3.3. A share smaller than the difference is raised to it. `None` for no difference.
pub fn pairs_for_shares(difference: f64, discordant: f64) -> Option<f64> {
    let size = difference.abs();
    let discordant = discordant.max(size);
    let root = Z * discordant.sqrt() + Z_POWER * (discordant - size * size).max(0.0).sqrt();
    (size > 0.0).then(|| (root / size).powi(2))
}

/// Returns the smallest difference of shares that this many pairs show.
pub fn smallest_shares(pairs: usize, discordant: f64) -> Option<f64> {
    let needed = |difference: f64| pairs_for_shares(difference, discordant).unwrap_or(f64::INFINITY);
    let (mut small, mut large) = (0.0, 1.0);
    if needed(large) > pairs as f64 {
        return None;
    }
    for _ in 0..50 {
        let middle = f64::midpoint(small, large);
        match needed(middle) <= pairs as f64 {
            true => large = middle,
            false => small = middle,
        }
    }
    Some(large)
}

/// Returns the number of pairs that Student's test needs for a mean difference with this standard deviation: Guenther 1981.
/// `None` for no difference.
pub fn pairs_for_mean(difference: f64, deviation: f64) -> Option<f64> {
    let size = difference.abs();
    (size > 0.0).then(|| ((Z + Z_POWER) * deviation / size).powi(2) + Z * Z / 2.0)
}

/// Returns the smallest mean difference that this many pairs show; `None` for too few.
pub fn smallest_mean(pairs: usize, deviation: f64) -> Option<f64> {
    let room = pairs as f64 - Z * Z / 2.0;
    (room > 0.0).then(|| (Z + Z_POWER) * deviation / room.sqrt())
}
