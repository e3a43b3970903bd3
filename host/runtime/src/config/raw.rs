//! The tables of `phasegate.toml` as they are parsed, and what they take over from the user's configuration.
//!
//! A key of the project's file takes precedence. Exceptions: a price of the user stays, a `locked` of the user stays, and a
//! provider table with an address or a key takes neither from the user's table of that name, so that no key of the user goes to
//! an address of a project. Limits of a project are compared with the user's later, in [`crate::trust`].

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use phasegate_broker::{BudgetConfig, ModelId, ModelsConfig, PriceTable, ProviderConfig};
use phasegate_process::artifact::FileNames;
use phasegate_process::file_schema::file_schema;
use phasegate_process::limits::LimitsPatch;
use phasegate_process::pipeline::{Grants, PhaseChanges, RawSettings};
use phasegate_process::{PhaseName, PluginName};
use phasegate_sandbox::EngineSettings;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::Spanned;

use crate::config::hitl::HitlEntry;
use crate::trust::UserConfig;

/// Configuration of Phasegate: models, prices, budget, approvals and plugins.
#[derive(Deserialize, Default, JsonSchema)]
#[schemars(title = "Configuration")]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawConfig {
    /// The pipeline of runs that name none: `tsp`, `lean`, `planning-design`, or a file. Default: `tsp`.
    #[schemars(with = "Option<String>")]
    pub(super) pipeline: Option<Spanned<String>>,
    /// Whether only plugins run that `phasegate.lock` knows. Default: false.
    pub(super) locked: bool,
    /// The model of each tier, and how calls are made.
    pub(super) models: ModelsConfig,
    /// Providers of models, by name. `anthropic`, `openai` and `ollama` are built in.
    pub(super) providers: BTreeMap<String, ProviderConfig>,
    /// Prices of models, as `"PROVIDER:MODEL"`.
    pub(super) prices: PriceTable,
    /// What one run may use.
    pub(super) budget: BudgetConfig,
    /// Limits of the host process.
    pub(super) sandbox: EngineSettings,
    /// What runs may write.
    pub(super) output: OutputConfig,
    /// How agents see a git repository.
    pub(super) repository: RepositoryConfig,
    /// When gates ask a person: `default`, or the name of a gate.
    #[schemars(with = "BTreeMap<PhaseName, HitlEntry>")]
    pub(super) hitl: BTreeMap<Spanned<String>, HitlEntry>,
    /// The feedback strategy. Default: that of the pipeline.
    pub(super) feedback: Option<RawFeedback>,
    /// Files, grants and limits of plugins, by the names that the pipeline uses.
    #[schemars(with = "BTreeMap<PluginName, RawPlugin>")]
    pub(super) plugins: BTreeMap<Spanned<String>, RawPlugin>,
    /// Changes of single phases, by name.
    #[schemars(with = "BTreeMap<PhaseName, PhaseChanges>")]
    pub(super) phases: BTreeMap<Spanned<String>, PhaseChanges>,
    /// The most verdicts of all gates together in one run. Default: that of the pipeline.
    #[schemars(with = "Option<NonZeroU32>")]
    pub(super) max_total_attempts: Option<Spanned<NonZeroU32>>,
}

/// Returns the JSON Schema of `phasegate.toml`.
pub fn configuration_schema() -> Value {
    file_schema::<RawConfig>()
}

/// `[output]`: what runs may write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutputConfig {
    /// The names of files that plugins may choose.
    pub names: FileNames,
}

/// `[repository]`: how agents see a git repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RepositoryConfig {
    /// The most tokens of the map that agents get.
    pub map_tokens: NonZeroU32,
}

