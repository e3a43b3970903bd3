//! Runs tests alone, for people who try a test runner or look into a verdict: no run, no journal, no agent and no model. The
//! tests run as they do for a gate.
//!
//! Folders are read under the rules of context files: ignored files, secrets, dependencies and own results are left out, and
//! the bounds are the same. Files that are not UTF-8 are left out as well.

use std::path::{Path, PathBuf};
use std::time::Instant;

use phasegate_files::check_input;
use phasegate_process::pipeline::TestAllowance;
use phasegate_process::source::did_you_mean;
use phasegate_process::task::ContextPattern;
use phasegate_process::testing::{File, TestRun};
use phasegate_process::{Digest, InvalidName, PluginName};
use phasegate_sandbox::{Call, CpuMeter, Engine, Plugin, TestProgress, World};

use crate::config::pipeline::LoadedPipeline;
use crate::error::{ContextError, Error, ErrorCode};
use crate::plugins::bundled::{BUNDLED, bundled_digest};
use crate::plugins::parse_limits::plugin_limits;
use crate::plugins::source::ComponentSource;
use crate::run::limit_hit::LimitHit;
use crate::run::test_run::execution::run_suite_files;
use crate::run::test_run::session::{OnFile, Session};
use crate::run::test_run::tested::Tested;
use crate::run::test_run::{runner_of, test_paths};
use crate::runs::context_files::{LeftOut, ReservedPaths, gather_context_files};

/// Code and tests, read from folders.
#[derive(Debug, Clone, Default)]
pub struct TestFiles {
    /// The code under test.
    pub code: Vec<File>,
    /// The tests and their helpers.
    pub suite: Vec<File>,
    /// What the rules of context files left out of each folder.
    pub left_out: Vec<LeftOut>,
    /// The number of files that are not UTF-8.
    pub not_text: usize,
}

impl TestFiles {
    /// Reads a project whose tests lie among its code: test files by their names, and everything below a folder `tests` or
    /// `test`.
    pub fn of_project(folder: &Path, reserved: &ReservedPaths) -> Result<Self, Error> {
        let mut files = Self::default();
        let all = files.read(folder, reserved)?;
        (files.suite, files.code) = all.into_iter().partition(|file| test_paths::is_test_path(&file.path));
        Ok(files)
    }

    /// Reads code and tests from two folders. Tests below the folder of the code keep their paths in it; other tests have
    /// paths relative to their own folder.
    pub fn of_folders(code: &Path, tests: &Path, reserved: &ReservedPaths) -> Result<Self, Error> {
        let mut files = Self::default();
        files.code = files.read(code, reserved)?;
        files.suite = files.read(tests, reserved)?;
        let within = real_path(tests).and_then(|tests| Some(tests.strip_prefix(real_path(code)?).ok()?.to_owned()));
        if let Some(prefix) = within.as_deref().and_then(Path::to_str).filter(|prefix| !prefix.is_empty()) {
            let prefix = format!("{prefix}/");
            files.code.retain(|file| !file.path.starts_with(&prefix));
            files.suite.iter_mut().for_each(|file| file.path.insert_str(0, &prefix));
        }
        Ok(files)
    }

    fn read(&mut self, folder: &Path, reserved: &ReservedPaths) -> Result<Vec<File>, Error> {
        let shown = folder.display();
        if !folder.is_dir() {
            let message = format!("`{shown}` is not a folder");
            return Err(Error::rejected(ErrorCode::InvalidCommandLine, message, "name a folder that can be read"));
        }
        let all = ContextPattern { path: "**".to_owned(), base: true, allow: false };
        let found = match gather_context_files(&[all], folder, reserved) {
            Ok(found) => found,
            Err(ContextError::NoMatch { .. } | ContextError::OnlyLeftOut { .. }) => {
                let message = format!("there is no file to read in `{shown}`");
                let hint = "files that version control ignores, secrets and dependencies are left out";
                return Err(Error::rejected(ErrorCode::InvalidCommandLine, message, hint));
            }
            Err(error) => return Err(error.into()),
        };
        self.left_out.push(found.left_out);
        let mut files = Vec::new();
        for file in found.files {
            match String::from_utf8(file.bytes) {
                Ok(content) => files.push(File { path: file.path, content }),
                Err(_) => self.not_text += 1,
            }
        }
        Ok(files)
    }
}

