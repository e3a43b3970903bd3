//! What a command wrote, and its exit code.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::filters::filter;
use crate::story::{attempt, line, text};
use crate::strict_json::parse_strictly;

/// Artifacts that contain measured time, or are made from one that does: they differ in each run.
const MEASURED: [&str; 3] = ["run_measures", "postmortem_report", "pips"];

/// The result of a command that has ended.
#[derive(Debug)]
pub struct Output {
    /// -1 where a signal ended the process.
    pub code: i32,
    /// The lines of stdout that are JSON.
    pub events: Vec<Value>,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// Runs a command to its end.
    pub fn from_command(mut command: Command) -> Self {
        let output = command.output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let events = stdout.lines().filter_map(parse_strictly).collect();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Self { code: output.status.code().unwrap_or(-1), events, stdout, stderr }
    }

    /// Exit code, stdout and stderr, filtered, with `names` in place of folders and runs.
    pub fn render(&self, names: &[(&str, &str)]) -> String {
        replace(&format!("exit {}\n{}{}", self.code, self.stdout, self.stderr), names)
    }

    /// Exit code and stderr, filtered, with `names` in place of folders and runs.
    pub fn render_errors(&self, names: &[(&str, &str)]) -> String {
        replace(&format!("exit {}\n{}", self.code, self.stderr), names)
    }

    /// Stdout, exit code and stderr, filtered, with `names` in place of folders and runs.
    pub fn transcript(&self, names: &[(&str, &str)]) -> String {
        replace(&format!("{}exit {}\n{}", self.stdout, self.code, self.stderr), names)
    }

    /// Stdout as JSON; the command must have ended with 0 or 1.
    pub fn json(&self) -> Value {
        assert!(self.code <= 1, "{}", self.stderr);
        parse_strictly(&self.stdout).unwrap()
    }

    /// The run of the first event.
    pub fn run_id(&self) -> String {
        let run = self.events.first().unwrap_or_else(|| panic!("no event: {}", self.stderr));
        run["run"].as_str().unwrap().to_owned()
    }

    /// The events of a kind.
    pub fn events_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["event"] == name)
    }

    /// The digest of each artifact at each attempt, without those that contain measured time.
    pub fn artifact_digests(&self) -> BTreeMap<String, String> {
        let stored = self.events_named("artifact_stored").map(|event| (event, &event["artifact"]));
        let reports =
            self.events_named("gate_judged").map(|event| (event, &event["report"])).filter(|(_, it)| it.is_object());
        let all = stored.chain(reports).filter(|(_, it)| !MEASURED.iter().any(|name| it["name"] == *name));
        all.map(|(event, it)| (format!("{} {}", attempt(event), text(&it["name"])), text(&it["digest"]))).collect()
    }

    /// The digest of each request, by attempt and number of the call.
    pub fn requests(&self) -> BTreeMap<(String, u64), String> {
        let asked = self.events_named("model_asked");
        asked.map(|event| ((attempt(event), event["call"].as_u64().unwrap()), text(&event["request"]))).collect()
    }

    /// A line for each event that matters, and the exit code.
    pub fn story(&self) -> String {
        let mut lines: Vec<String> = self.events.iter().filter_map(line).collect();
        lines.push(format!("exit {}\n", self.code));
        lines.join("\n")
    }
}

fn replace(text: &str, names: &[(&str, &str)]) -> String {
    let text = names.iter().fold(text.to_owned(), |text, (this, name)| text.replace(this, name));
    filter(&text)
}
