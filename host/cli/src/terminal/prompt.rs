//! Questions to the person at the terminal.

use std::io::{IsTerminal, stderr, stdin};
use std::sync::atomic::AtomicBool;

use phasegate_process::PersonName;
use phasegate_process::lock::Change;

use crate::terminal::format::one_line;
use crate::terminal::line_editor::{self, Input, Question};
use crate::terminal::printer::Printer;
use crate::terminal::text::sanitize;

/// Whether stdin and stderr are terminals, so that a person can be asked.
pub fn is_interactive() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Asks for the name to record with a decision; `None` if stdin ends.
pub fn ask_name(printer: &Printer) -> Option<PersonName> {
    loop {
        let name = read_line("your name, recorded with the decision: ")?;
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
    read_line(&format!("accept as {by}? [y/N] ")).is_some_and(|answer| answer.trim().eq_ignore_ascii_case("y"))
}

/// Asks a question that only `y` answers with yes.
pub fn confirm(question: &str) -> bool {
    let answer = read_line(&format!("{} [y/N] ", one_line(question)));
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
        let Some(answer) = read_line("agree: [o]nce, [a]lways, or [n]o? ") else { return Agreement::Never };
        match answer.trim().to_lowercase().as_str() {
            "o" | "once" => return Agreement::Once,
            "a" | "always" => return Agreement::Always,
            "n" | "no" | "" => return Agreement::Never,
            other => printer.note(&format!("`{}` is not one of these\n", one_line(other))),
        }
    }
}

/// Reads a line; `None` at the end of stdin. Ctrl-C ends the process: nothing has begun that has to be recorded.
fn read_line(prompt: &str) -> Option<String> {
    match line_editor::read_line(Question { prompt, text: "", may_edit: false }, &AtomicBool::new(false)) {
        Input::Line(line) | Input::Edit(line) => Some(line),
        Input::End | Input::Overtaken(_) => None,
        Input::Interrupted => std::process::exit(line_editor::INTERRUPTED),
    }
}
