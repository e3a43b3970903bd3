//! The differences of a variant from the baseline, paired by task and repetition.
//!
//! The first measure answers the experiment: the acceptance rate where tasks have acceptance tests, else the pass rate. The p
//! values of each measure have Holm's correction over the variants, so that in an experiment without any difference the answer
//! is wrong in 5 of 100 cases at most. Intervals are not corrected.

use serde::Serialize;

use super::cell::{Cell, CellId};
use super::outcome::{Acceptances, is_passed};
use crate::names::TaskId;
use crate::stats::{
    ALPHA, MIN_VALUES, Mean, PairedDifference, Pairs, deviation, holm, paired_means, pairs_for_mean, pairs_for_shares,
    smallest_mean, smallest_shares,
};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The share of runs that passed and were accepted.
    AcceptanceRate,
    /// The share of runs that passed.
    PassRate,
    /// Failed judgements of a run.
    FailedJudgements,
    /// US dollars of a run.
    UsdPerRun,
}

impl Measure {
    const ALL: [Self; 4] = [Self::AcceptanceRate, Self::PassRate, Self::FailedJudgements, Self::UsdPerRun];

    /// Returns the word used in JSON and CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AcceptanceRate => "acceptance_rate",
            Self::PassRate => "pass_rate",
            Self::FailedJudgements => "failed_judgements",
            Self::UsdPerRun => "usd_per_run",
        }
    }

    /// Whether the values are shares.
    pub fn is_rate(self) -> bool {
        matches!(self, Self::AcceptanceRate | Self::PassRate)
    }
}

/// What the pairs show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// The variant is better than the baseline.
    Better,
    /// The variant is worse.
    Worse,
    /// Neither is shown.
    NotDecided,
    /// There are fewer than 6 pairs.
    TooFew,
}

impl Conclusion {
    /// Returns the word used in JSON and CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NotDecided => "not_decided",
            Self::TooFew => "too_few",
        }
    }
}

/// The pairs of task and repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Blocks {
    /// All of them.
    pub planned: usize,
    /// Those whose runs have ended in both variants.
    pub complete: usize,
}

/// The differences of one variant from the baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantDifference {
    /// The variant.
    pub variant: String,
    /// The baseline.
    pub baseline: String,
    /// The pairs that are compared.
    pub blocks: Blocks,
    /// The differences; the first one answers the experiment.
    pub measures: Vec<MeasureDifference>,
}

/// The difference of one measure: the variant minus the baseline, over complete blocks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasureDifference {
    /// The measure. Rates are shares from 0 to 1.
    pub measure: Measure,
    /// The number of pairs.
    pub pairs: usize,
    /// The mean of the baseline over these pairs.
    pub baseline: f64,
    /// The mean of the variant.
    pub variant: f64,
    /// The difference, for these tasks.
    pub difference: f64,
    /// The lower end of its 95 % interval; `None` with fewer than 6 pairs, and where all differences are equal.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// The two-sided p value of no difference.
    pub p: Option<f64>,
    /// The same with Holm's correction.
    pub p_adjusted: Option<f64>,
    /// What the pairs show.
    pub verdict: Conclusion,
    /// The difference for tasks like these: the mean of the tasks' differences, with an interval from 6 tasks on.
    pub similar_tasks: Option<Mean>,
    /// The smallest difference that this number of pairs shows in 80 of 100 experiments.
    pub smallest_shown: Option<f64>,
    /// About how many more repetitions of each task decide a difference of the observed size in 80 of 100 experiments. `None`
    /// where it is decided or there is none.
    pub more_repetitions: Option<u64>,
}

/// One complete block: the same task and repetition in both variants.
struct Block<'a> {
    task: &'a TaskId,
    baseline: &'a Cell,
    variant: &'a Cell,
}

/// Returns the differences of every variant from the baseline.
pub(super) fn differences(
    baseline: Option<&str>,
    names: &[&str],
    tasks: &[TaskId],
    cells: &[Cell],
    acceptances: &Acceptances<'_>,
) -> Vec<VariantDifference> {
    let Some(baseline) = baseline else { return Vec::new() };
    let others = names.iter().filter(|name| **name != baseline);
    let mut all: Vec<VariantDifference> =
        others.map(|name| compare(baseline, name, tasks, cells, acceptances)).collect();
    Measure::ALL.into_iter().for_each(|measure| conclude(&mut all, measure));
    all
}

