//! The binary `phasegate`: words and calls. What is done is done by the runtime; here it is asked for and told.
//!
//! One file a subcommand. Each gives back an [`Exit`], or a [`Failure`] whose words are printed as `error: …` with a
//! `hint: …`; nothing else decides the exit code.

mod accept;
mod ask;
mod bars;
mod cancel;
mod carry;
mod check;
mod compare;
mod compile_component;
mod decide;
mod doctor;
mod events;
mod experiment;
mod export;
mod fail;
mod family;
mod fork;
mod gc;
mod head;
mod init;
mod log;
mod pip;
mod pipeline;
mod place;
mod plugin;
mod replay;
mod resume;
mod run;
mod runs;
mod screen;
mod show;
mod side_by_side;
mod summary;
mod verify_sandbox;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use fail::{Exit, Failure};

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

#[derive(Subcommand)]
enum Command {
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
    Export(export::ExportArgs),
    /// Take in a run that was written into a file
    Import(export::ImportArgs),
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

fn main() -> ExitCode {
    let cli = Cli::parse();
    trace(cli.verbose);
    let ended = match runtime() {
        Ok(runtime) => {
            let ended = runtime.block_on(go(cli));
            // A prompt that nobody answered must not keep the process.
            runtime.shutdown_background();
            ended
        }
        Err(why) => Err(Failure::infrastructure(format!("no threads can be started: {why}"))),
    };
    let exit = ended.unwrap_or_else(|failure| {
        failure.tell();
        failure.exit
    });
    ExitCode::from(exit.code())
}

/// Where all async threads are with plugins that compute, each for a tick, network and disk are still looked at every few
/// ticks, not only after dozens.
fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().event_interval(2).build()
}

async fn go(cli: Cli) -> Result<Exit, Failure> {
    let state = place::state_dir(cli.state.as_deref());
    let verbose = cli.verbose;
    match cli.command {
        Command::Run(args) => run::go(args, &state, verbose).await,
        Command::Resume(args) => resume::go(args, &state, verbose).await,
        Command::Replay(args) => replay::go(args, &state, verbose).await,
        Command::Fork(args) => fork::go(args, &state, verbose).await,
        Command::Approve(args) => decide::approve(args, &state).await,
        Command::Reject(args) => decide::reject(args, &state).await,
        Command::Override(args) => decide::override_(args, &state).await,
        Command::Abort(args) => decide::abort(args, &state).await,
        Command::Cancel(args) => cancel::go(&args, &state).await,
        Command::Experiment(args) => experiment::go(args, &state, verbose).await,
        Command::Runs(args) => runs::go(&args, &state),
        Command::Show(args) => show::go(&args, &state),
        Command::Log(args) => log::go(&args, &state).await,
        Command::Compare(args) => compare::go(&args, &state),
        Command::Export(args) => export::export(&args, &state),
        Command::Import(args) => export::import(&args, &state).await,
        Command::Doctor(args) => doctor::go(&args, &state),
        Command::Gc(args) => gc::go(&args, &state).await,
        Command::Pip(command) => pip::go(command, &state).await,
        Command::Pipeline(command) => pipeline::go(command),
        Command::Plugin(command) => plugin::go(command, &state).await,
        Command::VerifySandbox(args) => verify_sandbox::go(&args, &state).await,
        Command::Init(args) => init::go(&args),
        Command::CompileComponent(args) => Ok(compile_component::go(&args)),
    }
}

fn trace(verbose: u8) {
    let usual = match verbose {
        0 => "error",
        1 => "warn,phasegate=info",
        _ => "warn,phasegate=debug,phasegate_runtime=debug,phasegate_sandbox=debug,phasegate_broker=debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let colours = words::Paint::stderr().is_on();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}
