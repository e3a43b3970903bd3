//! The tree of forks that a run belongs to.

use phasegate_journal::Journal;
use phasegate_process::RunId;
use phasegate_process::result::TaskResult;
use phasegate_process::state::State;
use phasegate_runtime::load_run;

use crate::exit::Failure;
use crate::terminal::format::one_line;
use crate::terminal::style::Paint;

/// Maximal number of runs in a tree.
const MAX_LINES: usize = 200;

/// Renders the tree of forks around a run; empty if the run has no origin and no forks.
pub fn render_fork_tree(journal: &dyn Journal, state: &State, paint: Paint) -> Result<String, Failure> {
    let run = &state.created.run_id;
    let mut root = run.clone();
    // In a file that somebody prepared, origins may form a circle.
    for _ in 0..MAX_LINES {
        let Some((origin, _)) = journal.origin(&root)? else { break };
        root = origin;
    }
    if root == *run && state.forks.is_empty() && journal.forks(run)?.is_empty() {
        return Ok(String::new());
    }
    let mut tree = Tree { journal, current: run, paint, lines: Vec::new() };
    // An imported fork knows its ancestors by name only.
    if root == *run {
        let absent = state
            .forks
            .iter()
            .map(|fork| format!("  {} (not in this state folder), forked at {}", fork.origin, fork.place()));
        tree.lines.extend(absent);
    }
    tree.draw(&root, 0)?;
    Ok(format!("\n{}\n{}\n", paint.bold("forks"), tree.lines.join("\n")))
}

struct Tree<'a> {
    journal: &'a dyn Journal,
    current: &'a RunId,
    paint: Paint,
    lines: Vec<String>,
}

impl Tree<'_> {
    fn draw(&mut self, run: &RunId, depth: usize) -> Result<(), Failure> {
        if self.lines.len() >= MAX_LINES {
            return Ok(());
        }
        let text = match load_run(self.journal, run) {
            Ok((state, events)) => {
                let status = TaskResult::from_events(&state, &events).status.as_str();
                match state.forks.last().filter(|_| depth > 0) {
                    Some(fork) => {
                        format!("at {}, {}: {status}", fork.place(), one_line(&render_changes(&fork.changes)))
                    }
                    None => status.to_owned(),
                }
            }
            Err(_) => "cannot be read".to_owned(),
        };
        let name = if run == self.current { self.paint.bold(run.as_str()) } else { run.to_string() };
        let here = if run == self.current { " (this run)" } else { "" };
        let branch = if depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat(depth - 1)) };
        self.lines.push(format!("  {branch}{name}{here} {text}"));
        for (fork, _) in self.journal.forks(run)? {
            self.draw(&fork, depth + 1)?;
        }
        Ok(())
    }
}

fn render_changes(changes: &[String]) -> String {
    if changes.is_empty() { "no change".to_owned() } else { changes.join(", ") }
}
