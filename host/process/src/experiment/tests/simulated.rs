//! Simulated experiments: how often the answer is right.

use super::*;

/// A generator of shares from 0 to 1.
struct Shares(u64);

impl Shares {
    fn next(&mut self) -> f64 {
        // Knuth's multiplier; the high half of the state is used.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
    }
}

/// Returns in how many of 100 experiments the answer is decided. The chance to pass with each variant differs by task.
fn decided(tasks: usize, repetitions: u32, difference: f64, seed: u64) -> usize {
    let mut random = Shares(seed);
    let experiment = |_| {
        let mut cells = Vec::new();
        for task in 0..tasks {
            let chance = 0.2 + 0.3 * (task as f64 + 0.5) / tasks as f64;
            for repetition in 1..=repetitions {
                for (name, chance) in [("a", chance), ("b", chance + difference)] {
                    let standing = if random.next() < chance { CellStatus::Passed } else { CellStatus::Failed };
                    cells.push(cell(name, &format!("TASK-{task}"), repetition, standing));
                }
            }
        }
        Results::new("x", None, cells)
    };
    let results = (0..100).map(experiment);
    let decided = |results: &Results| results.differences[0].measures[0].verdict != Conclusion::NotDecided;
    results.filter(decided).count()
}

#[test]
fn equal_variants_are_not_decided() {
    let wrong = decided(4, 50, 0.0, 1);
    assert!(wrong <= 5, "{wrong} of 100 experiments with 200 runs each name a better one of two equal variants");
}

#[test]
fn thirty_points_are_decided_with_sixty_pairs() {
    let right = decided(6, 10, 0.3, 2);
    assert!(right >= 80, "{right} of 100");
}
