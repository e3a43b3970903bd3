//! What the user trusts: the user's configuration and the agreements beside it.
//!
//! A project's files say what the project wants. Addresses, places of keys, unencrypted connections and limits above the
//! user's own need the user's trust: they stand in the user's configuration, or the user agreed to them for this project.
//! Guarantee: [`Trust::connect`] is the only way to a broker, and judges every provider table and the budget before a key is
//! read. Without a home folder, only built-in addresses with their usual variables are trusted.

mod agreements;
mod user_config;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use phasegate_broker::{
    Broker, BudgetConfig, ConfigError, ModelsConfig, PriceTable, ProviderAccess, ProviderConfig, TrustedProviders,
    access,
};
use phasegate_files::TrustedFolders;
use phasegate_process::sync::lock;
use phasegate_sandbox::EngineSettings;

pub use self::agreements::{Agreements, FolderAgreement};
pub use self::user_config::UserConfig;
use crate::error::config::{ConfigFault, unreadable_file};
use crate::error::not_trusted::{LimitValue, NotTrusted, Origin, RaisedLimit};
use crate::error::{Error, ErrorCode};

/// What a project or a run wants to use.
#[derive(Debug, Clone, Copy)]
pub struct Wants<'a> {
    /// Folder of the configuration; base of the paths of key files.
    pub project: &'a Path,
    /// Whether the configuration that applies here lies in `project`. Otherwise only a run says that it belongs to this
    /// project, and agreements about the project do not count.
    pub is_here: bool,
    /// `[providers]`.
    pub providers: &'a BTreeMap<String, ProviderConfig>,
    /// `[budget]` of a run.
    pub budget: BudgetConfig,
    /// `[sandbox]`; `None` for a run, which does not pin it.
    pub sandbox: Option<&'a EngineSettings>,
}

/// The user's configuration, the agreements, and what the user allowed this process.
#[derive(Debug, Default)]
pub struct Trust {
    user: UserConfig,
    /// `None` without a home folder.
    file: Option<PathBuf>,
    agreements: Mutex<Agreements>,
    /// Agreements for this process only.
    once: Mutex<Agreements>,
}

impl Trust {
    /// Creates a trust in what a user's configuration holds, without agreements.
    pub fn new(user: UserConfig) -> Self {
        Self { user, ..Self::default() }
    }

