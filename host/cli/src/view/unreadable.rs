//! Notes about runs that a command left out.

use phasegate_runtime::UnreadableRun;

use crate::context::Context;
use crate::terminal::format::one_line;

/// Names each run that cannot be read. `effect` says what the command did about it.
pub fn note_unreadable(context: &Context, runs: &[UnreadableRun], effect: &str) {
    for UnreadableRun { run, reason } in runs {
        context.printer.note(&format!("run {run} cannot be read, {effect}: {}\n", one_line(reason)));
    }
}
