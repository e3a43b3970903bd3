//! `phasegate plugin`: looks into components, checks them, and agrees to them.

pub mod accept;
mod check;
mod inspect;
mod manifest;

use std::path::Path;

use crate::exit::{Exit, Failure};

/// What to do with plugins.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Say what a component is, and what the operator would have to grant
    Inspect(inspect::Args),
    /// Put a manifest into a component whose toolchain cannot
    Manifest(manifest::Args),
    /// Agree to what a plugin is now, where it is not what phasegate.lock says
    Accept(accept::Args),
    /// Load a component and call it once with samples, to see whether this host takes it
    Check(check::Args),
}

/// Does it.
pub async fn run(command: Command, state: &Path) -> Result<Exit, Failure> {
    match command {
        Command::Inspect(args) => inspect::run(args, state).await,
        Command::Manifest(args) => manifest::run(&args),
        Command::Accept(args) => accept::run(args),
        Command::Check(args) => check::run(args, state).await,
    }
}
