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
const WORDS: u64 = 4_000;
/// How it ends when it refuses a component.
const REFUSED: i32 = 1;

/// What one compilation may take.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) time: Duration,
    pub(crate) memory_bytes: u64,
}

/// Why there is no machine code.
pub(crate) enum Failed {
    /// The compiler does not take the component.
    Refused(String),
    /// It was not done in time.
    Late,
    /// It came to no end of its own, perhaps for lack of memory: how.
    Died(String),
}

/// Compiles in a process of `program`.
pub(crate) fn compile(program: &Path, bounds: Bounds, stack: u32, component: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut command = Command::new(program);
    command.arg0("phasegate").args([ARGUMENT, &stack.to_string(), &bounds.memory_bytes.to_string()]).env_clear();
    // Ctrl-C is for the process that decides what becomes of its work.
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let lost = |error: io::Error| Failed::Died(error.to_string());
    let mut compiler = command.spawn().map_err(lost)?;
    let answer = answer(&mut compiler, bounds, component);
    let status = compiler.wait().map_err(lost)?;
    let (code, words) = answer.ok_or(Failed::Late)?;
    match status.code() {
        Some(0) => Ok(code),
        Some(REFUSED) => Err(Failed::Refused(words)),
        _ => Err(Failed::Died(how(status, &words))),
    }
}

/// Code and words, once the compiler has closed both; nothing if that takes too long.
fn answer(compiler: &mut Child, bounds: Bounds, component: &[u8]) -> Option<(Vec<u8>, String)> {
    let (mut stdin, stdout, stderr) = (compiler.stdin.take()?, compiler.stdout.take()?, compiler.stderr.take()?);
    let (sender, answer) = sync_channel(1);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // One that is gone already has said why.
            let _ = stdin.write_all(component);
            drop(stdin);
            let (mut code, mut words) = (Vec::new(), String::new());
            let _ = stdout.take(bounds.memory_bytes).read_to_end(&mut code);
            let _ = stderr.take(WORDS).read_to_string(&mut words);
            let _ = sender.send((code, words));
        });
        let answer = answer.recv_timeout(bounds.time).ok();
        if answer.is_none() {
            // Its pipes close, and the thread that reads them ends.
            let _ = compiler.kill();
        }
        answer
    })
}

fn how(status: ExitStatus, words: &str) -> String {
    match words.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{status}: {}", line.trim()),
        None => status.to_string(),
    }
}

/// Compiles standard input for engines of this configuration. Writes standard output. Fails in words that belong on
/// standard error.
pub(crate) fn serve(config: &Config, memory_bytes: u64) -> Result<(), String> {
    bound(memory_bytes).map_err(|error| format!("its memory cannot be bounded: {error}"))?;
    let mut component = Vec::new();
    io::stdin().read_to_end(&mut component).map_err(|error| error.to_string())?;
    let compiled = on_all_cores(|| Engine::new(config)?.precompile_component(&component));
    let code = compiled.map_err(|error| format!("{error:#}"))?;
    io::stdout().write_all(&code).map_err(|error| error.to_string())
}

/// No more memory than this, no dump of it, and no life without the process that waits for the outcome.
#[cfg(target_os = "linux")]
fn bound(memory_bytes: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
    let most = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
    set_parent_process_death_signal(Some(Signal::KILL))?;
    setrlimit(Resource::Core, most(0))?;
    Ok(setrlimit(Resource::Data, most(memory_bytes))?)
}

#[cfg(not(target_os = "linux"))]
fn bound(_memory_bytes: u64) -> io::Result<()> {
    Ok(())
}
