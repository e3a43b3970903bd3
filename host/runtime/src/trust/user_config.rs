//! The user's own configuration: `phasegate/config.toml` in the folder of user configurations, outside every project.
//!
//! The addresses, keys and limits in it are trusted. Its models, prices and limits are the defaults of every project.
//! The file and its folder must be under the control of this account alone. Fails with [`ConfigFault`].

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use phasegate_broker::{BudgetConfig, ModelsConfig, PriceTable, ProviderConfig};
use phasegate_process::source::{self, Reference, Source};
use phasegate_registry::Publishers;
use phasegate_sandbox::EngineSettings;
use serde::Deserialize;

use crate::error::config::{ConfigFault, unreadable_file};

/// The largest configuration, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The user's configuration; defaults stand for all that the file leaves out.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserConfig {
    /// `locked`: as in `phasegate.toml`, for every project.
    pub locked: bool,
    /// `[models]` of projects that name no model.
    pub models: ModelsConfig,
    /// `[providers.NAME]`. Paths of key files are absolute.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// `[prices]`. They take precedence over those of a project.
    pub prices: PriceTable,
    /// `[budget]`: the default and the highest budget of a run.
    pub budget: BudgetConfig,
    /// Whether the file has `usd` under `[budget]`.
    #[serde(skip)]
    pub has_usd: bool,
    /// `[sandbox]`: the default and the highest limits of this process.
    pub sandbox: EngineSettings,
    /// `[trust]`.
    pub trust: TrustConfig,
    /// The keys of `trust.publishers`.
    #[serde(skip)]
    pub publishers: Publishers,
}

/// `[trust]`: whose plugins may be used.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustConfig {
    /// The file of the public key of each publisher, by a name of the user's choice. Paths are relative to the file.
    pub publishers: BTreeMap<String, PathBuf>,
    /// Whether a plugin from a file or a registry is rejected unless the signature of a publisher is verified.
    pub require_signatures: bool,
}

impl UserConfig {
    /// Reads `config.toml` in the user's folder. Without a file, returns the defaults.
    pub(super) fn read(folder: &Path) -> Result<Self, ConfigFault> {
        let file = folder.join("config.toml");
        let name = file.display().to_string();
        match check_control(folder, &file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(why) => return Err(unreadable_file(&name, &why, "make the file readable to you")),
            Ok(Some((path, reason))) => {
                let file = path.display().to_string();
                let hint = "it holds what you trust: give it to your account alone with `chown` and `chmod go-w`";
                return Err(ConfigFault::Io { file, reason, hint });
            }
            Ok(None) => {}
        }
        let text = phasegate_files::read_text(&file, MAX_BYTES)
            .map_err(|why| unreadable_file(&name, &why, "make the file readable to you"))?;
        Self::parse(&name, &text, folder)
    }

    fn parse(name: &str, text: &str, folder: &Path) -> Result<Self, ConfigFault> {
        let mut config: Self = source::parse(Source { file: name, text }, &Reference::CONFIGURATION)?;
        config.has_usd = has_usd(text);
        for provider in config.providers.values_mut() {
            provider.key_file = provider.key_file.take().map(|file| folder.join(file));
        }
        config.publishers = Publishers::read(&config.trust.publishers, folder).map_err(|error| {
            let message = format!("[trust] publishers: {error}");
            Source { file: name, text }.error(find_publishers(text), message, error.hint())
        })?;
        Ok(config)
    }
}

/// Returns the place of the table of publishers.
fn find_publishers(text: &str) -> std::ops::Range<usize> {
    let start = text.find("publishers").unwrap_or(0);
    start..start + "publishers".len().min(text.len())
}

/// Whether a configuration has `usd` under `[budget]`.
fn has_usd(text: &str) -> bool {
    let given: toml::Table = toml::from_str(text).unwrap_or_default();
    given.get("budget").and_then(|budget| budget.get("usd")).is_some()
}

/// Returns the path that another account controls, and the reason.
fn check_control(folder: &Path, file: &Path) -> std::io::Result<Option<(PathBuf, String)>> {
    for path in [file, folder] {
        if let Err(reason) = phasegate_files::check_path(path)? {
            return Ok(Some((path.to_owned(), reason.to_string())));
        }
    }
    Ok(None)
}
