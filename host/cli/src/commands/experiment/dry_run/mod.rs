//! `experiment --dry-run`: which cells would run, which are kept, and what the rest may cost.
//!
//! A beginning that several variants share is a row of its own, and its cost is counted once. Writes nothing and calls no
//! provider.

mod estimate;

use phasegate_broker::Spent;
use phasegate_experiment::{Experiment, SHARED_BEGINNING};
use phasegate_process::experiment::{Cell, CellStatus, SupersededRun};
use phasegate_process::measures::PastEffort;
use phasegate_runtime::Beginning;
use serde::Serialize;

use self::estimate::{Estimate, Estimator, estimate_beginning};
use super::cells::Cells;
use crate::terminal::format::{compact_number, duration, money, one_line, table};

/// The version of the JSON form of [`DryRun`].
const FORMAT: u32 = 1;

/// What a start of the experiment would do.
#[derive(Debug, Serialize)]
pub struct DryRun {
    format: u32,
    experiment: String,
    /// The variants in the order of the file.
    variants: Vec<VariantPlan>,
    /// The beginnings that variants share; absent where they share none.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_beginnings: Option<BeginningPlan>,
    /// The sums over all variants.
    total: Counts,
    /// The estimate of everything that would run; `None` where a part has none.
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
    /// For all its cells that would run, without their shared beginnings where these are known.
    estimate: Option<Estimate>,
}

