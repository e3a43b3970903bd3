//! `phasegate plugin dev`: builds a plugin and tries it whenever a file changes: with its cases, or as a phase of a recorded run.
//!
//! A failed build or case never ends the loop. A component that was built here needs no agreement: the cases run in a dry run,
//! and a fork records the digest of the component that replaced the agent. Ends with Ctrl-C.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::build::build_component;
use super::snapshot::Snapshot;
use super::test::test_folder;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::paths::{display_path, folder};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_millis(300);

/// Arguments of `plugin dev`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of the plugin, with its plugin.toml
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Recorded run in which the plugin replaces the agent of --phase, without asking a model
    #[arg(long, value_name = "RUN", requires = "phase")]
    run: Option<String>,
    /// Phase of the recorded run
    #[arg(long, value_name = "PHASE", requires = "run")]
    phase: Option<String>,
    /// Build and try once, without waiting for changes
    #[arg(long)]
    once: bool,
}

/// Builds and tries until the process is ended; with `--once`, once, and then the exit is that of the trial.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let dir = folder(&args.dir);
    loop {
        let before = Snapshot::of(&dir);
        let tried = build_and_try(&dir, &args, context).await;
        if args.once {
            return tried;
        }
        if let Err(failure) = tried {
            failure.print(&context.printer);
        }
        context.printer.note(&format!("waiting for changes in {}; end with Ctrl-C\n", display_path(&dir)));
        // A change during the build counts as well.
        while Snapshot::of(&dir) == before {
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

async fn build_and_try(dir: &Path, args: &Args, context: &Context) -> Result<Exit, Failure> {
    let built = build_component(dir, None, &context.printer)?;
    match (&args.run, &args.phase) {
        (Some(run), Some(phase)) => fork(run, phase, &built.file, context),
        _ => test_folder(dir, context).await,
    }
}

/// Forks the recorded run without a model, in a process of its own, so that Ctrl-C ends the loop as well.
fn fork(run: &str, phase: &str, component: &Path, context: &Context) -> Result<Exit, Failure> {
    let unstartable = |why: std::io::Error| Failure::infrastructure(format!("the fork cannot be started: {why}"));
    let agent = format!("{phase}={}", component.display());
    let mut fork = Command::new(std::env::current_exe().map_err(unstartable)?);
    fork.args(["fork", run, "--at", phase, "--offline", "--agent", &agent]);
    fork.arg("--state").arg(&context.state);
    let status = fork.status().map_err(unstartable)?;
    Ok(if status.success() { Exit::Passed } else { Exit::Failed })
}
