//! Differences, their blocks, and the answer in words.

use super::*;

/// A cell that passed or failed, with failed judgements and a cost.
fn run(variant: &str, task: usize, repetition: u32, passed: bool, failed_judgements: usize, usd: f64) -> Cell {
    let standing = if passed { CellStatus::Passed } else { CellStatus::Failed };
    let cell = costing(100, Some(usd), cell(variant, &format!("TASK-{task}"), repetition, standing));
    Cell { cost: RunCost { failed_judgements, ..cell.cost }, ..cell }
}

/// Variants with a number of passes out of ten repetitions of each of two tasks.
fn passing(variants: &[(&str, u32)]) -> Vec<Cell> {
    let each = |(name, passes): &(&str, u32)| {
        let (name, passes) = ((*name).to_owned(), *passes);
        (0..20).map(move |at| {
            let repetition = at / 2 + 1;
            let cost = 0.1 + f64::from(at % 7) / 100.0;
            run(&name, 1 + at as usize % 2, repetition, repetition <= passes, at as usize % 3, cost)
        })
    };
    variants.iter().flat_map(each).collect()
}

#[test]
fn the_answer_names_the_better_variant() {
    let results = Results::new("x", None, passing(&[("old", 3), ("new", 9)]));
    assert_eq!(results.baseline.as_deref(), Some("old"));
    assert_eq!(
        results.answer,
        [
            "new passes more often than old: 90 % against 30 %, +60 points (95 % interval 34 to 78, p < 0.001). A run costs \
          0.1285 USD against 0.1285 USD"
        ]
    );
    let [passed, judgements, usd] = &results.differences[0].measures[..] else { unreachable!() };
    assert_eq!((passed.verdict, passed.pairs, passed.more_repetitions), (Conclusion::Better, 20, None));
    assert_eq!((judgements.verdict, judgements.difference, judgements.p), (Conclusion::NotDecided, 0.0, Some(1.0)));
    assert_eq!(usd.measure, Measure::UsdPerRun);
    let other = Results::new("x", Some("new"), passing(&[("old", 3), ("new", 9)]));
    assert_eq!(other.differences[0].measures[0].verdict, Conclusion::Worse);
    assert!(
        other.answer[0]
            .starts_with("old passes less often than new: 30 % against 90 %, -60 points (95 % interval -78 to -34, "),
        "{:?}",
        other.answer
    );
}

#[test]
fn an_open_question_says_what_would_decide() {
    let results = Results::new("x", None, passing(&[("old", 6), ("new", 7)]));
    assert_eq!(
        results.answer,
        [
            "not decided whether new or old has the better pass rate: 70 % against 60 %, +10 points (95 % interval -8 to 30, \
          p 0.25); 20 pairs can show a difference of 35 points or more; about 29 more repetitions would decide one of this \
          size. A run costs 0.1285 USD against 0.1285 USD",
        ]
    );
    let few = Results::new(
        "x",
        None,
        passing(&[("old", 3), ("new", 9)]).into_iter().filter(|it| it.id.repetition < 3).collect(),
    );
    assert_eq!(
        few.answer,
        ["too few runs to compare the pass rate of new and old: 4 of at least 6 pairs (100 % against 100 %); 1 more \
          repetition would be enough to compare. A run costs 0.1150 USD against 0.1150 USD"]
    );
    assert_eq!(few.differences[0].measures[0].more_repetitions, Some(1));
}

#[test]
fn several_variants_are_corrected_by_holm() {
    let two = Results::new("x", None, passing(&[("old", 5), ("new", 8)]));
    let four = Results::new("x", None, passing(&[("old", 5), ("new", 8), ("b", 5), ("c", 5)]));
    let p = |results: &Results| {
        let first = &results.differences[0].measures[0];
        let digits = |p: Option<f64>| format!("{:.6}", p.unwrap());
        (digits(first.p), digits(first.p_adjusted), first.verdict)
    };
    assert_eq!(p(&two), ("0.015625".to_owned(), "0.015625".to_owned(), Conclusion::Better));
    assert_eq!(p(&four), ("0.015625".to_owned(), "0.046875".to_owned(), Conclusion::Better));
}

