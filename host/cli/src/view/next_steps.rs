//! The commands with which a run continues.

use phasegate_broker::OnUnknown;
use phasegate_journal::Journal;
use phasegate_process::result::{TaskResult, TaskStatus};
use phasegate_process::state::{JudgedAttempt, State};
use phasegate_process::{Recorded, RunId};
use phasegate_runtime::output::WrittenFiles;
use phasegate_runtime::{RunSettings, continuing_experiment, read_json};

use crate::paths::display_path;
use crate::terminal::format::{count, one_line};
use crate::terminal::printer::Printer;
use crate::view::owner::render_owner;
use crate::view::standing::Standing;

/// Renders the commands that decide the waiting gate and resume the run; empty if no gate waits. They name the attempt
/// that waits now, so that they are refused when another one waits.
pub fn render_decision_commands(state: &State, printer: &Printer) -> String {
    let Some((phase, judged, _)) = state.waiting() else { return String::new() };
    let run = &state.created.run_id;
    let at = JudgedAttempt::new(phase, judged).at;
    let line =
        |verb: &str, reason: &str| format!("  {}\n", printer.command(&format!("{verb} {run} --at {at}{reason}")));
    let open = match judged.verdict.passes() {
        true => line("approve", ""),
        false => line("override", " --reason \"why it may continue\""),
    };
    let reject = line("reject", " --reason \"what to change\"");
    let abort = line("abort", " --reason \"why\"");
    let resume = printer.command(&format!("resume {run}"));
    format!(
        "\nThe run waits for a decision. Decide with one of:\n{open}{reject}{abort}then resume, or add --resume to the \
         decision:\n  {resume}\n"
    )
}

/// Renders these commands and the one that shows the question, for a run in the journal; empty if it cannot be read.
pub fn load_decision_commands(journal: &dyn Journal, run: &RunId, printer: &Printer) -> String {
    let loaded = phasegate_runtime::load_run(journal, run);
    let read = printer.command(&format!("show {run}"));
    let render = |state| format!("{}read it again with:\n  {read}\n", render_decision_commands(&state, printer));
    loaded.map(|(state, _)| render(state)).unwrap_or_default()
}

/// The most files that are named.
const MAX_FILES: usize = 3;

/// Renders where the results of a run that ended are, and the command that explains it.
pub fn render_results(run: &RunId, written: &WrittenFiles, printer: &Printer) -> String {
    let path = |file: &String| display_path(&written.dir.join(file));
    let mut files: Vec<String> = written.files.iter().take(MAX_FILES).map(path).collect();
    if written.files.len() > MAX_FILES {
        files.push(count((written.files.len() - MAX_FILES) as u64, "more file"));
    }
    let code = if files.is_empty() { String::new() } else { format!("  code     {}\n", files.join(", ")) };
    let (report, show) = (path(&written.report), printer.command(&format!("show {run}")));
    format!("\nNext, look at:\n{code}  report   {report}\n  reasons  {show}\n")
}

/// Renders how a run continues that does not wait for a person; empty if it has ended.
pub fn render_continuation(journal: &dyn Journal, state: &State, events: &[Recorded], printer: &Printer) -> String {
    let run = &state.created.run_id;
    let result = TaskResult::from_events(state, events);
    let again = if needs_ask_again(journal, state) { " --ask-again" } else { "" };
    // The hint of a stop may know better how to continue; the last command is the one for every cause.
    let mut commands =
        result.remedy.iter().flat_map(|remedy| remedy.split('`')).filter_map(|part| part.strip_prefix("phasegate "));
    let advised = commands.rfind(|command| command.starts_with("resume "));
    let resume = printer.command(&advised.map_or_else(|| format!("resume {run}{again}"), str::to_owned));
    if let Some(experiment) = continuing_experiment(journal, state) {
        return format!("\n{}\n", render_shared_beginning(&experiment));
    }
    match Standing::new(journal, &result, events) {
        Standing::Recorded(TaskStatus::Stopped) => format!("\nresume with: {resume}\n"),
        Standing::Recorded(_) => String::new(),
        Standing::Running(pid) => {
            let owner = render_owner(pid, events.first().map_or(0, |first| first.at_ms));
            format!("\nrunning in {owner}; stop it with: {}\n", printer.command(&format!("cancel {run}")))
        }
        Standing::Decided => format!("\ndecided, ready to resume with: {resume}\n"),
        Standing::Imported => format!("\nimported before its end; resume with: {resume}\n"),
        Standing::Interrupted => format!("\nits process ended; resume with: {resume}\n"),
    }
}

/// Renders how a run continues that variants of this experiment have in common.
pub fn render_shared_beginning(experiment: &str) -> String {
    let name = one_line(experiment);
    format!("the variants of experiment {name} continue it, each in a run of its own; repeat the experiment to go on")
}

/// Whether the run stops again at a call that may have been billed, unless `--ask-again` allows to repeat it.
fn needs_ask_again(journal: &dyn Journal, state: &State) -> bool {
    let open = state.running().is_some_and(|(_, calls)| calls.values().any(|call| call.open));
    let settings: Option<RunSettings> = read_json(journal, &state.created.settings).ok();
    open && settings.is_some_and(|settings| settings.models.on_unknown == OnUnknown::Stop)
}

/// Renders the record of a decision that was just made.
pub fn render_decided(run: &RunId, choice: &str, about: &JudgedAttempt, by: &str) -> String {
    format!("run {run}: {choice} {about} by {by}\n")
}
