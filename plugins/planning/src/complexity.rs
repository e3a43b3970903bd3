//! Semantic complexity: what a unit weighs, computed from what the planner counted.
//!
//! Promises: the same counts give the same number, on every machine. Cannot fail.

/// What the planner counted in one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// Interfaces offered or called.
    pub api: u32,
    /// Conversions of data.
    pub data: u32,
    /// Decisions.
    pub logic: u32,
    /// Functions, classes, modules, tables touched.
    pub entities: u32,
    /// 1.0 (routine) to 2.0 (nobody has done it).
    pub novelty: f64,
}

/// `round((2·api + 5·data + 3·logic + 4·entities) × novelty)`.
pub fn from_counts(counts: &Counts) -> u32 {
    let Counts { api, data, logic, entities, novelty } = *counts;
    let weight = 2.0 * f64::from(api) + 5.0 * f64::from(data) + 3.0 * f64::from(logic) + 4.0 * f64::from(entities);
    // A float beyond the range becomes the range's end, NaN becomes zero.
    (weight * novelty).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_weighs_its_counts_times_its_novelty() {
        assert_eq!(from_counts(&Counts { api: 1, data: 2, logic: 4, entities: 2, novelty: 1.5 }), 48);
        assert_eq!(from_counts(&Counts { api: 0, data: 0, logic: 0, entities: 0, novelty: 2.0 }), 0);
        assert_eq!(from_counts(&Counts { api: 10, data: 10, logic: 10, entities: 10, novelty: 2.0 }), 280);
    }

    #[test]
    fn halves_are_rounded_up() {
        assert_eq!(from_counts(&Counts { api: 0, data: 1, logic: 0, entities: 0, novelty: 1.1 }), 6);
        assert_eq!(from_counts(&Counts { api: 0, data: 1, logic: 0, entities: 0, novelty: 1.3 }), 7);
    }
}
