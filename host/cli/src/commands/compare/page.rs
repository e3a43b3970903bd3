//! The page of a comparison: the answer, the attempts, the figures and the first differences.

use phasegate_journal::Journal;
use phasegate_process::compare::{
    Comparison, Difference, DifferenceKind, PinnedChange, PinnedItem, RunDifference, RunFigures,
};
use phasegate_process::result::TaskStatus;
use phasegate_process::{Event, Recorded};
use phasegate_runtime::render_diff;

use super::rows::{phase_rows, run_rows};
use crate::terminal::columns::{Row, escape_markdown, render_markdown, render_text};
use crate::terminal::format::one_line;
use crate::terminal::style::Paint;
use crate::terminal::width::wrap_lines;
use crate::view::answer::{Pair, describe_difference};
use crate::view::event_detail::render_event;
use crate::view::steps;

/// Maximal number of lines of an event without a diff.
const MAX_DETAILS: usize = 8;

/// What a comparison shows.
pub struct Page<'a> {
    pub journal: &'a dyn Journal,
    pub comparison: &'a Comparison,
    /// The models of each run.
    pub models: Vec<String>,
    /// What the caches of providers saved each run, in US dollars.
    pub savings: Vec<Option<f64>>,
    pub paint: Paint,
}

impl Page<'_> {
    /// Renders the page for a terminal.
    pub fn render_text(&self) -> String {
        let mut page = format!("{}\n\n", wrap_lines(&self.answer(), self.paint.width()).trim_end());
        for (run, (letter, model)) in self.comparison.runs.iter().zip(self.heads()) {
            let head = format!("{}  {}", self.paint.bold(&letter), run.run_id);
            page.push_str(&format!(
                "{head}\n   {}\n   model {model}\n   {}\n",
                render_setting(run),
                render_standing(run)
            ));
        }
        page.push_str(&format!("\n{}", steps::render_text(self.comparison, &self.letters(), self.paint)));
        page.push_str(&format!("\n{}", render_text(&self.letters(), &self.rows(), self.paint)));
        for (letter, against) in self.letters().iter().skip(1).zip(&self.comparison.against_first) {
            page.push_str(&format!("\n{}\n", self.paint.bold(&format!("A and {letter}"))));
            let changes = self.changes(against);
            if !changes.is_empty() {
                let changed = format!("  changed: {}\n", changes.join(", "));
                page.push_str(&wrap_lines(&changed, self.paint.width()));
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

    /// Renders the page as Markdown.
    pub fn render_markdown(&self) -> String {
        let answer = self.answer();
        let mut page: String = answer.lines().map(|line| format!("{}\n\n", escape_markdown(line))).collect();
        for (run, (letter, model)) in self.comparison.runs.iter().zip(self.heads()) {
            let (setting, standing) = (escape_markdown(&render_setting(run)), escape_markdown(&render_standing(run)));
            let model = escape_markdown(model);
            page.push_str(&format!("- **{letter}** `{}`: {setting}, model {model}; {standing}\n", run.run_id));
        }
        let steps = steps::render_text(self.comparison, &self.letters(), Paint::plain());
        page.push_str(&format!("\n```text\n{steps}```\n"));
        page.push_str(&format!("\n{}", render_markdown(&self.letters(), &self.rows())));
        for (letter, against) in self.letters().iter().skip(1).zip(&self.comparison.against_first) {
            page.push_str(&format!("\n**A and {letter}**: {}\n", escape_markdown(&self.headline(letter, against))));
            let changes = self.changes(against);
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

    /// Returns what the comparison comes to; a line for each run after the first where there are more than two.
    pub fn answer(&self) -> String {
        let letters = self.letters();
        let Some((first, others)) = self.comparison.runs.split_first() else { return String::new() };
        let pairs: Vec<Pair<'_>> = others
            .iter()
            .zip(letters.iter().skip(1))
            .zip(&self.comparison.against_first)
            .map(|((run, letter), against)| Pair { first: ("A", first), other: (letter, run), against })
            .collect();
        match pairs.as_slice() {
            [pair] => pair.render(),
            pairs => pairs.iter().map(Pair::render_short).collect::<Vec<_>>().join("\n"),
        }
    }

    /// Returns the letters that stand for the runs.
    pub fn letters(&self) -> Vec<String> {
        (0..self.comparison.runs.len()).map(run_letter).collect()
    }

    fn heads(&self) -> impl Iterator<Item = (String, &String)> {
        self.letters().into_iter().zip(&self.models)
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = phase_rows(self.comparison);
        rows.extend(run_rows(&self.comparison.runs, &self.savings));
        rows
    }

    fn changes(&self, against: &RunDifference) -> Vec<String> {
        let first = self.comparison.runs.first();
        against.swapped.iter().map(|change| render_change(change, first)).collect()
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

/// Renders a change of a run against the first one.
fn render_change(change: &PinnedChange, first: Option<&RunFigures>) -> String {
    let strategy = first.map(|run| &run.strategy);
    let what = match &change.what {
        PinnedItem::Pipeline if change.parts.is_empty() => "pipeline".to_owned(),
        PinnedItem::Pipeline => format!("pipeline ({})", change.parts.join(", ")),
        PinnedItem::Strategy(name) if strategy == Some(name) => format!("settings of strategy {name}"),
        PinnedItem::Strategy(name) => {
            return strategy.map_or_else(|| format!("strategy {name}"), |old| format!("strategy {old} → {name}"));
        }
        PinnedItem::Component(name) if strategy == Some(name) => format!("strategy {name} (another component)"),
        PinnedItem::Component(name) => format!("component {name}"),
        PinnedItem::Input(name) => format!("input {name}"),
    };
    match (&change.before, &change.after) {
        (Some(_), None) => format!("{what} (removed)"),
        (None, Some(_)) => format!("{what} (added)"),
        _ => what,
    }
}

/// Returns a code fence that is longer than every row of backticks in the text.
fn fence(text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    "`".repeat(runs.max().unwrap_or(0).max(2) + 1)
}
