//! Sections: decisions of people at gates, and improvement proposals.

use phasegate_process::artifact::kinds;
use phasegate_process::calendar::format_utc;
use phasegate_process::result::PersonDecision;

use super::page::Page;
use super::text::{array_field, plain_text, table_cell, table_lines, text_field};
use crate::error::output::OutputError;

impl Page<'_> {
    pub(super) fn decisions(&mut self) {
        if self.result.approvals.is_empty() {
            return;
        }
        self.heading("Decisions");
        let rows = self.result.approvals.iter().map(|decision| {
            let about: Vec<_> = decision.about.iter().map(|digest| digest.short()).collect();
            let gate = format!("{}#{}", decision.gate, decision.attempt);
            [
                format_utc(decision.at_ms),
                gate,
                render_decision(decision),
                table_cell(&decision.by),
                table_lines(&decision.reason),
                about.join(" "),
            ]
        });
        let rows = rows.collect::<Vec<_>>();
        self.table(["time", "gate", "decision", "author", "reason", "artifacts"], rows);
    }

    pub(super) fn proposals(&mut self) -> Result<(), OutputError> {
        let Some(pips) = self.artifacts.current(kinds::PIPS)? else { return Ok(()) };
        let proposals = array_field(&pips, "proposals");
        if proposals.is_empty() {
            return Ok(());
        }
        self.heading("Improvement proposals");
        for proposal in proposals {
            let id = text_field(proposal, "id");
            let decided = self.result.proposals.iter().rev().find(|decided| decided.id == id);
            let status = decided.map_or("pending".to_owned(), |decided| {
                let word = if decided.approved { "approved" } else { "rejected" };
                format!("{word} by {}: {}", plain_text(&decided.by), plain_text(&decided.reason))
            });
            self.line(format_args!(
                "- **{}** ({status}): {}",
                plain_text(id),
                plain_text(text_field(proposal, "analysis"))
            ));
            for change in array_field(proposal, "proposed_changes") {
                let (verb, target) =
                    (plain_text(text_field(change, "change")), plain_text(text_field(change, "target")));
                self.line(format_args!("  - {verb} {target}: {}", plain_text(text_field(change, "proposed"))));
            }
        }
        Ok(())
    }
}

pub(super) fn render_decision(decision: &PersonDecision) -> String {
    let word = match decision.choice {
        "approve" => "approved",
        "reject" => "rejected",
        "override" => "overridden",
        _ => "aborted",
    };
    match &decision.revise {
        Some(phase) => format!("{word}, back to {phase}"),
        None => word.to_owned(),
    }
}
