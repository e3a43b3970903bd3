//! What a run pins beside its pipeline and components: models, prices, budget, environments. Never a key.

use std::collections::BTreeMap;
use std::path::PathBuf;

use phasegate_broker::{BudgetConfig, ModelsConfig, PriceTable, ProviderConfig};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The part of the configuration that a run depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// `[models]`, with the models that were found where none was named.
    pub models: ModelsConfig,
    /// `[providers]`: addresses and the names of keys.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// `[prices]`.
    pub prices: PriceTable,
    /// `[budget]`.
    pub budget: BudgetConfig,
    /// The folder that scripts and key files are relative to.
    pub base_dir: PathBuf,
    /// What code can rely on, by language, as the runners say.
    pub environments: BTreeMap<String, Value>,
    /// Seed of the guests' randomness.
    pub seed: u64,
    /// Where the run belongs in an experiment, if it was made for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<ExperimentCell>,
}

/// The place of a run in an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentCell {
    /// The experiment's name.
    pub experiment: String,
    /// The variant's name.
    pub variant: String,
    /// From 1.
    pub repetition: u32,
}
