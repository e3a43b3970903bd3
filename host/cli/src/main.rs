//! The binary `phasegate`: words and calls. What is done is done by the runtime; here it is asked for and told.
//!
//! One file a subcommand. Each gives back an [`Exit`], or a [`Failure`] whose words are printed as `error: …` with a
//! `hint: …`; nothing else decides the exit code.

mod approver;
mod commands;
mod drive;
mod exit;
mod find_run;
mod open;
mod paths;
mod terminal;
mod view;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use commands::Command;
use exit::Failure;

/// Carries tasks through gated phases: plugins think, the host decides.
#[derive(Parser)]
#[command(name = "phasegate", version, propagate_version = true, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 passed, 1 a gate failed for good, 2 usage or configuration, 3 waiting for a person, \
                        4 infrastructure, 130 interrupted."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// The folder that runs are recorded in [default: the nearest .phasegate upwards, else .phasegate here]
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Show what plugins and the host log; twice for more. RUST_LOG is honoured
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    trace(cli.verbose);
    let state = paths::state_dir(cli.state.as_deref());
    let ended = match runtime() {
        Ok(runtime) => {
            let ended = runtime.block_on(commands::run(cli.command, &state, cli.verbose));
            // A prompt that nobody answered must not keep the process.
            runtime.shutdown_background();
            ended
        }
        Err(why) => Err(Failure::infrastructure(format!("no threads can be started: {why}"))),
    };
    let exit = ended.unwrap_or_else(|failure| {
        failure.print();
        failure.exit
    });
    ExitCode::from(exit.code())
}

/// Where all async threads are with plugins that compute, each for a tick, network and disk are still looked at every few
/// ticks, not only after dozens.
fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().event_interval(2).build()
}

fn trace(verbose: u8) {
    let usual = match verbose {
        0 => "error",
        1 => "warn,phasegate=info",
        _ => "warn,phasegate=debug,phasegate_runtime=debug,phasegate_sandbox=debug,phasegate_broker=debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let colours = terminal::style::Paint::stderr().is_on();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}
