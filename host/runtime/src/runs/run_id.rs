//! What runs are called: after their task, so that people know them, with digits that keep them apart.
//!
//! Promises: however long names are, a run's id holds the beginning of its task's. Two tasks may begin alike: a name is
//! reason to look into a run, or not to, and never proof.

use phasegate_process::{RunId, TaskId};

/// Characters of a task's name that are in the id of every run of it, whoever made the run.
pub const MIN_TASK_CHARS: usize = 20;

/// Characters of a task's name that are in the id of a run made for itself, and no more of them.
const MAX_TASK_CHARS: usize = 40;

/// Whether a run may be of this task, however it was made.
pub fn may_belong_to(run: &RunId, task: &TaskId) -> bool {
    run.as_str().contains(&shorten_name(task.as_str(), MIN_TASK_CHARS))
}

/// Whether a run is called like one that was made of this task for itself, for no experiment.
pub fn is_named_after(run: &RunId, task: &TaskId) -> bool {
    run.as_str().rsplit_once('-').is_some_and(|(name, _)| name == task_prefix(task))
}

/// What runs of this task are called, but for their digits.
pub(crate) fn task_prefix(task: &TaskId) -> String {
    shorten_name(task.as_str(), MAX_TASK_CHARS)
}

/// As much of a name as fits, in the letters of run ids.
pub fn shorten_name(name: &str, most: usize) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(plain).take(most).collect();
    name.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ids(run: &str, task: &str) -> (RunId, TaskId) {
        (run.parse().unwrap(), task.parse().unwrap())
    }

    #[test]
    fn a_run_is_known_by_its_task_however_it_was_made_and_however_long_the_name_is() {
        let long = "A_TASK.WITH-A-VERY-LONG-NAME-INDEED".repeat(2);
        let (made, long) = ids("a-task-with-a-very-long-name-indeeda-tas-0a1b2c", &long);
        assert!(may_belong_to(&made, &long) && is_named_after(&made, &long));
        let (cell, short) = ids("two-csv-001-nearest-1-0a1b2c", "CSV-001");
        assert!(may_belong_to(&cell, &short) && !is_named_after(&cell, &short));
        assert!(!may_belong_to(&made, &short) && !may_belong_to(&cell, &long));
    }
}
