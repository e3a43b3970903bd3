//! How time and memory grow with the number of runs, attempts, bytes and earlier runs.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::build::{self, Programs};
use super::machine;
use super::options::Options;
use super::plot::{self, Plot};
use super::results::{self, GROWTH, Results};
use super::statistics::{exponent, line, median, range, short};

/// A quantity, and what is measured at each of its values.
struct Series {
    name: &'static str,
    /// The name of the quantity, in the singular and in the plural.
    quantity: (&'static str, &'static str),
    values: &'static [u64],
    /// Arguments of the program `measure`; `N` stands for the value and `BINARY` for the path of `phasegate`.
    args: &'static str,
    curves: &'static [Curve],
}

/// A figure and the unit that it is shown in.
struct Curve {
    figure: &'static str,
    label: &'static str,
    factor: f64,
    unit: &'static str,
}

const fn curve(figure: &'static str, label: &'static str, factor: f64, unit: &'static str) -> Curve {
    Curve { figure, label, factor, unit }
}

const TIME: Curve = curve("ms", "time", 1.0, "ms");
const PEAK: Curve = curve("peak_bytes", "most memory of the process", 1e-6, "MB");
const STORED: Curve = curve("stored_bytes", "stored", 1e-3, "KB");

const SERIES: [Series; 4] = [
    Series {
        name: "runs",
        quantity: ("run", "runs at once, instant model, durable"),
        values: &[1, 10, 100, 1_000, 10_000],
        args: "load disk N 0",
        curves: &[curve("seconds", "time", 1e3, "ms"), PEAK],
    },
    Series {
        name: "attempts",
        quantity: ("attempt", "attempts of one run, durable"),
        values: &[1, 5, 10, 50, 100, 200, 500],
        args: "attempts N 2000",
        curves: &[TIME, STORED, PEAK],
    },
    Series {
        name: "artifact",
        quantity: ("byte", "bytes of an artifact, one run, durable"),
        values: &[1_000, 10_000, 100_000, 1_000_000, 10_000_000],
        args: "attempts 1 N",
        curves: &[TIME, STORED, PEAK],
    },
    Series {
        name: "journal",
        quantity: ("run", "runs in the journal"),
        values: &[1, 10, 100, 1_000, 10_000, 100_000],
        args: "journal N BINARY",
        curves: &[
            curve("create_ms", "create a run", 1.0, "ms"),
            curve("show_ms", "phasegate show", 1.0, "ms"),
            curve("runs_ms", "phasegate runs", 1.0, "ms"),
        ],
    },
];

/// Measures the series whose names are selected.
pub fn measure(root: &Path, options: &Options) -> Result<()> {
    let selected: Vec<_> = SERIES.iter().filter(|series| options.selects(series.name)).collect();
    if selected.is_empty() {
        bail!("no series has such a name\nhint: use one of {}", SERIES.map(|series| series.name).join(", "));
    }
    let programs = Programs::find(root, options.programs.as_deref())?;
    let mut measured = Results::new(machine::describe(root), Vec::new());
    for round in 1..=options.rounds(3) {
        for series in &selected {
            let values = if options.quick { series.values.get(..3).unwrap_or_default() } else { series.values };
            for value in values {
                eprint!("round {round}  {} {value}  ", series.name);
                let binary = programs.path("phasegate");
                let mut command = Command::new(programs.path("measure"));
                for arg in series.args.split(' ') {
                    match arg {
                        "N" => command.arg(value.to_string()),
                        "BINARY" => command.arg(&binary),
                        arg => command.arg(arg),
                    };
                }
                let figures = build::figures(&mut command)?;
                eprintln!("{}", results::brief(&figures));
                measured.add(series.name, &value.to_string(), &figures);
            }
        }
    }
    if options.quick {
        return Ok(());
    }
    measured.merge_into(&root.join(GROWTH))
}

/// Draws a plot for each series and returns the lines of the report that show them.
pub fn render(root: &Path, results: &Results) -> Result<String> {
    let mut text = Vec::new();
    for series in &SERIES {
        let mut plots = Vec::new();
        let mut findings = Vec::new();
        for curve in series.curves {
            let points = series.points(results, curve);
            if points.is_empty() {
                continue;
            }
            let medians = points.iter().map(|(x, values)| (*x, median(values)));
            // Zero means that nothing has reached the file yet, and has no place on a logarithmic axis.
            let medians: Vec<_> = medians.filter(|(_, value)| *value > 0.0).collect();
            let finding = series.describe(curve, &medians);
            findings.push(format!("{} {finding}", curve.label));
            let ranges = points.iter().map(|(x, values)| (*x, median(values), range(values))).collect();
            plots.push(Plot { title: format!("{}: {finding}", curve.label), unit: curve.unit, points: ranges });
        }
        if plots.is_empty() {
            continue;
        }
        let file = format!("benches/results/{}.svg", series.name);
        fs::write(root.join(&file), plot::draw(series.quantity.1, &plots)).with_context(|| file.clone())?;
        text.push(format!("![{}]({file})\n\n{}: {}.", series.quantity.1, series.quantity.1, findings.join("; ")));
    }
    Ok(text.join("\n\n"))
}

impl Series {
    /// Returns the values of a curve in all rounds, in its unit, by quantity.
    fn points(&self, results: &Results, curve: &Curve) -> Vec<(f64, Vec<f64>)> {
        let at = |value: &u64| {
            let values = results.values(self.name, &value.to_string(), curve.figure)?;
            Some((*value as f64, values.iter().map(|value| value * curve.factor).collect()))
        };
        self.values.iter().filter_map(at).collect()
    }

    /// Says how a curve grows, with its slope.
    fn describe(&self, curve: &Curve, points: &[(f64, f64)]) -> String {
        let (slope, _) = line(points);
        let last = points.last().map_or(0.0, |(_, value)| *value);
        match exponent(points) {
            growth if growth < 0.2 => format!("flat, {} {}", short(last), curve.unit),
            growth if growth < 1.2 => {
                let (scale, unit) = match slope {
                    slope if slope >= 0.001 => (1.0, self.quantity.0.to_owned()),
                    _ => (1e6, format!("million {}s", self.quantity.0)),
                };
                format!("at most linear, {} {} per {unit}", short(slope * scale), curve.unit)
            }
            growth => format!("grows with the power {}", short(growth)),
        }
    }
}
