//! Imported runs: they continue with the providers, prices and budget of this machine, after somebody here has agreed to their
//! components.

use std::collections::BTreeSet;

use phasegate_journal::Journal;
use phasegate_process::state::State;
use phasegate_process::{Recorded, RunId};

use crate::config::file::Config;
use crate::config::providers::take_provider;
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::error::imported_authority::ImportedAuthority;
use crate::error::not_trusted::{NotTrusted, Origin};
use crate::host::Host;
use crate::run::given_limits::{recorded_budget, with_limits};
use crate::store::blobs::read_json;
use crate::store::load::load_run;
use crate::trust::UserConfig;

/// Returns what a person must agree to before the run continues; `None` if the run was made here.
pub fn imported_authority(
    journal: &dyn Journal,
    run: &RunId,
    state: &State,
    events: &[Recorded],
) -> Result<Option<ImportedAuthority>, Error> {
    let Some(imported) = journal.imported(run)? else { return Ok(None) };
    let foreign = events.get(..imported as usize).unwrap_or(events);
    let settings: RunSettings = read_json(journal, &state.created.settings)?;
    let tiers = [settings.models.fast, settings.models.default, settings.models.deep];
    let models = tiers.iter().flatten().map(ToString::to_string).collect::<BTreeSet<_>>().into_iter().collect();
    Ok(Some(ImportedAuthority::new(run, &state.pipeline, &state.created.components, models, foreign)))
}

impl Host {
    /// Fails with [`Error::NotTrusted`] or [`Error::ImportedRun`] if the run cannot continue before a person agrees.
    pub fn check_trust(&self, run: &RunId) -> Result<(), Error> {
        let (state, events) = load_run(self.journal().as_ref(), run)?;
        if state.ended().is_some() {
            return Ok(());
        }
        let pinned = read_json(self.journal().as_ref(), &state.created.settings)?;
        let settings = self.settings_to_continue(&state, &events, pinned)?;
        if self.is_offline() {
            return Ok(());
        }
        let name = |missing: NotTrusted| Error::NotTrusted(Box::new(missing.named_by(Origin::Run(run.to_string()))));
        self.missing_trust(&settings)?.map_or(Ok(()), |missing| Err(name(missing)))
    }

    /// Returns the settings of a run as they apply here: those that it pinned, or for an imported run those of this machine,
    /// with the limits that a person gave it.
    pub fn settings(&self, run: &RunId) -> Result<RunSettings, Error> {
        let mut settings = self.pinned_settings(run)?;
        settings.budget = with_limits(settings.budget, self.given_limits(run)?);
        Ok(settings)
    }

    /// Returns the settings as [`Host::settings`] does, without the limits that a person gave the run later.
    pub fn pinned_settings(&self, run: &RunId) -> Result<RunSettings, Error> {
        let (state, _) = load_run(self.journal().as_ref(), run)?;
        let pinned = read_json(self.journal().as_ref(), &state.created.settings)?;
        match self.journal().imported(run)? {
            Some(_) => Ok(self.local_settings(pinned)),
            None => Ok(pinned),
        }
    }

    /// Returns the settings with which the run continues. Fails if it was imported and the user has not agreed.
    pub(crate) fn settings_to_continue(
        &self,
        state: &State,
        events: &[Recorded],
        pinned: RunSettings,
    ) -> Result<RunSettings, Error> {
        let run = &state.created.run_id;
        let mut settings = match imported_authority(self.journal().as_ref(), run, state, events)? {
            None => pinned,
            Some(authority) if self.trust().trusts_run(run.as_str(), &authority.digest()) => {
                self.local_settings(pinned)
            }
            Some(authority) => return Err(Error::ImportedRun(Box::new(authority))),
        };
        settings.budget = recorded_budget(settings.budget, events, self.journal().imported(run)?);
        for name in self.current_providers() {
            if let Some(config) = self.config() {
                take_provider(&mut settings, config, name)?;
            }
        }
        self.recall_agreement(run, &settings);
        Ok(settings)
    }

    /// Lets an agreement about this run count in this process.
    fn recall_agreement(&self, run: &RunId, settings: &RunSettings) {
        // A fault of the settings is reported where they are used.
        if let Ok(Some(missing)) = self.missing_trust(settings)
            && self.trust().trusts_run(run.as_str(), &missing.digest())
        {
            self.trust().allow_once(&missing);
        }
    }

    /// Replaces what an archive says about providers, prices, budget and the folder of scripts by the settings here. The
    /// models of the tiers stay.
    pub(crate) fn local_settings(&self, pinned: RunSettings) -> RunSettings {
        match self.config() {
            Some(config) => localized(pinned, config),
            None => {
                let UserConfig { providers, prices, budget, .. } = self.trust().user().clone();
                let (base_dir, signers) = Default::default();
                RunSettings { providers, prices, budget, base_dir, signers, ..pinned }
            }
        }
    }
}

fn localized(pinned: RunSettings, config: &Config) -> RunSettings {
    let mut models = config.models.clone();
    // Answered requests have the recorded temperature and seed.
    (models.temperature, models.seed) = (pinned.models.temperature, pinned.models.seed);
    (models.fast, models.default, models.deep) = (pinned.models.fast, pinned.models.default, pinned.models.deep);
    let base_dir = std::path::absolute(&config.dir).unwrap_or_else(|_| config.dir.clone());
    RunSettings {
        models,
        providers: config.providers.clone(),
        prices: config.prices.clone(),
        budget: config.budget,
        base_dir,
        environments: pinned.environments,
        seed: pinned.seed,
        names: pinned.names,
        reuse_answers_of_other_models: pinned.reuse_answers_of_other_models,
        cell: pinned.cell,
        // Nobody here verified a signature.
        signers: Default::default(),
    }
}
