//! One state folder with runs of several scenarios.

use crate::output::Output;
use crate::scenario::{Scenario, scenario_file};

/// A state folder and its runs, which are called RUN-A, RUN-B and RUN-C in rendered text.
pub struct Recordings {
    pub scenario: Scenario,
    pub runs: Vec<String>,
}

impl Recordings {
    /// Adds a run of each scenario to the state folder of `scenario`.
    pub fn new(scenario: Scenario, scenarios: &[&str]) -> Self {
        let mut recordings = Self { scenario, runs: Vec::new() };
        for scenario in scenarios {
            recordings.run(scenario, &[]);
        }
        recordings
    }

    /// Adds a run of a scenario. Options in `more` replace those of the scenario.
    pub fn run(&mut self, scenario: &str, more: &[&str]) -> Output {
        let path = |name: &str| scenario_file(scenario, name);
        let (task, pipeline, config) = (path("task.toml"), path("pipeline.toml"), path("phasegate.toml"));
        let usual = [["--task", &task], ["--pipeline", &pipeline], ["--config", &config]];
        let usual = usual.into_iter().filter(|[name, _]| !more.contains(name)).flatten();
        let args: Vec<&str> = ["run", "--json"].into_iter().chain(usual).chain(more.iter().copied()).collect();
        let output = self.scenario.call(&args);
        self.runs.push(output.run_id());
        output
    }

    /// Runs a command and returns stdout, exit code and stderr, filtered.
    pub fn render(&self, args: &[&str]) -> String {
        self.transcript(&self.scenario.call(args))
    }

    /// Stdout, exit code and stderr of a command that has ended, filtered.
    pub fn transcript(&self, output: &Output) -> String {
        let names: Vec<(&str, &str)> = self.runs.iter().map(String::as_str).zip(["RUN-A", "RUN-B", "RUN-C"]).collect();
        output.transcript(&names)
    }
}
