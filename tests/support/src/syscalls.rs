//! What a program asks of the kernel, as `strace` reports it.

use std::process::{Command, Stdio};

/// Set where `strace` is installed: tests that need it fail without it.
const STRACE: &str = "PHASEGATE_TEST_STRACE";

/// Whether `strace` can follow programs on this machine. Prints why if it cannot.
pub fn has_strace() -> bool {
    let quiet = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let works = quiet(Command::new("strace").args(["-f", "-qq", "true"])).is_ok_and(|status| status.success());
    assert!(works || std::env::var_os(STRACE).is_none(), "{STRACE} is set, and `strace` does not work");
    if !works {
        println!("skipped: `strace` does not work here; Debian has it in the package strace");
    }
    works
}

/// Runs a command to its end, which must be success, and returns each sync of a file by any of its threads as
/// `CALL(NUMBER<PATH>)`.
pub fn syncs(command: &Command) -> Vec<String> {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-y", "-e", "trace=fsync,fdatasync,syncfs,sync,sync_file_range,msync", "-o"]);
    traced.arg(trace.path()).arg(command.get_program()).args(command.get_args());
    traced.current_dir(command.get_current_dir().unwrap()).env_clear();
    traced.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // The environment is that of the program; `strace` itself is found by this process.
    let output = traced.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(trace.path()).unwrap();
    // A call that another thread interrupts has a second line, `<... fsync resumed>`.
    let calls = text.lines().filter(|line| !line.contains(" resumed>"));
    calls.filter_map(|line| line.split_once(' ')).map(|(_, call)| call.trim_start().to_owned()).collect()
}
