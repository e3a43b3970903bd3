//! `phasegate plugin`: begins, builds, tests, inspects, signs, publishes and accepts plugins.

pub mod accept;
mod build;
mod check;
mod dev;
mod dry_run;
mod inspect;
mod manifest;
mod new;
mod packages;
mod plugin_file;
mod snapshot;
mod test;

pub use test::case_schema;

use self::packages::pull::Wanted;
use crate::context::Context;
use crate::exit::{Exit, Failure};

/// Subcommands of `plugin`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Begin a plugin: sources, tests, and what a first run needs
    New(new::Args),
    /// Build the component of a plugin from its sources
    Build(build::Args),
    /// Show what a component is and which grants it requests
    Inspect(inspect::Args),
    /// Add a manifest to a component whose toolchain cannot
    Manifest(manifest::Args),
    /// Accept a new or changed plugin into phasegate.lock
    Accept(accept::Args),
    /// Build and test again whenever a file changes
    Dev(dev::Args),
    /// Check a component: load it and call it once with samples
    Check(check::Args),
    /// Test a component with the cases of its plugin
    Test(test::Args),
    /// Take a plugin from a registry into the configuration
    Add(packages::add::Args),
    /// Fetch plugins from registries, as the lock file pins them
    Pull(packages::pull::Args),
    /// Fetch what the tags of plugins name now
    Update(packages::pull::Args),
    /// List plugins that registries have in another version
    Outdated(packages::outdated::Args),
    /// Publish a component in a registry
    Push(packages::push::Args),
    /// Sign a component file, or a package in a registry
    Sign(packages::sign::Args),
    /// Make a key pair to sign plugins with
    Keygen(packages::keygen::Args),
}

/// Runs a subcommand of `plugin`.
pub async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::New(args) => new::run(&args, context),
        Command::Build(args) => build::run(&args, context),
        Command::Inspect(args) => inspect::run(args, context).await,
        Command::Manifest(args) => manifest::run(&args, context),
        Command::Accept(args) => accept::run(args, context),
        Command::Dev(args) => dev::run(args, context).await,
        Command::Check(args) => check::run(args, context).await,
        Command::Test(args) => test::run(args, context).await,
        Command::Add(args) => packages::add::run(args, context).await,
        Command::Pull(args) => packages::pull::run(args, Wanted::Pinned, context).await,
        Command::Update(args) => packages::pull::run(args, Wanted::Newest, context).await,
        Command::Outdated(args) => packages::outdated::run(args, context).await,
        Command::Push(args) => packages::push::run(args, context).await,
        Command::Sign(args) => packages::sign::run(args, context).await,
        Command::Keygen(args) => packages::keygen::run(&args, context),
    }
}
