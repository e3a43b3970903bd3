//! The process that executes a run, and since when.

use phasegate_files::Process;
use phasegate_process::calendar::format_utc;

/// Renders the process; `pid` is 0 where it is unknown, and `created_ms` the time at which the run was created.
pub fn render_owner(pid: u32, created_ms: u64) -> String {
    if pid == 0 {
        return "another process".to_owned();
    }
    let process = Process::new(pid);
    // A process that executes several runs begins each of them later.
    match process.started_ms() {
        Some(started) => format!("{process} since {}", format_utc(started.max(created_ms))),
        None => process.to_string(),
    }
}
