//! `phasegate compare`: shows runs side by side, and where each first differs from the first run.

use phasegate_journal::Journal;
use phasegate_process::compare::{
    Comparison, Difference, DifferenceKind, GateFigures, GateRow, PinnedChange, PinnedItem, RunDifference, RunFigures,
};
use phasegate_process::result::{IssueCounts, TaskStatus};
use phasegate_process::state::State;
use phasegate_process::{Event, Recorded, RunId};
use phasegate_runtime::output::cache_savings_usd;
use phasegate_runtime::{RunSettings, load_run, read_json, render_diff};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;
use crate::terminal::columns::{Row, escape_markdown, render_markdown, render_text};
use crate::terminal::format::{compact_number, cost, count, duration, money, one_line};
use crate::terminal::style::Paint;
use crate::view::event_detail::render_event;
use crate::view::failed_requests::render_failed_requests;
use crate::view::summary::short_verdict;

/// Maximal number of lines of an event without a diff.
const MAX_DETAILS: usize = 8;

/// Arguments of `compare`.
#[derive(clap::Args)]
pub struct Args {
    /// Two or more runs: ids, unique beginnings of ids, or task ids
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<String>,
    /// Print JSON, with the events that differ
    #[arg(long)]
    json: bool,
    /// Print Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

/// Compares the runs.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let journal = open::journal(context)?;
    let runs = find_runs(context, &journal, &args.runs)?;
    let loaded: Vec<_> = runs.iter().map(|run| load_run(&journal, run)).collect::<Result<_, _>>()?;
    let pairs: Vec<_> = loaded.iter().map(|(state, events)| (state, events.as_slice())).collect();
    let comparison = Comparison::new(&pairs);
    let configured = loaded.iter().map(|(state, _)| default_model(&journal, state));
    let models =
        comparison.runs.iter().zip(configured).map(|(run, configured)| render_models(run, configured)).collect();
    let savings = loaded.iter().map(|(state, events)| cache_savings_usd(&journal, state, events)).collect();
    let page = Page { journal: &journal, comparison: &comparison, models, savings, paint: printer.paint() };
    printer.print(&match (args.json, args.markdown) {
        (true, _) => serde_json::to_string_pretty(&comparison).unwrap_or_default() + "\n",
        (_, true) => page.render_markdown(),
        _ => page.render_text(),
    });
    Ok(Exit::Passed)
}

fn find_runs(context: &Context, journal: &dyn Journal, names: &[String]) -> Result<Vec<RunId>, Failure> {
    let mut runs: Vec<RunId> = Vec::new();
    for name in names {
        let run = find_run(context, journal, name)?;
        if runs.contains(&run) {
            return Err(Failure::usage(format!("run {run} is given twice"))
                .with_hint("list all runs with `phasegate runs`; a task id stands for its newest run"));
        }
        runs.push(run);
    }
    Ok(runs)
}

/// Returns the model of the default tier.
fn default_model(journal: &dyn Journal, state: &State) -> String {
    let settings: Option<RunSettings> = read_json(journal, &state.created.settings).ok();
    let model = settings.and_then(|settings| settings.models.default).map(|model| model.to_string());
    model.map_or_else(|| "unknown".to_owned(), |model| one_line(&model))
}

/// Renders the models that answered; the configured one where none has answered yet.
fn render_models(run: &RunFigures, configured: String) -> String {
    match run.models.is_empty() {
        true => configured,
        false => run.models.iter().map(|model| one_line(model)).collect::<Vec<_>>().join(", "),
    }
}

struct Page<'a> {
    journal: &'a dyn Journal,
    comparison: &'a Comparison,
    models: Vec<String>,
    /// What the caches of providers saved each run, in US dollars.
    savings: Vec<Option<f64>>,
    paint: Paint,
}

