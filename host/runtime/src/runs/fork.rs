//! Forks runs: a fork shares the events of its origin up to an attempt, and continues from there with overrides.
//!
//! Guarantees: the origin does not change; parts without an override stay as the origin pinned them; decisions and costs up to
//! the fork count for the fork too. After the fork point, recorded answers of the origin are used as long as the fork makes the
//! same requests. Plugin files of a new pipeline are checked against the lock file, as for a new run. Fails before an event is
//! recorded, and names the attempt or the override.

use std::path::Path;
use std::sync::Arc;

use phasegate_journal::Fork;
use phasegate_process::source::nearest;
use phasegate_process::state::Action;
use phasegate_process::{AttemptId, EVENT_FORMAT, Event, PhaseName, Recorded, RunCreated, RunForked, RunId};

use crate::config::file::Config;
use crate::config::lock;
use crate::config::overrides::Overrides;
use crate::config::plugin_settings::check_overridden_settings;
use crate::config::providers::add_for_new_models;
use crate::config::run_settings::RunSettings;
use crate::error::{Error, ErrorCode};
use crate::host::Host;
use crate::observer::Observer;
use crate::plugins::load::check_plugins;
use crate::run::given_limits::recorded_budget;
use crate::store::blobs::{json_blob, now_ms, read_json};
use crate::store::load::fold_events;

/// Input of [`Host::fork`].
#[derive(Debug, Clone)]
pub struct NewFork<'a> {
    /// The run to fork. It does not change.
    pub origin: &'a RunId,
    /// The phase at which the fork leaves its origin.
    pub phase: PhaseName,
    /// The attempt at the phase from which nothing is shared; `None` for the first one.
    pub attempt: Option<u32>,
    /// The parts that differ from the origin.
    pub overrides: &'a Overrides,
    /// Base of the paths in the overrides.
    pub dir: &'a Path,
    /// The configuration. It is applied if the overrides have a new pipeline, and knows the providers of new models.
    pub config: &'a Config,
    /// Whether recorded answers of other models are used as well.
    pub reuse_answers_of_other_models: bool,
}

