//! Interoperation with what others made: official SDKs and a real server. Ignored unless asked for; see `README.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod llama;
mod sdks;

use std::path::PathBuf;
use std::process::Command;

use phasegate_test::{Output, Paths, ProviderKind, Scenario, repository};

const PATHS: Paths = Paths { binary: env!("CARGO_BIN_EXE_phasegate"), scratch: env!("CARGO_TARGET_TMPDIR") };

/// Planning and design with short answers of planning, because a model with random weights ends late.
const PIPELINE: &str = "name = \"short\"\nextends = \"planning-design\"\n\n[[phase]]\nname = \"planning\"\nsettings = { max_output_tokens = 200 }\n";

/// A file of `tests/interop`.
fn file(name: &str) -> PathBuf {
    repository().join("tests/interop").join(name)
}

/// A script of this folder in the Python that `venv.sh` makes.
fn python(script: &str) -> Command {
    let python = file("build/venv/bin/python");
    assert!(python.exists(), "run tests/interop/venv.sh first");
    let mut command = Command::new(python);
    command.arg(file(script));
    command
}

/// Runs planning and design of the first example against a server at this address. The answers decide how it ends.
fn run_first_task(kind: ProviderKind, address: &str, more: &str) -> Output {
    let scenario = Scenario::new(PATHS, "first-task");
    let base = if matches!(kind, ProviderKind::Chat) { "/v1" } else { "" };
    let config = format!("{}\n{more}", kind.config(&format!("{address}{base}"), true, ""));
    scenario.set_user_config(&config);
    std::fs::write(scenario.path("models.toml"), config).unwrap();
    let path = scenario.path("models.toml").display().to_string();
    std::fs::write(scenario.path("pipeline.toml"), PIPELINE).unwrap();
    let pipeline = scenario.path("pipeline.toml").display().to_string();
    let mut command = scenario.first_task_command(&["--config", &path, "--pipeline", &pipeline]);
    command.env("MY_KEY", "k");
    Output::from_command(command)
}
