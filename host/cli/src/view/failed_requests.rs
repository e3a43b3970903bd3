//! Failed requests and what they may have cost, in one line.

use phasegate_process::result::Totals;

use crate::terminal::format::{compact_number, count, money};

/// Renders the failed requests of a run; `None` where none failed.
pub fn render_failed_requests(totals: &Totals) -> Option<String> {
    let unknown = totals.unknown_cost;
    match (totals.failed_requests, unknown.requests) {
        (0, _) => None,
        (failed, 0) => Some(count(failed, "request")),
        (failed, of_unknown_cost) => {
            let usd = unknown.usd.map_or(String::new(), |usd| format!(" and {}", money(Some(usd))));
            let tokens = compact_number(unknown.tokens);
            Some(format!(
                "{}, {of_unknown_cost} of unknown cost: at most {tokens} tokens{usd}",
                count(failed, "request")
            ))
        }
    }
}
