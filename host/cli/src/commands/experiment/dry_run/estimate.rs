//! What the cells that would run may use: the mean of earlier runs.
//!
//! The first of these sources that has a run is used: ended runs of the same variant, of its earlier versions, of other variants
//! with the same pipeline, and other runs of that pipeline in the journal. Without any there is no estimate. Runs with scripted
//! answers say nothing about models, and the other way round. Pure.

use phasegate_experiment::PlannedVariant;
use phasegate_process::experiment::{Cell, SupersededRun};
use phasegate_process::measures::PastEffort;
use phasegate_process::model::Tier;
use serde::Serialize;

use crate::terminal::format::{compact_number, count, money};

/// What cells are expected to use.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Estimate {
    /// The runs that it is the mean of.
    from: Source,
    /// The number of these runs.
    runs: usize,
    calls: f64,
    pub tokens: f64,
    /// `None` where a price is unknown.
    pub usd: Option<f64>,
    /// Milliseconds of work.
    pub elapsed_ms: f64,
    /// Whether it includes beginnings that cells of other variants have as well: these runs had none, or a beginning of their
    /// own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub with_beginnings: bool,
}

/// From the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    Variant,
    SharedBeginnings,
    EarlierVersion,
    Pipeline,
    EarlierRuns,
}

/// The earlier runs.
pub struct Estimator<'a> {
    /// The cells of the experiment, each with the place of its variant.
    pub cells: &'a [(usize, Cell)],
    pub superseded: &'a [SupersededRun],
    /// The variants of the plan.
    pub variants: &'a [PlannedVariant],
    /// Runs of the journal, those of the experiment too.
    pub past: &'a [PastEffort],
    /// Whether variants continue shared beginnings.
    pub shares: bool,
}

impl Estimator<'_> {
    /// Returns the estimate of one cell of a variant. With shared beginnings, it is what comes after the beginning, as far as
    /// that is known.
    pub fn estimate_cell(&self, at: usize, name: &str) -> Option<Estimate> {
        let scripted = self.variants.get(at).is_some_and(is_scripted);
        let of_cells = |from: Source, wanted: &dyn Fn(usize) -> bool| {
            let alike = |cell: &Cell| cell.standing.has_ended() && cell.cost.scripted == scripted;
            let wanted = self.cells.iter().filter(|(at, cell)| wanted(*at) && alike(cell));
            Estimate::mean(wanted.map(|(_, cell)| Estimate::of_cell(from, cell)))
        };
        let pipeline = |at: usize| self.variants.get(at).map(|planned| planned.pipeline_name.as_str());
        let earlier = self
            .superseded
            .iter()
            .filter(|run| run.id.variant == name && run.standing.has_ended() && run.scripted == scripted);
        let whole = |estimate: Estimate| Estimate { with_beginnings: self.shares, ..estimate };
        of_cells(Source::Variant, &|other| other == at)
            .or_else(|| Estimate::mean(earlier.map(Estimate::of_superseded)).map(whole))
            .or_else(|| of_cells(Source::Pipeline, &|other| pipeline(other) == pipeline(at)))
            .or_else(|| self.estimate_from_journal(self.variants.get(at)?).map(whole))
    }

    fn estimate_from_journal(&self, variant: &PlannedVariant) -> Option<Estimate> {
        let scripted = is_scripted(variant);
        let alike = |run: &&PastEffort| run.pipeline == variant.pipeline_name && run.scripted == scripted;
        Estimate::mean(self.past.iter().filter(alike).map(Estimate::of_past))
    }
}

/// Whether a script answers for any model of the variant.
fn is_scripted(variant: &PlannedVariant) -> bool {
    let models = &variant.settings.models;
    Tier::ALL.iter().filter_map(|tier| models.configured(*tier)).any(|(_, model)| model.is_scripted())
}

/// Returns the estimate of one shared beginning, from those that are complete.
pub fn estimate_beginning<'a>(complete: impl Iterator<Item = &'a Cell>) -> Option<Estimate> {
    let alone = |cell: &Cell| Cell { shared: None, ..cell.clone() };
    Estimate::mean(complete.map(|cell| Estimate::of_cell(Source::SharedBeginnings, &alone(cell))))
}

impl Estimate {
    /// Returns the mean of these runs.
    fn mean(runs: impl Iterator<Item = Self>) -> Option<Self> {
        let sum = runs.reduce(Self::plus)?;
        Some(sum.scaled(1.0 / sum.runs as f64))
    }

    /// Returns what a run of a cell used after its shared beginning.
    fn of_cell(from: Source, cell: &Cell) -> Self {
        let (cost, shared) = (&cell.cost, cell.shared.as_ref());
        let own = |all: u64, part: Option<u64>| all.saturating_sub(part.unwrap_or(0)) as f64;
        let usd = match shared {
            None => cost.usd,
            Some(shared) => cost.usd.zip(shared.usd).map(|(all, part)| (all - part).max(0.0)),
        };
        Self {
            from,
            runs: 1,
            calls: own(cost.calls, shared.map(|shared| shared.calls)),
            tokens: own(cost.tokens, shared.map(|shared| shared.tokens)),
            usd,
            elapsed_ms: own(cost.elapsed_ms, shared.map(|shared| shared.elapsed_ms)),
            with_beginnings: false,
        }
    }

    fn of_superseded(run: &SupersededRun) -> Self {
        Self::whole(Source::EarlierVersion, [run.calls, run.tokens, run.elapsed_ms], run.usd)
    }

    fn of_past(run: &PastEffort) -> Self {
        Self::whole(Source::EarlierRuns, [run.calls, run.tokens, run.elapsed_ms], run.usd)
    }

    fn whole(from: Source, [calls, tokens, elapsed_ms]: [u64; 3], usd: Option<f64>) -> Self {
        let [calls, tokens, elapsed_ms] = [calls as f64, tokens as f64, elapsed_ms as f64];
        Self { from, runs: 1, calls, tokens, usd, elapsed_ms, with_beginnings: false }
    }

    /// Returns the sum; its source is the worse of both.
    pub fn plus(self, other: Self) -> Self {
        Self {
            from: self.from.max(other.from),
            runs: self.runs + other.runs,
            calls: self.calls + other.calls,
            tokens: self.tokens + other.tokens,
            usd: self.usd.zip(other.usd).map(|(one, two)| one + two),
            elapsed_ms: self.elapsed_ms + other.elapsed_ms,
            with_beginnings: self.with_beginnings || other.with_beginnings,
        }
    }

    /// Returns the estimate of so many cells.
    pub fn times(self, cells: usize) -> Self {
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

    /// Renders money, tokens, and what it is the mean of.
    pub fn render(self) -> String {
        let source = match self.from {
            Source::Variant | Source::SharedBeginnings => "",
            Source::EarlierVersion => " of earlier versions",
            Source::Pipeline => " of its pipeline",
            Source::EarlierRuns => " of its pipeline outside of the experiment",
        };
        let tokens = compact_number(self.tokens.round() as u64);
        format!("{}, {tokens} tokens (mean of {}{source})", money(self.usd), count(self.runs as u64, "run"))
    }
}
