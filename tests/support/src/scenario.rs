//! Scenarios: runs of the real binary whose story is compared with a file.
//!
//! A scenario is a folder of `tests/scenarios` with a `pipeline.toml`. Where it has no `task.toml`, `phasegate.toml` or
//! `answers.toml`, the ones of `tests/scenarios` apply. `user.toml`, where there is one, is the user's own configuration.
//! `story.txt` is the expected story; a test that runs with `PHASEGATE_BLESS` set writes the file instead of comparing it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::files::{examples, scenarios};
use crate::output::Output;
use crate::running::RunningProcess;
use crate::workspace::{Paths, Workspace};

/// A scenario in a folder of its own: `state` is the state folder, `out` the output folder.
pub struct Scenario {
    name: String,
    workspace: Workspace,
    cache: PathBuf,
}

impl Scenario {
    /// A scenario that has not run yet.
    pub fn new(paths: Paths, name: &str) -> Self {
        let cache = Path::new(paths.scratch).join("scenarios");
        let workspace = Workspace::new(paths);
        if let Ok(text) = fs::read_to_string(scenarios().join(name).join("user.toml")) {
            workspace.set_user_config(&text);
        }
        Self { name: name.to_owned(), workspace, cache }
    }

    /// A file of the scenario's own folder, which need not exist.
    pub fn path(&self, name: &str) -> PathBuf {
        self.workspace.path(name)
    }

    /// A file of `tests/scenarios`: the one of this scenario, or else the common one.
    pub fn file(&self, name: &str) -> String {
        scenario_file(&self.name, name)
    }

    /// A command whose `PHASEGATE_STATE` is `state`, so that hints name no folder. All scenarios share their components, compiled and not.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.workspace.command(args);
        command.env("PHASEGATE_STATE", self.path("state"));
        command.env("PHASEGATE_LOCK", self.path("phasegate.lock")).env("XDG_CACHE_HOME", &self.cache);
        command.env("XDG_DATA_HOME", self.cache.join("data"));
        command
    }

    /// `run --json` with the scenario's task, pipeline and configuration.
    pub fn run_command(&self, more: &[&str]) -> Command {
        self.run_with(&[&["--json", "--config", &self.file("phasegate.toml")], more].concat())
    }

    /// `run` without `--json` and without a configuration.
    pub fn run_with(&self, more: &[&str]) -> Command {
        let (task, pipeline) = (self.file("task.toml"), self.file("pipeline.toml"));
        let out = self.path("out").display().to_string();
        self.command(&[&["run", "--task", &task, "--pipeline", &pipeline, "--out", &out], more].concat())
    }

    /// `run --json` with the task of `examples/first-task`.
    pub fn first_task_command(&self, more: &[&str]) -> Command {
        let task = examples().join("first-task/task.toml").display().to_string();
        let out = self.path("out").display().to_string();
        self.command(&[&["run", "--json", "--task", &task, "--out", &out], more].concat())
    }

    /// Writes the user's configuration, which is trusted.
    pub fn set_user_config(&self, text: &str) {
        self.workspace.set_user_config(text);
    }

    /// `run --json` that logs all it can, with this configuration, which is also the user's, and this environment.
    pub fn verbose_run_command(&self, config: &str, environment: &[(&str, &str)]) -> Command {
        self.workspace.write("models.toml", config);
        self.set_user_config(config);
        let config = self.path("models.toml").display().to_string();
        let mut command = self.run_with(&["--json", "--verbose", "--verbose", "--config", &config]);
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").envs(environment.iter().copied());
        command
    }

    /// Runs the scenario to its end.
    pub fn run(&self, more: &[&str]) -> Output {
        Output::from_command(self.run_command(more))
    }

    /// Runs any other command to its end.
    pub fn call(&self, args: &[&str]) -> Output {
        Output::from_command(self.command(args))
    }

    /// `resume --json`.
    pub fn resume(&self, run: &str) -> Output {
        self.call(&["resume", run, "--json"])
    }

    /// Starts the run and waits for an event that `reached` accepts.
    pub fn run_until(&self, more: &[&str], reached: impl Fn(&Value) -> bool) -> RunningProcess {
        RunningProcess::start(self.run_command(more), reached)
    }

    /// Replays a run, which must succeed, and returns the result as JSON.
    pub fn check_replay(&self, run: &str, more: &[&str]) -> Value {
        let output = self.call(&[&["replay", run, "--json"], more].concat());
        assert_eq!(output.code, 0, "{}: {}", self.name, output.stderr);
        output.events.into_iter().next().unwrap()
    }

    /// Compares the story of a run with `story.txt`.
    pub fn check_story(&self, output: &Output) {
        let file = scenarios().join(&self.name).join("story.txt");
        let story = output.story();
        if std::env::var_os("PHASEGATE_BLESS").is_some() {
            fs::write(&file, &story).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        assert!(story == expected, "{}: expected\n{expected}\nbut got\n{story}\n{}", self.name, output.stderr);
    }
}

/// A file of a scenario, or else the common one of `tests/scenarios`.
pub fn scenario_file(scenario: &str, name: &str) -> String {
    let own = scenarios().join(scenario).join(name);
    let file = if own.exists() { own } else { scenarios().join(name) };
    file.display().to_string()
}

/// Whether an event is the third model call of phase `design` in the scenario `slow`, whose first two are answered by then.
pub fn is_third_design_call(event: &Value) -> bool {
    event["event"] == "model_asked" && event["phase"] == "design" && event["call"] == 3
}
