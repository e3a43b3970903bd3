//! The rows of the table: which figure each shows, and its target.

use super::results::Results;
use super::side::Side;
use super::statistics::{median, range, short};

/// The value that a row should reach.
#[derive(Debug, Clone, Copy)]
enum Target {
    AtMost(f64),
    AtLeast(f64),
}
use Target::{AtLeast, AtMost};

/// A row of the table.
struct Row {
    name: &'static str,
    measurement: &'static str,
    figure: &'static str,
    /// From the unit of the figure to that of the row.
    factor: f64,
    unit: &'static str,
    target: Option<Target>,
}

const fn row(
    name: &'static str,
    (measurement, figure): (&'static str, &'static str),
    (factor, unit): (f64, &'static str),
    target: Option<Target>,
) -> Row {
    Row { name, measurement, figure, factor, unit, target }
}

const MS: (f64, &str) = (1.0, "ms");
const MB: (f64, &str) = (1e-6, "MB");

const ROWS: [Row; 23] = [
    row("step in memory", ("single-memory", "ms"), (0.1, "ms"), Some(AtMost(0.10))),
    row("run in memory", ("single-memory", "ms"), MS, None),
    row("step durable, one run", ("single-durable", "ms"), (0.1, "ms"), Some(AtMost(0.30))),
    row("… one append of 4 KB and its sync", ("sync", "ms"), MS, None),
    row("run durable, one run", ("single-durable", "ms"), MS, None),
    row("1,000 runs, 50 ms model, durable", ("load-50ms", "seconds"), (1.0, "s"), Some(AtMost(1.0))),
    row("… CPU time", ("load-50ms", "cpu_s"), (1.0, "s"), None),
    row(
        "1,000 runs, instant model, durable",
        ("load-instant", "runs_per_second"),
        (1.0, "runs/s"),
        Some(AtLeast(1000.0)),
    ),
    row("… CPU time", ("load-instant", "cpu_s"), (1.0, "s"), None),
    row("… most memory", ("load-instant", "peak_bytes"), MB, None),
    row("1,000 waiting runs above the idle process", ("waiting", "above_idle_bytes"), MB, Some(AtMost(80.0))),
    row("10,000 runs, 50 ms model, durable", ("load-10000", "seconds"), (1.0, "s"), None),
    row("… most memory", ("load-10000", "peak_bytes"), MB, Some(AtMost(900.0))),
    row("stored a run, unique bodies", ("load-instant", "stored_bytes_a_run"), (1e-3, "KB"), Some(AtMost(30.0))),
    row("start to first request, warm", ("start", "warm_ms"), MS, Some(AtMost(25.0))),
    row("… fresh state folder", ("start", "fresh_ms"), MS, Some(AtMost(40.0))),
    row("… cold code cache", ("start", "cold_ms"), MS, Some(AtMost(1000.0))),
    row("idle waiting run, CPU time a second", ("idle", "cpu_ms_a_second"), MS, None),
    row("… wake-ups a second", ("idle", "wake_ups_a_second"), (1.0, ""), Some(AtMost(1.0))),
    row("one more test in a Python test file", ("python", "test_ms"), MS, Some(AtMost(1.0))),
    row("resume of a run with 10,000 events", ("resume", "ms"), MS, Some(AtMost(50.0))),
    row("agent call in bare wasmtime", ("bare", "ms"), MS, None),
    row("… in this host, in memory", ("bare", "host_ms"), MS, None),
];

/// Returns the table: this version, the older one, the peers and the targets.
pub fn render_table(now: &Results, before: &Results) -> String {
    let peers = [Side::LangGraph, Side::Restate, Side::PydanticAi];
    let mut lines = vec![
        "| | Phasegate | least – most | before | LangGraph | Restate | pydantic-ai | target |".to_owned(),
        "|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for row in &ROWS {
        let Some(values) = now.values(row.measurement, Side::Phasegate.name(), row.figure) else { continue };
        let (least, most) = range(values);
        let mut cells = vec![
            row.name.to_owned(),
            format!("**{}**", row.render(median(values))),
            format!("{} – {}", short(least * row.factor), short(most * row.factor)),
            row.cell(before, Side::Phasegate),
        ];
        cells.extend(peers.map(|side| row.cell(now, side)));
        cells.push(row.render_target(median(values) * row.factor));
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    lines.extend(derived(now, before));
    lines.join("\n")
}

/// Returns rows that compare two figures.
fn derived(now: &Results, before: &Results) -> Vec<String> {
    let value = |results: &Results, measurement: &str, figure: &str| {
        results.values(measurement, Side::Phasegate.name(), figure).map(median)
    };
    let ratios = |results: &Results| {
        let thousand = value(results, "load-50ms", "seconds");
        let ten_thousand = value(results, "load-10000", "seconds");
        let host = value(results, "bare", "host_ms").zip(value(results, "bare", "ms"));
        [ten_thousand.zip(thousand).map(|(many, few)| many / (few * 10.0)), host.map(|(host, bare)| host / bare)]
    };
    let names = ["10,000 runs against ten times 1,000", "host against bare wasmtime"];
    let (now, before) = (ratios(now), ratios(before));
    let row = |((name, now), before): ((&str, Option<f64>), Option<f64>)| {
        let before = before.map_or("–".to_owned(), |ratio| format!("{}×", short(ratio)));
        let met = |ratio: f64| if ratio <= 2.0 { "≤ 2× ✓" } else { "≤ 2× ✗" };
        now.map(|now| format!("| {name} | **{}×** | | {before} | – | – | – | {} |", short(now), met(now)))
    };
    names.into_iter().zip(now).zip(before).filter_map(row).collect()
}

impl Row {
    fn render(&self, value: f64) -> String {
        format!("{} {}", short(value * self.factor), self.unit).trim_end().to_owned()
    }

    fn cell(&self, results: &Results, side: Side) -> String {
        let values = results.values(self.measurement, side.name(), self.figure);
        values.map_or("–".to_owned(), |values| self.render(median(values)))
    }

    fn render_target(&self, value: f64) -> String {
        let (text, met) = match self.target {
            None => return String::new(),
            Some(AtMost(most)) => (format!("≤ {most}"), value <= most),
            Some(AtLeast(least)) => (format!("≥ {least}"), value >= least),
        };
        let text = format!("{text} {}", self.unit);
        format!("{} {}", text.trim_end(), if met { "✓" } else { "✗" })
    }
}
