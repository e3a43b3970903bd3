//! The results as CSV (RFC 4180). Columns are named like the keys of JSON; the first one is the version of the format.

use phasegate_process::experiment::{Cell, MeasureDifference, Results, SharedCost, Variant};
use phasegate_process::stats::{Mean, Share};

use crate::terminal::format::one_line;

/// The columns of one line: name and cell.
struct Line(Vec<(String, String)>);

impl Line {
    fn new(results: &Results) -> Self {
        Self(Vec::new()).text("format", results.format.to_string())
    }

    fn text(mut self, name: &str, cell: impl ToString) -> Self {
        self.0.push((name.to_owned(), cell.to_string()));
        self
    }

    fn number(self, name: &str, number: Option<f64>) -> Self {
        self.text(name, render_decimal(number))
    }

    fn interval(self, name: &str, value: Option<f64>, low: Option<f64>, high: Option<f64>) -> Self {
        let ends = [format!("{name}_low"), format!("{name}_high")];
        let [first, last] = &ends;
        self.number(name, value).number(first, low).number(last, high)
    }

    fn share(self, name: &str, share: Option<Share>) -> Self {
        self.interval(name, share.map(|it| it.value), share.map(|it| it.low), share.map(|it| it.high))
    }

    fn mean(self, name: &str, mean: Option<Mean>) -> Self {
        self.interval(name, mean.map(|it| it.value), mean.and_then(|it| it.low), mean.and_then(|it| it.high))
    }
}

/// Renders a CSV line for each variant.
pub fn render_csv(results: &Results) -> String {
    let line = |variant: &Variant| {
        let (each, accepted) = (variant.usd_per_passed, variant.usd_per_accepted);
        Line::new(results)
            .text("variant", &variant.variant)
            .text("pipeline", variant.pipeline.as_deref().unwrap_or_default())
            .text("runs", variant.runs)
            .text("ended", variant.ended)
            .text("passed", variant.passed)
            .text("overridden", variant.overridden)
            .text("failed", variant.failed)
            .text("aborted", variant.aborted)
            .text("waiting", variant.waiting)
            .text("stopped", variant.stopped)
            .text("not_started", variant.not_started)
            .share("pass_rate", variant.pass_rate)
            .share("pass_rate_similar_tasks", variant.pass_rate_similar_tasks)
            .text("accepted", variant.accepted)
            .text("passed_not_accepted", variant.passed_not_accepted)
            .text("acceptance_not_run", variant.acceptance_not_run)
            .share("acceptance_rate", variant.acceptance_rate)
            .share("acceptance_rate_similar_tasks", variant.acceptance_rate_similar_tasks)
            .mean("failed_judgements", variant.failed_judgements)
            .mean("escaped_defects", variant.escaped_defects)
            .text("started", variant.started)
            .text("strategy_asked", variant.strategy_asked)
            .number("usd", variant.usd)
            .mean("usd_per_run", variant.usd_per_run)
            .interval(
                "usd_per_passed",
                each.map(|it| it.value),
                each.and_then(|it| it.low),
                each.and_then(|it| it.high),
            )
            .interval(
                "usd_per_accepted",
                accepted.map(|it| it.value),
                accepted.and_then(|it| it.low),
                accepted.and_then(|it| it.high),
            )
            .text("tokens", variant.tokens)
            .number("tokens_per_passed", variant.tokens_per_passed)
            .mean("elapsed_ms", variant.elapsed_ms)
            .text("maybe_billed", variant.maybe_billed)
            .text("scripted", results.scripted)
    };
    csv_lines(results.variants.iter().map(line))
}

