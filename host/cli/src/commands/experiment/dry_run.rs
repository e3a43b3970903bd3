//! `experiment --dry-run`: which cells would run, which are kept, and what the rest may cost.
//!
//! An estimate is the mean of earlier runs: of the same variant, else of its earlier versions, else of the same pipeline. Without any
//! there is none.
//! Writes nothing and calls no provider.

use phasegate_broker::Spent;
use phasegate_experiment::Experiment;
use phasegate_process::experiment::{Cell, CellStatus, SupersededRun};
use serde::Serialize;

use super::cells::Cells;
use crate::terminal::format::{compact_number, count, duration, money, one_line, table};

/// The version of the JSON form of [`DryRun`].
const FORMAT: u32 = 1;

/// What a start of the experiment would do.
#[derive(Debug, Serialize)]
pub struct DryRun {
    format: u32,
    experiment: String,
    /// The variants in the order of the file.
    variants: Vec<VariantPlan>,
    /// The sums over all variants.
    total: Counts,
    /// The estimate of all cells that would run; `None` where one has none.
    estimate: Option<Estimate>,
    /// Milliseconds until the end, with so many runs at once; `None` without an estimate.
    time_ms: Option<u64>,
    budget: Budget,
    superseded: Vec<SupersededRun>,
}

#[derive(Debug, Serialize)]
struct VariantPlan {
    variant: String,
    #[serde(flatten)]
    counts: Counts,
    /// The name of an earlier variant that runs the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    same_as: Option<String>,
    /// For all its cells that would run.
    estimate: Option<Estimate>,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Counts {
    /// Cells that would start.
    to_start: usize,
    /// Cells whose run would be resumed.
    to_resume: usize,
    /// Cells whose run waits for a person.
    waiting: usize,
    /// Cells whose run has ended.
    kept: usize,
    /// Runs of earlier versions of the variant.
    superseded: usize,
}

/// What cells are expected to use.
#[derive(Debug, Clone, Copy, Serialize)]
struct Estimate {
    /// `variant`, `earlier_version` or `pipeline`: the runs that it is the mean of.
    from: Source,
    /// The number of these runs.
    runs: usize,
    calls: f64,
    tokens: f64,
    /// `None` where a price is unknown.
    usd: Option<f64>,
    /// Milliseconds of work.
    elapsed_ms: f64,
}

/// From the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    Variant,
    EarlierVersion,
    Pipeline,
}

/// The limits of all runs together, and what is spent of them.
#[derive(Debug, Serialize)]
struct Budget {
    calls: Option<u64>,
    tokens: Option<u64>,
    usd: Option<f64>,
    spent: Spent,
}

impl DryRun {
    /// Computes what a start with `jobs` runs at once would do.
    pub fn new(experiment: &Experiment, cells: &Cells, spent: Spent, jobs: usize) -> Self {
        let read: Vec<(usize, Cell)> =
            cells.plan.cells.iter().map(|planned| (planned.variant, cells.cell(planned))).collect();
        let variants: Vec<VariantPlan> = experiment
            .variants
            .iter()
            .enumerate()
            .map(|(at, variant)| {
                let of = |cell: &&(usize, Cell)| cell.0 == at;
                let superseded = cells.superseded().iter().filter(|run| run.id.variant == variant.name).count();
                let counts = Counts::new(read.iter().filter(of).map(|(_, cell)| cell), superseded);
                let planned = cells.plan.variants.get(at);
                let same_as = planned.and_then(|planned| experiment.variants.get(planned.same_as?));
                let estimate = estimate_cell(cells, &read, at, &variant.name).map(|each| each.times(counts.to_run()));
                VariantPlan {
                    variant: variant.name.clone(),
                    counts,
                    same_as: same_as.map(|it| it.name.clone()),
                    estimate,
                }
            })
            .collect();
        let needed: Option<Vec<Estimate>> =
            variants.iter().filter(|variant| variant.counts.to_run() > 0).map(|variant| variant.estimate).collect();
        let estimate = needed.and_then(|each| each.into_iter().reduce(Estimate::plus));
        let superseded = cells.superseded().len();
        let budget = experiment.budget;
        Self {
            format: FORMAT,
            experiment: experiment.name.clone(),
            total: Counts::new(read.iter().map(|(_, cell)| cell), superseded),
            variants,
            estimate,
            time_ms: estimate.map(|all| (all.elapsed_ms / jobs as f64).round() as u64),
            budget: Budget { calls: budget.calls, tokens: budget.tokens, usd: budget.usd, spent },
            superseded: cells.superseded().to_vec(),
        }
    }

