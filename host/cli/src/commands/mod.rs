//! The subcommands, one file each. Each gives back an [`Exit`] or a [`Failure`].

mod cancel;
mod compare;
mod compile_component;
mod decide;
mod doctor;
mod experiment;
mod export;
mod fork;
mod gc;
mod import;
mod init;
mod log;
mod pip;
mod pipeline;
mod plugin;
mod replay;
mod resume;
mod run;
mod runs;
mod show;
mod verify_sandbox;

use crate::context::Context;
use crate::exit::{Exit, Failure};

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Run one task or several from the first phase to the last
    Run(run::Args),
    /// Go on with a run that stopped, was killed, or waited for a person
    Resume(resume::Args),
    /// Execute a run again from its record, without models, and say whether it comes to the same
    Replay(replay::Args),
    /// Go on from the middle of a run with one thing swapped, as a run of its own
    Fork(fork::Args),
    /// Confirm a pass that waits for a person
    Approve(decide::Args),
    /// Fail a gate that waits for a person; the words go to whoever revises
    Reject(decide::RejectArgs),
    /// Go on in spite of a failed gate
    Override(decide::Args),
    /// End a run that waits for a person
    Abort(decide::Args),
    /// Ask a run that is under way to stop; it can be resumed
    Cancel(cancel::Args),
    /// Run tasks in several variants, as often as it takes, and compare what comes of them
    Experiment(experiment::Args),
    /// List the runs
    Runs(runs::Args),
    /// Explain a run: what happened, who decided what, and what to do next
    Show(show::Args),
    /// Tell a run event by event, as it was recorded
    Log(log::Args),
    /// Hold runs side by side: gates, issues, cost, and where they first differ
    Compare(compare::Args),
    /// Write a run into one file, to be carried to another machine
    Export(export::Args),
    /// Take in a run that was written into a file
    Import(import::Args),
    /// Say what of the state folder is whole, and what can be gone on with
    Doctor(doctor::Args),
    /// Remove what no run needs; says first what that is
    Gc(gc::Args),
    /// List and decide improvement proposals
    #[command(subcommand)]
    Pip(pip::Command),
    /// List, show and check pipelines
    #[command(subcommand)]
    Pipeline(pipeline::Command),
    /// Look into plugins
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Attack this very host, as configured, and say whether every bound holds; for after each upgrade
    VerifySandbox(verify_sandbox::Args),
    /// Write a commented phasegate.toml and a first task
    Init(init::Args),
    /// Compile the component on standard input: the other end of the sandbox's compilers
    #[command(hide = true)]
    CompileComponent(compile_component::Args),
}

/// Carries out a command.
pub async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::run(args, context).await,
        Command::Resume(args) => resume::run(args, context).await,
        Command::Replay(args) => replay::run(args, context).await,
        Command::Fork(args) => fork::run(args, context).await,
        Command::Approve(args) => decide::approve(args, context).await,
        Command::Reject(args) => decide::reject(args, context).await,
        Command::Override(args) => decide::override_gate(args, context).await,
        Command::Abort(args) => decide::abort(args, context).await,
        Command::Cancel(args) => cancel::run(&args, context).await,
        Command::Experiment(args) => experiment::run(args, context).await,
        Command::Runs(args) => runs::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Log(args) => log::run(&args, context).await,
        Command::Compare(args) => compare::run(&args, context),
        Command::Export(args) => export::run(&args, context),
        Command::Import(args) => import::run(&args, context).await,
        Command::Doctor(args) => doctor::run(&args, context),
        Command::Gc(args) => gc::run(&args, context).await,
        Command::Pip(command) => pip::run(command, context).await,
        Command::Pipeline(command) => pipeline::run(command, context),
        Command::Plugin(command) => plugin::run(command, context).await,
        Command::VerifySandbox(args) => verify_sandbox::run(&args, context).await,
        Command::Init(args) => init::run(&args, context),
        Command::CompileComponent(args) => Ok(compile_component::run(&args, context)),
    }
}
