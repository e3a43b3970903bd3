//! Names of runs: the name of the task, and digits that make it unique.
//!
//! Guarantees: the id of a run contains the first characters of its task's name, however long the name is. An id without
//! that beginning belongs to another task; an id with it may still belong to another task whose name begins alike.

use phasegate_process::{RunId, TaskId};

/// Number of characters of the task's name that every run id contains, also those of experiments.
pub const MIN_TASK_CHARS: usize = 20;

/// Maximal number of characters of the task's name in the id of a run outside of experiments.
const MAX_TASK_CHARS: usize = 40;

/// Returns false if the id excludes that the run is of this task.
pub fn may_belong_to(run: &RunId, task: &TaskId) -> bool {
    run.as_str().contains(&shorten_name(task.as_str(), MIN_TASK_CHARS))
}

/// Returns true if the run has the name of a run of this task outside of experiments.
pub fn is_named_after(run: &RunId, task: &TaskId) -> bool {
    run.as_str().rsplit_once('-').is_some_and(|(name, _)| name == task_prefix(task))
}

/// Returns the id of a run of this task without its digits.
pub(crate) fn task_prefix(task: &TaskId) -> String {
    shorten_name(task.as_str(), MAX_TASK_CHARS)
}

/// Returns the first `max` characters of a name in lower case; characters that run ids do not allow become `-`.
pub fn shorten_name(name: &str, max: usize) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(plain).take(max).collect();
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
    fn recognises_runs_of_tasks_with_long_names() {
        let long = "A_TASK.WITH-A-VERY-LONG-NAME-INDEED".repeat(2);
        let (single, long) = ids("a-task-with-a-very-long-name-indeeda-tas-0a1b2c", &long);
        assert!(may_belong_to(&single, &long) && is_named_after(&single, &long));
        let (cell, short) = ids("two-csv-001-nearest-1-0a1b2c", "CSV-001");
        assert!(may_belong_to(&cell, &short) && !is_named_after(&cell, &short));
        assert!(!may_belong_to(&single, &short) && !may_belong_to(&cell, &long));
    }
}
