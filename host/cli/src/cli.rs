//! The command line: the global options and the subcommands.

use std::path::PathBuf;

use clap::{ArgAction, Parser};

use crate::commands::Command;

/// Carries tasks through gated phases: plugins think, the host decides.
#[derive(Parser)]
#[command(name = "phasegate", version, propagate_version = true, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 passed, 1 a gate failed for good, 2 usage or configuration, 3 waiting for a person, \
                        4 infrastructure, 130 interrupted."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// The folder that runs are recorded in [default: the nearest .phasegate upwards, else .phasegate here]
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Show what plugins and the host log; twice for more. RUST_LOG is honoured
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}
