//! The commands with which a waiting run continues.

use phasegate_journal::Journal;
use phasegate_process::RunId;

/// Whether the run waits at a passed gate, which a person only confirms. False if the run cannot be read.
pub fn waits_at_passed_gate(journal: &dyn Journal, run: &RunId) -> bool {
    let state = phasegate_runtime::load_run(journal, run).ok();
    state.is_some_and(|(state, _)| state.waiting().is_some_and(|(_, judged, _)| judged.verdict.passes()))
}

/// Renders the commands that decide the waiting gate and resume the run.
pub fn render_decision_commands(run: &RunId, passes: bool) -> String {
    let open = if passes {
        format!("  phasegate approve {run} --by NAME\n")
    } else {
        format!("  phasegate override {run} --by NAME --reason \"why it may continue\"\n")
    };
    format!(
        "\nThe run waits for a decision. Decide with one of:\n{open}  phasegate reject {run} --by NAME --reason \"what to change\"\n  \
         phasegate abort {run} --by NAME --reason \"why\"\nthen resume:\n  phasegate resume {run}\n"
    )
}
