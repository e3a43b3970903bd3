//! The runs of an experiment: one for each task, variant and repetition.
//!
//! A cell is identified by what it runs: see [`crate::identity`]. So the same experiment finds its earlier runs again, and an
//! edited variant gets new runs while the others keep theirs; a new name for a variant keeps them. All variants run once before the first repetition, so that an
//! experiment that is stopped half way has comparable results. Fails before anything is recorded, with file, line and a
//! hint.

use std::collections::BTreeMap;

use phasegate_broker::Sampling;
use phasegate_process::experiment::CellId;
use phasegate_process::source::Source;
use phasegate_process::{Digest, RunId};
use serde_json::{Value, json};

use phasegate_runtime::{
    BUNDLED, Config, ConfigFault, Error, ExperimentCell, LoadedPipeline, NewRun, OverrideError, OverrideTarget,
    RunDefinition, RunSettings, TaskSource, build_requirements,
};

use crate::file::{Experiment, Variant};
use crate::identity::CellParts;
use crate::share_until::Start;
use crate::shared::{CommonPart, beginning_place};

/// The planned runs of an experiment.
#[derive(Debug, Clone)]
pub struct Plan {
    /// All runs in the order in which they start.
    pub cells: Vec<PlannedRun>,
    /// The variants in the order of the file.
    pub variants: Vec<PlannedVariant>,
    /// Whether gates may ask a person.
    pub(crate) ask: bool,
}

/// What the runs of a variant have in common.
#[derive(Debug, Clone)]
pub struct PlannedVariant {
    /// The settings. Models that no file names are not resolved yet.
    pub settings: RunSettings,
    /// Whether an agent of its pipeline may ask a model; else no model has to be configured.
    pub may_ask_models: bool,
    /// The name of the pipeline that its runs execute.
    pub pipeline_name: String,
    /// Index of the first variant with the same definition, if that is an earlier one: what differs between the two is chance.
    pub same_as: Option<usize>,
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
    /// How the run starts.
    pub start: Start,
    /// The digest of what the cell runs.
    pub identity: Digest,
    /// The id that earlier builds gave its run.
    pub(crate) former: RunId,
}

impl PlannedRun {
    /// Returns the common beginning that this run continues, as a run of its own; `None` if it starts from its task.
    pub fn beginning(&self) -> Option<Self> {
        let Start::Continue(beginning) = &self.start else { return None };
        let place = beginning_place(&self.place, beginning);
        let identity = Digest::from_content(beginning.as_str().as_bytes());
        Some(Self { place, identity, start: Start::SharedBeginning, ..self.clone() })
    }
}

impl Plan {
    /// Returns the ids of all runs, those of common beginnings included; such an id can occur several times.
    pub fn run_ids(&self) -> impl Iterator<Item = &RunId> {
        self.cells.iter().flat_map(|cell| cell.start.beginning().into_iter().chain([&cell.place.run]))
    }
}

