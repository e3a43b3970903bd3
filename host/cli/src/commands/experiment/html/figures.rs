//! Pictures of cost, time and gates, a row for each variant. They fit a telephone without being made smaller.

use phasegate_process::PhaseName;
use phasegate_process::experiment::{Cell, Results, Variant};

use crate::svg::{Anchor, CHARACTER, Svg};
use crate::terminal::format::{compact_number, duration, money, truncate};

/// Width of a picture, in pixels.
pub(super) const WIDTH: f64 = 380.0;
/// Where scales begin and end.
const LEFT: f64 = 10.0;
const RIGHT: f64 = WIDTH - 10.0;
/// Height of a line of text.
const LINE: f64 = 18.0;
/// Height of a row of marks.
const ROW: f64 = 22.0;

/// Returns the class of the colour of a variant.
pub(super) fn class(place: usize) -> String {
    format!("s{}", place % 6)
}

/// Returns the place of a share of the scale, from 0 to 1.
pub(super) fn at(share: f64) -> f64 {
    LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
}

/// Shortens a text to the width of a picture, less what stands beside it.
pub(super) fn fit(text: &str, beside: &str) -> String {
    let room = WIDTH / CHARACTER - beside.chars().count() as f64 - 4.0;
    truncate(text, room.max(8.0) as usize)
}

/// A picture and its caption.
pub(super) type Drawn = (String, String);

/// Draws the cost of each ended run, or its tokens where no run has a cost; `None` without such runs.
pub(super) fn draw_cost(results: &Results) -> Option<(&'static str, Drawn)> {
    let usd: Option<f64> = ended(results).map(|cell| cell.cost.usd).sum();
    if usd.is_some_and(|usd| usd > 0.0) {
        let drawn = strips(results, "Cost of each run", |cell| cell.cost.usd, &|usd| money(Some(usd)))?;
        return Some(("Cost of a run", drawn));
    }
    let render = |tokens: f64| compact_number(tokens.round() as u64);
    let drawn = strips(results, "Tokens of each run", |cell| Some(cell.cost.tokens as f64), &render)?;
    Some(("Tokens of a run", drawn))
}

/// Draws the time of work of each ended run.
pub(super) fn draw_time(results: &Results) -> Option<Drawn> {
    let render = |ms: f64| duration(ms.round() as u64);
    strips(results, "Time of work of each run", |cell| Some(cell.cost.elapsed_ms as f64), &render)
}

fn ended(results: &Results) -> impl Iterator<Item = &Cell> {
    results.cells.iter().filter(|cell| cell.standing.has_ended())
}

/// Draws a dot for each ended run and a line at the median.
fn strips(
    results: &Results,
    title: &str,
    figure: impl Fn(&Cell) -> Option<f64>,
    render: &dyn Fn(f64) -> String,
) -> Option<Drawn> {
    let largest = ended(results).filter_map(&figure).fold(0.0, f64::max);
    if largest <= 0.0 {
        return None;
    }
    let each = LINE + ROW + 10.0;
    let mut svg = Svg::new(title, WIDTH, each * results.variants.len() as f64 + LINE);
    let mut y = 0.0;
    for (place, Variant { variant, .. }) in results.variants.iter().enumerate() {
        let cells = ended(results).filter(|cell| cell.id.variant == *variant);
        let mut values: Vec<(f64, &Cell)> = cells.filter_map(|cell| Some((figure(cell)?, cell))).collect();
        values.sort_by(|one, other| one.0.total_cmp(&other.0));
        let middle = median(&values.iter().map(|(value, _)| *value).collect::<Vec<_>>());
        let beside = middle.map_or_else(|| "no run ended".to_owned(), |value| format!("median {}", render(value)));
        svg.text([LEFT, y + 13.0], Anchor::Start, "", &fit(variant, &beside));
        svg.text([RIGHT, y + 13.0], Anchor::End, "dim", &beside);
        let base = y + LINE + ROW / 2.0;
        svg.line([LEFT, base, RIGHT, base], "rule");
        for (number, (value, cell)) in values.iter().enumerate() {
            // Runs of the same cost stay apart.
            let above = [0.0, -5.0, 5.0].get(number % 3).copied().unwrap_or_default();
            let hint = format!("{} {} #{}: {}", variant, cell.id.task, cell.id.repetition, render(*value));
            svg.dot([at(value / largest), base + above, 4.0], &format!("mark {}", class(place)), &hint);
        }
        if let Some(value) = middle {
            let x = at(value / largest);
            svg.line([x, base - ROW / 2.0, x, base + ROW / 2.0], &format!("median {}", class(place)));
        }
        y += each;
    }
    svg.text([LEFT, y + 12.0], Anchor::Start, "dim", "0");
    svg.text([RIGHT, y + 12.0], Anchor::End, "dim", &render(largest));
    Some((svg.render_inline(), "A dot is a run that ended; the line is the median of the variant.".to_owned()))
}

/// Returns the median of sorted values.
fn median(values: &[f64]) -> Option<f64> {
    let upper = *values.get(values.len() / 2)?;
    match values.len() % 2 {
        1 => Some(upper),
        _ => values.get(values.len() / 2 - 1).map(|lower| (lower + upper) / 2.0),
    }
}

/// Draws how often each gate passed at its first judgement; `None` if no gate was judged.
pub(super) fn draw_yields(results: &Results) -> Option<Drawn> {
    let mut gates: Vec<&PhaseName> = Vec::new();
    for gate in results.variants.iter().flat_map(|variant| &variant.gates) {
        if !gates.contains(&&gate.gate) {
            gates.push(&gate.gate);
        }
    }
    let of_gate = |gate: &PhaseName| {
        let gate = gate.clone();
        results.variants.iter().enumerate().filter_map(move |(place, variant)| {
            Some((place, variant, variant.gates.iter().find(|known| known.gate == gate)?.first_pass))
        })
    };
    let rows: usize = gates.iter().map(|gate| of_gate(gate).count()).sum();
    if rows == 0 {
        return None;
    }
    let height = gates.len() as f64 * (LINE + 8.0) + rows as f64 * (LINE + 12.0);
    let mut svg = Svg::new("Share of runs in which each gate passed at its first judgement", WIDTH, height);
    let mut y = 0.0;
    for gate in &gates {
        svg.text([LEFT, y + 13.0], Anchor::Start, "bold", &fit(gate.as_str(), ""));
        y += LINE;
        for (place, variant, share) in of_gate(gate) {
            let passed = (share.value * share.n as f64).round();
            let beside = format!("{passed} of {}, {:.0} %", share.n, share.value * 100.0);
            svg.text([LEFT, y + 13.0], Anchor::Start, "", &fit(&variant.variant, &beside));
            svg.text([RIGHT, y + 13.0], Anchor::End, "dim", &beside);
            let base = y + LINE + 3.0;
            svg.line([LEFT, base, RIGHT, base], "rule");
            svg.rect([LEFT, base - 3.0, at(share.value) - LEFT, 6.0], &class(place));
            svg.line([at(share.low), base, at(share.high), base], "interval");
            y += LINE + 12.0;
        }
        y += 8.0;
    }
    let caption = "The share of ended runs that reached the gate and passed at its first judgement; the line is the 95 % interval.";
    Some((svg.render_inline(), caption.to_owned()))
}
