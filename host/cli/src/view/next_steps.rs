//! The commands with which a waiting run continues.

use phasegate_journal::Journal;
use phasegate_process::RunId;
use phasegate_process::state::{JudgedAttempt, State};

/// Renders the commands that decide the waiting gate and resume the run; empty if no gate waits. They name the attempt
/// that waits now, so that they are refused when another one waits.
pub fn render_decision_commands(state: &State) -> String {
    let Some((phase, judged, _)) = state.waiting() else { return String::new() };
    let run = &state.created.run_id;
    let at = JudgedAttempt::new(phase, judged).at;
    let open = if judged.verdict.passes() {
        format!("  phasegate approve {run} --at {at} --by NAME\n")
    } else {
        format!("  phasegate override {run} --at {at} --by NAME --reason \"why it may continue\"\n")
    };
    format!(
        "\nThe run waits for a decision. Decide with one of:\n{open}  \
         phasegate reject {run} --at {at} --by NAME --reason \"what to change\"\n  \
         phasegate abort {run} --at {at} --by NAME --reason \"why\"\nthen resume:\n  phasegate resume {run}\n"
    )
}

/// Renders the commands for a run in the journal; empty if it cannot be read.
pub fn load_decision_commands(journal: &dyn Journal, run: &RunId) -> String {
    phasegate_runtime::load_run(journal, run).map(|(state, _)| render_decision_commands(&state)).unwrap_or_default()
}

/// Renders the record of a decision that was just made.
pub fn render_decided(run: &RunId, choice: &str, about: &JudgedAttempt, by: &str) -> String {
    format!("run {run}: {choice} {about} by {by}\n")
}