impl Host {
    /// Creates a fork with a new id, without executing it.
    pub async fn fork(&self, new: NewFork<'_>, observer: &Arc<dyn Observer>) -> Result<RunId, Error> {
        let journal = Arc::clone(self.journal());
        let events = journal.events(new.origin)?;
        let (at, shared) = self.fork_point(&new, &events)?;
        let prefix = events.get(..shared).unwrap_or_default();
        let mut state = fold_events(journal.as_ref(), new.origin, prefix)?;
        let mut pipeline = (*state.pipeline).clone();
        let mut settings: RunSettings = read_json(journal.as_ref(), &state.created.settings)?;
        let imported = journal.imported(new.origin)?;
        if imported.is_some() {
            settings = self.local_settings(settings);
        }
        settings.budget = recorded_budget(settings.budget, &events, imported);
        let mut components = state.created.components.clone();
        settings.reuse_answers_of_other_models = new.reuse_answers_of_other_models;
        let before = settings.clone();
        let blobs = new.overrides.apply(&mut pipeline, &mut settings, &mut components, new.dir, new.config)?;
        add_for_new_models(&mut settings, &before, new.config);
        let mut changed = components.clone();
        changed.retain(|name, digest| state.created.components.get(name) != Some(digest));
        let typed = new.overrides.plugins_given_as_files(&pipeline);
        let lock::CheckedComponents { first_named, signers } =
            lock::check_components(new.config, &pipeline, new.dir, &changed, typed, &blobs, journal.as_ref())?;
        settings.signers.retain(|name, _| components.contains_key(name) && !changed.contains_key(name));
        settings.signers.extend(signers);
        // The sandbox loads components from the journal, here and on each resume.
        if !blobs.is_empty() {
            journal.put_blobs(blobs).await?;
        }
        let on_compile = self.report_compiling(observer, new.origin);
        let plugins = check_plugins(self.plugins(), &mut pipeline, &components, &on_compile).await?;
        check_overridden_settings(&pipeline, &plugins)?;
        for (language, runner) in &pipeline.runners {
            if components.get(runner) != state.created.components.get(runner) {
                let environment = self.environment(runner, components.get(runner), &pipeline, &on_compile).await?;
                Arc::make_mut(&mut settings.environments).insert(language.clone(), environment);
            }
        }
        let (pinned_pipeline, pinned_settings) = (json_blob(&pipeline), json_blob(&settings));
        let scripted = match self.is_offline() {
            true => state.created.scripted,
            false => self.broker_of(&pipeline, &settings).await?.is_some_and(|broker| broker.is_scripted()),
        };
        let started_by = self.check_starter(&pipeline)?;
        let run = self.new_run_id(&state.created.task_id)?;
        let created = RunCreated {
            format: EVENT_FORMAT,
            run_id: run.clone(),
            pipeline: pinned_pipeline.digest.clone(),
            settings: pinned_settings.digest.clone(),
            components,
            scripted,
            started_by,
            ..(*state.created).clone()
        };
        let forked = RunForked {
            origin: new.origin.clone(),
            at,
            at_decision: false,
            changes: new.overrides.describe(),
            created,
        };
        let event = Event::RunForked(Box::new(forked));
        let (number, at_ms) = (shared as u64, now_ms());
        state.apply_fork(&Recorded { number: number + 1, at_ms, event: event.clone() }, pipeline)?;
        let pins = vec![pinned_pipeline, pinned_settings];
        lock::record_first_use(new.config, first_named, &self.person())?;
        let owned = journal.acquire(&run).await?;
        let recorded = journal
            .fork(Fork {
                run: run.clone(),
                fence: owned.fence(),
                origin: new.origin.clone(),
                shared: number,
                at_ms,
                events: vec![event],
                blobs: pins,
            })
            .await?;
        recorded.iter().for_each(|event| observer.on_event(&run, event, &state));
        Ok(run)
    }

    /// Returns the first attempt that is not shared, and the number of events before it.
    fn fork_point(&self, new: &NewFork<'_>, events: &[Recorded]) -> Result<(AttemptId, usize), Error> {
        let started: Vec<&AttemptId> = events
            .iter()
            .filter_map(|recorded| match &recorded.event {
                Event::PhaseStarted { at, .. } => Some(at),
                _ => None,
            })
            .collect();
        let matches = |at: &AttemptId| at.phase == new.phase && new.attempt.is_none_or(|attempt| at.attempt == attempt);
        if let Some(at) = started.iter().find(|at| matches(at)) {
            let belongs = |event: &Event| event.attempt() == Some(at) && !matches!(event, Event::RunForked(_));
            let shared = events.iter().position(|recorded| belongs(&recorded.event));
            return Ok(((*at).clone(), shared.unwrap_or(events.len())));
        }
        if let Action::RunAgent(work) = fold_events(self.journal().as_ref(), new.origin, events)?.next()
            && matches(&work.at)
        {
            return Ok((work.at, events.len()));
        }
        let known: Vec<String> = started.iter().map(|at| at.to_string()).collect();
        let wanted = new.attempt.map_or(new.phase.to_string(), |attempt| format!("{}#{attempt}", new.phase));
        let hint = match known.is_empty() {
            true => "the run has no attempts yet".to_owned(),
            false => match nearest(new.phase.as_str(), started.iter().map(|at| at.phase.as_str())) {
                Some(phase) if phase != new.phase.as_str() => format!("did you mean `{phase}`?"),
                _ => format!("choose one of {}", known.join(", ")),
            },
        };
        let message = format!("run {} has no attempt {wanted} to fork at", new.origin);
        Err(Error::rejected(ErrorCode::CannotFork, message, hint))
    }
}
