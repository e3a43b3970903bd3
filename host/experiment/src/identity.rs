//! What makes a cell the same cell, and the id of its run.
//!
//! Guarantees: equal cells have equal identities, whatever their variant is called; the id of a run ends with the first digits
//! of the identity; an id that is cut shows by two digits which name was cut.

use phasegate_process::{Digest, InvalidName, RunId, TaskId};
use phasegate_runtime::{MIN_TASK_CHARS, shorten_name};
use serde_json::{Value, json};

use crate::file::Variant;

/// Characters of the experiment's name in a run id. Runs of an experiment are found by them.
const MAX_EXPERIMENT_CHARS: usize = 16;
/// Characters of each name in a run id whose names are too long together.
const MAX_VARIANT_CHARS: usize = 11;
const MAX_TASK_CHARS: usize = MIN_TASK_CHARS + MARK_CHARS;
/// `-` and two digits behind a name that is cut.
const MARK_CHARS: usize = 3;
const MAX_RUN_ID_CHARS: usize = 64;
/// Digits of the identity at the end of a run id.
const ID_DIGITS: usize = 6;

/// A cell before it has a run.
pub(crate) struct CellParts<'a> {
    pub(crate) experiment: &'a str,
    pub(crate) task: &'a TaskId,
    /// The digest of everything that the run reads of its task.
    pub(crate) content: &'a Digest,
    pub(crate) variant: &'a Variant,
    pub(crate) repetition: u32,
    /// The common beginning that the run continues.
    pub(crate) beginning: Option<&'a RunId>,
}

impl CellParts<'_> {
    /// Returns the identity. `twin` counts the earlier variants with the same one: each cell has a run of its own.
    pub(crate) fn identity(&self, definition: &Value, twin: u32) -> Digest {
        let mut identity = self.common(definition);
        if let Some(identity) = identity.as_object_mut().filter(|_| twin > 0) {
            identity.insert("twin".to_owned(), json!(twin));
        }
        Digest::from_content(identity.to_string().as_bytes())
    }

    fn common(&self, definition: &Value) -> Value {
        let mut common = json!({
            "experiment": self.experiment,
            "task": self.task,
            "content": self.content,
            "set": self.variant.overrides.set,
            "repetition": self.repetition,
            "run": definition,
        });
        if let (Some(common), Some(beginning)) = (common.as_object_mut(), self.beginning) {
            common.insert("beginning".to_owned(), json!(beginning));
        }
        common
    }

    /// Returns the id of the run of a cell with this identity.
    pub(crate) fn run_id(&self, identity: &Digest) -> Result<RunId, InvalidName> {
        let whole = self.name(identity, usize::MAX, usize::MAX, &cut_with_mark);
        if whole.len() <= MAX_RUN_ID_CHARS {
            whole.parse()
        } else {
            self.name(identity, MAX_TASK_CHARS, MAX_VARIANT_CHARS, &cut_with_mark).parse()
        }
    }

    /// Returns the id that earlier builds gave the run: from the variant's name, all providers and all prices.
    pub(crate) fn former_run_id(&self, definition: &Value) -> Result<RunId, InvalidName> {
        let mut identity = self.common(definition);
        if let Some(identity) = identity.as_object_mut() {
            identity.insert("variant".to_owned(), json!(self.variant.name));
        }
        let identity = Digest::from_content(identity.to_string().as_bytes());
        let whole = self.name(&identity, usize::MAX, usize::MAX, &shorten_name);
        if whole.len() <= MAX_RUN_ID_CHARS {
            whole.parse()
        } else {
            self.name(&identity, MIN_TASK_CHARS, 14, &shorten_name).parse()
        }
    }

    fn name(&self, identity: &Digest, task: usize, variant: usize, cut: &dyn Fn(&str, usize) -> String) -> String {
        let (task, variant) = (cut(self.task.as_str(), task), cut(&self.variant.name, variant));
        format!("{}{task}-{variant}-{}-{}", run_id_start(self.experiment), self.repetition, digits(identity))
    }
}

/// Returns the id of a common beginning with this identity.
pub(crate) fn beginning_id(
    experiment: &str,
    task: &TaskId,
    repetition: u32,
    identity: &Digest,
) -> Result<RunId, InvalidName> {
    let task = cut_with_mark(task.as_str(), MAX_TASK_CHARS);
    format!("{}{task}-shared-{repetition}-{}", run_id_start(experiment), digits(identity)).parse()
}

/// Returns the beginning of the ids of all runs of an experiment.
pub(crate) fn run_id_start(experiment: &str) -> String {
    format!("{}-", shorten_name(experiment, MAX_EXPERIMENT_CHARS))
}

fn digits(identity: &Digest) -> &str {
    identity.short().get(..ID_DIGITS).unwrap_or_default()
}

/// Cuts a name that is longer than `max`, and marks it with two digits of the whole name: names that begin alike stay distinct.
fn cut_with_mark(name: &str, max: usize) -> String {
    let whole = shorten_name(name, usize::MAX);
    if whole.len() <= max {
        return whole;
    }
    let digest = Digest::from_content(name.as_bytes());
    let mark = digest.short().get(..MARK_CHARS - 1).unwrap_or_default();
    format!("{}-{mark}", shorten_name(name, max - MARK_CHARS))
}
