//! Asking the person at the terminal what is to become of a gate.

use std::io::{BufRead, IsTerminal, stderr, stdin};

use phasegate_process::Choice;
use phasegate_process::lock::Change;
use phasegate_runtime::PersonSays;

use crate::terminal::format::one_line;
use crate::terminal::printer::Printer;
use crate::terminal::text::sanitize;

/// Whether somebody can be asked here.
pub fn is_interactive() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Asks until there is an answer; `None` where the person wants to decide later. Asks for a name where none is known.
/// Blocks.
pub fn ask_decision(printer: &Printer, passes: bool, known: Option<String>) -> Option<PersonSays> {
    let by = match known {
        Some(by) => by,
        None => ask_name(printer)?,
    };
    loop {
        let open = if passes { "[a]pprove, [r]eject" } else { "[o]verride, [r]eject" };
        let answer = read_line(printer, &format!("{open}, a[b]ort or [l]ater, as {by}? "))?;
        let choice = match answer.trim().to_lowercase().as_str() {
            "a" | "approve" if passes => Choice::Approve,
            "o" | "override" if !passes => Choice::Override,
            "r" | "reject" => Choice::Reject { revise: None },
            "b" | "abort" => Choice::Abort,
            "l" | "later" => return None,
            other => {
                printer.note(&format!("`{}` is none of these\n", one_line(other)));
                continue;
            }
        };
        let reason = match choice {
            Choice::Approve => read_line(printer, "words for the record, or nothing: ")?,
            Choice::Reject { .. } => read_line(printer, "what is to be changed: ")?,
            Choice::Override | Choice::Abort => read_line(printer, "why: ")?,
        };
        if reason.trim().is_empty() && matches!(choice, Choice::Reject { .. } | Choice::Override) {
            printer.note("that needs words: they go into the result and the next prompt\n");
            continue;
        }
        return Some(PersonSays { choice, by, reason: reason.trim().to_owned() });
    }
}

/// The name that a decision will bear.
pub fn ask_name(printer: &Printer) -> Option<String> {
    loop {
        let name = read_line(printer, "who decides? your name is kept with it: ")?;
        if !name.trim().is_empty() {
            return Some(name.trim().to_owned());
        }
    }
}

/// Whether the person agrees to what these plugins are now.
pub fn confirm_changes(printer: &Printer, changes: &[Change], by: &str) -> bool {
    let lines: Vec<String> = changes.iter().map(|change| sanitize(&change.to_string()) + "\n").collect();
    printer.note(&lines.concat());
    read_line(printer, &format!("agree to that, as {by}? [y/N] "))
        .is_some_and(|answer| answer.trim().eq_ignore_ascii_case("y"))
}

/// One line from the person; `None` where there is nobody any more.
fn read_line(printer: &Printer, prompt: &str) -> Option<String> {
    printer.note(prompt);
    let mut text = String::new();
    match stdin().lock().read_line(&mut text) {
        Ok(read) if read > 0 => Some(text),
        _ => None,
    }
}
