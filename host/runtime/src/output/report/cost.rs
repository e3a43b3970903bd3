//! Sections: cost and time, and calls without an answer.

use phasegate_process::Event;
use phasegate_process::calendar::format_utc;
use phasegate_process::measures::efforts;
use phasegate_process::model::Usage;

use super::page::Page;
use super::text::{plain_text, plural, render_duration, render_usd};
use crate::output::cache_savings::cache_savings_usd;

impl Page<'_> {
    /// Whether only a script was asked, whose answers have no price.
    fn is_free(&self) -> bool {
        self.result.scripted && !self.result.totals.asks_models
    }

    pub(super) fn cost(&mut self) {
        self.heading("Cost and time");
        let efforts = efforts(self.events);
        let state = self.artifacts.state;
        let free = self.is_free().then_some(0.0);
        let mut rows = Vec::new();
        for phase in &state.pipeline.phases {
            let effort = efforts.get(&phase.name).copied().unwrap_or_default();
            let attempts = state.phases.get(&phase.name).map_or(0, |known| known.attempts);
            rows.push([
                phase.name.to_string(),
                attempts.to_string(),
                effort.spent.calls.to_string(),
                effort.spent.input_tokens.to_string(),
                effort.spent.output_tokens.to_string(),
                render_usd(effort.spent.known_usd().or(free)),
                render_duration(effort.elapsed_ms),
            ]);
        }
        let totals = &self.result.totals;
        rows.push([
            "**all**".to_owned(),
            String::new(),
            totals.calls.to_string(),
            totals.input_tokens.to_string(),
            totals.output_tokens.to_string(),
            render_usd(totals.usd.or(free)),
            render_duration(totals.elapsed_ms),
        ]);
        self.table(["phase", "attempts", "model calls", "tokens in", "tokens out", "USD", "time"], rows);
        self.line("\nTime is the time of agents and test runs, without waiting for people.");
        if totals.cached_input_tokens > 0 {
            let saved = cache_savings_usd(self.artifacts.journal, state, self.events);
            let saved = saved.map_or_else(String::new, |usd| format!(", which saved {usd:.4} USD"));
            self.line(format_args!(
                "Of the tokens in, {} came from the provider's cache{saved}.",
                totals.cached_input_tokens
            ));
        }
        if totals.usd.is_none() {
            let known: Vec<f64> = self.events.iter().filter_map(|recorded| call_price(&recorded.event)).collect();
            match known.is_empty() {
                true if self.is_free() => self.line("The answers are scripted and cost nothing."),
                true if totals.calls == 0 => self.line("No call was answered, so the cost is unknown."),
                true => self.line("The models have no known price, so the cost is unknown."),
                false => {
                    let sum: f64 = known.iter().sum();
                    self.line(format_args!("Some calls have no known price; the others cost {sum:.4} USD."));
                }
            }
        }
        self.failed_requests();
    }

    fn failed_requests(&mut self) {
        let (failed, unknown) = (self.result.totals.failed_requests, self.result.totals.unknown_cost);
        if failed == 0 {
            return;
        }
        let requests = plural(failed as usize, "request", "requests");
        let cost = match (unknown.requests, unknown.usd) {
            (0, _) => "Their cost is in the table.".to_owned(),
            (number, Some(usd)) => {
                format!("The cost of {number} is unknown: at most {} tokens and {usd:.4} USD.", unknown.tokens)
            }
            (number, None) => format!("The cost of {number} is unknown: at most {} tokens.", unknown.tokens),
        };
        self.line(format_args!("{failed} {requests} to models failed. {cost}"));
    }

    pub(super) fn maybe_billed(&mut self) {
        if self.result.maybe_billed.is_empty() {
            return;
        }
        self.heading("Calls that may have been billed");
        self.line("These calls were sent and have no answer. Their cost is unknown.\n");
        let calls = self.result.maybe_billed.iter().map(|open| {
            let when = format_utc(open.asked_at_ms);
            format!(
                "- {} call {} ({}) to {}, sent {when}",
                open.at,
                open.call,
                plain_text(&open.label),
                plain_text(&open.model)
            )
        });
        let calls = calls.collect::<Vec<_>>().join("\n");
        self.line(calls);
    }
}

fn call_price(event: &Event) -> Option<f64> {
    match event {
        Event::ModelAnswered { usage: Usage { usd, .. }, .. } => *usd,
        _ => None,
    }
}
