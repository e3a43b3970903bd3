//! `phasegate compile-component`: what this program is when it starts itself to compile a plugin. Nobody types it, so its
//! words are plain and for the process that started it.

use phasegate_sandbox::serve_compilation;

use crate::context::Context;
use crate::exit::Exit;

/// Arguments of `compile-component`.
#[derive(clap::Args)]
pub struct Args {
    /// How deep the component may call, in bytes
    stack_bytes: u32,
    /// How much memory this process may take, in bytes
    memory_bytes: u64,
}

/// Compiles.
pub fn run(args: &Args, context: &Context) -> Exit {
    match serve_compilation(args.stack_bytes, args.memory_bytes) {
        Ok(()) => Exit::Passed,
        Err(why) => {
            context.printer.note(&why);
            Exit::Failed
        }
    }
}
