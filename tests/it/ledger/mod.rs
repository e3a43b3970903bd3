//! The record and the budget of every request to a model, whatever happens to it: compared with what a server counted.

mod budgets;
mod connections;
mod failures;
mod forks;
mod kills;
mod moved;
mod older_journals;
mod server;

use std::collections::BTreeMap;
use std::fs;

use phasegate_process::Digest;
use phasegate_test::{Output, Scenario};
use serde_json::Value;

use self::server::FailingServer;

/// A scenario whose models are at a server.
struct Case {
    scenario: Scenario,
    server: FailingServer,
}

impl Case {
    /// With this scenario, and more lines and tables of the configuration.
    fn new(scenario: &str, server: FailingServer, models: &str, tables: &str) -> Self {
        let scenario = crate::scenario(scenario);
        fs::write(scenario.path("models.toml"), server.config(models, tables)).unwrap();
        Self { scenario, server }
    }

    fn run(&self, more: &[&str]) -> Output {
        let config = self.scenario.path("models.toml").display().to_string();
        Output::from_command(self.scenario.run_with(&[&["--json", "--config", &config], more].concat()))
    }

    /// Runs the scenario until it stops, and returns its errors with the summary of its model usage.
    fn stop(&self, more: &[&str]) -> String {
        let output = self.run(more);
        let run = output.run_id();
        assert_eq!(output.events_named("phase_finished").count(), 0, "an attempt was spent");
        assert_eq!(output.events_named("model_answered").filter(|event| event["stop"] == "error").count(), 0);
        let shown = self.scenario.call(&["show", &run]).stdout;
        let rows = shown.lines().filter(|line| line.starts_with("models") || line.starts_with("failed"));
        let rows: String = rows.map(|row| format!("{row}\n")).collect();
        self.errors(&output) + &rows
    }

    /// The error of a command and its hints, without the names of run, configuration and server.
    fn errors(&self, output: &Output) -> String {
        let lines = output.stderr.lines().skip_while(|line| !line.starts_with("error["));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        format!("exit {}\n{text}", output.code)
            .replace(&self.run_id(), "RUN")
            .replace(&format!(" --config {}", self.scenario.path("models.toml").display()), "")
            .replace(self.server.address.trim_start_matches("http://"), "SERVER")
    }

    /// The id of the newest run.
    fn run_id(&self) -> String {
        let runs: Value = serde_json::from_str(&self.scenario.call(&["runs", "--json"]).stdout).unwrap();
        runs[0]["run_id"].as_str().unwrap().to_owned()
    }

    /// The ledger of a run that is the only one, checked against the server.
    fn ledger(&self) -> Ledger {
        let run = self.run_id();
        let events: Vec<Value> = self.scenario.call(&["log", &run, "--json"]).events;
        let shown = self.scenario.call(&["show", &run, "--json"]).json();
        crate::schemas::check("result", &shown);
        let mut ledger = Ledger::default();
        for event in &events {
            crate::schemas::check("event", event);
            ledger.add(&run, event);
        }
        let totals = &shown["totals"];
        assert_eq!(totals["calls"], ledger.sum(|it| it.answered), "{totals}");
        assert_eq!(totals["failed_requests"].as_u64().unwrap_or(0), ledger.sum(|it| it.failed), "{totals}");
        let open = ledger.sum(|it| it.asked - it.answered - it.failed);
        assert_eq!(shown["maybe_billed"].as_array().unwrap().len() as u64, open, "{shown}");
        assert_eq!(totals["input_tokens"], 100 * ledger.sum(|it| it.answered));
        assert_eq!(totals["output_tokens"], 10 * ledger.sum(|it| it.answered));
        assert_eq!(totals["unknown_cost"]["requests"].as_u64().unwrap_or(0), ledger.sum(|it| it.unknown));
        let keys = self.server.keys();
        for known in ledger.0.values() {
            let requests = keys.iter().filter(|key| **key == known.key).count() as u64;
            // A request that a kill interrupted may have been on its way.
            let recorded = known.answered + known.failed..=known.asked;
            assert!(recorded.contains(&requests), "the server counted {requests}, the ledger has {known:?}");
        }
        assert!(keys.iter().all(|key| ledger.0.values().any(|known| known.key == *key)), "a request is not recorded");
        ledger
    }
}

/// The requests of a run as its journal has them, by attempt and call.
#[derive(Debug, Default)]
struct Ledger(BTreeMap<String, Requests>);

#[derive(Debug, Default)]
struct Requests {
    /// The idempotency key. Computed here again: it must stay the same for runs under way.
    key: String,
    asked: u64,
    failed: u64,
    answered: u64,
    /// Failed requests of unknown cost.
    unknown: u64,
}

impl Ledger {
    fn add(&mut self, run: &str, event: &Value) {
        let at = format!("{}#{}", event["phase"].as_str().unwrap_or_default(), event["attempt"]);
        let place = format!("{run} {at} {}", event["call"]);
        let kind = event["event"].as_str().unwrap();
        if !kind.starts_with("model_") {
            return;
        }
        let known = self.0.entry(place.clone()).or_default();
        match kind {
            "model_asked" => {
                let request = event["request"].as_str().unwrap();
                known.key = Digest::from_content(format!("{place} {request}").as_bytes()).short().to_owned();
                known.asked += 1;
            }
            "model_tried" => {
                known.failed += 1;
                known.unknown += u64::from(event["cost"]["unknown"].is_object());
            }
            _ => known.answered += 1,
        }
    }

    fn sum(&self, of: impl Fn(&Requests) -> u64) -> u64 {
        self.0.values().map(of).sum()
    }
}
