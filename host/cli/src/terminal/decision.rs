//! The question about a gate that waits for a person.
//!
//! Nothing is recorded here. Ctrl-C leaves the question at once. Somebody else's decision ends the question, and what was
//! typed by then is given back.

use std::sync::atomic::AtomicBool;

use phasegate_process::state::{DecisionRequest, JudgedAttempt};
use phasegate_process::{Choice, PersonName, RunId, TaskId};

use super::format::one_line;
use super::line_editor::{Input, Question, read_line};
use super::printer::Printer;
use super::programs::{edit, has_editor, page};
use super::prompt::ask_name;
use super::style::Paint;
use super::width::wrap_lines;

/// What a person is asked.
pub struct DecisionQuestion<'a> {
    /// The task of the run.
    pub task: &'a TaskId,
    /// The run.
    pub run: &'a RunId,
    /// The attempt of the gate.
    pub about: JudgedAttempt,
    /// Whether the gate passed, and a person is to confirm it.
    pub passes: bool,
    /// The person at this terminal, if known.
    pub by: Option<PersonName>,
    /// Renders the report of the gate.
    pub report: &'a dyn Fn(Paint) -> String,
    /// Loads the work that was judged, to be read in the pager.
    pub load_work: &'a dyn Fn() -> String,
}

/// The person's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A decision to record.
    Decided(DecisionRequest),
    /// None now, or the input ended.
    Later,
    /// Ctrl-C.
    Interrupted,
    /// None, because somebody else decided; the text is what was typed so far.
    Overtaken(String),
}

/// Why there is no line.
enum NoLine {
    Later,
    Interrupted,
    Overtaken(String),
}

/// Asks until there is an answer, or until `overtaken` becomes true. Blocks.
pub fn ask_decision(printer: &Printer, question: DecisionQuestion<'_>, overtaken: &AtomicBool) -> Answer {
    let prompt = DecisionPrompt { printer, overtaken, question };
    match prompt.ask() {
        Ok(decided) => Answer::Decided(decided),
        Err(NoLine::Later) => Answer::Later,
        Err(NoLine::Interrupted) => Answer::Interrupted,
        Err(NoLine::Overtaken(typed)) => Answer::Overtaken(typed),
    }
}

struct DecisionPrompt<'a> {
    printer: &'a Printer,
    overtaken: &'a AtomicBool,
    question: DecisionQuestion<'a>,
}

impl DecisionPrompt<'_> {
    fn ask(&self) -> Result<DecisionRequest, NoLine> {
        let DecisionQuestion { task, run, about, passes, .. } = &self.question;
        let by = self.question.by.clone().or_else(|| ask_name(self.printer)).ok_or(NoLine::Later)?;
        let open = if *passes { "[a]pprove" } else { "[o]verride" };
        self.show_report();
        loop {
            let line = format!("decide about {about} of task {task}, run {run}, as {by} (?: help)\n");
            self.printer.note(&wrap_lines(&line, self.printer.note_paint().width()));
            let answer = self.read(&format!("[v]iew, {open}, [r]eject, a[b]ort or [l]ater? "))?;
            let choice = match answer.trim().to_lowercase().as_str() {
                "v" | "view" => {
                    page(self.printer, &(self.question.load_work)());
                    self.show_report();
                    continue;
                }
                "a" | "approve" if *passes => Choice::Approve,
                "o" | "override" if !*passes => Choice::Override,
                "r" | "reject" => Choice::Reject { revise: None },
                "b" | "abort" => Choice::Abort,
                "l" | "later" => return Err(NoLine::Later),
                "" => continue,
                "?" | "h" | "help" => {
                    self.explain_choices();
                    continue;
                }
                other => {
                    self.printer.note(&format!("`{}` is not one of these; ? explains them\n", one_line(other)));
                    continue;
                }
            };
            let Some(reason) = self.read_reason(&choice)? else { continue };
            if choice == Choice::Abort && !self.confirm(&format!("end run {run} for good? [y/N] "))? {
                continue;
            }
            return Ok(DecisionRequest { choice, by, reason, about: about.clone() });
        }
    }

    fn show_report(&self) {
        self.printer.note(&(self.question.report)(self.printer.note_paint()));
    }

    fn explain_choices(&self) {
        let open = match self.question.passes {
            true => "  a  approve: the run goes on with this work; a comment is optional\n",
            false => "  o  override: the run goes on although the gate failed; the reason goes into the result\n",
        };
        let text = format!(
            "  v  view: shows the report and the work in $PAGER\n{open}\
             \x20 r  reject: the work is revised, even if no attempt was left; your reason goes into the next prompt\n\
             \x20 b  abort: the run ends for good; the reason goes into the result\n\
             \x20 l  later: nothing is recorded, and the run waits\n\
             Type a letter or the word, then Enter. Ctrl-C stops here, and nothing is recorded.\n"
        );
        self.printer.note(&wrap_lines(&text, self.printer.note_paint().width()));
    }

    fn read(&self, prompt: &str) -> Result<String, NoLine> {
        match read_line(Question { prompt, text: "", may_edit: false }, self.overtaken) {
            Input::Line(line) | Input::Edit(line) => Ok(line),
            input => Err(no_line(input)),
        }
    }

    fn confirm(&self, question: &str) -> Result<bool, NoLine> {
        self.read(question).map(|answer| matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Reads a reason, on a line or in the person's editor; `None` if the person goes back to the choices.
    fn read_reason(&self, choice: &Choice) -> Result<Option<String>, NoLine> {
        let what = match choice {
            Choice::Approve => "comment for the record (optional)",
            Choice::Reject { .. } => "what to change",
            Choice::Override | Choice::Abort => "reason",
        };
        let prompt = if has_editor() { format!("{what} (Ctrl-X: editor): ") } else { format!("{what}: ") };
        let mut text = String::new();
        loop {
            let question = Question { prompt: &prompt, text: &text, may_edit: true };
            match read_line(question, self.overtaken) {
                Input::Line(line) if line.trim().is_empty() && choice.needs_reason() => {
                    self.printer.note(
                        "a reason is required: it goes into the result and the next prompt (Ctrl-D: other choice)\n",
                    );
                    text.clear();
                }
                Input::Line(line) => return Ok(Some(line.trim().to_owned())),
                Input::Edit(line) => text = self.edit(line, what),
                Input::End => return Ok(None),
                input => return Err(no_line(input)),
            }
        }
    }

    /// Returns the text as it is after the person's editor; the same text if there is none.
    fn edit(&self, text: String, what: &str) -> String {
        if !has_editor() {
            self.printer.note("no editor is named; set EDITOR before the next start, for example EDITOR=nano\n");
            return text;
        }
        match edit(&text, &self.explain(what)) {
            Ok(edited) => {
                self.printer.note("Enter records this text, Ctrl-X edits it again\n");
                edited
            }
            Err(why) => {
                self.printer.note(&format!("the editor gave no text: {why}\n"));
                text
            }
        }
    }

    fn explain(&self, what: &str) -> String {
        let DecisionQuestion { task, run, about, report, .. } = &self.question;
        let report = report(Paint::plain());
        format!("{what}, for {about} of task {task}, run {run}\nLines that begin with # are left out.\n{report}")
    }
}

fn no_line(input: Input) -> NoLine {
    match input {
        Input::Interrupted => NoLine::Interrupted,
        Input::Overtaken(typed) => NoLine::Overtaken(typed),
        Input::Line(_) | Input::Edit(_) | Input::End => NoLine::Later,
    }
}