impl Page<'_> {
    fn render_text(&self) -> String {
        let mut page = String::new();
        for (run, (letter, model)) in self.comparison.runs.iter().zip(self.heads()) {
            let head = format!("{}  {}", self.paint.bold(&letter), run.run_id);
            page.push_str(&format!(
                "{head}\n   {}\n   model {model}\n   {}\n",
                render_setting(run),
                render_standing(run)
            ));
        }
        page.push_str(&format!("\n{}", render_text(&self.letters(), &self.rows(), self.paint)));
        for (letter, against) in self.letters().iter().skip(1).zip(&self.comparison.against_first) {
            page.push_str(&format!("\n{}\n", self.paint.bold(&format!("A and {letter}"))));
            let changes: Vec<String> = against.swapped.iter().map(render_change).collect();
            if !changes.is_empty() {
                page.push_str(&format!("  changed: {}\n", changes.join(", ")));
            }
            page.push_str(&format!("  {}\n", self.headline(letter, against)));
            let Some(difference) = &against.first_difference else { continue };
            let diff = self.diff(difference);
            for (name, lines) in self.sides(letter, difference, diff.is_some()) {
                let gap = " ".repeat(name.chars().count() + 8);
                page.push_str(&format!("    {name}: {}\n", lines.join(&format!("\n{gap}"))));
            }
            let diff = diff.unwrap_or_default();
            if !diff.is_empty() {
                page.push('\n');
            }
            for line in diff.lines() {
                let gap = if line.is_empty() { "" } else { "    " };
                page.push_str(&format!("{gap}{}\n", self.coloured(line)));
            }
        }
        page
    }

    fn render_markdown(&self) -> String {
        let mut page = String::new();
        for (run, (letter, model)) in self.comparison.runs.iter().zip(self.heads()) {
            let (setting, standing) = (escape_markdown(&render_setting(run)), escape_markdown(&render_standing(run)));
            let model = escape_markdown(model);
            page.push_str(&format!("- **{letter}** `{}`: {setting}, model {model}; {standing}\n", run.run_id));
        }
        page.push_str(&format!("\n{}", render_markdown(&self.letters(), &self.rows())));
        for (letter, against) in self.letters().iter().skip(1).zip(&self.comparison.against_first) {
            page.push_str(&format!("\n**A and {letter}**: {}\n", escape_markdown(&self.headline(letter, against))));
            let changes: Vec<String> = against.swapped.iter().map(render_change).collect();
            if !changes.is_empty() {
                page.push_str(&format!("\n- changed: {}\n", escape_markdown(&changes.join(", "))));
            }
            let Some(difference) = &against.first_difference else { continue };
            let diff = self.diff(difference);
            let gap = if changes.is_empty() { "\n" } else { "" };
            page.push_str(gap);
            for (name, lines) in self.sides(letter, difference, diff.is_some()) {
                page.push_str(&format!("- {name}: {}\n", escape_markdown(&lines.join("; "))));
            }
            if let Some(diff) = diff {
                let fence = fence(&diff);
                page.push_str(&format!("\n{fence}diff\n{diff}{fence}\n"));
            }
        }
        page
    }

    fn letters(&self) -> Vec<String> {
        (0..self.comparison.runs.len()).map(run_letter).collect()
    }

    fn heads(&self) -> impl Iterator<Item = (String, &String)> {
        self.letters().into_iter().zip(&self.models)
    }

    fn rows(&self) -> Vec<Row> {
        let runs = &self.comparison.runs;
        let mut rows: Vec<Row> = self.comparison.gates.iter().flat_map(|gate| gate_rows(gate, runs)).collect();
        rows.extend(run_rows(runs, &self.savings));
        rows
    }

    fn headline(&self, letter: &str, against: &RunDifference) -> String {
        let runs = &self.comparison.runs;
        let over =
            |run: &RunFigures| matches!(run.status, TaskStatus::Passed | TaskStatus::Failed | TaskStatus::Aborted);
        let Some(difference) = &against.first_difference else {
            let other = runs.iter().find(|run| run.run_id == against.run_id);
            let both = runs.first().into_iter().chain(other).all(over);
            return format!(
                "no difference{}: same artifacts, verdicts and decisions",
                if both { "" } else { " so far" }
            );
        };
        match difference.differs {
            DifferenceKind::Further => {
                let behind = if difference.before.is_none() { "A" } else { letter };
                format!("no difference so far: {behind} has no further events")
            }
            differs => format!("first difference: {}", describe_difference(differs)),
        }
    }

    /// Renders the two differing events, with details if there is no diff.
    fn sides(&self, letter: &str, difference: &Difference, brief: bool) -> Vec<(String, Vec<String>)> {
        let sides = [("A", &difference.before), (letter, &difference.after)];
        let render_side = |recorded: &Recorded| {
            let lines = render_event(self.journal, recorded, Paint::plain());
            lines.into_iter().take(if brief { 1 } else { MAX_DETAILS }).collect()
        };
        let known = sides.into_iter().filter_map(|(name, side)| Some((name.to_owned(), render_side(side.as_ref()?))));
        known.collect()
    }

    /// Returns the diff of the two blobs or decisions; `None` if there are none or a blob is gone.
    fn diff(&self, difference: &Difference) -> Option<String> {
        if let Some((before, after)) = difference.blobs() {
            let blob = |digest| self.journal.blob(digest).ok().flatten();
            return Some(render_diff(&blob(before)?, &blob(after)?));
        }
        let decided = |side: &Option<Recorded>| match &side.as_ref()?.event {
            Event::FeedbackDecided { decided, .. } => serde_json::to_vec(decided).ok(),
            _ => None,
        };
        Some(render_diff(&decided(&difference.before)?, &decided(&difference.after)?))
    }

    fn coloured(&self, line: &str) -> String {
        match line.chars().next() {
            Some('-') => self.paint.red(line),
            Some('+') => self.paint.green(line),
            _ => line.to_owned(),
        }
    }
}