    /// Renders JSON.
    pub fn render_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Renders a table, the budget and what the rest may cost.
    pub fn render(&self) -> String {
        let mut rows =
            vec![["", "to start", "to resume", "kept", "superseded", "estimate"].map(str::to_owned).to_vec()];
        rows.extend(self.variants.iter().map(|variant| {
            let Counts { to_start, to_resume, kept, superseded, .. } = variant.counts;
            let numbers = [to_start, to_resume, kept, superseded].map(|number| number.to_string());
            let estimate = match (variant.counts.to_run(), variant.estimate) {
                (0, _) => "nothing to run".to_owned(),
                (_, None) => "none: no earlier run".to_owned(),
                (_, Some(estimate)) => estimate.render(),
            };
            std::iter::once(one_line(&variant.variant)).chain(numbers).chain([estimate]).collect()
        }));
        let mut text = table(&rows);
        if self.total.waiting > 0 {
            text.push_str(&format!(
                "\n{} for a decision\n",
                match self.total.waiting {
                    1 => "1 run waits".to_owned(),
                    more => format!("{more} runs wait"),
                }
            ));
        }
        if let (Some(estimate), Some(time)) = (self.estimate, self.time_ms) {
            let (usd, tokens) = (money(estimate.usd), compact_number(estimate.tokens.round() as u64));
            text.push_str(&format!("\nestimate    {usd} and {tokens} tokens in {}\n", duration(time)));
            if let (Some(limit), Some(usd)) = (self.budget.usd, estimate.usd)
                && usd + self.budget.spent.usd.unwrap_or(0.0) > limit
            {
                text.push_str("            more than the budget has left\n");
            }
        }
        text
    }
}

impl Counts {
    fn new<'a>(cells: impl Iterator<Item = &'a Cell>, superseded: usize) -> Self {
        let mut counts = Self { superseded, ..Self::default() };
        for cell in cells {
            match cell.standing {
                CellStatus::NotStarted => counts.to_start += 1,
                CellStatus::Stopped => counts.to_resume += 1,
                CellStatus::Waiting => counts.waiting += 1,
                _ => counts.kept += 1,
            }
        }
        counts
    }

    fn to_run(self) -> usize {
        self.to_start + self.to_resume
    }
}

impl Estimate {
    /// Returns the mean of these runs.
    fn mean(runs: impl Iterator<Item = Self>) -> Option<Self> {
        let sum = runs.reduce(Self::plus)?;
        Some(sum.scaled(1.0 / sum.runs as f64))
    }

    /// Returns what a run of a cell used, if it has ended.
    fn of_cell(from: Source, cell: &Cell) -> Option<Self> {
        let cost = &cell.cost;
        let (calls, tokens, elapsed_ms) = (cost.calls as f64, cost.tokens as f64, cost.elapsed_ms as f64);
        cell.standing.has_ended().then_some(Self { from, runs: 1, calls, tokens, usd: cost.usd, elapsed_ms })
    }

    /// Returns what a run of an earlier version used, if it has ended.
    fn of_superseded(run: &SupersededRun) -> Option<Self> {
        let (from, usd) = (Source::EarlierVersion, run.usd);
        let (calls, tokens, elapsed_ms) = (run.calls as f64, run.tokens as f64, run.elapsed_ms as f64);
        run.standing.has_ended().then_some(Self { from, runs: 1, calls, tokens, usd, elapsed_ms })
    }

    fn plus(self, other: Self) -> Self {
        Self {
            from: self.from.max(other.from),
            runs: self.runs + other.runs,
            calls: self.calls + other.calls,
            tokens: self.tokens + other.tokens,
            usd: self.usd.zip(other.usd).map(|(one, two)| one + two),
            elapsed_ms: self.elapsed_ms + other.elapsed_ms,
        }
    }

    fn times(self, cells: usize) -> Self {
        self.scaled(cells as f64)
    }

    fn scaled(self, by: f64) -> Self {
        Self {
            calls: self.calls * by,
            tokens: self.tokens * by,
            usd: self.usd.map(|usd| usd * by),
            elapsed_ms: self.elapsed_ms * by,
            ..self
        }
    }

    fn render(self) -> String {
        let source = match self.from {
            Source::Variant => "",
            Source::EarlierVersion => " of earlier versions",
            Source::Pipeline => " of its pipeline",
        };
        let tokens = compact_number(self.tokens.round() as u64);
        format!("{}, {tokens} tokens (mean of {}{source})", money(self.usd), count(self.runs as u64, "run"))
    }
}

/// Returns the estimate of one cell of a variant.
fn estimate_cell(cells: &Cells, read: &[(usize, Cell)], at: usize, name: &str) -> Option<Estimate> {
    let pipeline = |at: usize| cells.plan.variants.get(at).map(|planned| planned.pipeline_name.as_str());
    let of_cells = |from: Source, wanted: &dyn Fn(usize) -> bool| {
        let wanted = read.iter().filter(|(at, _)| wanted(*at));
        Estimate::mean(wanted.filter_map(|(_, cell)| Estimate::of_cell(from, cell)))
    };
    let earlier = cells.superseded().iter().filter(|run| run.id.variant == name);
    of_cells(Source::Variant, &|other| other == at)
        .or_else(|| Estimate::mean(earlier.filter_map(Estimate::of_superseded)))
        .or_else(|| of_cells(Source::Pipeline, &|other| pipeline(other) == pipeline(at)))
}
