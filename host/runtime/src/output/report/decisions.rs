//! Decisions of people, at gates and on proposals.

use phasegate_process::artifact::kinds;
use phasegate_process::calendar::format_utc;
use phasegate_process::result::PersonDecision;

use super::page::Page;
use super::text::{cell, list, text_of, words};
use crate::error::output::OutputError;

impl Page<'_> {
    pub(super) fn people(&mut self) {
        if self.result.approvals.is_empty() {
            return;
        }
        self.heading("Decisions of people");
        let rows = self.result.approvals.iter().map(|said| {
            let about: Vec<_> = said.about.iter().map(|digest| digest.short()).collect();
            let gate = format!("{}#{}", said.gate, said.attempt);
            [format_utc(said.at_ms), gate, choice(said), cell(&said.by), cell(&said.reason), about.join(" ")]
        });
        let rows = rows.collect::<Vec<_>>();
        self.table(["when", "gate", "decision", "by", "why", "about"], rows);
    }

    pub(super) fn proposals(&mut self) -> Result<(), OutputError> {
        let Some(pips) = self.artifacts.current(kinds::PIPS)? else { return Ok(()) };
        let proposals = list(&pips, "proposals");
        if proposals.is_empty() {
            return Ok(());
        }
        self.heading("Proposals to improve the process");
        for proposal in proposals {
            let id = text_of(proposal, "id");
            let decided = self.result.proposals.iter().rev().find(|decided| decided.id == id);
            let status = decided.map_or("pending".to_owned(), |decided| {
                let word = if decided.approved { "approved" } else { "rejected" };
                format!("{word} by {}: {}", words(&decided.by), words(&decided.reason))
            });
            self.line(format_args!("- **{}** ({status}): {}", words(id), words(text_of(proposal, "analysis"))));
            for change in list(proposal, "proposed_changes") {
                let (verb, target) = (words(text_of(change, "change")), words(text_of(change, "target")));
                self.line(format_args!("  - {verb} {target}: {}", words(text_of(change, "proposed"))));
            }
        }
        Ok(())
    }
}

pub(super) fn choice(said: &PersonDecision) -> String {
    let word = match said.choice {
        "approve" => "approved",
        "reject" => "rejected",
        "override" => "overridden",
        _ => "aborted",
    };
    match &said.revise {
        Some(phase) => format!("{word}, back to {phase}"),
        None => word.to_owned(),
    }
}
