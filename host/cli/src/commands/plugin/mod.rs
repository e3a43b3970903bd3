//! `phasegate plugin`: inspects, checks and accepts plugins.

pub mod accept;
mod check;
mod inspect;
mod manifest;

use crate::context::Context;
use crate::exit::{Exit, Failure};

/// Subcommands of `plugin`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show what a component is and which grants it requests
    Inspect(inspect::Args),
    /// Add a manifest to a component whose toolchain cannot
    Manifest(manifest::Args),
    /// Accept a new or changed plugin into phasegate.lock
    Accept(accept::Args),
    /// Check a component: load it and call it once with samples
    Check(check::Args),
}

/// Runs a subcommand of `plugin`.
pub async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Inspect(args) => inspect::run(args, context).await,
        Command::Manifest(args) => manifest::run(&args, context),
        Command::Accept(args) => accept::run(args, context),
        Command::Check(args) => check::run(args, context).await,
    }
}