#[test]
fn only_complete_blocks_are_compared() {
    let mut cells = passing(&[("old", 10), ("new", 10)]);
    cells.iter_mut().filter(|cell| cell.id.variant == "new" && cell.id.repetition > 6).for_each(|cell| {
        cell.standing = CellStatus::Stopped;
    });
    let results = Results::new("x", None, cells);
    assert_eq!(results.differences[0].blocks, Blocks { planned: 20, complete: 12 });
    assert_eq!(results.differences[0].measures[0].pairs, 12);
    assert_eq!(
        results.warnings,
        [
            "8 of 20 pairs of new and old have not ended in both: the difference is over the other 12, the columns are not"
        ]
    );
}

#[test]
fn different_pipelines_are_said() {
    let mut cells = passing(&[("old", 3), ("new", 3)]);
    assert!(Results::new("x", None, cells.clone()).warnings.is_empty());
    cells.iter_mut().filter(|cell| cell.id.variant == "new").for_each(|cell| cell.pipeline = Some("lean".to_owned()));
    assert_eq!(
        Results::new("x", None, cells).warnings,
        ["the pipelines differ (tsp of old, lean of new): to pass means something else in each; compare accepted runs"]
    );
}

#[test]
fn equal_outcomes_have_equal_verdicts_in_each_measure() {
    let mut cells = passing(&[("old", 5), ("new", 8)]);
    for cell in cells.iter_mut().filter(|cell| cell.standing == CellStatus::Passed) {
        cell.acceptance = Acceptance::Accepted;
    }
    let results = Results::new("x", None, cells);
    let [accepted, passed] = &results.differences[0].measures[..2] else { panic!() };
    assert_eq!((accepted.measure, passed.measure), (Measure::AcceptanceRate, Measure::PassRate));
    assert_eq!((accepted.p_adjusted, accepted.verdict), (passed.p_adjusted, passed.verdict));
    assert_eq!(accepted.verdict, Conclusion::Better);
}

#[test]
fn judgements_of_different_gates_are_not_compared() {
    let mut cells = passing(&[("old", 5), ("new", 8)]);
    let is_measured = |cells: &[Cell]| {
        let results = Results::new("x", None, cells.to_vec());
        results.differences[0].measures.iter().any(|it| it.measure == Measure::FailedJudgements)
    };
    assert!(is_measured(&cells));
    let gate = |name: &&str| CellGate {
        gate: name.parse().unwrap(),
        standing: GateStatus::Passed,
        judgements: 1,
        failed: 0,
        first_passed: Some(true),
    };
    for cell in &mut cells {
        let gates = if cell.id.variant == "new" { &["test"][..] } else { &["review", "test"] };
        cell.gates = gates.iter().map(gate).collect();
    }
    assert!(!is_measured(&cells));
}

#[test]
fn acceptance_tests_that_did_not_run_are_said() {
    let mut cells = passing(&[("old", 10), ("new", 10)]);
    cells.iter_mut().for_each(|cell| cell.acceptance = Acceptance::Accepted);
    cells[0].acceptance = Acceptance::NotRun { reason: "test_x.py does not load".into() };
    let results = Results::new("x", None, cells);
    assert_eq!(
        results.warnings,
        ["the acceptance tests of 1 run could not be run, and no acceptance rate includes it: test_x.py does not load"]
    );
    let old = &results.variants[0];
    assert_eq!((old.accepted, old.acceptance_not_run, old.acceptance_rate.unwrap().n), (19, 1, 19));
    assert_eq!((results.tasks[0].variants[0].not_run, results.tasks[0].variants[0].accepted), (1, 9));
    let each = |ratio: Option<crate::stats::Ratio>| ratio.unwrap().value;
    assert!((each(old.usd_per_accepted) - 2.57 / 19.0).abs() < 1e-9, "{old:?}");
    assert!((each(old.usd_per_passed) - 2.57 / 20.0).abs() < 1e-9, "{old:?}");
}

#[test]
fn tasks_like_these_need_six_tasks() {
    let cells = |tasks: usize| -> Vec<Cell> {
        let of = |name: &'static str| (1..=tasks).map(move |task| run(name, task, 1, task % 2 == 0, task, 0.1));
        of("a").chain(of("b")).collect()
    };
    let five = Results::new("x", None, cells(5));
    assert_eq!((five.variants[0].pass_rate_similar_tasks, five.variants[0].usd_per_run.unwrap().low), (None, None));
    let six = Results::new("x", None, cells(6));
    let similar = six.variants[0].pass_rate_similar_tasks.unwrap();
    assert!(similar.low < six.variants[0].pass_rate.unwrap().low && similar.high < 1.0, "{similar:?}");
    assert!(six.variants[0].failed_judgements.unwrap().low.unwrap() > 0.0);
}
