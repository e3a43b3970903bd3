//! The picture that answers: a row for each task, with the variants joined by a line, and below them the differences from the
//! baseline with their intervals and a zero line.

use phasegate_process::experiment::{MeasureDifference, PassCounts, Results};

use super::figures::{Drawn, WIDTH, at, class, fit};
use crate::svg::{Anchor, Svg};

/// Height of the row of a task.
const TASK: f64 = 44.0;
/// The distance of dots at the same place.
const STEP: f64 = 7.0;
/// Height of the row of a difference.
const DIFFERENCE: f64 = 44.0;
/// Height of a scale.
const SCALE: f64 = 22.0;

/// Draws the rate of each task and the differences of the variants, with the heading of the picture; `None` if no run ended.
pub(super) fn draw(results: &Results) -> Option<(&'static str, Drawn)> {
    let differences: Vec<(&str, &MeasureDifference)> = results
        .differences
        .iter()
        .filter_map(|difference| Some((difference.variant.as_str(), difference.measures.first()?)))
        .filter(|(_, measure)| measure.measure.is_rate())
        .collect();
    let tested = results.variants.iter().any(|variant| variant.acceptance_rate.is_some());
    let counted = |counts: &PassCounts| match tested {
        true => (counts.accepted, counts.ended - counts.not_run),
        false => (counts.passed, counts.ended),
    };
    // Equal rates stay apart, above each other and below the text.
    let task_height = TASK + STEP * results.variants.len().saturating_sub(2) as f64;
    if results.variants.iter().all(|variant| variant.ended == 0) {
        return None;
    }
    let below = if differences.is_empty() { 0.0 } else { SCALE + 12.0 + DIFFERENCE * differences.len() as f64 };
    let height = SCALE + task_height * results.tasks.len() as f64 + below;
    let heading = if tested { "Passed and accepted, by task" } else { "Passed, by task" };
    let mut svg = Svg::new(heading, WIDTH, height);
    scale(&mut svg, 12.0, ["0 %", "50 %", "100 %"]);
    let mut y = SCALE;
    for task in &results.tasks {
        let counts: Vec<String> =
            task.variants.iter().map(counted).map(|(some, all)| format!("{some}/{all}")).collect();
        let beside = counts.join(" · ");
        svg.text([at(0.0), y + 13.0], Anchor::Start, "", &fit(task.task.as_str(), &beside));
        svg.text([at(1.0), y + 13.0], Anchor::End, "dim", &beside);
        let base = y + task_height - 16.0;
        svg.line([at(0.0), base, at(1.0), base], "rule");
        [0.0, 0.5, 1.0].iter().for_each(|tick| svg.line([at(*tick), base - 4.0, at(*tick), base + 4.0], "rule"));
        let rates: Vec<(usize, f64)> = (0..)
            .zip(&task.variants)
            .map(|(place, counts)| (place, counted(counts)))
            .filter(|(_, (_, all))| *all > 0)
            .map(|(place, (some, all))| (place, some as f64 / all as f64))
            .collect();
        let (low, high) = rates.iter().fold((1.0, 0.0), |(low, high), (_, rate)| (rate.min(low), rate.max(high)));
        if low < high {
            svg.line([at(low), base, at(high), base], "axis");
        }
        for (number, (place, rate)) in rates.iter().enumerate() {
            let before = rates.iter().take(number).filter(|(_, other)| (other - rate).abs() < 0.02).count();
            let name = results.variants.get(*place).map(|variant| variant.variant.as_str()).unwrap_or_default();
            let hint = format!("{name}, {}: {:.0} %", task.task, rate * 100.0);
            svg.dot([at(*rate), base - STEP * before as f64, 5.0], &format!("mark {}", class(*place)), &hint);
        }
        y += task_height;
    }
    if !differences.is_empty() {
        let baseline = results.baseline.as_deref().unwrap_or_default();
        y += 12.0;
        scale(&mut svg, y + 12.0, ["−100 points", "0", "+100 points"]);
        y += SCALE;
        for (variant, measure) in &differences {
            difference(&mut svg, y, &format!("{variant} − {baseline}"), measure, &class_of(results, variant));
            y += DIFFERENCE;
        }
    }
    let rate = if tested { "passed and were accepted" } else { "passed" };
    let caption = format!(
        "The share of ended runs that {rate}. Below: the difference from the baseline in percentage points, with its 95 % \
         interval; an interval across the zero line decides nothing.{}",
        match differences.len() {
            0 | 1 => "",
            _ =>
                " With several variants a difference is decided by its corrected p value, so an interval beside the zero line may be \
                  not decided.",
        }
    );
    Some((heading, (svg.render_inline(), caption)))
}

fn class_of(results: &Results, variant: &str) -> String {
    class(results.variants.iter().position(|known| known.variant == variant).unwrap_or(0))
}

fn scale(svg: &mut Svg, y: f64, [low, middle, high]: [&str; 3]) {
    svg.text([at(0.0), y], Anchor::Start, "dim", low);
    svg.text([at(0.5), y], Anchor::Middle, "dim", middle);
    svg.text([at(1.0), y], Anchor::End, "dim", high);
}

/// Draws one difference on a scale from −1 to 1.
fn difference(svg: &mut Svg, y: f64, name: &str, measure: &MeasureDifference, class: &str) {
    let place = |share: f64| at((share + 1.0) / 2.0);
    let points = |share: f64| format!("{:+.0}", share * 100.0);
    let interval = measure.low.zip(measure.high);
    let beside = match interval {
        Some((low, high)) => format!("{} [{}, {}]", points(measure.difference), points(low), points(high)),
        None => points(measure.difference),
    };
    svg.text([at(0.0), y + 13.0], Anchor::Start, "bold", &fit(name, &beside));
    svg.text([at(1.0), y + 13.0], Anchor::End, "", &beside);
    let base = y + 28.0;
    svg.line([at(0.0), base, at(1.0), base], "rule");
    svg.line([place(0.0), base - 12.0, place(0.0), base + 12.0], "axis");
    if let Some((low, high)) = interval {
        svg.line([place(low), base, place(high), base], "interval");
        [low, high].iter().for_each(|end| svg.line([place(*end), base - 5.0, place(*end), base + 5.0], "interval"));
    }
    let hint = format!("{name}: {beside} points, {}", measure.verdict.as_str().replace('_', " "));
    svg.dot([place(measure.difference), base, 5.0], &format!("mark {class}"), &hint);
}
