//! Questions to the person at the terminal.

use std::io::{BufRead, IsTerminal, stderr, stdin};

use phasegate_process::lock::Change;
use phasegate_process::state::{DecisionRequest, JudgedAttempt};
use phasegate_process::{Choice, PersonName};

use crate::terminal::format::one_line;
use crate::terminal::printer::Printer;
use crate::terminal::text::sanitize;

/// Whether stdin and stderr are terminals, so that a person can be asked.
pub fn is_interactive() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Asks for the decision about a judgement that was just shown, and for a name if none is known. `None` if the person decides later or stdin ends. Blocks
/// until there is an answer.
pub fn ask_decision(
    printer: &Printer,
    about: JudgedAttempt,
    passes: bool,
    known: Option<PersonName>,
) -> Option<DecisionRequest> {
    let by = match known {
        Some(by) => by,
        None => ask_name(printer)?,
    };
    loop {
        let open = if passes { "[a]pprove, [r]eject" } else { "[o]verride, [r]eject" };
        let answer = read_line(printer, &format!("decide about {about} as {by}: {open}, a[b]ort or [l]ater? "))?;
        let choice = match answer.trim().to_lowercase().as_str() {
            "a" | "approve" if passes => Choice::Approve,
            "o" | "override" if !passes => Choice::Override,
            "r" | "reject" => Choice::Reject { revise: None },
            "b" | "abort" => Choice::Abort,
            "l" | "later" => return None,
            other => {
                printer.note(&format!("`{}` is not one of these\n", one_line(other)));
                continue;
            }
        };
        let reason = match choice {
            Choice::Approve => read_line(printer, "comment for the record (optional): ")?,
            Choice::Reject { .. } => read_line(printer, "what to change: ")?,
            Choice::Override | Choice::Abort => read_line(printer, "reason: ")?,
        };
        if choice.needs_reason() && reason.trim().is_empty() {
            printer.note("a reason is required: it goes into the result and the next prompt\n");
            continue;
        }
        return Some(DecisionRequest { choice, by, reason: reason.trim().to_owned(), about });
    }
}

/// Asks for the name to record with a decision; `None` if stdin ends.
pub fn ask_name(printer: &Printer) -> Option<PersonName> {
    loop {
        let name = read_line(printer, "your name, recorded with the decision: ")?;
        match name.parse::<PersonName>() {
            Ok(name) => return Some(name),
            Err(bad) => printer.note(&format!("{}\n", bad.hint())),
        }
    }
}

/// Prints the changes of plugins and asks whether the person accepts them.
pub fn confirm_changes(printer: &Printer, changes: &[Change], by: &PersonName) -> bool {
    let lines: Vec<String> = changes.iter().map(|change| sanitize(&change.to_string()) + "\n").collect();
    printer.note(&lines.concat());
    read_line(printer, &format!("accept as {by}? [y/N] ")).is_some_and(|answer| answer.trim().eq_ignore_ascii_case("y"))
}

/// Asks a question that only `y` answers with yes.
pub fn confirm(printer: &Printer, question: &str) -> bool {
    let answer = read_line(printer, &format!("{} [y/N] ", one_line(question)));
    answer.is_some_and(|answer| answer.trim().eq_ignore_ascii_case("y"))
}

/// The answer to a question about trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// For this process only.
    Once,
    /// For every later run.
    Always,
    /// Not at all.
    Never,
}

/// Shows what would be used and asks whether the person agrees. An end of stdin is a no.
pub fn ask_agreement(printer: &Printer, question: &str, lines: &[String]) -> Agreement {
    let lines: Vec<String> = lines.iter().map(|line| format!("  {}\n", one_line(line))).collect();
    printer.note(&format!("{}\n{}", sanitize(question), lines.concat()));
    loop {
        let Some(answer) = read_line(printer, "agree: [o]nce, [a]lways, or [n]o? ") else { return Agreement::Never };
        match answer.trim().to_lowercase().as_str() {
            "o" | "once" => return Agreement::Once,
            "a" | "always" => return Agreement::Always,
            "n" | "no" | "" => return Agreement::Never,
            other => printer.note(&format!("`{}` is not one of these\n", one_line(other))),
        }
    }
}

/// Reads a line; `None` at the end of stdin.
fn read_line(printer: &Printer, prompt: &str) -> Option<String> {
    printer.note(prompt);
    let mut text = String::new();
    match stdin().lock().read_line(&mut text) {
        Ok(read) if read > 0 => Some(text),
        _ => None,
    }
}