impl Experiment {
    /// Plans all runs. Every variant is validated with every task as far as that is possible without a run.
    pub fn plan(&self, config: &Config) -> Result<Plan, Error> {
        let contents = self.tasks.iter().map(|task| task_digest(task, config)).collect::<Result<Vec<_>, Error>>()?;
        let mut variants = Vec::new();
        let mut cells = Vec::new();
        let mut definitions: Vec<RunDefinition> = Vec::new();
        // The variants so far with each identity.
        let mut twins: BTreeMap<Digest, u32> = BTreeMap::new();
        // By task, of the first variant.
        let mut common_parts: Vec<CommonPart> = Vec::new();
        for (at, variant) in self.variants.iter().enumerate() {
            let pipeline = self.pipeline(variant, config)?;
            let mut common = None;
            for (number, (task, content)) in self.tasks.iter().zip(&contents).enumerate() {
                let new = NewRun {
                    overrides: Some((&variant.overrides, &self.dir)),
                    sampling: self.sampling,
                    ..NewRun::new(task, &pipeline, config)
                };
                let (mut definition, _) = new.resolve().map_err(|error| self.locate_error(variant, error))?;
                build_requirements(&task.task, &definition.pipeline)?;
                let former = definition.former_identity();
                if !self.ask {
                    definition.ask_nobody();
                }
                let part = self.share_until.map(|_| CommonPart::of(&definition));
                if let Some(part) = &part {
                    self.check_common(variant, common_parts.get(number).unwrap_or(part), part)
                        .map_err(ConfigFault::Source)?;
                }
                let what = definition.identity();
                for repetition in 1..=self.repetitions.get() {
                    let (experiment, task) = (self.name.as_str(), &task.task.id);
                    let start = match &part {
                        None => Start::Task,
                        Some(part) => Start::Continue(self.beginning_id(task, content, repetition, part)?),
                    };
                    let beginning = start.beginning();
                    let parts = CellParts { experiment, task, content, variant, repetition, beginning };
                    let twin = twins.entry(parts.identity(&what, 0)).or_default();
                    let identity = parts.identity(&what, *twin);
                    *twin += 1;
                    let (run, former) = (parts.run_id(&identity)?, parts.former_run_id(&former)?);
                    let place = CellId { variant: variant.name.clone(), task: task.clone(), repetition, run };
                    cells.push(PlannedRun { variant: at, task: number, place, start, identity, former });
                }
                common_parts.extend(part.filter(|_| at == 0));
                common.get_or_insert(definition);
            }
            // A file names at least one task.
            let Some(definition) = common else { continue };
            variants.push(PlannedVariant {
                settings: definition.settings.clone(),
                may_ask_models: definition.pipeline.may_ask_models(),
                pipeline_name: definition.pipeline.name.to_string(),
                same_as: definitions.iter().position(|earlier| *earlier == definition),
                pipeline,
            });
            definitions.push(definition);
        }
        cells.sort_by_key(|cell| (cell.place.repetition, cell.task, cell.variant));
        Ok(Plan { cells, variants, ask: self.ask })
    }

    /// Returns the parts of a planned run; none if `cell` is from another experiment.
    pub fn new_run<'a>(&'a self, plan: &'a Plan, cell: &PlannedRun, config: &'a Config) -> Option<NewRun<'a>> {
        let (variant, task) = (self.variants.get(cell.variant)?, self.tasks.get(cell.task)?);
        let of = ExperimentCell {
            experiment: self.name.clone(),
            variant: cell.place.variant.clone(),
            repetition: cell.place.repetition,
            identity: Some(cell.identity.clone()),
            shared_beginning: cell.start == Start::SharedBeginning,
        };
        Some(NewRun {
            overrides: Some((&variant.overrides, &self.dir)),
            cell: Some(of),
            ask: self.ask,
            sampling: self.sampling_of(cell.place.repetition),
            ..NewRun::new(task, &plan.variants.get(cell.variant)?.pipeline, config)
        })
    }

    /// Returns the temperature and the seed of a repetition: each has the seed after that of the one before it.
    fn sampling_of(&self, repetition: u32) -> Sampling {
        let seed = |first: u64| first.saturating_add(u64::from(repetition.saturating_sub(1)));
        Sampling { seed: self.sampling.seed.map(seed), ..self.sampling }
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

    pub(crate) fn source(&self) -> Source<'_> {
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
    let tests = source.gather_acceptance_tests()?;
    let tests: Vec<_> = tests.iter().map(|file| (&file.path, Digest::from_content(file.content.as_bytes()))).collect();
    let mut add = |key: &str, value: Value| words.as_object_mut().map(|words| words.insert(key.to_owned(), value));
    if let Some(commit) = commit {
        add("commit", json!(commit));
    }
    // Without such tests, the run keeps its id.
    if !tests.is_empty() {
        add("acceptance", json!(tests));
    }
    Ok(Digest::from_content(words.to_string().as_bytes()))
}
