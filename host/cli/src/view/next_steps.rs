//! What a person can do next.

use phasegate_journal::Journal;
use phasegate_process::RunId;

/// Whether the gate that a run waits at was passed, and a person only confirms it.
pub fn waits_at_passed_gate(journal: &dyn Journal, run: &RunId) -> bool {
    let state = phasegate_runtime::load(journal, run).ok();
    state.is_some_and(|(state, _)| state.waiting().is_some_and(|(_, judged, _)| judged.verdict.passes()))
}

/// The commands that decide a waiting gate.
pub fn render_decision_commands(run: &RunId, passes: bool) -> String {
    let open = if passes {
        format!("  phasegate approve {run} --by NAME\n")
    } else {
        format!("  phasegate override {run} --by NAME --reason \"why it may go on\"\n")
    };
    format!(
        "\nThe run waits for a person. Decide with one of\n{open}  phasegate reject {run} --by NAME --reason \"what is to be changed\"\n  \
         phasegate abort {run} --by NAME --reason \"why\"\nand go on with\n  phasegate resume {run}\n"
    )
}
