//! The runs of an experiment: one for each task, variant and repetition.
//!
//! The id of a run is computed from its definition. So the same experiment finds its earlier runs again, and an edited
//! variant gets new runs while the others keep theirs. All variants run once before the first repetition, so that an
//! experiment that is stopped half way has comparable results. Fails before anything is recorded, with file, line and a
//! hint.

use phasegate_journal::Journal;
use phasegate_process::experiment::CellId;
use phasegate_process::source::Source;
use phasegate_process::{Digest, Event, InvalidName, RunId};
use serde_json::json;

use phasegate_runtime::{
    BUNDLED, Config, ConfigFault, Error, ExperimentCell, LoadedPipeline, MIN_TASK_CHARS, NewRun, OverrideError,
    OverrideTarget, RunDefinition, RunSettings, SharedBudget, TaskSource, build_requirements, read_json, shorten_name,
};

use crate::file::{Experiment, Variant};

/// Characters of each name in a run id whose names are too long together.
const MAX_EXPERIMENT_CHARS: usize = 16;
const MAX_VARIANT_CHARS: usize = 14;
const MAX_RUN_ID_CHARS: usize = 64;

/// The planned runs of an experiment.
#[derive(Debug, Clone)]
pub struct Plan {
    /// All runs in the order in which they start.
    pub cells: Vec<PlannedRun>,
    /// The variants in the order of the file.
    pub variants: Vec<PlannedVariant>,
}

/// What the runs of a variant have in common.
#[derive(Debug, Clone)]
pub struct PlannedVariant {
    /// The settings. Models that no file names are not resolved yet.
    pub settings: RunSettings,
    /// Whether an agent of its pipeline may ask a model; else no model has to be configured.
    pub may_ask_models: bool,
    pipeline: LoadedPipeline,
}

/// One run of an experiment, started or not.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRun {
    /// Index of the variant in the file.
    pub variant: usize,
    /// Index of the task.
    pub task: usize,
    /// Names of variant and task, repetition and run id.
    pub place: CellId,
}

impl Experiment {
    /// Plans all runs. Every variant is validated with every task as far as that is possible without a run.
    pub fn plan(&self, config: &Config) -> Result<Plan, Error> {
        let contents = self.tasks.iter().map(|task| task_digest(task, config)).collect::<Result<Vec<_>, Error>>()?;
        let mut variants = Vec::new();
        let mut cells = Vec::new();
        for (at, variant) in self.variants.iter().enumerate() {
            let pipeline = self.pipeline(variant, config)?;
            let mut common = None;
            for (number, (task, content)) in self.tasks.iter().zip(&contents).enumerate() {
                let new =
                    NewRun { overrides: Some((&variant.overrides, &self.dir)), ..NewRun::new(task, &pipeline, config) };
                let (definition, _) = new.resolve().map_err(|error| self.locate_error(variant, error))?;
                build_requirements(&task.task, &definition.pipeline)?;
                for repetition in 1..=self.repetitions.get() {
                    let run = self.run_id(variant, task, content, repetition, &definition)?;
                    let (task, variant) = (task.task.id.clone(), variant.name.clone());
                    let place = CellId { variant, task, repetition, run };
                    cells.push(PlannedRun { variant: at, task: number, place });
                }
                common.get_or_insert((definition.pipeline.may_ask_models(), definition.settings));
            }
            // A file names at least one task.
            let planned = |(may_ask_models, settings)| PlannedVariant { settings, may_ask_models, pipeline };
            variants.extend(common.map(planned));
        }
        cells.sort_by_key(|cell| (cell.place.repetition, cell.task, cell.variant));
        Ok(Plan { cells, variants })
    }

