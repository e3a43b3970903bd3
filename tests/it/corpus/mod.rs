//! Programs whose native verdicts are known, in the shipped Python runner: each test ends as CPython says, or its difference is
//! listed with a reason in the program's `expected.toml`. See `tests/corpus/README.md`.

mod compare;
mod program;
mod sandbox;

use std::sync::Mutex;
use std::thread;

use self::compare::{Difference, differences, render_table};
use self::program::{Program, all_programs};

#[test]
fn programs_end_in_the_sandbox_as_natively() {
    let programs = all_programs();
    assert!(programs.len() >= 100, "{} programs", programs.len());
    let found = in_parallel(&programs, |program| differences(program, &sandbox::run(program)));
    assert!(found.is_empty(), "other verdicts than natively:\n{}", render_table(&found));
}

/// Calls a function for each program, one program per processor at a time, and returns what it found.
fn in_parallel(programs: &[Program], check: impl Fn(&Program) -> Vec<Difference> + Sync) -> Vec<Difference> {
    let (waiting, found) = (Mutex::new(programs.iter()), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let next = waiting.lock().unwrap().next();
            let Some(program) = next else { break };
            let differences = check(program);
            found.lock().unwrap().extend(differences);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().unwrap().get() {
            scope.spawn(work);
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    found
}
