//! Holm's correction for several comparisons.

/// Returns Holm's adjusted p values in the order of `given`: a comparison below 0.05 is decided, and the probability that any
/// of the decided ones is wrong is at most 0.05.
pub fn holm(given: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = given.iter().copied().enumerate().collect();
    order.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut largest: f64 = 0.0;
    let mut adjusted: Vec<(usize, f64)> = Vec::with_capacity(order.len());
    for (rank, (place, p)) in order.into_iter().enumerate() {
        largest = largest.max((p * (given.len() - rank) as f64).min(1.0));
        adjusted.push((place, largest));
    }
    adjusted.sort_by_key(|(place, _)| *place);
    adjusted.into_iter().map(|(_, p)| p).collect()
}
