//! Kills while the model computes. Nobody here can know whether such a call was billed: every view shows it, the
//! configuration says whether to repeat it, and `--ask-again` overrides the pinned configuration.

use std::fs;
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::Value;

use crate::record::Record;
use crate::server::Server;
use phasegate_test::{Output, RunningProcess, Scenario};

/// A run that was killed with this many calls unanswered. The server answers by now.
struct Killed {
    scenario: Scenario,
    server: Server,
    run: String,
}

fn killed(on_unknown: &str, mode: &[&str], open: usize) -> Killed {
    let (scenario, server) = (crate::scenario("eventful"), Server::thinking());
    let config = scenario.path("models.toml");
    fs::write(&config, server.config(&format!("on_unknown = \"{on_unknown}\""))).unwrap();
    let more = [&["--config", config.to_str().unwrap()], mode].concat();
    let mut child = scenario.run_with(&more).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    server.wait_for(open);
    child.kill().unwrap();
    child.wait().unwrap();
    server.answer();
    let run = Record::all_in_a_copy(&scenario.path("state")).remove(0).run.to_string();
    Killed { scenario, server, run }
}

impl Killed {
    /// Without the name of the run and the time of a request.
    fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.run, "RUN");
        let without_time = |line: &str| line.split(", asked 20").next().unwrap_or_default().to_owned() + "\n";
        text.lines().map(without_time).collect()
    }

    fn show(&self) -> String {
        let shown = self.scenario.call(&["show", &self.run]).stdout;
        let start = shown.find("model calls without").unwrap_or_else(|| panic!("no unanswered call is shown: {shown}"));
        self.plain(&shown[start..])
    }

    /// Checks that unanswered calls were sent twice, with the same key, and all others once.
    fn check_result(&self, output: &Output, open: usize) {
        assert_eq!(output.code, 0, "{}", output.stderr);
        let counts = self.server.counts();
        let twice = counts.values().filter(|times| **times == 2).count();
        assert_eq!((twice, counts.values().max()), (open, Some(&2)));
        let result: Value = serde_json::from_slice(&fs::read(self.scenario.path("out/result.json")).unwrap()).unwrap();
        assert_eq!(result["maybe_billed"].as_array().unwrap().len(), open, "{result}");
        let report = fs::read_to_string(self.scenario.path("out/report.md")).unwrap();
        let (_, section) = report.split_once("## Calls that may have been billed\n").unwrap();
        assert_eq!(section.lines().filter(|line| line.starts_with("- planning#1 call")).count(), open, "{report}");
        assert!(
            self.show()
                .starts_with("model calls without an answer, which may have been billed\n  planning#1 call 1 to")
        );
    }
}

#[test]
fn unanswered_call_is_shown_and_repeated() {
    let killed = killed("ask_again", &[], 1);
    assert_snapshot!(killed.show(), @r"
    model calls without an answer, which may have been billed
      planning#1 call 1 to mine:m for plan

    its process ended; resume with: phasegate resume RUN
    ");
    let output = killed.scenario.resume(&killed.run);
    killed.check_result(&output, 1);
}

#[test]
fn parallel_unanswered_calls_are_shown_and_repeated() {
    let killed = killed("ask_again", &["--async"], 3);
    let output = killed.scenario.call(&["resume", &killed.run, "--json", "--async"]);
    killed.check_result(&output, 3);
}

#[test]
fn stop_policy_repeats_calls_only_on_demand() {
    let killed = killed("stop", &[], 1);
    let refused = || {
        let output = killed.scenario.resume(&killed.run);
        let error = output.stderr.lines().skip_while(|line| !line.starts_with("error["));
        let message = error.collect::<Vec<_>>().join("\n");
        assert_eq!(killed.server.requests().len(), 1, "a call was sent");
        format!("{}exit {}", killed.plain(&message), output.code)
    };
    assert_snapshot!(refused(), @r"
    error[PG-0206]: run RUN: call 1 of planning#1 (plan) was asked and never answered; it may have been billed
    hint: see what the provider billed, then continue with `phasegate resume RUN --ask-again`
    exit 3
    ");
    assert_snapshot!(killed.show(), @r"
    model calls without an answer, which may have been billed
      planning#1 call 1 to mine:m for plan

    resume with: phasegate resume RUN --ask-again
    ");
    // The configuration is pinned: an edit has no effect, and no message suggests one.
    fs::write(killed.scenario.path("models.toml"), killed.server.config("on_unknown = \"ask_again\"")).unwrap();
    assert!(refused().ends_with("\nexit 3"));
    let output = killed.scenario.call(&["resume", &killed.run, "--json", "--ask-again"]);
    killed.check_result(&output, 1);
}

#[test]
fn stop_policy_resumes_without_unanswered_calls() {
    let (scenario, server) = (crate::scenario("eventful"), Server::answering());
    let config = scenario.path("models.toml");
    fs::write(&config, server.config("on_unknown = \"stop\"")).unwrap();
    let command = scenario.run_with(&["--json", "--config", config.to_str().unwrap()]);
    // No call follows this event.
    let asked = |event: &Value| event["event"] == "phase_started" && event["phase"] == "code";
    let killed = RunningProcess::start(command, asked).signal("KILL");
    assert_eq!(scenario.resume(&killed.run_id()).code, 0);
    assert!(server.counts().values().all(|times| *times == 1));
}
