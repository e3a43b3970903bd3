//! Semantic complexity of a unit, computed from the planner's counts. Deterministic on every machine; cannot fail.

/// The planner's counts for one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// Interfaces offered or called.
    pub api: u32,
    /// Conversions of data.
    pub data: u32,
    /// Decisions: conditions, error cases, loops.
    pub logic: u32,
    /// Functions, classes, modules and tables created or changed.
    pub entities: u32,
    /// Factor from 1.0 (routine) to 2.0 (new to the team).
    pub novelty: f64,
}

/// Returns `round((2·api + 5·data + 3·logic + 4·entities) × novelty)`.
pub fn from_counts(counts: &Counts) -> u32 {
    let Counts { api, data, logic, entities, novelty } = *counts;
    let weight = 2.0 * f64::from(api) + 5.0 * f64::from(data) + 3.0 * f64::from(logic) + 4.0 * f64::from(entities);
    // The cast saturates; NaN becomes zero.
    (weight * novelty).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighs_counts_by_novelty() {
        assert_eq!(from_counts(&Counts { api: 1, data: 2, logic: 4, entities: 2, novelty: 1.5 }), 48);
        assert_eq!(from_counts(&Counts { api: 0, data: 0, logic: 0, entities: 0, novelty: 2.0 }), 0);
        assert_eq!(from_counts(&Counts { api: 10, data: 10, logic: 10, entities: 10, novelty: 2.0 }), 280);
    }

    #[test]
    fn rounds_halves_up() {
        assert_eq!(from_counts(&Counts { api: 0, data: 1, logic: 0, entities: 0, novelty: 1.1 }), 6);
        assert_eq!(from_counts(&Counts { api: 0, data: 1, logic: 0, entities: 0, novelty: 1.3 }), 7);
    }
}
