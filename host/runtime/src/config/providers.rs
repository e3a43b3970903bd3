//! Providers of the configuration here, for runs that pinned others.

use phasegate_broker::{ProviderConfig, is_built_in, list_price};
use phasegate_process::model::Tier;

use crate::config::file::Config;
use crate::config::run_settings::RunSettings;
use crate::error::overrides::{Complaint, OverrideError, OverrideTarget};

/// Replaces a provider that the run asks by the one of the configuration. Without a table there, a built-in provider has its
/// own values. Fails if the run does not ask this provider, and if the configuration does not know it.
pub(crate) fn take_provider(settings: &mut RunSettings, config: &Config, name: &str) -> Result<(), OverrideError> {
    take(settings, config, name).map_err(|complaint| OverrideTarget::Provider(name.to_owned()).fault(complaint))
}

fn take(settings: &mut RunSettings, config: &Config, name: &str) -> Result<(), Complaint> {
    let asked: Vec<&str> = asked_providers(settings).collect();
    if !asked.contains(&name) {
        let hint = format!("name a provider that it asks: {}", asked.join(", "));
        return Err(("the run does not ask this provider".to_owned(), hint));
    }
    match config.providers.get(name) {
        Some(table) => {
            let table = beside(table, settings, config);
            settings.providers.insert(name.to_owned(), table);
        }
        None if is_built_in(name) => drop(settings.providers.remove(name)),
        None => {
            let hint = format!("describe it as [providers.{name}] in phasegate.toml or in your own configuration");
            return Err(("the configuration does not have this provider".to_owned(), hint));
        }
    }
    Ok(())
}

/// Adds providers and prices of the configuration for models that the run did not ask before.
pub(crate) fn add_for_new_models(settings: &mut RunSettings, before: &RunSettings, config: &Config) {
    for tier in Tier::ALL {
        let Some((_, model)) = settings.models.configured(tier) else { continue };
        if before.models.configured(tier).is_some_and(|(_, known)| known == model) {
            continue;
        }
        let model = model.clone();
        if let Some(table) = config.providers.get(model.provider())
            && !settings.providers.contains_key(model.provider())
        {
            let table = beside(table, settings, config);
            settings.providers.insert(model.provider().to_owned(), table);
        }
        let price = config.prices.get(&model).or_else(|| list_price(&model, &settings.providers));
        if let Some(price) = price {
            settings.prices.0.entry(model).or_insert(price);
        }
    }
}

fn asked_providers(settings: &RunSettings) -> impl Iterator<Item = &str> {
    let models = Tier::ALL.into_iter().filter_map(|tier| Some(settings.models.configured(tier)?.1));
    let mut names: Vec<&str> = models.filter(|model| !model.is_scripted()).map(|model| model.provider()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter()
}

/// Returns a table of the configuration for a run whose relative paths may have another base.
fn beside(table: &ProviderConfig, settings: &RunSettings, config: &Config) -> ProviderConfig {
    let mut table = table.clone();
    let folder = std::path::absolute(&config.dir).unwrap_or_else(|_| config.dir.clone());
    if folder != settings.base_dir {
        table.key_file = table.key_file.map(|file| folder.join(file));
    }
    table
}
