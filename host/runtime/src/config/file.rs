//! `phasegate.toml`: models, prices, budget, pipeline, approvals and plugins, as the operator writes them.
//!
//! The nearest file upwards from the start folder is used. Paths in the file are relative to its folder; paths on the command
//! line are relative to the current folder. This module only parses: [`super::pipeline`] applies the file to a pipeline and
//! checks the result. Fails with [`ConfigFault`], which has file, line and hint.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::{Path, PathBuf};

use phasegate_broker::{BudgetConfig, ConfigError, ModelsConfig, PriceTable, ProviderConfig};
use phasegate_files::TrustedFolders;
use phasegate_process::PluginName;
use phasegate_process::lock::LOCK_FILE;
use phasegate_process::pipeline::PhaseChanges;
use phasegate_process::source::{self, Reference, Source};
use phasegate_registry::{Publishers, PulledFolder};
use phasegate_sandbox::EngineSettings;
use toml::Spanned;

use crate::config::hitl::HitlEntry;
use crate::config::known_lock::KnownLock;
use crate::config::raw::{FromUser, OutputConfig, RawConfig, RawFeedback, RawPlugin, RepositoryConfig};
use crate::config::search::{FILE_NAME, check_named_file, find_file};
use crate::error::config::{ConfigFault, unreadable_file};
use crate::error::not_trusted::Origin;
use crate::trust::{Trust, UserConfig, Wants};

/// The operator's configuration; defaults stand for all that the file leaves out.
#[derive(Debug, Clone)]
pub struct Config {
    /// Path of the file; `None` if no file was found, so that all values are defaults.
    pub file: Option<PathBuf>,
    /// Folder of the file, or the start folder without a file. Paths in the file are relative to it.
    pub dir: PathBuf,
    /// Path of the lock file: `phasegate.lock` in `dir`, unless the caller sets another one.
    pub lock: PathBuf,
    /// `locked`: plugin files that the lock file does not list are rejected.
    pub locked: bool,
    /// `[models]`: model of each tier, retries and timeouts.
    pub models: ModelsConfig,
    /// `[providers.NAME]`: addresses, and where each key is found.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// `[prices."provider:model"]`: USD per million tokens.
    pub prices: PriceTable,
    /// `[budget]` of each run.
    pub budget: BudgetConfig,
    /// `[sandbox]`: limits of this process. A run does not pin them.
    pub sandbox: EngineSettings,
    /// `[output]`: the names of files that plugins may choose.
    pub output: OutputConfig,
    /// `[repository]`: how agents see a git repository.
    pub repository: RepositoryConfig,
    /// `pipeline`: the name of a standard pipeline, or a file.
    pub pipeline: Option<String>,
    /// Folders whose files count whatever account controls them.
    pub trusted: TrustedFolders,
    /// The packages of this machine; `None` without a home folder.
    pub pulled: Option<PulledFolder>,
    /// `[trust]` of the user's configuration.
    pub(crate) publishers: Publishers,
    pub(crate) require_signatures: bool,
    pub(crate) hitl: BTreeMap<Spanned<String>, HitlEntry>,
    pub(crate) feedback: Option<RawFeedback>,
    pub(crate) plugins: BTreeMap<Spanned<String>, RawPlugin>,
    pub(crate) phases: BTreeMap<Spanned<String>, PhaseChanges>,
    pub(crate) max_total_attempts: Option<Spanned<NonZeroU32>>,
    /// Providers and prices that only the user's configuration has. A run pins those that it uses.
    pub(crate) from_user: FromUser,
    /// The flag that gave each of these keys, such as `--set` for `models.default`.
    pub(crate) from_flags: BTreeMap<String, &'static str>,
    pub(crate) pipeline_span: Range<usize>,
    pub(crate) name: String,
    pub(crate) known_lock: KnownLock,
    text: String,
}

impl Config {
    /// Reads `explicit`, or else the nearest `phasegate.toml` upwards from `start`. What it leaves out comes from the user's
    /// configuration, and from the defaults. Fails if an account controls the file that is neither this one nor root, unless
    /// the user trusts its folder.
    pub fn find(explicit: Option<&Path>, start: &Path, trust: &Trust) -> Result<Self, ConfigFault> {
        let (start, trusted, user) = (absolute(start), trust.folders(), trust.user());
        let found = match explicit {
            Some(named) => {
                let file = check_named_file(start.join(named), &trusted)?;
                let hint = "name an existing file, or omit --config to use the nearest phasegate.toml";
                Self::read(file, named.display().to_string(), hint, user)?
            }
            None => match find_file(&start, &trusted)? {
                Some(file) => {
                    let name = file.strip_prefix(&start).unwrap_or(&file).display().to_string();
                    Self::read(file, name, "make the file readable, or name another one with --config", user)?
                }
                None => Self::without_file(&start, user),
            },
        };
        Ok(Self { trusted, ..found })
    }

