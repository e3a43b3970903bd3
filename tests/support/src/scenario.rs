//! Runs a scenario with the real binary and tells what happened as a story: a line for each thing that matters.
//!
//! A scenario is a folder with a `pipeline.toml`; `task.toml`, `phasegate.toml` and `answers.toml` are the common ones
//! beside it where it has none of its own. `story.txt` is the story it must tell; set PHASEGATE_BLESS to write it anew.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::{Paths, scenarios};

/// Made from measured time, or from what is: other in each run.
const MEASURED: [&str; 3] = ["run_measures", "postmortem_report", "pips"];

pub struct Scenario {
    paths: Paths,
    name: String,
    folder: tempfile::TempDir,
}

/// What a command did.
pub struct Output {
    pub code: i32,
    pub events: Vec<Value>,
    pub stdout: String,
    pub stderr: String,
}

impl Scenario {
    pub fn new(paths: Paths, name: &str) -> Self {
        Self { paths, name: name.to_owned(), folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of the scenario, or the common one.
    pub fn file(&self, name: &str) -> String {
        let own = scenarios().join(&self.name).join(name);
        let file = if own.exists() { own } else { scenarios().join(name) };
        file.display().to_string()
    }

    /// The binary with nothing of this machine's environment; compiled plugins are shared between all scenarios.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.paths.binary);
        command.args(args).arg("--state").arg(self.path("state")).current_dir(self.folder.path());
        command.env_clear().env("USER", "ann").env("HOME", self.folder.path());
        command.env("PHASEGATE_LOCK", self.path("phasegate.lock"));
        command.env("XDG_CACHE_HOME", Path::new(self.paths.scratch).join("scenarios"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run_command(&self, more: &[&str]) -> Command {
        self.run_with(&[&["--json", "--config", &self.file("phasegate.toml")], more].concat())
    }

    /// Without `--json`, and with another configuration.
    pub fn run_with(&self, more: &[&str]) -> Command {
        let (task, pipeline) = (self.file("task.toml"), self.file("pipeline.toml"));
        let out = self.path("out").display().to_string();
        self.command(&[&["run", "--task", &task, "--pipeline", &pipeline, "--out", &out], more].concat())
    }

    pub fn run(&self, more: &[&str]) -> Output {
        Output::of(self.run_command(more))
    }

    /// Any other command.
    pub fn call(&self, args: &[&str]) -> Output {
        Output::of(self.command(args))
    }

    pub fn resume(&self, run: &str) -> Output {
        self.call(&["resume", run, "--json"])
    }

    /// Starts the run and waits until it has come to an event of which `here` holds.
    pub fn run_until(&self, more: &[&str], here: impl Fn(&Value) -> bool) -> RunningProcess {
        self.until(self.run_command(more), here)
    }

    /// The same with another command.
    pub fn until(&self, mut command: Command, here: impl Fn(&Value) -> bool) -> RunningProcess {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut events = Vec::new();
        while let Some(Ok(line)) = lines.next() {
            let event = json(&line).unwrap();
            let there = here(&event);
            events.push(event);
            if there {
                let rest =
                    std::thread::spawn(move || lines.map_while(Result::ok).filter_map(|line| json(&line)).collect());
                return RunningProcess { child, events, rest };
            }
        }
        let mut why = String::new();
        child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
        let status = child.wait().unwrap();
        panic!("the run ended ({status}) before it came there: {why}");
    }

    /// Holds the run against a replay of its record, which has neither keys nor answers.
    pub fn check_replay(&self, run: &str, more: &[&str]) -> Value {
        let output = self.call(&[&["replay", run, "--json"], more].concat());
        assert_eq!(output.code, 0, "{}: {}", self.name, output.stderr);
        output.events.into_iter().next().unwrap()
    }

    /// Holds the story against the one that is written down.
    pub fn check(&self, output: &Output) {
        let file = scenarios().join(&self.name).join("story.txt");
        let story = output.story();
        if std::env::var_os("PHASEGATE_BLESS").is_some() {
            fs::write(&file, &story).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        assert!(story == expected, "{}: expected\n{expected}\nbut it went\n{story}\n{}", self.name, output.stderr);
    }
}

/// A run whose process is alive.
pub struct RunningProcess {
    child: Child,
    events: Vec<Value>,
    rest: std::thread::JoinHandle<Vec<Value>>,
}

impl RunningProcess {
    pub fn run_id(&self) -> String {
        self.events[0]["run"].as_str().unwrap().to_owned()
    }

    /// Sends a signal by its name and waits for the end.
    pub fn signal(self, name: &str) -> Output {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
        self.wait()
    }

    pub fn wait(mut self) -> Output {
        let status = self.child.wait().unwrap();
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        self.events.extend(self.rest.join().unwrap());
        Output { code: status.code().unwrap_or(-1), events: self.events, stdout: String::new(), stderr }
    }
}

impl Output {
    pub fn of(mut command: Command) -> Self {
        let output = command.output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let events = stdout.lines().filter_map(json).collect();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Self { code: output.status.code().unwrap_or(-1), events, stdout, stderr }
    }

    /// The exit code and both streams, with names for what differs from run to run.
    pub fn render(&self, names: &[(&str, &str)]) -> String {
        let text = format!("exit {}\n{}{}", self.code, self.stdout, self.stderr);
        names.iter().fold(text, |text, (this, name)| text.replace(this, name))
    }

    /// The same without what stands on stdout.
    pub fn render_errors(&self, names: &[(&str, &str)]) -> String {
        let errors = Self { code: self.code, events: Vec::new(), stdout: String::new(), stderr: self.stderr.clone() };
        errors.render(names)
    }

    /// Stdout as JSON; the command must have ended with 0 or 1.
    pub fn json(&self) -> Value {
        assert!(self.code <= 1, "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }

    pub fn run_id(&self) -> String {
        let run = self.events.first().unwrap_or_else(|| panic!("nothing happened: {}", self.stderr));
        run["run"].as_str().unwrap().to_owned()
    }

    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["event"] == name)
    }

    /// The digest of each artifact at each attempt, but of those that hold measured time.
    pub fn digests(&self) -> BTreeMap<String, String> {
        let stored = self.named("artifact_stored").map(|event| (event, &event["artifact"]));
        let reports = self.named("gate_judged").map(|event| (event, &event["report"])).filter(|(_, it)| it.is_object());
        let all = stored.chain(reports).filter(|(_, it)| !MEASURED.iter().any(|name| it["name"] == *name));
        all.map(|(event, it)| (format!("{} {}", at(event), text(&it["name"])), text(&it["digest"]))).collect()
    }

    /// What was asked, in the order of the guests: place, number, digest of the request.
    pub fn asked(&self) -> BTreeMap<(String, u64), String> {
        let asked = self.named("model_asked");
        asked.map(|event| ((at(event), event["call"].as_u64().unwrap()), text(&event["request"]))).collect()
    }

    pub fn story(&self) -> String {
        let mut lines: Vec<String> = self.events.iter().filter_map(line).collect();
        lines.push(format!("exit {}\n", self.code));
        lines.join("\n")
    }
}

/// A line, if it is JSON. Whoever reads an event in which a key stands twice loses what stood first.
fn json(line: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(line).ok()?;
    assert!(value["event"].is_null() || value.to_string().len() == line.len(), "a key stands twice in {line}");
    Some(value)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn at(event: &Value) -> String {
    format!("{}#{}", text(&event["phase"]), event["attempt"])
}

fn line(event: &Value) -> Option<String> {
    Some(match text(&event["event"]).as_str() {
        "phase_finished" => {
            let outcome = event["outcome"].as_object().unwrap().iter().next().unwrap();
            match outcome {
                (how, what) if how == "submitted" => {
                    let names: Vec<_> =
                        what["artifacts"].as_array().unwrap().iter().map(|it| text(&it["name"])).collect();
                    format!("{} {how} {}", at(event), names.join(", ")).trim_end().to_owned()
                }
                (how, what) if how == "invalid" => {
                    let faults: Vec<_> = what["faults"].as_array().unwrap().iter().map(text).collect();
                    format!("{} {how}: {}", at(event), faults.join("; "))
                }
                (how, what) => format!("{} {how}: {}", at(event), text(&what["reason"])),
            }
        }
        "tests_ran" if event["call"].is_null() => format!("{} was tested by the host", at(event)),
        "tests_ran" => format!("{} tried tests", at(event)),
        "gate_judged" => {
            let ids: Vec<_> = event["issues"].as_array().unwrap().iter().map(|it| text(&it["id"])).collect();
            let dropped = event["dropped"].as_array().into_iter().flatten();
            let dropped: String =
                dropped.map(|it| format!("; dropped {} ({})", text(&it["test"]), text(&it["reason"]))).collect();
            let found = if ids.is_empty() { String::new() } else { format!(" [{}]", ids.join(", ")) };
            format!("{} {}: {}{found}{dropped}", at(event), text(&event["verdict"]), text(&event["reason"]))
        }
        "feedback_decided" => {
            let (how, what) = event["decided"].as_object().unwrap().iter().next().unwrap();
            let parts = what["rework"].as_array().into_iter().flatten().map(|it| {
                let issues = it["feedback"]["issues"].as_array().unwrap().iter().map(|issue| text(&issue["id"]));
                format!("{} [{}]", text(&it["phase"]), issues.collect::<Vec<_>>().join(", "))
            });
            let parts = parts.collect::<Vec<_>>().join(", ");
            let reason = if parts.is_empty() { format!(": {}", text(&what["reason"])) } else { format!(" {parts}") };
            format!("{} {how}{reason}", at(event))
        }
        "approval_asked" => format!("{} waits: {}", at(event), text(&event["question"])),
        "approval_given" => {
            format!("{} {} by {}: {}", at(event), event["choice"], text(&event["by"]), text(&event["reason"]))
        }
        "run_stopped" => format!("stopped: {}", text(&event["reason"])),
        "run_finished" => format!("{}: {}", text(&event["status"]), text(&event["reason"])),
        _ => return None,
    })
}
