//! The figures as rows of text: a label, and a cell for each variant. Terminal and Markdown show the same rows, and their labels
//! are the keys of JSON and CSV with spaces.

use phasegate_process::PhaseName;
use phasegate_process::experiment::{CellStatus, Conclusion, MeasureDifference, PassCounts, Results, Variant};
use phasegate_process::stats::{Mean, Ratio, Share};

use crate::terminal::format::{compact_number, count, duration};

/// A label, and a cell for each variant.
pub struct Row {
    pub label: String,
    pub cells: Vec<String>,
}

impl Row {
    fn new(results: &Results, label: &str, cell: impl Fn(&Variant) -> String) -> Self {
        Self { label: label.to_owned(), cells: results.variants.iter().map(cell).collect() }
    }
}

const NONE: &str = "-";

/// Returns the figures of the variants. Rows about people and acceptance are there where a run has them.
pub fn figure_rows(results: &Results) -> Vec<Row> {
    let row = |label: &str, cell: &dyn Fn(&Variant) -> String| Row::new(results, label, cell);
    let any = |count: fn(&Variant) -> usize| results.variants.iter().any(|variant| count(variant) > 0);
    let mut rows = Vec::new();
    if results.variants.iter().any(|variant| variant.acceptance_rate.is_some()) {
        rows.push(row("accepted", &|variant| render_count(variant.accepted, variant.runs, variant.ended)));
        if any(|variant| variant.acceptance_not_run) {
            rows.push(row("acceptance not run", &|variant| variant.acceptance_not_run.to_string()));
        }
        rows.push(row("acceptance rate", &acceptance_rate));
        rows.push(row("passed not accepted", &|variant| variant.passed_not_accepted.to_string()));
    }
    rows.push(row("passed", &|variant| render_count(variant.passed, variant.runs, variant.ended)));
    rows.push(row("pass rate", &pass_rate));
    if any(|variant| variant.overridden) {
        rows.push(row("overridden", &|variant| variant.overridden.to_string()));
    }
    if any(|variant| variant.aborted) {
        rows.push(row("aborted", &|variant| variant.aborted.to_string()));
    }
    rows.push(row("failed judgements", &|variant| render_mean(variant.failed_judgements)));
    rows.push(row("escaped defects", &|variant| render_mean(variant.escaped_defects)));
    rows.push(row("strategy asked", &|variant| format!("{} of {}", variant.strategy_asked, variant.started)));
    let asks_models = results.cells.iter().any(|cell| cell.cost.asks_models);
    let unknown = if results.scripted && !asks_models { "no cost" } else { "unknown" };
    rows.push(row("usd per run", &|variant| match (variant.usd_per_run, variant.ended) {
        (None, 0) => NONE.to_owned(),
        (mean, _) => {
            mean.map_or_else(|| unknown.to_owned(), |mean| interval(&decimal, mean.value, mean.low, mean.high))
        }
    }));
    // While runs are open, their money is there and their outcome is not.
    let so_far = |variant: &Variant| if variant.ended < variant.runs { " so far" } else { "" };
    let usd_per = |counted: usize, word: &str, variant: &Variant, ratio: Option<Ratio>| match (counted, variant.usd) {
        (0, _) => format!("none {word}"),
        (_, None) => unknown.to_owned(),
        _ => ratio.map_or_else(|| NONE.to_owned(), render_ratio) + so_far(variant),
    };
    if results.variants.iter().any(|variant| variant.acceptance_rate.is_some()) {
        let cell = |variant: &Variant| usd_per(variant.accepted, "accepted", variant, variant.usd_per_accepted);
        rows.push(row("usd per accepted", &cell));
    }
    rows.push(row("usd per passed", &|variant| usd_per(variant.passed, "passed", variant, variant.usd_per_passed)));
    rows.push(row("tokens per passed", &|variant| {
        variant.tokens_per_passed.map_or("none passed".to_owned(), |tokens| compact_number(tokens.round() as u64))
    }));
    rows.push(row("time per run", &|variant| {
        variant.elapsed_ms.map_or(NONE.to_owned(), |mean| duration(mean.value.round() as u64))
    }));
    rows
}

/// Returns the counts of cells that have not ended.
pub fn open_rows(results: &Results) -> Vec<Row> {
    let all = [CellStatus::Waiting, CellStatus::Stopped, CellStatus::NotStarted];
    let occurs = |standing: &CellStatus| results.cells.iter().any(|cell| cell.standing == *standing);
    let row = |standing| Row::new(results, &render_standing(standing), |variant| variant.count(standing).to_string());
    all.into_iter().filter(occurs).map(row).collect()
}

/// Returns the first-pass yield of each gate of any variant.
pub fn yield_rows(results: &Results) -> Vec<Row> {
    let mut gates: Vec<&PhaseName> = Vec::new();
    for gate in results.variants.iter().flat_map(|variant| &variant.gates) {
        if !gates.contains(&&gate.gate) {
            gates.push(&gate.gate);
        }
    }
    let cell = |variant: &Variant, gate: &PhaseName| {
        let known = variant.gates.iter().find(|known| known.gate == *gate);
        known.map_or(NONE.to_owned(), |known| render_rate(known.first_pass))
    };
    gates.into_iter().map(|gate| Row::new(results, gate.as_str(), |variant| cell(variant, gate))).collect()
}

