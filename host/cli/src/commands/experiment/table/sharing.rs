//! What an experiment with common beginnings spent, in one sentence.

use phasegate_process::experiment::{Amount, Results, Sharing};

use crate::terminal::format::{compact_number, count, money};

/// Renders what was spent once for all variants; `None` if nothing is shared.
pub fn render_sharing(results: &Results) -> Option<String> {
    let sharing = results.sharing.as_ref()?;
    let Sharing { beginnings, whole_runs, shared, spent, alone, .. } = sharing;
    let amount = match (shared.usd, spent.usd, alone.usd) {
        (Some(_), Some(usd), Some(_)) if usd > 0.0 => |amount: &Amount| money(amount.usd),
        _ => |amount: &Amount| format!("{} tokens", compact_number(amount.tokens)),
    };
    let unit = |text: String| text.split_once(' ').map_or(text.clone(), |(number, _)| number.to_owned());
    let percent = sharing.share_spent_once().map_or(0.0, |share| (share * 100.0).round());
    let whole = match whole_runs {
        0 => String::new(),
        _ => format!(", of which {whole_runs} ended without a decision of the strategy"),
    };
    Some(format!(
        "{}{whole}; spent once for all variants: {} of {} ({percent} %); without sharing, {}",
        count(*beginnings as u64, "shared beginning"),
        unit(amount(shared)),
        amount(spent),
        amount(alone),
    ))
}