fn compare(
    baseline: &str,
    variant: &str,
    tasks: &[TaskId],
    cells: &[Cell],
    acceptances: &Acceptances<'_>,
) -> VariantDifference {
    let of_baseline: Vec<&Cell> = cells.iter().filter(|cell| cell.id.variant == baseline).collect();
    let partner = |id: &CellId| {
        of_baseline.iter().copied().find(|cell| cell.id.task == id.task && cell.id.repetition == id.repetition)
    };
    let planned: Vec<Block<'_>> = cells
        .iter()
        .filter(|cell| cell.id.variant == variant)
        .filter_map(|cell| Some(Block { task: &cell.id.task, baseline: partner(&cell.id)?, variant: cell }))
        .collect();
    let count = planned.len();
    let complete: Vec<Block<'_>> = planned
        .into_iter()
        .filter(|block| block.baseline.standing.has_ended() && block.variant.standing.has_ended())
        .collect();
    let outcome = |measure, figure: &dyn Fn(&Cell) -> Option<bool>| {
        let number = |cell: &Cell| figure(cell).map(|yes| if yes { 1.0 } else { 0.0 });
        measure_difference(measure, tasks, &complete, &number)
    };
    let accepted = outcome(Measure::AcceptanceRate, &|cell| acceptances.is_accepted(cell));
    // The same gates judge the runs of both, or their judgements are not counted against each other.
    let same_gates = complete.iter().all(|block| block.baseline.gate_names().eq(block.variant.gate_names()));
    let failed = |cell: &Cell| same_gates.then_some(cell.cost.failed_judgements as f64);
    // Money is compared where every run has a price.
    let priced = complete.iter().all(|block| block.baseline.cost.usd.is_some() && block.variant.cost.usd.is_some());
    let usd = |cell: &Cell| cell.cost.usd.filter(|_| priced);
    let measures = [
        accepted,
        outcome(Measure::PassRate, &is_passed),
        measure_difference(Measure::FailedJudgements, tasks, &complete, &failed),
        measure_difference(Measure::UsdPerRun, tasks, &complete, &usd)
            .filter(|difference| difference.baseline + difference.variant > 0.0),
    ];
    VariantDifference {
        variant: variant.to_owned(),
        baseline: baseline.to_owned(),
        blocks: Blocks { planned: count, complete: complete.len() },
        measures: measures.into_iter().flatten().collect(),
    }
}

/// Returns the difference of a measure over the blocks in which both runs have it; `None` without such blocks.
fn measure_difference(
    measure: Measure,
    tasks: &[TaskId],
    blocks: &[Block<'_>],
    figure: &dyn Fn(&Cell) -> Option<f64>,
) -> Option<MeasureDifference> {
    let pairs: Vec<(&TaskId, f64, f64)> =
        blocks.iter().filter_map(|block| Some((block.task, figure(block.baseline)?, figure(block.variant)?))).collect();
    let differences: Vec<f64> = pairs.iter().map(|(_, baseline, variant)| variant - baseline).collect();
    let n = pairs.len();
    let of_tasks: Vec<f64> = tasks
        .iter()
        .filter_map(|task| {
            let of_task: Vec<f64> =
                pairs.iter().filter(|pair| pair.0 == task).map(|(_, baseline, variant)| variant - baseline).collect();
            Mean::from_values(&of_task).map(|mean| mean.value)
        })
        .collect();
    let (found, smallest_shown, needed): (PairedDifference, _, _) = if measure.is_rate() {
        let outcomes = Pairs::from_outcomes(pairs.iter().map(|pair| (pair.1 > 0.5, pair.2 > 0.5)));
        let found = outcomes.difference()?;
        let discordant = outcomes.discordant() as f64 / n as f64;
        (found, smallest_shares(n, discordant), pairs_for_shares(found.value, discordant))
    } else {
        let (found, spread) = (paired_means(&differences)?, deviation(&differences));
        (found, smallest_mean(n, spread).filter(|_| spread > 0.0), pairs_for_mean(found.value, spread))
    };
    let interval = found.test.and_then(|test| test.interval);
    let mean = |value: fn(&(&TaskId, f64, f64)) -> f64| pairs.iter().map(value).sum::<f64>() / n as f64;
    // The pairs of one more repetition.
    let each = of_tasks.len().max(1) as f64;
    let more = match n < MIN_VALUES {
        true => Some((MIN_VALUES - n) as f64),
        false => needed.map(|needed| (needed - n as f64).max(1.0)),
    };
    Some(MeasureDifference {
        measure,
        pairs: n,
        baseline: mean(|pair| pair.1),
        variant: mean(|pair| pair.2),
        difference: found.value,
        low: interval.map(|interval| interval.0),
        high: interval.map(|interval| interval.1),
        p: found.test.map(|test| test.p),
        p_adjusted: None,
        verdict: Conclusion::TooFew,
        similar_tasks: Mean::from_values(&of_tasks),
        smallest_shown: smallest_shown.filter(|_| n >= MIN_VALUES),
        more_repetitions: more.map(|more| (more / each).ceil() as u64),
    })
}

/// Corrects the p values of a measure over the variants and draws the conclusions.
fn conclude(all: &mut [VariantDifference], measure: Measure) {
    let mut family: Vec<&mut MeasureDifference> = all
        .iter_mut()
        .flat_map(|difference| &mut difference.measures)
        .filter(|difference| difference.measure == measure && difference.p.is_some())
        .collect();
    let given: Vec<f64> = family.iter().filter_map(|difference| difference.p).collect();
    for (difference, adjusted) in family.iter_mut().zip(holm(&given)) {
        difference.p_adjusted = Some(adjusted);
        difference.verdict = difference.conclusion(adjusted);
        if matches!(difference.verdict, Conclusion::Better | Conclusion::Worse) {
            difference.more_repetitions = None;
        }
    }
}

impl MeasureDifference {
    /// A difference is decided if the test and the interval agree.
    fn conclusion(&self, p: f64) -> Conclusion {
        let spans_zero = self.low.zip(self.high).is_some_and(|(low, high)| low <= 0.0 && 0.0 <= high);
        match p < ALPHA && !spans_zero && self.difference != 0.0 {
            true if (self.difference > 0.0) == self.measure.is_rate() => Conclusion::Better,
            true => Conclusion::Worse,
            false => Conclusion::NotDecided,
        }
    }
}
