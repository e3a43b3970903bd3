//! The answer of an experiment, and its warnings, in sentences for people.

use super::cell::Cell;
use super::difference::{Conclusion, Measure, MeasureDifference, VariantDifference};
use super::figures::Variant;
use crate::acceptance::Acceptance;
use crate::stats::MIN_VALUES;

/// Returns the answer about one variant: which is better, by how much, and how sure that is.
pub(super) fn sentence(difference: &VariantDifference) -> String {
    let VariantDifference { variant, baseline, .. } = difference;
    match difference.measures.first() {
        None => format!("too few runs to compare {variant} with {baseline}: no pair of runs has ended"),
        Some(first) => {
            let cost = difference.measures.iter().find(|measure| measure.measure == Measure::UsdPerRun);
            let values = |cost: &MeasureDifference| (cost.value(cost.variant), cost.value(cost.baseline));
            let cost =
                cost.map(values).map(|(variant, baseline)| format!(". A run costs {variant} against {baseline}"));
            first.sentence(variant, baseline) + &cost.unwrap_or_default()
        }
    }
}

impl MeasureDifference {
    /// Renders the difference as a sentence.
    pub fn sentence(&self, variant: &str, baseline: &str) -> String {
        let (more, fewer) = self.measure.verbs();
        let verb = if self.difference < 0.0 { fewer } else { more };
        let values = format!("{} against {}", self.value(self.variant), self.value(self.baseline));
        let what = self.measure.noun();
        match self.verdict {
            Conclusion::Better | Conclusion::Worse => {
                format!("{variant} {verb} than {baseline}: {values}, {}", self.render_whole())
            }
            Conclusion::NotDecided => format!(
                "not decided whether {variant} or {baseline} has the better {what}: {values}, {}{}",
                self.render_whole(),
                self.outlook()
            ),
            Conclusion::TooFew => format!(
                "too few runs to compare the {what} of {variant} and {baseline}: {} of at least {MIN_VALUES} pairs \
                 ({values}){}",
                self.pairs,
                self.more_repetitions
                    .map_or_else(String::new, |more| format!("; {} would be enough to compare", render_more(more)))
            ),
        }
    }

    /// Renders the difference with its interval and p value: `+30 points (95 % interval 12 to 48, p 0.003)`.
    fn render_whole(&self) -> String {
        let unit = match self.measure {
            Measure::UsdPerRun => " USD",
            Measure::FailedJudgements => "",
            Measure::AcceptanceRate | Measure::PassRate => " points",
        };
        let interval = self.low.zip(self.high);
        let interval =
            interval.map(|(low, high)| format!("95 % interval {} to {}", self.number(low), self.number(high)));
        let certainty: Vec<String> = interval.into_iter().chain(self.render_p()).collect();
        let certainty = if certainty.is_empty() { String::new() } else { format!(" ({})", certainty.join(", ")) };
        format!("{}{unit}{certainty}", self.signed())
    }

    /// Renders the difference with its interval, for a table: `+30 [12, 48]`. Rates are in points.
    pub fn render_difference(&self) -> String {
        let interval = self.low.zip(self.high);
        let interval = interval.map(|(low, high)| format!(" [{}, {}]", self.number(low), self.number(high)));
        self.signed() + &interval.unwrap_or_default()
    }

    fn signed(&self) -> String {
        let plus = if self.difference < 0.0 { "" } else { "+" };
        format!("{plus}{}", self.number(self.difference))
    }

    fn number(&self, number: f64) -> String {
        match self.measure {
            Measure::UsdPerRun => usd(number),
            Measure::FailedJudgements => tenths(number),
            Measure::AcceptanceRate | Measure::PassRate => points(number).to_string(),
        }
    }

    /// Renders the corrected p value: `p 0.003`; `None` without a test.
    pub fn render_p(&self) -> Option<String> {
        self.p_adjusted.map(|p| match p {
            _ if p < 0.001 => "p < 0.001".to_owned(),
            _ if p < 0.1 => format!("p {p:.3}"),
            _ => format!("p {p:.2}"),
        })
    }

    /// Renders one value of the measure.
    pub fn value(&self, value: f64) -> String {
        match self.measure {
            Measure::UsdPerRun => format!("{} USD", usd(value)),
            Measure::FailedJudgements => tenths(value),
            Measure::AcceptanceRate | Measure::PassRate => format!("{} %", points(value)),
        }
    }

