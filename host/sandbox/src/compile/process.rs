//! A compiler in a child process: both the parent's and the child's side.
//!
//! The child reads a component from standard input and writes machine code to standard output; or it writes an error to
//! standard error and exits with 1. It does not inherit the environment, hence no keys. The parent kills it after its time
//! limit. On Linux its memory is limited (an allocation beyond the limit aborts it), and it is killed when its parent ends.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use wasmtime::{Config, Engine};

use crate::compile::threads::on_all_cores;

/// The subcommand that makes the program a compiler; the bytes of stack and of memory follow.
const ARGUMENT: &str = "compile-component";
/// The most that is read from a compiler's standard error.
const MAX_STDERR_BYTES: u64 = 4_000;
/// Exit code of a compiler that rejects a component.
const EXIT_REJECTED: i32 = 1;

/// Limits of one compilation.
#[derive(Clone, Copy)]
pub(crate) struct CompileLimits {
    pub(crate) time: Duration,
    pub(crate) memory_bytes: u64,
}

/// A compilation without machine code.
pub(crate) enum CompileFailure {
    /// The compiler rejected the component with this message.
    Rejected(String),
    /// The compiler exceeded its time limit.
    TimedOut,
    /// The compiler crashed or did not start, perhaps for lack of memory. Describes its exit.
    Died(String),
}

/// Compiles a component in a child process of `program`.
pub(crate) fn compile(
    program: &Path,
    limits: CompileLimits,
    stack: u32,
    component: &[u8],
) -> Result<Vec<u8>, CompileFailure> {
    let mut command = Command::new(program);
    command.arg0("phasegate").args([ARGUMENT, &stack.to_string(), &limits.memory_bytes.to_string()]).env_clear();
    // The allocator of the program, mimalloc, would otherwise take a GiB of the limit for itself.
    command.env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
    // Ctrl-C must reach only the parent, which decides whether the compilation continues.
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let died = |error: io::Error| CompileFailure::Died(error.to_string());
    let mut compiler = command.spawn().map_err(died)?;
    let answer = read_output(&mut compiler, limits, component);
    let status = compiler.wait().map_err(died)?;
    let (code, stderr_text) = answer.ok_or(CompileFailure::TimedOut)?;
    match status.code() {
        Some(0) => Ok(code),
        Some(EXIT_REJECTED) => Err(CompileFailure::Rejected(stderr_text)),
        _ => Err(CompileFailure::Died(describe_exit(status, &stderr_text))),
    }
}

/// Returns standard output and standard error of the compiler. Kills it and returns `None` after the time limit.
fn read_output(compiler: &mut Child, limits: CompileLimits, component: &[u8]) -> Option<(Vec<u8>, String)> {
    let (mut stdin, stdout, stderr) = (compiler.stdin.take()?, compiler.stdout.take()?, compiler.stderr.take()?);
    let (sender, answer) = sync_channel(1);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // Fails if the compiler exited early; its standard error then says why.
            let _ = stdin.write_all(component);
            drop(stdin);
            let (mut code, mut stderr_text) = (Vec::new(), String::new());
            let _ = stdout.take(limits.memory_bytes).read_to_end(&mut code);
            let _ = stderr.take(MAX_STDERR_BYTES).read_to_string(&mut stderr_text);
            let _ = sender.send((code, stderr_text));
        });
        let answer = answer.recv_timeout(limits.time).ok();
        if answer.is_none() {
            // Closes its pipes, so that the reading thread ends.
            let _ = compiler.kill();
        }
        answer
    })
}

fn describe_exit(status: ExitStatus, stderr_text: &str) -> String {
    match stderr_text.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{status}: {}", line.trim()),
        None => status.to_string(),
    }
}

/// Compiles standard input for engines of this configuration and writes standard output. The error is for standard error.
pub(crate) fn serve(config: &Config, memory_bytes: u64) -> Result<(), String> {
    limit_resources(memory_bytes).map_err(|error| format!("cannot limit its memory: {error}"))?;
    let mut component = Vec::new();
    io::stdin().read_to_end(&mut component).map_err(|error| error.to_string())?;
    let compiled = on_all_cores(|| Engine::new(config)?.precompile_component(&component));
    let code = compiled.map_err(|error| format!("{error:#}"))?;
    io::stdout().write_all(&code).map_err(|error| error.to_string())
}

/// Limits the memory of this process, disables core dumps, and ends the process when its parent ends.
#[cfg(target_os = "linux")]
fn limit_resources(memory_bytes: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
    let limit = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
    set_parent_process_death_signal(Some(Signal::KILL))?;
    setrlimit(Resource::Core, limit(0))?;
    Ok(setrlimit(Resource::Data, limit(memory_bytes))?)
}

#[cfg(not(target_os = "linux"))]
fn limit_resources(_memory_bytes: u64) -> io::Result<()> {
    Ok(())
}
