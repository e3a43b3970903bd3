//! The settings that a run pins beside its pipeline and components. They never contain a key.
//!
//! The JSON form is stored with the run and is part of the format.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use phasegate_broker::{BudgetConfig, ModelId, ModelsConfig, PriceTable, ProviderConfig, list_price};
use phasegate_process::artifact::FileNames;
use phasegate_process::model::Tier;
use phasegate_process::{Digest, PluginName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The environment of each language.
pub type Environments = BTreeMap<String, Value>;

/// The part of the configuration that a run depends on, fixed when the run is created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// `[models]`; tiers without a model are filled in when the run is created.
    pub models: ModelsConfig,
    /// `[providers]`: addresses, and where each key is found.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// `[prices]`: USD per million tokens.
    pub prices: PriceTable,
    /// `[budget]` of the run.
    pub budget: BudgetConfig,
    /// Base of the relative paths of scripts and key files.
    pub base_dir: PathBuf,
    /// Environment of generated code by language, as the test runner of the language describes it. Runs of one process share it.
    #[serde(with = "shared")]
    pub environments: Arc<Environments>,
    /// Seed of the random numbers that guests see.
    pub seed: u64,
    /// `[output] names`: the names of files that plugins may choose. Runs of earlier versions have no such rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<FileNames>,
    /// Whether a fork uses recorded answers of other models than those that it asks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reuse_answers_of_other_models: bool,
    /// The cell, if the run belongs to an experiment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<ExperimentCell>,
    /// The publishers whose signatures of plugins were verified when the run was created.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signers: BTreeMap<PluginName, String>,
}

impl RunSettings {
    /// Adds the list prices of its models, as far as they have no price. Returns whether there were any.
    pub(crate) fn add_list_prices(&mut self) -> bool {
        let models: Vec<ModelId> =
            Tier::ALL.iter().filter_map(|tier| Some(self.models.configured(*tier)?.1.clone())).collect();
        let mut added = false;
        for model in models.into_iter().filter(|model| !model.is_scripted()) {
            if let (None, Some(price)) = (self.prices.get(&model), list_price(&model, &self.providers)) {
                self.prices.0.insert(model, price);
                added = true;
            }
        }
        added
    }
}

/// Identifies a run in an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentCell {
    /// `name` of the experiment file.
    pub experiment: String,
    /// `name` of the variant.
    pub variant: String,
    /// Number of the repetition, from 1.
    pub repetition: u32,
    /// Digest of everything that makes the cell what it is, its variant's name left out. Cells of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Digest>,
    /// Whether the run is the common beginning of the runs of all variants: it stops before the first decision of the strategy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared_beginning: bool,
}

/// The form of a shared value is that of the value.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
        T::serialize(value, to)
    }

    pub(super) fn deserialize<'a, T: Deserialize<'a>, D: Deserializer<'a>>(from: D) -> Result<Arc<T>, D::Error> {
        T::deserialize(from).map(Arc::new)
    }
}