    /// Says what these pairs can show, and how many more would decide.
    fn outlook(&self) -> String {
        let smallest = self.smallest_shown.map_or_else(String::new, |size| {
            let size = match self.measure {
                Measure::AcceptanceRate | Measure::PassRate => format!("{} points", points(size)),
                _ => self.value(size),
            };
            format!("; {} pairs can show a difference of {size} or more", self.pairs)
        });
        let more = match self.more_repetitions {
            None => String::new(),
            Some(more @ 0..=1_000) => format!("; about {} would decide one of this size", render_more(more)),
            Some(_) => "; one of this size needs more than 1,000 more repetitions".to_owned(),
        };
        format!("{smallest}{more}")
    }
}

fn render_more(repetitions: u64) -> String {
    let noun = if repetitions == 1 { "repetition" } else { "repetitions" };
    format!("{repetitions} more {noun}")
}

impl Measure {
    /// Returns what the variant with the larger and the smaller value does.
    fn verbs(self) -> (&'static str, &'static str) {
        match self {
            Self::AcceptanceRate => ("is accepted more often", "is accepted less often"),
            Self::PassRate => ("passes more often", "passes less often"),
            Self::FailedJudgements => ("fails more judgements", "fails fewer judgements"),
            Self::UsdPerRun => ("costs more", "costs less"),
        }
    }

    /// Returns the measure in words.
    pub fn noun(self) -> &'static str {
        match self {
            Self::AcceptanceRate => "acceptance rate",
            Self::PassRate => "pass rate",
            Self::FailedJudgements => "failed judgements",
            Self::UsdPerRun => "cost per run",
        }
    }
}

/// Returns what a reader has to know before comparing the figures.
pub(super) fn warnings(variants: &[Variant], differences: &[VariantDifference], cells: &[Cell]) -> Vec<String> {
    let mut warnings = Vec::new();
    let pipelines: Vec<String> = variants
        .iter()
        .filter_map(|variant| match variant.pipeline.as_ref()? {
            pipeline if *pipeline == variant.variant => Some(pipeline.clone()),
            pipeline => Some(format!("{pipeline} of {}", variant.variant)),
        })
        .collect();
    if variants.len() > 1 && gates_differ(variants, cells) {
        warnings.push(format!(
            "the pipelines differ ({}): to pass means something else in each; compare accepted runs",
            pipelines.join(", ")
        ));
    }
    let not_run: usize = variants.iter().map(|variant| variant.acceptance_not_run).sum();
    if not_run > 0 {
        let reason = cells.iter().find_map(|cell| match &cell.acceptance {
            Acceptance::NotRun { reason } => Some(reason.as_str()),
            _ => None,
        });
        warnings.push(format!(
            "the acceptance tests of {} could not be run, and no acceptance rate includes {}: {}",
            if not_run == 1 { "1 run".to_owned() } else { format!("{not_run} runs") },
            if not_run == 1 { "it" } else { "them" },
            reason.unwrap_or_default()
        ));
    }
    // Without any complete block the answer says so.
    let partly = |difference: &&VariantDifference| (1..difference.blocks.planned).contains(&difference.blocks.complete);
    for difference in differences.iter().filter(partly) {
        let blocks = difference.blocks;
        warnings.push(format!(
            "{} of {} pairs of {} and {} have not ended in both: the difference is over the other {}, the columns are not",
            blocks.planned - blocks.complete,
            blocks.planned,
            difference.variant,
            difference.baseline,
            blocks.complete
        ));
    }
    warnings
}

/// Whether the variants have pipelines of different names or gates.
fn gates_differ(variants: &[Variant], cells: &[Cell]) -> bool {
    let shape = |variant: &Variant| {
        let cell = cells.iter().find(|cell| cell.id.variant == variant.variant && cell.pipeline.is_some())?;
        Some((cell.pipeline.clone(), cell.gates.iter().map(|gate| gate.gate.clone()).collect::<Vec<_>>()))
    };
    let mut shapes = variants.iter().filter_map(shape);
    let first = shapes.next();
    shapes.any(|other| Some(other) != first)
}

/// Returns a share in points.
fn points(share: f64) -> i64 {
    (share * 100.0).round() as i64
}

fn usd(usd: f64) -> String {
    if usd.abs() < 1.0 { format!("{:.4}", no_negative_zero(usd, 1e4)) } else { format!("{usd:.2}") }
}

fn tenths(number: f64) -> String {
    format!("{:.1}", no_negative_zero(number, 10.0))
}

/// Returns zero for a number that is written as zero.
fn no_negative_zero(number: f64, scale: f64) -> f64 {
    if (number * scale).round() == 0.0 { 0.0 } else { number }
}
