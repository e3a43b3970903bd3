//! `phasegate compile-component`: compiles a component in a process of its own. Started by the host, not by people; errors
//! are for the host.

use phasegate_sandbox::serve_compilation;

use crate::context::Context;
use crate::exit::Exit;

/// Arguments of `compile-component`.
#[derive(clap::Args)]
pub struct Args {
    /// Stack limit of the component in bytes
    stack_bytes: u32,
    /// Memory limit of this process in bytes
    memory_bytes: u64,
}

/// Compiles the component on stdin to stdout.
pub fn run(args: &Args, context: &Context) -> Exit {
    match serve_compilation(args.stack_bytes, args.memory_bytes) {
        Ok(()) => Exit::Passed,
        Err(why) => {
            context.printer.note(&why);
            Exit::Failed
        }
    }
}
