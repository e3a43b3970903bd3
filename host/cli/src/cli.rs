//! The command line: the global options and the subcommands.

use std::path::PathBuf;

use clap::{ArgAction, ArgMatches, CommandFactory, FromArgMatches, Parser};

use crate::commands::Command;
use crate::exit::Exit;
use crate::help::{add_subcommands, group_subcommands, remove_value_tip};
use crate::terminal::command_line::CommandLine;
use crate::terminal::printer::Printer;

/// The subcommand that does what `--version` does.
const VERSION: &str = "version";
/// The name of `--config`, which several subcommands have.
const CONFIG: &str = "config";

/// Run tasks through gated phases: plugins propose, the host decides
#[derive(Parser)]
#[command(name = "phasegate", version, propagate_version = true, max_term_width = 80)]
#[command(after_help = "Exit codes:
  0    success; for a run, every gate passed
  1    a gate failed, a person ended the run, or a check failed
  2    wrong usage or configuration; nothing was started
  3    the run waits for a decision
  4    infrastructure error; the run can be resumed
  5    `experiment --fail-if-worse`: a variant is worse than the baseline
  130  interrupted; the run can be resumed
  129, 143  ended by SIGHUP or SIGTERM; the run can be resumed")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// State folder [default: PHASEGATE_STATE, else nearest .phasegate upwards, else ./.phasegate]
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Show more progress and log lines; give it twice for debug logs
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// Returns the parser of the command line, with the subcommands grouped in `--help`.
pub fn parser() -> clap::Command {
    let version = clap::Command::new(VERSION).about("Print version").hide(true);
    group_subcommands(Cli::command()).subcommand(version)
}

/// Parses the command line, and returns the options that commands in hints need too. Prints help, the version or the usage
/// error, and returns how the process ends, if there is no subcommand to run.
pub fn parse(printer: Printer) -> Result<(Cli, CommandLine), Exit> {
    let mut program = parser();
    let parsed = program.try_get_matches_from_mut(std::env::args_os());
    let parsed = parsed.map_err(|error| remove_value_tip(add_subcommands(&program, error))).and_then(|matches| {
        let is_version = matches.subcommand_name() == Some(VERSION);
        if is_version { Ok(None) } else { Cli::from_arg_matches(&matches).map(|cli| Some((cli, matches))) }
    });
    match parsed {
        Ok(Some((cli, matches))) => {
            let command_line = command_line(&program, &cli, &matches);
            Ok((cli, command_line))
        }
        Ok(None) => {
            printer.print(&program.render_version());
            Err(Exit::Passed)
        }
        Err(error) if error.use_stderr() => {
            let _ = error.print();
            Err(Exit::Usage)
        }
        Err(error) => {
            let _ = printer.write(|_| error.print());
            Err(Exit::Passed)
        }
    }
}

/// Returns what commands in hints need of the command line.
fn command_line(program: &clap::Command, cli: &Cli, matches: &ArgMatches) -> CommandLine {
    let config = option::<PathBuf>(matches, CONFIG);
    let with_config = if config.is_some() { subcommands_with_config(program, "") } else { Vec::new() };
    let (pipeline, feedback) = (option::<String>(matches, "pipeline"), option::<PathBuf>(matches, "feedback"));
    CommandLine::new(cli.state.as_deref(), config.as_deref(), with_config)
        .with_plugins(pipeline.as_deref(), feedback.as_deref())
}

/// Returns the value of an option, if the subcommand takes one of this type and it was given.
fn option<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Option<T> {
    match matches.subcommand() {
        Some((_, matches)) => option(matches, name),
        None => matches.try_get_one::<T>(name).ok().flatten().cloned(),
    }
}

/// Returns the subcommands that take `--config`, such as `plugin accept`.
fn subcommands_with_config(command: &clap::Command, above: &str) -> Vec<String> {
    let subcommands = command.get_subcommands().flat_map(|subcommand| {
        let name = format!("{above} {}", subcommand.get_name()).trim_start().to_owned();
        let takes = subcommand.get_arguments().any(|argument| argument.get_id() == CONFIG);
        let below = subcommands_with_config(subcommand, &name);
        takes.then_some(name).into_iter().chain(below)
    });
    subcommands.collect()
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::parser;
    use crate::help::GROUPS;

    #[test]
    fn every_subcommand_is_in_one_group() {
        let program = parser();
        let mut visible: Vec<&str> =
            program.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name).collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        visible.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(visible, grouped);
    }

    #[test]
    fn help_fits_in_eighty_columns() {
        fn check(command: &mut Command) {
            let help = command.render_help().to_string();
            assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
            command.get_subcommands_mut().for_each(check);
        }
        let mut program = parser();
        program.build();
        check(&mut program);
    }
}