    /// Loads the user's configuration and agreements from `$XDG_CONFIG_HOME/phasegate`, else `$HOME/.config/phasegate`.
    /// Relative values are ignored. `env` reads an environment variable.
    pub fn load(env: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, ConfigFault> {
        let variable = |name| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")));
        let Some(folder) = base.map(|base| base.join("phasegate")) else { return Ok(Self::default()) };
        let user = UserConfig::read(&folder)?;
        let file = folder.join("trust.toml");
        let agreements = Agreements::read(&file).map_err(|why| {
            unreadable_file(&file.display().to_string(), &why, "repair it, or remove it and agree again when asked")
        })?;
        Ok(Self { user, file: Some(file), agreements: Mutex::new(agreements), once: Mutex::default() })
    }

    /// Returns the user's configuration.
    pub fn user(&self) -> &UserConfig {
        &self.user
    }

    /// Returns the agreements, without those for this process only.
    pub fn agreements(&self) -> Agreements {
        lock(&self.agreements).clone()
    }

    /// Returns what the user has not agreed to; `None` if everything is trusted. Fails if a provider table is invalid.
    pub fn missing(&self, wants: &Wants<'_>) -> Result<Option<NotTrusted>, ConfigError> {
        let project = canonical(wants.project);
        let providers = match self.trusted_providers(wants, &project) {
            Ok(_) => Vec::new(),
            Err(ConfigError::NotTrusted(providers)) => providers,
            Err(fault) => return Err(fault),
        };
        let mut limits = raised_budget("budget", &wants.budget, &self.user.budget);
        limits.extend(wants.sandbox.into_iter().flat_map(|sandbox| raised_sandbox(sandbox, &self.user.sandbox)));
        limits.retain(|limit| !self.with_agreements(wants.is_here, |known| known.covers_limit(&project, limit)));
        let missing = NotTrusted { project, providers, limits, origin: Origin::Project };
        Ok((!missing.providers.is_empty() || !missing.limits.is_empty()).then_some(missing))
    }

    /// Returns a broker for these models, if the user trusts everything that it would use. No key is read before that.
    pub async fn connect(
        &self,
        wants: &Wants<'_>,
        models: &ModelsConfig,
        prices: &PriceTable,
        env: &(dyn Fn(&str) -> Option<String> + Sync),
    ) -> Result<Broker, Error> {
        if let Some(missing) = self.missing(wants)? {
            return Err(Error::NotTrusted(Box::new(missing)));
        }
        Ok(Broker::new(models, self.trusted_providers(wants, &canonical(wants.project))?, prices, env).await?)
    }

    /// Returns these sandbox limits with each that the user has not agreed to replaced by the user's own, and the keys of
    /// those.
    pub fn bounded_sandbox(&self, project: &Path, wanted: &EngineSettings) -> (EngineSettings, Vec<String>) {
        let project = canonical(project);
        let mut raised = raised_sandbox(wanted, &self.user.sandbox);
        raised.retain(|limit| !self.with_agreements(true, |known| known.covers_limit(&project, limit)));
        let keys: Vec<String> = raised.into_iter().map(|limit| limit.key).collect();
        let is_raised = |key: &str| keys.iter().any(|raised| raised.strip_prefix("sandbox.") == Some(key));
        (wanted.clone().with_limits_of(&self.user.sandbox, is_raised), keys)
    }

    /// Agrees for this process only.
    pub fn allow_once(&self, wanted: &NotTrusted) {
        lock(&self.once).add(wanted, "", "");
    }

    /// Records that the person `by` agrees, for every later run of this project.
    pub fn allow(&self, wanted: &NotTrusted, by: &str) -> Result<(), Error> {
        self.update(|known| known.add(wanted, by, &now()))
    }

    /// Records that the person `by` trusts a folder of another account and everything below it.
    pub fn allow_folder(&self, folder: &Path, by: &str) -> Result<(), Error> {
        let agreed = FolderAgreement { folder: canonical(folder), by: by.to_owned(), at: now() };
        self.update(|known| {
            known.folders.retain(|other| other.folder != agreed.folder);
            known.folders.push(agreed);
        })
    }

    /// Returns the folders whose files the user trusts although another account owns them.
    pub fn folders(&self) -> TrustedFolders {
        TrustedFolders::new(lock(&self.agreements).folders.iter().map(|agreed| agreed.folder.clone()).collect())
    }

    /// Removes every agreement about a folder, as a project and as a folder of another account. Returns how many there
    /// were.
    pub fn revoke_folder(&self, folder: &Path) -> Result<usize, Error> {
        let folders = [canonical(folder), folder.to_owned()];
        let mut removed = 0;
        self.update(|known| {
            let before = known.projects.len() + known.folders.len();
            known.projects.retain(|project| !folders.contains(&project.folder));
            known.folders.retain(|agreed| !folders.contains(&agreed.folder));
            removed = before - known.projects.len() - known.folders.len();
        })?;
        Ok(removed)
    }

    /// Records that the person `by` agrees that a run continues with what this digest was computed of.
    pub fn allow_run(&self, run: &str, digest: &str, by: &str) -> Result<(), Error> {
        self.update(|known| known.add_run(run, digest, by, &now()))
    }

    /// Agrees for this process only that a run continues with what this digest was computed of.
    pub fn allow_run_once(&self, run: &str, digest: &str) {
        lock(&self.once).add_run(run, digest, "", "");
    }

    /// Whether the user agreed that this run continues with what this digest was computed of.
    pub fn trusts_run(&self, run: &str, digest: &str) -> bool {
        self.with_agreements(true, |known| known.runs.iter().any(|agreed| agreed.run == run && agreed.digest == digest))
    }

    /// Returns the limits of all runs of an experiment together that are above the user's budget of one run and that the
    /// user has not agreed to.
    pub fn missing_total(&self, project: &Path, total: &BudgetConfig) -> Option<NotTrusted> {
        let project = canonical(project);
        let mut limits = raised_budget("experiment.budget", total, &self.user.budget);
        limits.retain(|limit| !self.with_agreements(true, |known| known.covers_limit(&project, limit)));
        let missing = NotTrusted { project, providers: Vec::new(), limits, origin: Origin::Project };
        (!missing.limits.is_empty()).then_some(missing)
    }

    /// Removes the agreements about a run. Returns whether there was one.
    pub fn revoke_run(&self, run: &str) -> Result<bool, Error> {
        let mut removed = false;
        self.update(|known| {
            let before = known.runs.len();
            known.runs.retain(|agreed| agreed.run != run);
            removed = known.runs.len() < before;
        })?;
        Ok(removed)
    }

    /// Judges the providers. `project` is the folder of the project without links.
    fn trusted_providers<'a>(&self, wants: &Wants<'a>, project: &Path) -> Result<TrustedProviders<'a>, ConfigError> {
        TrustedProviders::check(wants.providers, wants.project, |wanted| {
            self.is_own_access(wanted)
                || self.with_agreements(wants.is_here, |known| known.covers_access(project, wanted))
        })
    }

    /// Whether the user's configuration alone gives this provider this address and this key.
    fn is_own_access(&self, wanted: &ProviderAccess) -> bool {
        access(&wanted.provider, &self.user.providers, Path::new("")).is_ok_and(|own| own.as_ref() == Some(wanted))
    }

    /// Whether an agreement covers something: one of this process, or a recorded one if those count.
    fn with_agreements(&self, recorded: bool, covers: impl Fn(&Agreements) -> bool) -> bool {
        (recorded && covers(&lock(&self.agreements))) || covers(&lock(&self.once))
    }

    fn update(&self, change: impl FnOnce(&mut Agreements)) -> Result<(), Error> {
        let unwritable = |message: String, hint: &str| Error::rejected(ErrorCode::UnwritableOutput, message, hint);
        let file = self.file.as_ref().ok_or_else(|| {
            let message = "agreements cannot be kept: neither XDG_CONFIG_HOME nor HOME names a folder".to_owned();
            unwritable(message, "set HOME, or agree once at a terminal")
        })?;
        let updated = Agreements::update(file, change).map_err(|why| {
            let message = format!("{} cannot be written: {why}", file.display());
            unwritable(message, "make the folder yours alone and writable; agreements are kept there")
        })?;
        *lock(&self.agreements) = updated;
        Ok(())
    }
}

