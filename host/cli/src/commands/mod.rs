//! The subcommands, one file each. Each has `Args` and a `run` that returns an [`Exit`] or a [`Failure`].

mod artifact;
mod cancel;
mod compare;
mod compile_component;
mod completions;
mod decide;
mod doctor;
mod experiment;
mod export;
mod fork;
mod gc;
mod import;
mod init;
mod log;
mod man;
mod markdown_help;
mod pip;
mod pipeline;
mod plugin;
mod pr;
mod replay;
mod resume;
mod run;
mod runs;
mod schema;
mod show;
mod test;
mod trust;
mod verify_sandbox;

use crate::context::Context;
use crate::exit::{Exit, Failure};

/// The subcommands. `help.rs` groups them.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Run one or more tasks through every phase
    Run(run::Args),
    /// Resume a run that stopped or waits for a decision
    Resume(resume::Args),
    /// Execute a recorded run again without models and compare it
    Replay(replay::Args),
    /// Start a new run from the middle of a run, with a change
    Fork(fork::Args),
    /// Approve a passed gate that waits for a decision
    Approve(decide::Args),
    /// Reject a gate that waits for a decision
    Reject(decide::RejectArgs),
    /// Continue past a failed gate
    Override(decide::Args),
    /// End a run that waits for a decision
    Abort(decide::AbortArgs),
    /// Stop a run in another process; it can be resumed
    Cancel(cancel::Args),
    /// Run tasks in several variants and compare the results
    Experiment(experiment::Args),
    /// List the newest runs
    Runs(runs::Args),
    /// Explain a run: attempts, verdicts, decisions, next step
    Show(show::Args),
    /// Print the recorded events of a run
    Log(log::Args),
    /// List the artifacts of a run, or print one
    Artifact(artifact::Args),
    /// Describe the branch of a run as a pull request, in Markdown
    Pr(pr::Args),
    /// Compare runs: gates, issues, cost, first difference
    Compare(compare::Args),
    /// Write a run to one file, for another machine
    Export(export::Args),
    /// Add a run from an exported file
    Import(import::Args),
    /// Check the state folder and every run in it
    Doctor(doctor::Args),
    /// Remove data that no run needs; a dry run without --yes
    Gc(gc::Args),
    /// List and decide improvement proposals
    #[command(subcommand)]
    Pip(pip::Command),
    /// List, show and check pipelines
    #[command(subcommand)]
    Pipeline(pipeline::Command),
    /// Begin, build, test, inspect and accept plugins
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Show and change what projects may use of yours
    #[command(subcommand)]
    Trust(trust::Command),
    /// Run the tests of a folder as a gate does
    Test(test::Args),
    /// Attack this host and check that every limit holds
    VerifySandbox(verify_sandbox::Args),
    /// Write a commented phasegate.toml and a first task
    Init(init::Args),
    /// Print a JSON Schema of a kind of file, for editors
    Schema(schema::Args),
    /// Print the completions of a shell
    Completions(completions::Args),
    /// Write a page of the manual for each command
    Man(man::Args),
    /// Compile the component on standard input; the host starts this itself
    #[command(hide = true)]
    CompileComponent(compile_component::Args),
    /// Print the reference of the command line in Markdown
    #[command(hide = true)]
    MarkdownHelp,
}

/// Runs a subcommand.
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
        Command::Artifact(args) => artifact::run(&args, context),
        Command::Pr(args) => pr::run(&args, context),
        Command::Compare(args) => compare::run(&args, context),
        Command::Export(args) => export::run(&args, context),
        Command::Import(args) => import::run(&args, context).await,
        Command::Doctor(args) => doctor::run(&args, context),
        Command::Gc(args) => gc::run(&args, context).await,
        Command::Pip(command) => pip::run(command, context).await,
        Command::Pipeline(command) => pipeline::run(command, context),
        Command::Plugin(command) => plugin::run(command, context).await,
        Command::Trust(command) => trust::run(command, context),
        Command::Test(args) => test::run(&args, context).await,
        Command::VerifySandbox(args) => verify_sandbox::run(&args, context).await,
        Command::Init(args) => init::run(&args, context),
        Command::Schema(args) => schema::run(&args, context),
        Command::Completions(args) => completions::run(&args, context),
        Command::Man(args) => man::run(&args, context),
        Command::CompileComponent(args) => Ok(compile_component::run(&args, context)),
        Command::MarkdownHelp => Ok(markdown_help::run(context)),
    }
}
