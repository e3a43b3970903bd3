//! End-to-end tests: the real binary, called as a user calls it. Each topic is a file or a folder; see `tests/README.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod acceptance;
mod archive;
mod cached_tokens;
mod cli;
mod compare;
mod corpus;
mod decisions;
mod dist;
mod docs;
mod expected_effort;
mod experiment;
mod first_request;
mod first_task;
mod fork;
mod grants;
mod hostile_python;
mod interruption;
mod json_output;
mod languages;
mod ledger;
mod log;
mod operator_limits;
mod out_folder;
mod plugin_check;
mod plugins;
mod providers;
mod replay;
mod repository;
mod scenarios;
mod schemas;
mod secrets;
mod shared_prefixes;
mod standard_agents;
mod state_folder;
mod stopped_runs;
mod structure;
mod syncs;
mod terminal;
mod test_command;
mod trust;
mod verify_sandbox;
mod waits;
mod without_models;

use phasegate_test::{Output, Paths, Recordings, Scenario, Workspace};

const PATHS: Paths = Paths { binary: env!("CARGO_BIN_EXE_phasegate"), scratch: env!("CARGO_TARGET_TMPDIR") };

fn scenario(name: &str) -> Scenario {
    Scenario::new(PATHS, name)
}

/// A scenario whose run is over, and what the run wrote.
fn recorded(name: &str) -> (Scenario, Output) {
    let scenario = scenario(name);
    let output = scenario.run(&[]);
    (scenario, output)
}

/// The same with the name of the run.
fn recorded_run(name: &str) -> (Scenario, String) {
    let (scenario, output) = recorded(name);
    (scenario, output.run_id())
}

fn workspace() -> Workspace {
    Workspace::new(PATHS)
}

/// One state folder with a run of each scenario.
fn recordings(scenarios: &[&str]) -> Recordings {
    Recordings::new(scenario("slow"), scenarios)
}
