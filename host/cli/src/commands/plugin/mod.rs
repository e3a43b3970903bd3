//! `phasegate plugin`: looks into components, checks them, and agrees to them.

pub mod accept;
mod check;
mod inspect;
mod manifest;

use crate::context::Context;
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
pub async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Inspect(args) => inspect::run(args, context).await,
        Command::Manifest(args) => manifest::run(&args, context),
        Command::Accept(args) => accept::run(args, context),
        Command::Check(args) => check::run(args, context).await,
    }
}