#[derive(Debug, Serialize)]
struct BeginningPlan {
    #[serde(flatten)]
    counts: Counts,
    /// For all beginnings that would run.
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

/// The limits of all runs together, and what is spent of them.
#[derive(Debug, Serialize)]
struct Budget {
    calls: Option<u64>,
    tokens: Option<u64>,
    usd: Option<f64>,
    spent: Spent,
}

impl DryRun {
    /// Computes what a start with `jobs` runs at once would do. `past` are the newest runs of the journal.
    pub fn new(experiment: &Experiment, cells: &Cells, past: &[PastEffort], spent: Spent, jobs: usize) -> Self {
        let read: Vec<(usize, Cell)> =
            cells.plan.cells.iter().map(|planned| (planned.variant, cells.cell(planned))).collect();
        let shared_beginnings = BeginningPlan::new(&cells.beginnings());
        let estimator = Estimator {
            cells: &read,
            superseded: cells.superseded(),
            variants: &cells.plan.variants,
            past,
            shares: shared_beginnings.is_some(),
        };
        let plan_variant = |(at, name): (usize, &str)| {
            let of = |cell: &&(usize, Cell)| cell.0 == at;
            let superseded = cells.superseded().iter().filter(|run| run.id.variant == name).count();
            let counts = Counts::new(read.iter().filter(of).map(|(_, cell)| cell), superseded);
            let same_as = cells.plan.variants.get(at).and_then(|planned| experiment.variants.get(planned.same_as?));
            VariantPlan {
                variant: name.to_owned(),
                counts,
                same_as: same_as.map(|it| it.name.clone()),
                estimate: estimator.estimate_cell(at, name).map(|each| each.times(counts.to_run())),
            }
        };
        let names = experiment.variants.iter().map(|variant| variant.name.as_str());
        let variants: Vec<VariantPlan> = names.enumerate().map(plan_variant).collect();
        let estimate = sum(&variants, shared_beginnings.as_ref());
        let superseded = cells.superseded().len();
        let budget = experiment.budget;
        Self {
            format: FORMAT,
            experiment: experiment.name.clone(),
            total: Counts::new(read.iter().map(|(_, cell)| cell), superseded),
            variants,
            shared_beginnings,
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
        if let Some(plan) = &self.shared_beginnings {
            let is_known_with_variants = self.estimate.is_some_and(|all| all.with_beginnings);
            let estimate = match plan.estimate {
                None if is_known_with_variants => "counted with the variants".to_owned(),
                estimate => render_estimate(plan.counts, estimate),
            };
            rows.push(row(SHARED_BEGINNING, plan.counts, estimate));
        }
        rows.extend(self.variants.iter().map(|variant| {
            let estimate = render_estimate(variant.counts, variant.estimate);
            row(&one_line(&variant.variant), variant.counts, estimate)
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
            let at_most = if estimate.with_beginnings { "at most " } else { "" };
            let (usd, tokens) = (money(estimate.usd), compact_number(estimate.tokens.round() as u64));
            text.push_str(&format!("\nestimate    {at_most}{usd} and {tokens} tokens in {}\n", duration(time)));
            if estimate.with_beginnings {
                text.push_str("            shared beginnings are counted for each variant\n");
            }
            let left = self.budget.usd.map(|limit| limit - self.budget.spent.usd.unwrap_or(0.0));
            if let (Some(left), Some(usd)) = (left, estimate.usd)
                && usd > left
            {
                let left = money(Some(left.max(0.0)));
                text.push_str(&format!(
                    "            the budget has {left} left: the experiment would stop before its end\n"
                ));
            }
        }
        text
    }
}

/// Returns the estimate of everything that would run; `None` where a part has none.
fn sum(variants: &[VariantPlan], beginnings: Option<&BeginningPlan>) -> Option<Estimate> {
    let needed = variants.iter().filter(|variant| variant.counts.to_run() > 0).map(|variant| variant.estimate);
    let cells = needed.collect::<Option<Vec<_>>>()?.into_iter().reduce(Estimate::plus);
    let Some(plan) = beginnings.filter(|plan| plan.counts.to_run() > 0) else { return cells };
    match cells {
        Some(cells) if cells.with_beginnings => Some(cells),
        Some(cells) => plan.estimate.map(|beginnings| cells.plus(beginnings)),
        None => plan.estimate,
    }
}

fn row(name: &str, counts: Counts, estimate: String) -> Vec<String> {
    let Counts { to_start, to_resume, kept, superseded, .. } = counts;
    let numbers = [to_start, to_resume, kept, superseded].map(|number| number.to_string());
    std::iter::once(name.to_owned()).chain(numbers).chain([estimate]).collect()
}

fn render_estimate(counts: Counts, estimate: Option<Estimate>) -> String {
    match (counts.to_run(), estimate) {
        (0, _) => "nothing to run".to_owned(),
        (_, None) => "none: no earlier run".to_owned(),
        (_, Some(estimate)) => estimate.render(),
    }
}

impl BeginningPlan {
    /// `None` without shared beginnings.
    fn new(beginnings: &[(Cell, Beginning)]) -> Option<Self> {
        if beginnings.is_empty() {
            return None;
        }
        let mut counts = Counts::default();
        for (cell, how_far) in beginnings {
            match how_far {
                Beginning::NotStarted => counts.to_start += 1,
                Beginning::AtDecision | Beginning::Ended => counts.kept += 1,
                Beginning::Open => counts.add(cell.standing),
            }
        }
        let complete = |(_, how_far): &&(Cell, Beginning)| matches!(how_far, Beginning::AtDecision | Beginning::Ended);
        let each = estimate_beginning(beginnings.iter().filter(complete).map(|(cell, _)| cell));
        Some(Self { counts, estimate: each.map(|each| each.times(counts.to_run())) })
    }
}

impl Counts {
    fn new<'a>(cells: impl Iterator<Item = &'a Cell>, superseded: usize) -> Self {
        let mut counts = Self { superseded, ..Self::default() };
        cells.for_each(|cell| counts.add(cell.standing));
        counts
    }

    fn add(&mut self, standing: CellStatus) {
        match standing {
            CellStatus::NotStarted => self.to_start += 1,
            CellStatus::Stopped => self.to_resume += 1,
            CellStatus::Waiting => self.waiting += 1,
            _ => self.kept += 1,
        }
    }

    fn to_run(self) -> usize {
        self.to_start + self.to_resume
    }
}
