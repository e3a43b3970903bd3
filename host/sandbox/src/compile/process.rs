//! A compiler that is a process: both ends of it.
//!
//! It takes a component on its standard input and gives machine code on its standard output; or words on its standard
//! error, and ends with 1. It has no environment, hence no keys, and ends with the process that started it. Whoever started
//! it ends it after its time. Memory is bounded where the system can do so (Linux); an allocation beyond ends the compiler.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use wasmtime::{Config, Engine};

use crate::compile::threads::on_all_cores;

/// The argument that makes the program a compiler, before the bytes of stack and of memory.
const ARGUMENT: &str = "compile-component";
/// How much is read of what a compiler says.
const MAX_STDERR_BYTES: u64 = 4_000;
/// How it ends when it refuses a component.
const EXIT_REJECTED: i32 = 1;

/// What one compilation may take.
#[derive(Clone, Copy)]
pub(crate) struct CompileLimits {
    pub(crate) time: Duration,
    pub(crate) memory_bytes: u64,
}

/// Why there is no machine code.
pub(crate) enum CompileFailure {
    /// The compiler does not take the component.
    Rejected(String),
    /// It was not done in time.
    TimedOut,
    /// It came to no end of its own, perhaps for lack of memory: how.
    Died(String),
}

/// Compiles in a process of `program`.
pub(crate) fn compile(
    program: &Path,
    limits: CompileLimits,
    stack: u32,
    component: &[u8],
) -> Result<Vec<u8>, CompileFailure> {
    let mut command = Command::new(program);
    command.arg0("phasegate").args([ARGUMENT, &stack.to_string(), &limits.memory_bytes.to_string()]).env_clear();
    // Ctrl-C is for the process that decides what becomes of its work.
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

/// Code and words, once the compiler has closed both; nothing if that takes too long.
fn read_output(compiler: &mut Child, limits: CompileLimits, component: &[u8]) -> Option<(Vec<u8>, String)> {
    let (mut stdin, stdout, stderr) = (compiler.stdin.take()?, compiler.stdout.take()?, compiler.stderr.take()?);
    let (sender, answer) = sync_channel(1);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // One that is gone already has said why.
            let _ = stdin.write_all(component);
            drop(stdin);
            let (mut code, mut stderr_text) = (Vec::new(), String::new());
            let _ = stdout.take(limits.memory_bytes).read_to_end(&mut code);
            let _ = stderr.take(MAX_STDERR_BYTES).read_to_string(&mut stderr_text);
            let _ = sender.send((code, stderr_text));
        });
        let answer = answer.recv_timeout(limits.time).ok();
        if answer.is_none() {
            // Its pipes close, and the thread that reads them ends.
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

/// Compiles standard input for engines of this configuration. Writes standard output. Fails in words that belong on
/// standard error.
pub(crate) fn serve(config: &Config, memory_bytes: u64) -> Result<(), String> {
    limit_resources(memory_bytes).map_err(|error| format!("its memory cannot be bounded: {error}"))?;
    let mut component = Vec::new();
    io::stdin().read_to_end(&mut component).map_err(|error| error.to_string())?;
    let compiled = on_all_cores(|| Engine::new(config)?.precompile_component(&component));
    let code = compiled.map_err(|error| format!("{error:#}"))?;
    io::stdout().write_all(&code).map_err(|error| error.to_string())
}

/// No more memory than this, no dump of it, and no life without the process that waits for the outcome.
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