    /// Returns the parts of a planned run; none if `cell` is from another experiment.
    pub fn new_run<'a>(&'a self, plan: &'a Plan, cell: &PlannedRun, config: &'a Config) -> Option<NewRun<'a>> {
        let (variant, task) = (self.variants.get(cell.variant)?, self.tasks.get(cell.task)?);
        let of = ExperimentCell {
            experiment: self.name.clone(),
            variant: variant.name.clone(),
            repetition: cell.place.repetition,
        };
        Some(NewRun {
            overrides: Some((&variant.overrides, &self.dir)),
            cell: Some(of),
            ..NewRun::new(task, &plan.variants.get(cell.variant)?.pipeline, config)
        })
    }

    /// Adds the file and line of the variant to an error that the variant caused.
    pub fn locate_error(&self, variant: &Variant, error: Error) -> Error {
        let name = &variant.name;
        let (at, message) = match &error {
            Error::Override(OverrideError { at: OverrideTarget::All, message, .. }) => {
                (OverrideTarget::All, format!("variant `{name}`: {message}"))
            }
            Error::Override(fault) => (fault.at.clone(), format!("variant `{name}`, {fault}")),
            Error::WrongWorld { wanted, .. } => {
                (variant.component_target(*wanted == "an agent"), format!("variant `{name}`: {error}"))
            }
            Error::Load(_) | Error::PluginFile { .. } if !variant.overrides.is_empty() => {
                (OverrideTarget::All, format!("variant `{name}`: {error}"))
            }
            Error::Models(_) => match variant.models_target() {
                Some(at) => (at, format!("variant `{name}`: {error}")),
                None => return error,
            },
            _ => return error,
        };
        let hint = error.hint().unwrap_or_else(|| "fix or remove it".to_owned());
        ConfigFault::Source(self.source().error(variant.span_of(&at), message, hint)).into()
    }

    /// Creates the shared budget, charged with all earlier runs of this experiment, those of variants that have been
    /// edited since included.
    pub fn shared_budget(&self, journal: &dyn Journal) -> Result<SharedBudget, Error> {
        let hint = format!("nothing is lost; raise [budget] in {} and run the same command again", self.file);
        let shared_budget = SharedBudget::new(&self.budget, format!("experiment `{}`", self.name), hint);
        let start = format!("{}-", shorten_name(&self.name, MAX_EXPERIMENT_CHARS));
        for run in journal.runs()?.iter().filter(|run| run.as_str().starts_with(&start)) {
            // Nothing was paid here for an imported run.
            if journal.imported(run)?.is_some() {
                continue;
            }
            let events = journal.events(run)?;
            let Some(Event::RunCreated(created)) = events.first().map(|first| &first.event) else { continue };
            let settings: RunSettings = read_json(journal, &created.settings)?;
            if settings.cell.as_ref().is_none_or(|cell| cell.experiment != self.name) {
                continue;
            }
            shared_budget.restore(&events, journal, &settings.prices);
        }
        Ok(shared_budget)
    }

    fn pipeline(&self, variant: &Variant, config: &Config) -> Result<LoadedPipeline, Error> {
        let chosen = variant.pipeline.as_ref().map(|pipeline| pipeline.get_ref().as_str());
        let loaded = config.load_pipeline(chosen, None, &self.dir, &BUNDLED);
        loaded.map_err(|fault| match (fault, &variant.pipeline) {
            // The pipeline is named in the file and not by a flag.
            (ConfigFault::Flag { message, .. }, Some(pipeline)) => {
                let hint = "a standard pipeline, or a file; the path is relative to this file";
                let message = format!("variant `{}`: {message}", variant.name);
                Error::from(ConfigFault::Source(self.source().error(pipeline.span(), message, hint)))
            }
            (fault, _) => fault.into(),
        })
    }

    fn run_id(
        &self,
        variant: &Variant,
        task: &TaskSource,
        content: &Digest,
        repetition: u32,
        definition: &RunDefinition,
    ) -> Result<RunId, InvalidName> {
        let identity = json!({
            "experiment": self.name,
            "task": task.task.id,
            "content": content,
            "variant": variant.name,
            "set": variant.overrides.set,
            "repetition": repetition,
            "run": definition.identity(),
        });
        let digest = Digest::from_content(identity.to_string().as_bytes());
        let digits = digest.short().get(..6).unwrap_or_default();
        let all = usize::MAX;
        let name = |experiment, task_id, variant_name| {
            let experiment = shorten_name(&self.name, experiment);
            let task = shorten_name(task.task.id.as_str(), task_id);
            let variant = shorten_name(&variant.name, variant_name);
            format!("{experiment}-{task}-{variant}-{repetition}-{digits}")
        };
        // The name of the experiment is always cut to the same length: `shared_budget` finds runs by it.
        let whole = name(MAX_EXPERIMENT_CHARS, all, all);
        if whole.len() <= MAX_RUN_ID_CHARS {
            whole.parse()
        } else {
            name(MAX_EXPERIMENT_CHARS, MIN_TASK_CHARS, MAX_VARIANT_CHARS).parse()
        }
    }

    fn source(&self) -> Source<'_> {
        Source { file: &self.file, text: &self.text }
    }
}

/// Returns a digest of everything that a run reads of its task: texts, context files and the commit of its repository.
fn task_digest(source: &TaskSource, config: &Config) -> Result<Digest, Error> {
    let gathered = source.gather_context_files()?;
    let commit = source.repository.as_ref().map(|repository| repository.commit(&config.trusted)).transpose()?;
    let task = &source.task;
    let files: Vec<_> =
        gathered.files.iter().map(|file| (&file.path, Digest::from_content(&file.bytes), file.base)).collect();
    let mut words = json!({
        "project": task.project_id,
        "description": task.description,
        "requirements": task.requirements,
        "constraints": task.constraints,
        "language": task.language,
        "files": files,
    });
    if let (Some(words), Some(commit)) = (words.as_object_mut(), commit) {
        words.insert("commit".to_owned(), json!(commit));
    }
    Ok(Digest::from_content(words.to_string().as_bytes()))
}
