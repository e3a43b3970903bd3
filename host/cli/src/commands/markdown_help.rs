//! `phasegate markdown-help`: prints the reference of the command line in Markdown, from which `docs/cli.md` is made.

use crate::context::Context;
use crate::exit::Exit;
use crate::help::render_markdown;

/// Prints the reference.
pub fn run(context: &Context) -> Exit {
    context.printer.print(&render_markdown((context.parser)()));
    Exit::Passed
}
