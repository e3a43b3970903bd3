//! The attempts of compared runs as a picture: the shared ones once, then those of each run; for a terminal or as SVG.

use phasegate_process::Verdict;
use phasegate_process::acceptance::Acceptance;
use phasegate_process::compare::{Comparison, RunFigures, Step, StepStatus};
use phasegate_process::result::{TaskStatus, Totals};

use crate::svg::{Anchor, CHARACTER, Svg};
use crate::terminal::format::{compact_number, count, money, truncate};
use crate::terminal::style::Paint;
use crate::terminal::width::{columns, wrap};

/// Width of the picture without a terminal, in columns.
const WIDTH: usize = 80;
/// Width of the drawn picture, in pixels.
const PIXELS: f64 = 1120.0;

/// One row of boxes.
struct Row<'a> {
    label: String,
    steps: &'a [Step],
    /// How the row ends.
    end: String,
    tone: Tone,
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Good,
    Bad,
    Open,
    Plain,
}

impl Tone {
    fn of_step(status: StepStatus) -> Self {
        match status {
            StepStatus::Judged(Verdict::Passed | Verdict::PassedWithConditions) => Self::Good,
            StepStatus::Judged(Verdict::Failed) | StepStatus::Invalid => Self::Bad,
            StepStatus::Judged(Verdict::NotJudged) | StepStatus::Running => Self::Open,
            StepStatus::Done => Self::Plain,
        }
    }

    fn of_run(run: &RunFigures) -> Self {
        match run.status {
            TaskStatus::Passed if matches!(run.acceptance, Acceptance::NotAccepted { .. }) => Self::Bad,
            TaskStatus::Passed => Self::Good,
            TaskStatus::Failed | TaskStatus::Aborted => Self::Bad,
            TaskStatus::Waiting | TaskStatus::Stopped | TaskStatus::Running => Self::Open,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Open => "open",
            Self::Plain => "",
        }
    }

    fn paint(self, paint: Paint, text: &str) -> String {
        match self {
            Self::Good => paint.green(text),
            Self::Bad => paint.red(text),
            Self::Open => paint.yellow(text),
            Self::Plain => text.to_owned(),
        }
    }
}

fn rows<'a>(comparison: &'a Comparison, letters: &[String]) -> Vec<Row<'a>> {
    let shared = &comparison.steps.shared;
    let everyone = if comparison.runs.len() == 2 { "both" } else { "all" };
    let end = render_sum(shared);
    let both = Row { label: everyone.to_owned(), steps: shared, end, tone: Tone::Plain };
    let own = comparison.runs.iter().zip(&comparison.steps.runs).zip(letters).map(|((run, steps), letter)| {
        let accepted = match &run.acceptance {
            Acceptance::NotTested => String::new(),
            acceptance => acceptance.as_str().replace('_', " "),
        };
        let end = [run.status.as_str().to_owned(), accepted, render_sum(steps)];
        let end = end.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        Row { label: letter.clone(), steps, end, tone: Tone::of_run(run) }
    });
    (!shared.is_empty()).then_some(both).into_iter().chain(own).collect()
}

/// Renders the cost of attempts, or their tokens where they have no cost; empty if there are none.
fn render_sum(steps: &[Step]) -> String {
    let usd: Option<f64> = steps.iter().map(|step| step.totals.usd).sum();
    let tokens: u64 = steps.iter().map(|step| step.totals.input_tokens + step.totals.output_tokens).sum();
    render_cost(usd, tokens)
}

fn render_cost(usd: Option<f64>, tokens: u64) -> String {
    match (usd, tokens) {
        (Some(usd), _) if usd > 0.0 => money(Some(usd)),
        (_, 0) => String::new(),
        (_, tokens) => format!("{} tokens", compact_number(tokens)),
    }
}