/// Returns two rows for each measure: the difference from the baseline, and the conclusion.
pub fn difference_rows(results: &Results) -> Vec<Row> {
    let mut measures = Vec::new();
    for difference in results.differences.iter().flat_map(|difference| &difference.measures) {
        if !measures.contains(&difference.measure) {
            measures.push(difference.measure);
        }
    }
    let find = |variant: &Variant, measure| {
        let known = results.differences.iter().find(|difference| difference.variant == variant.variant)?;
        known.measures.iter().find(|difference| difference.measure == measure)
    };
    let baseline = |variant: &Variant| Some(&variant.variant) == results.baseline.as_ref();
    let rows = measures.into_iter().flat_map(|measure| {
        let cell = |words: &dyn Fn(&MeasureDifference) -> String, own: &str| {
            let cell = |variant: &Variant| match find(variant, measure) {
                None if baseline(variant) => own.to_owned(),
                None => NONE.to_owned(),
                Some(difference) => words(difference),
            };
            results.variants.iter().map(cell).collect()
        };
        [
            Row {
                label: measure.as_str().replace('_', " "),
                cells: cell(&|difference| difference.render_difference(), "baseline"),
            },
            Row { label: String::new(), cells: cell(&render_conclusion, "") },
        ]
    });
    rows.collect()
}

/// Returns the counts of each task.
pub fn task_rows(results: &Results) -> Vec<Row> {
    let tested = results.variants.iter().any(|variant| variant.acceptance_rate.is_some());
    let cell = |counts: &PassCounts| {
        let passed = render_count(counts.passed, counts.runs, counts.ended);
        match (tested, counts.not_run) {
            (false, _) => passed,
            (true, 0) => format!("{passed}, {} accepted", counts.accepted),
            (true, not_run) => format!("{passed}, {} accepted, {not_run} not run", counts.accepted),
        }
    };
    let row = |row: &phasegate_process::experiment::TaskRow| Row {
        label: row.task.to_string(),
        cells: row.variants.iter().map(cell).collect(),
    };
    results.tasks.iter().map(row).collect()
}

pub fn render_standing(standing: CellStatus) -> String {
    standing.as_str().replace('_', " ")
}

fn render_conclusion(difference: &MeasureDifference) -> String {
    let verdict = difference.verdict.as_str().replace('_', " ");
    match (difference.verdict, difference.render_p()) {
        (Conclusion::TooFew, _) | (_, None) => format!("too few: {}", count(difference.pairs as u64, "pair")),
        (_, Some(p)) => format!("{verdict}, {p}"),
    }
}

/// Renders a count with its total, and how many runs of the total have not ended.
fn render_count(some: usize, runs: usize, ended: usize) -> String {
    match runs - ended {
        0 => format!("{some} of {runs}"),
        open => format!("{some} of {runs} planned, {open} not ended"),
    }
}

/// Renders the pass rate; while runs are open, the rates that are still possible.
fn pass_rate(variant: &Variant) -> String {
    match (variant.pass_rate, variant.possible_pass_rates()) {
        (Some(rate), _) if variant.ended == variant.runs => render_rate(rate),
        (_, Some((low, high))) => format!("{}% to {}%", percent(low), percent(high)),
        _ => NONE.to_owned(),
    }
}

fn acceptance_rate(variant: &Variant) -> String {
    match variant.acceptance_rate {
        Some(rate) if rate.n == variant.runs => render_rate(rate),
        Some(rate) => format!("{} of {} counted", render_rate(rate), rate.n),
        None => NONE.to_owned(),
    }
}

fn percent(share: f64) -> f64 {
    (share * 100.0).round()
}

fn render_rate(share: Share) -> String {
    format!("{}% [{}, {}]", percent(share.value), percent(share.low), percent(share.high))
}

fn render_mean(mean: Option<Mean>) -> String {
    mean.map_or(NONE.to_owned(), |mean| interval(&|value| format!("{value:.1}"), mean.value, mean.low, mean.high))
}

fn render_ratio(ratio: Ratio) -> String {
    match (ratio.low, ratio.high) {
        (Some(low), None) => format!("{} [{}, no limit]", decimal(ratio.value), decimal(low)),
        (low, high) => interval(&decimal, ratio.value, low, high),
    }
}

fn interval(number: &dyn Fn(f64) -> String, value: f64, low: Option<f64>, high: Option<f64>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{} [{}, {}]", number(value), number(low), number(high)),
        _ => number(value),
    }
}

/// Renders US dollars without the unit.
fn decimal(usd: f64) -> String {
    if usd > 0.0 && usd < 1.0 { format!("{usd:.4}") } else { format!("{usd:.2}") }
}
