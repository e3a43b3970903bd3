//! `[phases.NAME]` of a configuration: changes of single phases of a pipeline.
//!
//! The keys are those of `[[phase]]` that change no artifact. Fails with the line of the key that does not fit.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;

use super::fails_at::fails_at_schema;
use super::{Pipeline, RawSettings, SettingLocations, SettingsOwner, TestAllowance};
use crate::names::PhaseName;
use crate::source::{Source, SourceError, did_you_mean, to_json};
use crate::work::Severity;

/// The changes of one phase. A key that is absent changes nothing.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PhaseChanges {
    /// The most attempts, the first included: failures of the agent, or verdicts of a gate.
    #[schemars(with = "Option<NonZeroU32>")]
    max_retries: Option<Spanned<NonZeroU32>>,
    /// Settings that are added to those of the agent, key by key.
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    settings: Option<RawSettings>,
    /// Changes of a gate.
    #[schemars(with = "Option<GateChanges>")]
    gate: Option<Spanned<GateChanges>>,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct GateChanges {
    /// The number of issues of each severity at which the gate fails.
    #[schemars(schema_with = "fails_at_schema")]
    fails_at: Option<BTreeMap<Severity, NonZeroU32>>,
    /// The tests that the gate accepts although they did not pass.
    #[schemars(with = "Option<TestAllowance>")]
    allow: Option<Spanned<TestAllowance>>,
    /// The phases that the gate may send work back to.
    #[schemars(with = "Option<Vec<PhaseName>>")]
    may_revise: Option<Vec<Spanned<String>>>,
}

impl PhaseChanges {
    /// Returns the place of `max_retries`, if the table has it.
    pub fn max_retries_span(&self) -> Option<std::ops::Range<usize>> {
        self.max_retries.as_ref().map(Spanned::span)
    }

    /// Changes the phase that `key` names. Settings are added to those of the phase, key by key.
    pub fn apply_to(
        &self,
        source: Source<'_>,
        key: &Spanned<String>,
        pipeline: &mut Pipeline,
        locations: &mut SettingLocations,
    ) -> Result<(), SourceError> {
        let names: Vec<PhaseName> = pipeline.phases.iter().map(|phase| phase.name.clone()).collect();
        let gates: Vec<&str> = pipeline
            .phases
            .iter()
            .zip(&names)
            .filter(|(phase, _)| phase.gate.is_some())
            .map(|(_, name)| name.as_str())
            .collect();
        let known: Vec<&str> = names.iter().map(PhaseName::as_str).collect();
        let unknown = |span, name: &str, pipeline: &str| {
            let message = format!("there is no phase `{name}` in pipeline `{pipeline}`");
            source.error(span, message, did_you_mean(name, &known))
        };
        let pipeline_name = pipeline.name.clone();
        let phase = pipeline.phases.iter_mut().find(|phase| phase.name.as_str() == key.get_ref());
        let phase = phase.ok_or_else(|| unknown(key.span(), key.get_ref(), &pipeline_name))?;
        if let Some(limit) = &self.max_retries {
            phase.max_retries = *limit.get_ref();
        }
        if let Some(settings) = &self.settings {
            locations.add(source, SettingsOwner::Phase(phase.name.clone()), settings);
            if !phase.settings.is_object() {
                phase.settings = json!({});
            }
            for (name, value) in settings {
                if let Some(table) = phase.settings.as_object_mut() {
                    table.insert(name.get_ref().clone(), to_json(value.clone()));
                }
            }
        }
        let Some(changes) = &self.gate else { return Ok(()) };
        let Some(gate) = &mut phase.gate else {
            let message = format!("phase `{}` is no gate", phase.name);
            return Err(source.error(changes.span(), message, format!("the gates are {}", gates.join(", "))));
        };
        let changes = changes.get_ref();
        if let Some(fails_at) = &changes.fails_at {
            gate.fails_at.clone_from(fails_at);
        }
        if let Some(targets) = &changes.may_revise {
            let target = |text: &Spanned<String>| match known.contains(&text.get_ref().as_str()) {
                true => source.parse_name(text),
                false => Err(unknown(text.span(), text.get_ref(), &pipeline_name)),
            };
            gate.may_revise = targets.iter().map(target).collect::<Result<_, _>>()?;
        }
        match (&changes.allow, &mut gate.tests) {
            (Some(allow), Some(tests)) => tests.allow = *allow.get_ref(),
            (Some(allow), None) => {
                let message =
                    format!("gate `{}` is judged by no tests, so it can allow none to be skipped", phase.name);
                return Err(source.error(allow.span(), message, "remove `allow`"));
            }
            (None, _) => {}
        }
        Ok(())
    }
}