/// `A` to `Z`, then `A2`.
fn run_letter(place: usize) -> String {
    let (round, place) = (place / 26, place % 26);
    let letter = ('A'..='Z').nth(place).unwrap_or('A');
    if round == 0 { letter.to_string() } else { format!("{letter}{}", round + 1) }
}

fn render_setting(run: &RunFigures) -> String {
    format!("task {}, pipeline {}, strategy {}", run.task_id, run.pipeline, run.strategy)
}

fn render_standing(run: &RunFigures) -> String {
    format!("{}: {}", run.status.as_str(), one_line(&run.reason))
}

fn render_change(change: &PinnedChange) -> String {
    let what = match &change.what {
        PinnedItem::Pipeline => "pipeline".to_owned(),
        PinnedItem::Component(name) => format!("component {name}"),
        PinnedItem::Input(name) => format!("input {name}"),
    };
    match (&change.before, &change.after) {
        (Some(_), Some(_)) => what,
        (Some(_), None) => format!("{what} (removed)"),
        _ => format!("{what} (added)"),
    }
}

fn describe_difference(differs: DifferenceKind) -> &'static str {
    match differs {
        DifferenceKind::Request => "another model request",
        DifferenceKind::Answer => "another answer to the same request",
        DifferenceKind::Trial => "other trial tests or results",
        DifferenceKind::Artifact => "another artifact",
        DifferenceKind::Outcome => "another outcome of an attempt",
        DifferenceKind::Findings => "other findings",
        DifferenceKind::Tests => "other test results",
        DifferenceKind::Verdict => "another verdict",
        DifferenceKind::Decision => "another decision of the feedback strategy",
        DifferenceKind::Person => "another decision of a person",
        DifferenceKind::End => "another end",
        DifferenceKind::Way => "the runs continue with different events",
        DifferenceKind::Further => "one run continues where the other stopped",
    }
}

