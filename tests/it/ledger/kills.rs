//! Random failures, kills and resumes: the ledger has what the server counted, request by request. The moments come from
//! fixed seeds.

use std::process::Stdio;
use std::time::Duration;

use super::Case;
use super::server::{FailingServer, Reply};

/// Pseudo-random numbers, equal for equal seeds.
struct Random(u64);

impl Random {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn reply(seed: u64, number: usize) -> Reply {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number as u64));
    random.below(1);
    match random.below(10) {
        0 => Reply::Fail(503, "busy"),
        1 => Reply::Fail(429, "slow down"),
        2 => Reply::Fail(400, "this cannot be"),
        3 => Reply::Fail(503, "Loading model"),
        4 => Reply::Broken,
        5 => Reply::Slow(80),
        _ => Reply::Slow(5),
    }
}

/// Runs the scenario to its end. Each round is killed after a random time, except for every third.
fn run_through(seed: u64) {
    let server = FailingServer::start(move |number, _| reply(seed, number));
    let case = Case::new("eventful", server, "retries = 1", "");
    let mut random = Random(seed);
    let config = case.scenario.path("models.toml").display().to_string();
    let mut command = case.scenario.run_with(&["--json", "--async", "--config", &config]);
    for round in 0.. {
        assert!(round < 60, "seed {seed}: the run does not end");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if round % 3 != 2 {
            std::thread::sleep(Duration::from_millis(100 + random.below(900)));
            child.kill().unwrap();
        }
        let code = child.wait().unwrap().code();
        let runs = case.scenario.call(&["runs", "--json"]);
        if runs.code != 0 || runs.stdout.trim() == "[]" {
            command = case.scenario.run_with(&["--json", "--async", "--force", "--config", &config]);
            continue;
        }
        case.ledger();
        if code == Some(0) {
            return;
        }
        assert!(matches!(code, None | Some(4)), "seed {seed}: exit {code:?}");
        command = case.scenario.command(&["resume", &case.run_id(), "--json", "--async"]);
    }
}

#[test]
fn ledger_is_what_the_server_counted() {
    for seed in 1..=4 {
        run_through(seed);
    }
}
