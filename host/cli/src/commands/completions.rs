//! `phasegate completions`: prints the completions of a shell.

use crate::context::Context;
use crate::exit::{Exit, Failure};

/// Arguments of `completions`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  bash  phasegate completions bash > ~/.local/share/bash-completion/completions/phasegate
  zsh   phasegate completions zsh > a folder of fpath, as _phasegate
  fish  phasegate completions fish > ~/.config/fish/completions/phasegate.fish")]
pub struct Args {
    /// Shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: clap_complete::Shell,
}

/// Prints the script.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut (context.parser)(), "phasegate", &mut script);
    // A reader that went away is no error; any other failure ends the process in `main`.
    let _ = context.printer.write(|out| out.write_all(&script));
    Ok(Exit::Passed)
}
