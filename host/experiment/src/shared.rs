//! Common beginnings: with `share_until = "first-decision"`, all variants of a task and a repetition continue one run, from the
//! first decision of their strategies on.
//!
//! The id of the beginning is computed from what the variants have in common, so that variants can be edited, added and
//! removed without another beginning. Variants that differ in more than their strategy are an error of the file.

use phasegate_process::experiment::CellId;
use phasegate_process::source::SourceError;
use phasegate_process::{Digest, InvalidName, PluginName, RunId, TaskId};
use phasegate_runtime::RunDefinition;
use serde_json::{Value, json};

use crate::file::{Experiment, Variant};
use crate::identity::beginning_id;
use crate::share_until::{SHARED_BEGINNING, ShareUntil};

/// What the runs of one task have in common in all variants.
#[derive(Debug, PartialEq)]
pub(crate) struct CommonPart(Value);

impl CommonPart {
    /// Returns what stays of a definition without its strategy.
    pub(crate) fn of(definition: &RunDefinition) -> Self {
        let mut identity = definition.identity();
        let strategy: &PluginName = &definition.pipeline.feedback.plugin;
        let mut remove = |table: &str, key: &str| {
            let table = identity.pointer_mut(table).and_then(Value::as_object_mut);
            table.and_then(|table| table.remove(key));
        };
        remove("/pipeline", "feedback");
        remove("/pipeline/plugins", strategy.as_str());
        remove("/components", strategy.as_str());
        Self(json!({ "run": identity, "budget": definition.settings.budget }))
    }

    /// Returns the digest from which the id of the beginning is made.
    fn digest(&self, experiment: &Experiment, content: &Digest, task: &TaskId, repetition: u32) -> Digest {
        // As for cells, limits are no part of the identity.
        let identity = json!({
            "experiment": experiment.name,
            "task": task,
            "content": content,
            "repetition": repetition,
            "shared_until": ShareUntil::FIRST_DECISION,
            "run": self.0.get("run"),
        });
        Digest::from_content(identity.to_string().as_bytes())
    }
}

impl Experiment {
    /// Fails if a variant differs from the first one in more than its strategy.
    pub(crate) fn check_common(
        &self,
        variant: &Variant,
        first: &CommonPart,
        common: &CommonPart,
    ) -> Result<(), SourceError> {
        if first == common {
            return Ok(());
        }
        let of_first = self.variants.first().filter(|first| first.name != variant.name);
        let name = of_first.map_or("the first variant", |first| first.name.as_str());
        let place = variant.beyond_strategy().or_else(|| of_first.and_then(Variant::beyond_strategy));
        let message = format!(
            "variant `{}` differs from `{name}` in more than its strategy, so their runs have no common beginning",
            variant.name
        );
        let hint = "let the variants differ in `feedback` and `feedback.settings` only, or remove `share_until`";
        Err(self.source().error(place.unwrap_or_else(|| variant.whole()), message, hint))
    }

    /// Returns the id of the common beginning of a task and a repetition.
    pub(crate) fn beginning_id(
        &self,
        task: &TaskId,
        content: &Digest,
        repetition: u32,
        common: &CommonPart,
    ) -> Result<RunId, InvalidName> {
        beginning_id(&self.name, task, repetition, &common.digest(self, content, task, repetition))
    }
}

/// Returns the place of the common beginning that a cell continues.
pub(crate) fn beginning_place(cell: &CellId, beginning: &RunId) -> CellId {
    CellId { variant: SHARED_BEGINNING.to_owned(), run: beginning.clone(), ..cell.clone() }
}