    fn read(file: PathBuf, name: String, hint: &'static str, user: &UserConfig) -> Result<Self, ConfigFault> {
        let text = phasegate_files::read_text(&file, phasegate_files::MAX_TEXT_BYTES)
            .map_err(|why| unreadable_file(&name, &why, hint))?;
        let raw = source::parse(Source { file: &name, text: &text }, &Reference::CONFIGURATION)?;
        let dir = file.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self::from_raw(raw, Some(file), dir, name, text, user))
    }

    /// Returns the configuration of a folder without a file: the user's, else the defaults.
    pub fn without_file(dir: &Path, user: &UserConfig) -> Self {
        Self::from_raw(RawConfig::default(), None, absolute(dir), String::new(), String::new(), user)
    }

    /// Returns what this configuration uses of the user's authority.
    pub fn wants(&self) -> Wants<'_> {
        Wants {
            project: &self.dir,
            is_here: true,
            providers: &self.providers,
            budget: self.budget,
            sandbox: Some(&self.sandbox),
        }
    }

    /// Returns the limit in US dollars that a person wrote; `None` where it is the default or unlimited.
    pub fn explicit_usd(&self) -> Option<f64> {
        self.budget.usd.filter(|_| self.from_user.usd_is_explicit)
    }

    /// Returns what names this configuration in a command that agrees to it.
    pub fn origin(&self) -> Origin {
        match &self.file {
            Some(file) if file.file_name().is_some_and(|name| name != FILE_NAME) => Origin::Config(file.clone()),
            _ => Origin::Project,
        }
    }

    /// Parses a configuration from `text`, without a user's configuration. `name` is used in errors; `dir` is the base of its
    /// paths.
    pub fn parse(name: &str, text: &str, dir: &Path) -> Result<Self, ConfigFault> {
        let raw = source::parse(Source { file: name, text }, &Reference::CONFIGURATION)?;
        let user = UserConfig::default();
        Ok(Self::from_raw(raw, None, dir.to_owned(), name.to_owned(), text.to_owned(), &user))
    }

    fn from_raw(
        mut raw: RawConfig,
        file: Option<PathBuf>,
        dir: PathBuf,
        name: String,
        text: String,
        user: &UserConfig,
    ) -> Self {
        let from_user = raw.add_user_settings(&text, user);
        let pipeline_span = raw.pipeline.as_ref().map(Spanned::span).unwrap_or_default();
        Self {
            file,
            lock: dir.join(LOCK_FILE),
            locked: raw.locked,
            dir,
            models: raw.models,
            providers: raw.providers,
            prices: raw.prices,
            budget: raw.budget,
            sandbox: raw.sandbox,
            output: raw.output,
            repository: raw.repository,
            pipeline: raw.pipeline.map(Spanned::into_inner),
            trusted: TrustedFolders::default(),
            pulled: None,
            publishers: user.publishers.clone(),
            require_signatures: user.trust.require_signatures,
            hitl: raw.hitl,
            feedback: raw.feedback,
            plugins: raw.plugins,
            phases: raw.phases,
            max_total_attempts: raw.max_total_attempts,
            from_user,
            from_flags: BTreeMap::new(),
            pipeline_span,
            name,
            known_lock: KnownLock::default(),
            text,
        }
    }

    /// Sets `locked` if `locked` is true; the flag of the file is never taken back.
    pub fn with_locked(self, locked: bool) -> Self {
        Self { locked: self.locked || locked, ..self }
    }

    /// Names the flag that causes an error of the broker, or else adds file and line if the error is about a place in this file.
    pub fn explain(&self, fault: ConfigError) -> ConfigFault {
        if let Some(fault) = self.explain_flag(&fault) {
            return fault;
        }
        let place = match &fault {
            ConfigError::UnknownProvider { model, .. } | ConfigError::NotListed { model, .. } => {
                self.text.find(&format!("\"{model}\""))
            }
            ConfigError::KeyRefused { provider, .. } => self.text.find(&format!("[providers.{provider}")),
            ConfigError::Provider { name, key, .. } => {
                let table = self.text.find(&format!("[providers.{name}"));
                table.map(|table| table + self.text.get(table..).and_then(|rest| rest.find(key)).unwrap_or(0))
            }
            ConfigError::UnpricedLimit { .. } => {
                let table = self.text.find("[budget]");
                table.and_then(|table| Some(table + self.text.get(table..)?.find("\nusd")? + 1))
            }
            ConfigError::Script { tier, .. } => {
                let table = self.text.find("[models]");
                let line = format!("\n{}", tier.as_str());
                table.map(|table| {
                    let rest = self.text.get(table..).unwrap_or_default();
                    let key = rest.find(&line).or_else(|| rest.find("\ndefault")).map_or(0, |at| at + 1);
                    let value = rest.get(key..).and_then(|rest| rest.lines().next()?.find('"')).unwrap_or(0);
                    table + key + value
                })
            }
            _ => None,
        };
        let Some(place) = place else { return ConfigFault::Models(fault) };
        let hint = fault.hint().unwrap_or_else(|| "see docs/configuration.md".to_owned());
        ConfigFault::Source(self.source().error(place..place, fault.to_string(), hint))
    }

    /// Whether a plugin from a file or a registry needs the signature of a publisher.
    pub fn requires_signatures(&self) -> bool {
        self.require_signatures
    }

    /// Whether `[plugins]` has a table for this plugin.
    pub fn names_plugin(&self, plugin: &PluginName) -> bool {
        self.plugins.keys().any(|key| key.get_ref() == plugin.as_str())
    }

    /// The publishers whose signatures count.
    pub fn publishers(&self) -> &Publishers {
        &self.publishers
    }

    pub(crate) fn source(&self) -> Source<'_> {
        Source { file: &self.name, text: &self.text }
    }

    pub(crate) fn relative_to(&self, chosen: Option<&str>) -> String {
        match chosen {
            Some(_) => "the path is relative to the current folder".to_owned(),
            None => format!("the path is relative to {}", self.name),
        }
    }
}

/// Returns the absolute path without access to the disk, or `path` itself if the current folder is gone.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
