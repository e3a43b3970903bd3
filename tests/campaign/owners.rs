//! Two processes on one run: the second is rejected as long as the first lives, even while it is stopped, and continues
//! once it has ended. The journal's own tests cover writers that were replaced.

use std::fs;
use std::process::{Child, Command, Stdio};

use insta::assert_snapshot;

use crate::record::Record;
use crate::server::Server;
use phasegate_test::{Output, Scenario, filter};

/// A run whose process waits for its model.
struct Owned {
    scenario: Scenario,
    server: Server,
    config: String,
    process: Child,
    run: String,
}

fn owned() -> Owned {
    let (scenario, server) = (crate::scenario("eventful"), Server::thinking());
    let config = scenario.path("models.toml").display().to_string();
    fs::write(&config, server.config("")).unwrap();
    let mut command = scenario.run_with(&["--config", &config]);
    let process = command.stdout(Stdio::null()).spawn().unwrap();
    server.wait_for(1);
    let run = Record::all_in_a_copy(&scenario.path("state")).remove(0).run.to_string();
    Owned { scenario, server, config, process, run }
}

impl Owned {
    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// The message for a second process, which must not change anything.
    fn refused(&self, output: &Output) -> String {
        let error = output.stderr.lines().skip_while(|line| !line.starts_with("error[")).collect::<Vec<_>>().join("\n");
        let plain = error.replace(&self.run, "RUN").replace(&self.process.id().to_string(), "PID");
        assert!(output.events.is_empty(), "{:?}", output.events);
        assert_eq!(self.server.requests().len(), 1, "a call was sent");
        filter(&format!("{plain}\nexit {}", output.code))
    }

    fn resumed(&self) -> String {
        self.refused(&self.scenario.resume(&self.run))
    }
}

#[test]
fn rejects_a_second_process_until_the_first_ends() {
    let mut owned = owned();
    let refusal = owned.resumed();
    assert_snapshot!(refusal, @r"
    error[PG-0402]: run `RUN` is in use by process PID (phasegate) since DATE
    hint: wait until it finishes, or stop it with `phasegate cancel RUN`; if it hangs, end the process
    exit 4
    ");
    let again = ["--json", "--resume", "--config", &owned.config];
    assert_eq!(owned.refused(&Output::from_command(owned.scenario.run_with(&again))), refusal);

    owned.signal("STOP");
    assert_eq!(owned.resumed(), refusal, "a stopped process still owns its run");
    let shown = owned.scenario.call(&["show", &owned.run]).stdout;
    assert!(shown.contains(&format!("running in process {}", owned.process.id())), "{shown}");

    owned.signal("KILL");
    owned.process.wait().unwrap();
    owned.server.answer();
    let output = owned.scenario.resume(&owned.run);
    assert_eq!(output.code, 0, "{}", output.stderr);
}

#[test]
fn stopped_process_continues_unaffected() {
    let mut owned = owned();
    owned.signal("STOP");
    owned.server.answer();
    owned.resumed();
    owned.signal("CONT");
    assert!(owned.process.wait().unwrap().success());
    assert!(owned.server.counts().values().all(|times| *times == 1));
}

/// The lock is a file: a person may remove it, and some network file systems do not support locks.
#[test]
fn process_without_its_lock_writes_nothing() {
    let owned = owned();
    owned.signal("STOP");
    fs::remove_file(owned.scenario.path(&format!("state/locks/{}.lock", owned.run))).unwrap();
    owned.server.answer();
    let output = owned.scenario.resume(&owned.run);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let before = Record::read(&owned.scenario.path("state"), &owned.run);

    owned.signal("CONT");
    let first = owned.process.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&first.stderr).replace(&owned.run, "RUN");
    let error: Vec<_> = text.lines().skip_while(|line| !line.starts_with("error[")).collect();
    assert_snapshot!(format!("{}\nexit {}", error.join("\n"), first.status.code().unwrap()), @r"
    error[PG-0402]: run `RUN` was taken over: owner 2 replaced owner 1, nothing was written
    hint: let the other process continue it; see `phasegate show RUN`
    exit 4
    ");
    let after = Record::read(&owned.scenario.path("state"), &owned.run);
    assert_eq!(after.events, before.events);
    // The open call was sent twice, and the late answer is not recorded.
    let twice = owned.server.counts().into_values().filter(|times| *times > 1).collect::<Vec<_>>();
    assert_eq!(twice, [2]);
}