/// Returns the limits of a budget that are above the user's.
fn raised_budget(table: &str, wanted: &BudgetConfig, own: &BudgetConfig) -> Vec<RaisedLimit> {
    let number = |limit: Option<u64>| LimitValue::new(limit.map(|limit| limit as f64));
    raised([
        (format!("{table}.calls"), number(wanted.calls), number(own.calls)),
        (format!("{table}.tokens"), number(wanted.tokens), number(own.tokens)),
        (format!("{table}.usd"), LimitValue::new(wanted.usd), LimitValue::new(own.usd)),
    ])
}

/// Returns the limits of the sandbox that are above the user's.
fn raised_sandbox(wanted: &EngineSettings, own: &EngineSettings) -> Vec<RaisedLimit> {
    let number = |limit: u64| LimitValue::new(Some(limit as f64));
    let both = wanted.limits().into_iter().zip(own.limits());
    raised(both.map(|((key, wanted), (_, own))| (format!("sandbox.{key}"), number(wanted), number(own))))
}

fn raised(limits: impl IntoIterator<Item = (String, LimitValue, LimitValue)>) -> Vec<RaisedLimit> {
    let raised = limits.into_iter().filter(|(_, wanted, own)| wanted.exceeds(*own));
    raised.map(|(key, wanted, own)| RaisedLimit { key, wanted, own }).collect()
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

fn now() -> String {
    httpdate::fmt_http_date(SystemTime::now())
}
