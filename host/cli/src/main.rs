//! CLI entry point: parses arguments, calls `phasegate-runtime`, prints results.
//!
//! Each subcommand returns an [`exit::Exit`] or a [`Failure`], which is printed as `error: …` with a `hint: …`. Nothing else
//! decides the exit code.

mod approver;
mod ask;
mod cli;
mod commands;
mod context;
mod context_files;
mod drive;
mod edited;
mod exit;
mod find_run;
mod help;
mod ignored;
mod numbers;
mod open;
mod out_dir;
mod paths;
mod repository;
mod signals;
mod svg;
mod tasks;
mod terminal;
mod trust;
mod view;

use std::process::ExitCode;
use std::sync::Arc;

use phasegate_runtime::{ErrorCode, Trust};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use cli::Cli;
use context::Context;
use exit::{Exit, Failure};
use signals::Signals;
use terminal::printer::Printer;

/// A thousand runs at once allocate from all threads; the allocator of glibc then spends its time in the kernel.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let printer = Printer::new();
    let exit = match cli::parse(printer) {
        Ok((cli, command_line)) => {
            let printer = printer.with_command_line(command_line);
            trace(cli.verbose, printer);
            // Each run that is under way holds a lock file.
            phasegate_files::allow_open_files();
            phasegate_journal::report_waits(move |text| printer.note(&format!("{text}\n")));
            run(cli, printer).unwrap_or_else(|failure| {
                failure.print(&printer);
                failure.exit
            })
        }
        Err(exit) => exit,
    };
    ExitCode::from(check_stdout(exit, printer).code())
}

/// Prints an error if a result did not reach stdout, and returns it in place of a success.
fn check_stdout(exit: Exit, printer: Printer) -> Exit {
    let Some(why) = printer.failure() else { return exit };
    let failure = Failure::infrastructure(format!("stdout cannot be written: {why}"))
        .with_code(ErrorCode::UnwritableOutput)
        .with_hint("free space, or send stdout to another place");
    failure.print(&printer);
    if exit == Exit::Passed { failure.exit } else { exit }
}

fn run(cli: Cli, printer: Printer) -> Result<Exit, Failure> {
    let trust = Arc::new(Trust::load(&|name| std::env::var_os(name))?);
    let named = cli.state.or_else(paths::state_of_environment);
    let (state, untrusted_state) = paths::state_dir(named.as_deref(), &trust.folders());
    let runtime = runtime().map_err(|why| Failure::infrastructure(format!("cannot start threads: {why}")))?;
    let ended = runtime.block_on(async {
        let signals = Signals::install(printer)
            .map_err(|why| Failure::infrastructure(format!("cannot handle signals: {why}")))?;
        let names_state = named.is_some();
        let parser = cli::parser;
        let context =
            Context { state, names_state, untrusted_state, verbose: cli.verbose, printer, parser, trust, signals };
        commands::run(cli.command, &context).await
    });
    // An unanswered prompt must not keep the process alive.
    runtime.shutdown_background();
    ended
}

/// Returns the async runtime. It polls network and disk after every second task, so that they stay responsive while every
/// worker thread runs a plugin that computes.
fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().event_interval(2).build()
}

/// Sends log lines to stderr; `RUST_LOG` takes precedence over `--verbose`.
fn trace(verbose: u8, printer: Printer) {
    let usual = match verbose {
        // A process that waits for another says so.
        0 => "error,phasegate_wait=warn,phasegate_notice=warn",
        1 => "warn,phasegate=info",
        _ => "warn,phasegate=debug,phasegate_runtime=debug,phasegate_sandbox=debug,phasegate_broker=debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(printer.note_paint().is_on())
        .init();
}
