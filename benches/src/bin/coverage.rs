//! `coverage [DRAWS]`: simulates experiments and prints how often each 95 % interval contains the truth, and how often a difference
//! is decided. Prints Markdown; takes some seconds.

use phasegate_process::stats::{ALPHA, Mean, Pairs, Share, ratio_by_cluster};

fn main() {
    let draws = std::env::args().nth(1).and_then(|draws| draws.parse().ok()).unwrap_or(2_000);
    println!("| figure | tasks | repetitions | covered |\n|---|---|---|---|");
    for (tasks, repetitions) in [(1, 20), (6, 1), (6, 5), (20, 1), (20, 5)] {
        let mut random = Random(1);
        let mut covered = [0_usize; 5];
        for _ in 0..draws {
            let found = draw(&mut random, tasks, repetitions);
            covered.iter_mut().zip(found).for_each(|(covered, inside)| *covered += usize::from(inside));
        }
        for (name, covered) in FIGURES.iter().zip(covered) {
            println!("| {name} | {tasks} | {repetitions} | {:.1} % |", 100.0 * covered as f64 / draws as f64);
        }
    }
    println!("\n| true difference | pairs | decided |\n|---|---|---|");
    for (difference, pairs) in [(0.0, 20), (0.0, 60), (0.0, 200), (0.3, 20), (0.3, 60), (0.1, 200)] {
        let mut random = Random(2);
        let decided = (0..draws).filter(|_| is_decided(&mut random, difference, pairs)).count();
        println!("| {:.0} points | {pairs} | {:.1} % |", difference * 100.0, 100.0 * decided as f64 / draws as f64);
    }
}

const FIGURES: [&str; 5] = [
    "pass rate, these tasks",
    "pass rate, tasks like these",
    "failed judgements",
    "cost per pass",
    "difference of rates",
];

/// Simulates one variant, and a second one that is better by 10 points. An interval that is not computed counts as covering.
fn draw(random: &mut Random, tasks: usize, repetitions: usize) -> [bool; 5] {
    let chances: Vec<f64> = (0..tasks).map(|_| 0.3 + 0.5 * random.next()).collect();
    let (mut clusters, mut judgements, mut costs, mut pairs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for chance in &chances {
        let (mut passed, mut spent) = (0, 0.0);
        for _ in 0..repetitions {
            let passes = random.next() < *chance;
            pairs.push((passes, random.next() < chance + 0.1));
            passed += usize::from(passes);
            // A run that fails costs twice as much.
            spent += (if passes { 1.0 } else { 2.0 }) * (0.5 + random.next());
            // Geometric with the mean 1.
            judgements.push((random.next().ln() / 0.5_f64.ln()).floor());
        }
        clusters.push((passed, repetitions));
        costs.push((spent, passed as f64));
    }
    let some = clusters.iter().map(|(passed, _)| passed).sum();
    let here = chances.iter().sum::<f64>() / tasks as f64;
    let ratio = ratio_by_cluster(&costs);
    [
        is_inside(Share::from_counts(some, tasks * repetitions).map(|it| (it.low, it.high)), here),
        is_inside(Share::from_clusters(&clusters).map(|it| (it.low, it.high)), 0.55),
        is_inside(Mean::from_amounts(&judgements).and_then(|it| it.low.zip(it.high)), 1.0),
        is_inside(ratio.and_then(|it| Some((it.low?, it.high.unwrap_or(f64::INFINITY)))), (0.55 + 0.45 * 2.0) / 0.55),
        is_inside(Pairs::from_outcomes(pairs).difference().and_then(|it| it.test?.interval), 0.1),
    ]
}

fn is_inside(interval: Option<(f64, f64)>, truth: f64) -> bool {
    interval.is_none_or(|(low, high)| low - 1e-9 <= truth && truth <= high + 1e-9)
}

/// Whether the difference of rates of one simulated experiment is decided.
fn is_decided(random: &mut Random, difference: f64, pairs: usize) -> bool {
    let outcomes: Vec<(bool, bool)> =
        (0..pairs).map(|_| (random.next() < 0.4, random.next() < 0.4 + difference)).collect();
    let Some(test) = Pairs::from_outcomes(outcomes).difference().and_then(|found| found.test) else { return false };
    test.p < ALPHA && test.interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
}

/// Knuth's linear congruential generator.
struct Random(u64);

impl Random {
    /// Returns a number between 0 and 1, both excluded.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64 + 0.5) / f64::from(1_u32 << 31)
    }
}