fn gate_rows(row: &GateRow, runs: &[RunFigures]) -> Vec<Row> {
    let line = |name: &str, cell: &dyn Fn(&GateFigures, &RunFigures) -> String| {
        let cells = row.runs.iter().zip(runs).map(|(gate, run)| match gate {
            Some(gate) => cell(gate, run),
            None => "-".to_owned(),
        });
        Row::line(name, cells.collect())
    };
    vec![
        Row::head(row.gate.as_str()),
        line("verdicts", &|gate, _| render_verdicts(gate)),
        line("issues", &|gate, _| render_issue_counts(gate.issues)),
        line("escaped", &|gate, _| gate.escaped.to_string()),
        line("tokens", &|gate, _| compact_number(gate.totals.input_tokens + gate.totals.output_tokens)),
        line("cost", &|gate, run| cost(gate.totals.usd, run.scripted, gate.totals.asks_models)),
        line("time", &|gate, _| duration(gate.totals.elapsed_ms)),
    ]
}

fn render_verdicts(gate: &GateFigures) -> String {
    let verdicts: Vec<&str> = gate.verdicts.iter().map(|verdict| short_verdict(verdict.as_str())).collect();
    let last = gate.verdicts.last().map(|verdict| verdict.as_str());
    match verdicts.len() {
        0 => gate.standing.as_str().replace('_', " "),
        number if last == Some(gate.standing.as_str()) => format!("{number} ({})", verdicts.join(", ")),
        number => format!("{number} ({}), {}", verdicts.join(", "), gate.standing.as_str().replace('_', " ")),
    }
}

fn render_issue_counts(counts: IssueCounts) -> String {
    let all = [(counts.critical, "critical"), (counts.high, "high"), (counts.medium, "medium"), (counts.low, "low")];
    let some: Vec<String> = all.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}

fn run_rows(runs: &[RunFigures], savings: &[Option<f64>]) -> Vec<Row> {
    let line = |name: &str, cell: &dyn Fn(&RunFigures) -> String| Row::line(name, runs.iter().map(cell).collect());
    let mut rows = vec![
        Row::head("total"),
        line("status", &|run| run.status.as_str().to_owned()),
        line("escaped", &|run| count(run.escaped as u64, "issue")),
        line("model calls", &|run| run.totals.calls.to_string()),
    ];
    if runs.iter().any(|run| run.totals.recorded > 0) {
        rows.push(line("recorded", &|run| run.totals.recorded.to_string()));
    }
    if runs.iter().any(|run| run.totals.failed_requests > 0) {
        rows.push(line("failed", &|run| render_failed_requests(&run.totals).unwrap_or_else(|| "none".to_owned())));
    }
    if runs.iter().any(|run| run.maybe_billed > 0) {
        rows.push(line("unanswered", &|run| match run.maybe_billed {
            0 => "none".to_owned(),
            open => format!("{}, may have been billed", count(open as u64, "call")),
        }));
    }
    rows.push(line("input tokens", &|run| compact_number(run.totals.input_tokens)));
    if runs.iter().any(|run| run.totals.cached_input_tokens > 0) {
        rows.push(line("cached", &|run| compact_number(run.totals.cached_input_tokens)));
    }
    if savings.iter().any(Option::is_some) {
        let saved = savings.iter().map(|saved| saved.map_or_else(|| "-".to_owned(), |usd| money(Some(usd))));
        rows.push(Row::line("saved by caches", saved.collect()));
    }
    rows.extend([
        line("output tokens", &|run| compact_number(run.totals.output_tokens)),
        line("cost", &|run| cost(run.totals.usd, run.scripted, run.totals.asks_models)),
        line("time", &|run| duration(run.totals.elapsed_ms)),
    ]);
    rows
}

/// Returns a code fence that is longer than every row of backticks in the text.
fn fence(text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    "`".repeat(runs.max().unwrap_or(0).max(2) + 1)
}