impl Default for RepositoryConfig {
    fn default() -> Self {
        Self { map_tokens: NonZeroU32::MIN.saturating_add(7_999) }
    }
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFeedback {
    /// The strategy: `phase-aware`, `nearest-phase`, or a component file.
    #[schemars(with = "String")]
    pub(crate) strategy: Spanned<String>,
    /// The settings of the strategy.
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    pub(crate) settings: Option<RawSettings>,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPlugin {
    /// The component, relative to this file, or a package in a registry, `oci://HOST/REPOSITORY:TAG`; a bundled plugin needs none.
    #[schemars(with = "Option<String>")]
    pub(crate) path: Option<Spanned<String>>,
    /// What the plugin may use, as far as its manifest asks for it.
    pub(crate) grants: Option<Grants>,
    /// Limits of one call that differ from the defaults.
    pub(crate) limits: Option<LimitsPatch>,
}

/// Names that only the user's configuration has.
#[derive(Debug, Clone, Default)]
pub(crate) struct FromUser {
    pub(crate) providers: BTreeSet<String>,
    pub(crate) prices: BTreeSet<ModelId>,
    /// Whether the user's configuration or the project's has `usd` under `[budget]`.
    pub(crate) usd_is_explicit: bool,
}

impl RawConfig {
    /// Adds the user's settings wherever `text`, from which this was parsed, does not have them.
    pub(super) fn add_user_settings(&mut self, text: &str, user: &UserConfig) -> FromUser {
        let given: toml::Table = toml::from_str(text).unwrap_or_default();
        let keys = |table: &str| -> BTreeSet<&str> {
            given
                .get(table)
                .and_then(toml::Value::as_table)
                .into_iter()
                .flatten()
                .map(|(key, _)| key.as_str())
                .collect()
        };
        self.locked |= user.locked;
        let mut models = keys("models");
        if ["fast", "default", "deep"].iter().any(|tier| models.contains(tier)) {
            // Tiers fill in for each other, so those of one file belong together.
            models.extend(["fast", "default", "deep"]);
        }
        self.models = overlay(&user.models, &self.models, &models);
        self.budget = overlay(&user.budget, &self.budget, &keys("budget"));
        let sandbox = keys("sandbox");
        self.sandbox = std::mem::take(&mut self.sandbox).with_limits_of(&user.sandbox, |key| !sandbox.contains(key));
        let usd_is_explicit = user.has_usd || keys("budget").contains("usd");
        let mut from_user = FromUser { usd_is_explicit, ..FromUser::default() };
        for (name, table) in &user.providers {
            match self.providers.get_mut(name) {
                Some(own) => add_provider_settings(own, table),
                None => {
                    self.providers.insert(name.clone(), table.clone());
                    from_user.providers.insert(name.clone());
                }
            }
        }
        for (model, price) in &user.prices.0 {
            if self.prices.0.insert(model.clone(), *price).is_none() {
                from_user.prices.insert(model.clone());
            }
        }
        from_user
    }
}

/// Adds what a project's provider table leaves out. Address and key are taken over together or not at all.
fn add_provider_settings(own: &mut ProviderConfig, user: &ProviderConfig) {
    if own.kind.is_none() && !own.has_access() {
        own.kind = user.kind;
        own.base_url.clone_from(&user.base_url);
        own.key_env.clone_from(&user.key_env);
        own.key_file.clone_from(&user.key_file);
        own.allow_http = user.allow_http;
        own.key_header.clone_from(&user.key_header);
        own.headers.clone_from(&user.headers);
        own.query.clone_from(&user.query);
    }
    own.structured = own.structured.or(user.structured);
    own.stream = own.stream.or(user.stream);
    own.temperature = own.temperature.or(user.temperature);
    own.seed = own.seed.or(user.seed);
    own.max_completion_tokens = own.max_completion_tokens.or(user.max_completion_tokens);
    own.list_models = own.list_models.or(user.list_models);
    own.max_output_tokens = own.max_output_tokens.or(user.max_output_tokens);
    own.context_window = own.context_window.or(user.context_window);
    for (model, limits) in &user.models {
        own.models.entry(model.clone()).or_insert(*limits);
    }
}

/// Returns `user` with the given keys taken from `project`.
fn overlay<T: Serialize + DeserializeOwned + Clone>(user: &T, project: &T, given: &BTreeSet<&str>) -> T {
    let (Ok(Value::Object(mut merged)), Ok(Value::Object(mut own))) =
        (serde_json::to_value(user), serde_json::to_value(project))
    else {
        return project.clone();
    };
    for key in given {
        match own.remove(*key) {
            Some(value) => merged.insert((*key).to_owned(), value),
            None => merged.remove(*key),
        };
    }
    // Both values were valid, key by key.
    serde_json::from_value(Value::Object(merged)).unwrap_or_else(|_| project.clone())
}