/// Renders a CSV line for each variant and measure.
pub fn render_differences_csv(results: &Results) -> String {
    let lines = results.differences.iter().flat_map(|compared| {
        compared.measures.iter().map(|found: &MeasureDifference| {
            Line::new(results)
                .text("variant", &compared.variant)
                .text("baseline", &compared.baseline)
                .text("planned", compared.blocks.planned)
                .text("complete", compared.blocks.complete)
                .text("measure", found.measure.as_str())
                .text("pairs", found.pairs)
                .number("baseline_value", Some(found.baseline))
                .number("variant_value", Some(found.variant))
                .interval("difference", Some(found.difference), found.low, found.high)
                .number("p", found.p)
                .number("p_adjusted", found.p_adjusted)
                .text("verdict", found.verdict.as_str())
                .mean("similar_tasks", found.similar_tasks)
                .number("smallest_shown", found.smallest_shown)
                .text("more_repetitions", found.more_repetitions.map(|more| more.to_string()).unwrap_or_default())
        })
    });
    csv_lines(lines)
}

/// Renders a CSV line for each variant and gate.
pub fn render_gates_csv(results: &Results) -> String {
    let lines = results.variants.iter().flat_map(|variant| {
        variant.gates.iter().map(|gate| {
            Line::new(results)
                .text("variant", &variant.variant)
                .text("gate", &gate.gate)
                .text("n", gate.first_pass.n)
                .share("value", Some(gate.first_pass))
        })
    });
    csv_lines(lines)
}

/// Renders a CSV line for each cell.
pub fn render_cells_csv(results: &Results) -> String {
    let line = |cell: &Cell| {
        let Cell { id, cost, .. } = cell;
        let shared = cell.shared.as_ref();
        let shared_text = |figure: fn(&SharedCost) -> String| shared.map(figure).unwrap_or_default();
        Line::new(results)
            .text("variant", &id.variant)
            .text("task", &id.task)
            .text("repetition", id.repetition)
            .text("run", &id.run)
            .text("standing", cell.standing.as_str())
            .text("reason", one_line(&cell.reason))
            .text("pipeline", cell.pipeline.as_deref().unwrap_or_default())
            .text("acceptance", cell.acceptance.as_str())
            .text("acceptance_reason", one_line(cell.acceptance.reason().unwrap_or_default()))
            .text("strategy_asked", cell.strategy_asked)
            .text("gate_attempts", cost.gate_attempts)
            .text("failed_judgements", cost.failed_judgements)
            .text("escaped_defects", cost.escaped_defects)
            .text("calls", cost.calls)
            .text("tokens", cost.tokens)
            .number("usd", cost.usd)
            .number("usd_pinned", cost.usd_pinned)
            .text("elapsed_ms", cost.elapsed_ms)
            .text("maybe_billed", cost.maybe_billed)
            .text("scripted", cost.scripted)
            .text("seed", cell.seed.map(|seed| seed.to_string()).unwrap_or_default())
            .number("temperature", cell.temperature)
            .text("shared_run", shared_text(|shared| shared.run.to_string()))
            .text("shared_whole", shared_text(|shared| shared.whole.to_string()))
            .text("shared_events", shared_text(|shared| shared.events.to_string()))
            .text("shared_calls", shared_text(|shared| shared.calls.to_string()))
            .text("shared_tokens", shared_text(|shared| shared.tokens.to_string()))
            .number("shared_usd", shared.and_then(|shared| shared.usd))
            .text("shared_elapsed_ms", shared_text(|shared| shared.elapsed_ms.to_string()))
    };
    csv_lines(results.cells.iter().map(line))
}

/// Renders a number to six decimals; empty if it is unknown.
fn render_decimal(number: Option<f64>) -> String {
    number.map(|number| ((number * 1e6).round() / 1e6).to_string()).unwrap_or_default()
}

/// Renders the lines below their heads; nothing without lines.
fn csv_lines(lines: impl Iterator<Item = Line>) -> String {
    let join = |cells: Vec<String>| cells.iter().map(|cell| csv_cell(cell)).collect::<Vec<_>>().join(",") + "\r\n";
    let mut text = String::new();
    for Line(columns) in lines {
        let (heads, cells): (Vec<String>, Vec<String>) = columns.into_iter().unzip();
        if text.is_empty() {
            text.push_str(&join(heads));
        }
        text.push_str(&join(cells));
    }
    text
}

fn csv_cell(cell: &str) -> String {
    match cell.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}