fn real_path(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

/// A test runner, and how the configured pipeline uses it.
pub struct TestRunner {
    plugin: Plugin,
    template: Call,
    /// The tests that the configured test gate accepts although they did not pass.
    pub allow: TestAllowance,
}

/// Tests that ran alone.
#[derive(Debug, Clone)]
pub struct TestsAlone {
    /// The result of every test.
    pub run: TestRun,
    /// How long it took.
    pub elapsed_ms: u64,
}

impl TestRunner {
    /// Loads a runner and compiles it if necessary: `given`, the name of a plugin or a component file, or else the one that the
    /// pipeline names for this language.
    pub async fn load(
        engine: &Engine,
        pipeline: &LoadedPipeline,
        language: &str,
        given: Option<&str>,
        dir: &Path,
    ) -> Result<Self, Error> {
        let (name, source) = match given {
            Some(file) if file.contains('/') || file.contains(".wasm") => {
                let path = dir.join(file);
                check_input(&path, file)
                    .map_err(|why| unusable_runner(why, "a path is relative to the current folder"))?;
                (name_of_file(file)?, ComponentSource::File(path))
            }
            Some(name) => named(pipeline, known_runner(pipeline, name)?),
            None => {
                let hint = "name another language with --language, or a runner with --runner";
                let unknown = |why: String| Error::rejected(ErrorCode::InvalidCommandLine, why, hint);
                named(pipeline, runner_of(&pipeline.pipeline, language).map_err(unknown)?.clone())
            }
        };
        let plugin = load_component(engine, name, source).await?;
        let patch = plugin_limits(&pipeline.pipeline)?.get(plugin.name()).copied().unwrap_or_default();
        let template = Call {
            doing: String::new(),
            seed: 0,
            limits: plugin.usual_limits().with(patch),
            cpu: CpuMeter::default(),
            log: None,
            progress: TestProgress::default(),
        };
        let gates = pipeline.pipeline.phases.iter().filter_map(|phase| phase.gate.as_ref()?.tests.as_ref());
        let allow = gates.map(|tests| tests.allow).next().unwrap_or_default();
        Ok(Self { plugin, template, allow })
    }

    /// Collects and runs the tests, as for a gate. `on_file` is called with each file that has ended.
    pub async fn run(&self, files: &TestFiles, on_file: &OnFile<'_>) -> TestsAlone {
        let began = Instant::now();
        let hit = LimitHit::of_tests_alone();
        let session = Session::new(&self.plugin, self.template.clone(), &hit).with_probes().with_observer(on_file);
        let ran = run_suite_files(&session, &Tested::new(files.code.as_slice()), &files.suite).await;
        TestsAlone { run: ran.run, elapsed_ms: began.elapsed().as_millis() as u64 }
    }
}

/// Returns the plugin of this name, if it is bundled or the pipeline has a path for it.
fn known_runner(pipeline: &LoadedPipeline, given: &str) -> Result<PluginName, Error> {
    let plugins = &pipeline.pipeline.plugins;
    let has_path = |name: &PluginName| plugins.get(name).is_some_and(|known| known.path.is_some());
    let known = given.parse().ok().filter(|name: &PluginName| BUNDLED.contains(&name.as_str()) || has_path(name));
    known.ok_or_else(|| {
        let runners: Vec<&str> = pipeline.pipeline.runners.values().map(PluginName::as_str).collect();
        let hint = format!("{}\nname your own runner as a file that ends in .wasm", did_you_mean(given, &runners));
        unusable_runner(format!("there is no test runner `{}`", given.escape_debug()), &hint)
    })
}

fn unusable_runner(why: String, hint: &str) -> Error {
    Error::rejected(ErrorCode::InvalidCommandLine, format!("--runner: {why}"), hint)
}

fn named(pipeline: &LoadedPipeline, name: PluginName) -> (PluginName, ComponentSource) {
    let source = ComponentSource::from_pipeline(&pipeline.pipeline, &name, &pipeline.dir);
    (name, source)
}

fn name_of_file(file: &str) -> Result<PluginName, InvalidName> {
    let stem = Path::new(file).file_name().and_then(|name| name.to_str()?.split('.').next());
    stem.and_then(|stem| stem.parse().ok()).map_or_else(|| "runner".parse(), Ok)
}

async fn load_component(engine: &Engine, name: PluginName, source: ComponentSource) -> Result<Plugin, Error> {
    let engine = engine.clone();
    let loading = tokio::task::spawn_blocking(move || {
        let known = match &source {
            ComponentSource::Bundled(bundled) => bundled_digest(bundled),
            ComponentSource::File(_) => None,
        };
        let plugin = match known {
            Some(digest) => engine.load(&name, &digest, || Ok(read(&source, &name)?.bytes.into())),
            None => {
                let blob = source.read(&name)?;
                let digest: Digest = blob.digest.clone();
                engine.load(&name, &digest, || Ok(blob.bytes.into()))
            }
        }?;
        match plugin.world() {
            World::Runner => Ok(plugin),
            other => Err(Error::WrongWorld { plugin: name, world: other.as_str().to_owned(), wanted: "a test runner" }),
        }
    });
    loading.await.map_err(|error| Error::host_failed(format!("loading the test runner failed: {error}")))?
}

fn read(source: &ComponentSource, name: &PluginName) -> std::io::Result<phasegate_journal::Blob> {
    source.read(name).map_err(|error| std::io::Error::other(error.to_string()))
}