/// Renders the picture for a terminal.
pub fn render_text(comparison: &Comparison, letters: &[String], paint: Paint) -> String {
    let rows = rows(comparison, letters);
    let label = rows.iter().map(|row| columns(&row.label)).max().unwrap_or(0) + 2;
    let room = paint.width().unwrap_or(WIDTH).saturating_sub(label);
    let mut text = String::new();
    for row in &rows {
        let boxes = row.steps.iter().map(|step| (render_box(step), Tone::of_step(step.status)));
        let end = (!row.end.is_empty()).then(|| (row.end.clone(), row.tone));
        let (mut line, mut used, mut first) = (String::new(), 0, true);
        for (part, tone) in boxes.chain(end) {
            let needs = columns(&part) + usize::from(used > 0);
            if used > 0 && used + needs > room {
                text.push_str(&render_line(&mut first, &row.label, label, &line, paint));
                (line, used) = (String::new(), 0);
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            used += columns(&part);
            line.push_str(&tone.paint(paint, &part));
        }
        text.push_str(&render_line(&mut first, &row.label, label, &line, paint));
    }
    text
}

fn render_line(first: &mut bool, name: &str, width: usize, line: &str, paint: Paint) -> String {
    let gap = width.saturating_sub(if *first { columns(name) } else { 0 });
    let name = if std::mem::take(first) { paint.bold(name) } else { String::new() };
    format!("{name}{}{line}\n", " ".repeat(gap)).replace(" \n", "\n")
}

fn render_box(step: &Step) -> String {
    match step.status {
        StepStatus::Done => format!("[{}]", step.at),
        status => format!("[{} {}]", step.at, render_status(status)),
    }
}

fn render_status(status: StepStatus) -> String {
    match status {
        StepStatus::Judged(Verdict::PassedWithConditions) => "conditional".to_owned(),
        status => status.as_str().replace('_', " "),
    }
}

/// Draws the picture as an SVG file, below the answer and above the names of the runs.
pub fn draw(comparison: &Comparison, letters: &[String], title: &str) -> String {
    let mut drawing = Drawing { shapes: Svg::new(title, PIXELS, 0.0), x: LEFT, y: MARGIN };
    drawing.lines(&wrap(title, CHARACTERS));
    for row in &rows(comparison, letters) {
        drawing.row(row);
    }
    let names =
        comparison.runs.iter().zip(letters).map(|(run, letter)| {
            format!("{letter}: {}, pipeline {}, strategy {}", run.run_id, run.pipeline, run.strategy)
        });
    drawing.lines(&names.map(|name| truncate(&name, CHARACTERS)).collect::<Vec<_>>());
    drawing.shapes.set_height(drawing.y);
    drawing.shapes.render_file()
}

/// Height of a box, in pixels.
const HEIGHT: f64 = 40.0;
/// Room between two boxes.
const GAP: f64 = 16.0;
/// Height of a line of text.
const LINE: f64 = 18.0;
/// Length of a line of text.
const CHARACTERS: usize = ((PIXELS - 2.0 * MARGIN) / CHARACTER) as usize;
/// Room around the picture.
const MARGIN: f64 = 16.0;
/// Where the boxes begin.
const LEFT: f64 = 64.0;

/// A picture, and the place of the next box.
struct Drawing {
    shapes: Svg,
    x: f64,
    y: f64,
}

impl Drawing {
    /// Writes lines of text.
    fn lines(&mut self, lines: &[String]) {
        for line in lines {
            self.shapes.text([MARGIN, self.y + 12.0], Anchor::Start, "", line);
            self.y += LINE;
        }
        self.y += GAP;
    }

    fn row(&mut self, row: &Row<'_>) {
        self.shapes.text([MARGIN, self.y + HEIGHT / 2.0 + 4.0], Anchor::Start, "bold", &row.label);
        for step in row.steps {
            let [name, detail] = box_lines(step);
            let width = name.chars().count().max(detail.chars().count()) as f64 * CHARACTER + 16.0;
            let middle = self.y + HEIGHT / 2.0;
            if !self.breaks(width) && self.x > LEFT {
                self.shapes.line([self.x - GAP, middle, self.x, middle], "axis");
            }
            let (x, y) = (self.x, self.y);
            let tone = Tone::of_step(step.status).class();
            self.shapes.rect([x, y, width, HEIGHT], &format!("box {tone}"));
            self.shapes.text([x + 8.0, y + 16.0], Anchor::Start, "", &name);
            let class = if tone.is_empty() { "dim" } else { tone };
            self.shapes.text([x + 8.0, y + 32.0], Anchor::Start, class, &detail);
            self.x += width + GAP;
        }
        self.breaks(row.end.chars().count() as f64 * CHARACTER);
        self.shapes.text([self.x, self.y + HEIGHT / 2.0 + 4.0], Anchor::Start, row.tone.class(), &row.end);
        (self.x, self.y) = (LEFT, self.y + HEIGHT + GAP);
    }

    /// Continues below if there is no room for this width.
    fn breaks(&mut self, width: f64) -> bool {
        let breaks = self.x > LEFT && self.x + width > PIXELS - MARGIN;
        if breaks {
            (self.x, self.y) = (LEFT, self.y + HEIGHT + GAP / 2.0);
        }
        breaks
    }
}

fn box_lines(step: &Step) -> [String; 2] {
    let Totals { usd, input_tokens, output_tokens, calls, .. } = step.totals;
    let cost = match render_cost(usd, input_tokens + output_tokens) {
        cost if cost.is_empty() && calls > 0 => count(calls, "call"),
        cost => cost,
    };
    let status = match step.status {
        StepStatus::Done => String::new(),
        status => render_status(status),
    };
    let parts = [status, cost].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    [step.at.to_string(), parts.join(", ")]
}
