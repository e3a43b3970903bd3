//! The Python runner in virtual WASI: time, random numbers, sockets, files and memory.

use std::path::Path;
use std::time::Instant;

use crate::common::{call, engine, file, with_limits};
use phasegate_process::Digest;
use phasegate_process::limits::Limits;
use phasegate_process::testing::{Outcome, TestRun};
use phasegate_sandbox::{Call, CallErrorKind, Plugin, World};

fn runner() -> Plugin {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist/runner-python.wasm.zst");
    let bytes = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    engine().load(&"runner-python".parse().unwrap(), &Digest::from_content(&bytes), || Ok(bytes)).unwrap()
}

fn python(seed: u64) -> Call {
    Call { seed, limits: Limits::runner(), ..call("test run of phase test") }
}

async fn run(runner: &Plugin, test: &str, call: &Call) -> TestRun {
    runner.run_tests(&[], &[file("test_it.py", test)], "test_it.py", call).await.unwrap().unwrap()
}

fn all_pass(run: &TestRun) {
    assert!(run.build_errors.is_empty() && !run.tests.is_empty(), "{run:?}");
    assert!(run.tests.iter().all(|test| test.outcome == Outcome::Passed), "{:#?}", run.tests);
}

#[tokio::test]
async fn python_runner_describes_its_environment() {
    let runner = runner();
    assert_eq!(runner.world(), World::Runner);
    assert!(runner.inspection().wants.is_empty());
    let environment = runner.environment(&python(1)).await.unwrap();
    assert_eq!(environment["language"], "python");
}

#[tokio::test]
async fn sleeping_advances_clocks_without_real_time() {
    let started = Instant::now();
    let test = r#"
import time, datetime

def test_sleep():
    before, wall = time.monotonic(), time.time()
    time.sleep(86400)
    assert 86400 <= time.monotonic() - before < 86401
    assert 86400 <= time.time() - wall < 86401

def test_start():
    assert datetime.datetime.now(datetime.timezone.utc).year == 2026

def test_moves():
    assert time.perf_counter() < time.perf_counter()
"#;
    all_pass(&run(&runner(), test, &python(1)).await);
    assert!(started.elapsed().as_secs() < 3600, "sleeping took real time");
}

#[tokio::test]
async fn random_numbers_and_time_depend_on_the_seed() {
    let test = r#"
import os, random, secrets, tempfile, time, uuid

def test_print():
    print(random.random(), os.urandom(8).hex(), uuid.uuid4(), secrets.token_hex(4), time.time_ns(), hash("a"))
"#;
    let runner = runner();
    let (once, again, other) = (
        run(&runner, test, &python(1)).await,
        run(&runner, test, &python(1)).await,
        run(&runner, test, &python(2)).await,
    );
    all_pass(&once);
    assert!(once.tests[0].output.len() > 40, "{:?}", once.tests);
    assert_eq!(once, again);
    assert_ne!(once, other);
}

#[tokio::test]
async fn python_cannot_reach_the_system() {
    let test = r#"
import multiprocessing, os, socket, subprocess
import pytest

def test_socket():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with pytest.raises(PermissionError):
            socket.socket(socket.AF_INET, kind)

def test_connect():
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", 80), timeout=1)

def test_names():
    with pytest.raises(OSError):
        socket.getaddrinfo("localhost", 80)

def test_files():
    for path in ("/etc/passwd", "/proc/self/environ", "../../../etc/passwd", "kept.txt"):
        with pytest.raises(OSError):
            open(path).read()

def test_environment():
    plain = {"HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TMPDIR", "USER"}
    assert all(name in plain or name.startswith("PYTEST_") for name in os.environ), os.environ

def test_process():
    with pytest.raises(Exception):
        subprocess.run(["ls"])

def test_processes_of_multiprocessing():
    with pytest.raises(Exception):
        multiprocessing.Process(target=print).start()
"#;
    let runner = runner();
    all_pass(&run(&runner, test, &python(1)).await);
    // The runner keeps files in memory, but they do not outlive the call.
    run(&runner, "def test_write():\n    open('kept.txt', 'w').write('x')\n", &python(1)).await;
    all_pass(&run(&runner, test, &python(1)).await);
}

#[tokio::test]
async fn python_loops_and_memory_bombs_are_stopped() {
    let runner = runner();
    let limits = Limits { cpu_ms: 3_000.try_into().unwrap(), ..Limits::runner() };
    let spin = [file("test_it.py", "def test_spin():\n    while True:\n        pass\n")];
    let error = runner.run_tests(&[], &spin, "test_it.py", &with_limits(limits)).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::CpuTime { limit_ms: 3_000 });

    // Results of tests that ended before the call was stopped.
    let said = r#"
import sys

def test_spin():
    say = lambda facts: sys.__stdout__.write(f"phasegate-progress {facts}\n")
    say('{"reported": {"name": "test_it.py::test_done", "outcome": "failed", "message": "too few"}}')
    say('{"started": "test_it.py::test_spin[1]"}')
    sys.__stdout__.flush()
    while True:
        pass
"#;
    let call = with_limits(limits);
    runner.run_tests(&[], &[file("test_it.py", said)], "test_it.py", &call).await.unwrap_err();
    let so_far = call.progress.tests();
    let done = so_far.reported.iter().find(|test| test.name == "test_it.py::test_done").unwrap();
    assert_eq!((done.outcome, done.message.as_deref()), (Outcome::Failed, Some("too few")));
    assert_eq!(so_far.running.as_deref(), Some("test_it.py::test_spin[1]"));

    let bomb = "import pytest\n\ndef test_bomb():\n    with pytest.raises(MemoryError):\n        'x' * (1 << 30)\n\ndef test_after():\n    pass\n";
    all_pass(&run(&runner, bomb, &python(1)).await);
}
