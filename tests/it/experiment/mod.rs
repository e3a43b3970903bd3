//! `experiment`: a copy of the example to edit, and helpers for its output. Each topic is a file.

mod budget;
mod example;
mod formats;
mod kept;
mod page;
mod rejected;
mod resume;
mod running;
mod sampling;
mod shared;
mod table;
mod waiting;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command};

use phasegate_journal::{Journal, SqliteJournal};
use phasegate_process::{Event, Recorded};
use phasegate_test::{Output, Scenario, copy_folder, examples};
use serde_json::Value;

/// A copy of `examples/compare-strategies` to edit.
struct Project(Scenario);

impl Project {
    /// The example with fewer repetitions, for tests that do not read its figures.
    fn new() -> Self {
        let project = Self::example();
        project.edit("experiment.toml", "repetitions = 5", "repetitions = 2");
        project.edit("experiment.toml", "usd = 10.0", "usd = 5.0");
        project
    }

    fn example() -> Self {
        let project = Self(crate::scenario("experiment"));
        fs::create_dir_all(project.path("tasks")).unwrap();
        let from = examples().join("compare-strategies");
        for name in ["experiment.toml", "phasegate.toml", "answers.toml"] {
            fs::copy(from.join(name), project.path(name)).unwrap();
        }
        for name in ["roman.toml", "shares.toml", "slugs.toml"] {
            fs::copy(from.join("tasks").join(name), project.path("tasks").join(name)).unwrap();
        }
        copy_folder(&from.join("tasks/acceptance"), &project.path("tasks/acceptance"));
        project
    }

    /// The same with texts replaced: file, old text, new text.
    fn with(edits: &[(&str, &str, &str)]) -> Self {
        let project = Self::new();
        edits.iter().for_each(|(file, old, new)| project.edit(file, old, new));
        project
    }

    fn edit(&self, file: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        fs::write(self.path(file), text.replace(old, new)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    fn command(&self, more: &[&str]) -> Command {
        self.0.command(&[&["experiment", "experiment.toml"], more].concat())
    }

    fn run(&self, more: &[&str]) -> Output {
        Output::from_command(self.command(more))
    }

    /// Runs it until it has reported this many cells.
    fn run_until(&self, cells: usize) -> RunningExperiment {
        let mut child = self.command(&["--jobs", "2"]).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut message = String::new();
        let mut seen = 0;
        while seen < cells {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "the experiment ended early: {message}");
            seen += usize::from(line.contains("gate attempt"));
            message.push_str(&line);
        }
        RunningExperiment { child, stderr, message }
    }

    fn journal(&self) -> SqliteJournal {
        SqliteJournal::open(&self.path("state")).unwrap()
    }

    fn runs(&self) -> BTreeMap<String, Vec<Recorded>> {
        let journal = self.journal();
        journal.runs().unwrap().into_iter().map(|run| (run.to_string(), journal.events(&run).unwrap())).collect()
    }

    fn answered(&self) -> usize {
        let runs = self.runs();
        runs.values().flatten().filter(|it| matches!(it.event, Event::ModelAnswered { .. })).count()
    }

    /// The results file without measured time.
    fn results(&self) -> Value {
        let text = fs::read(self.path("phasegate-out/experiment-strategies/results.json")).unwrap();
        without_time(serde_json::from_slice(&text).unwrap())
    }
}

struct RunningExperiment {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    message: String,
}

impl RunningExperiment {
    fn signal(mut self, name: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
        self.stderr.read_to_string(&mut self.message).unwrap();
        (self.child.wait().unwrap().code(), self.message)
    }
}

fn without_time(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.remove("elapsed_ms");
            fields.values_mut().for_each(|field| *field = without_time(field.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_time(item.take())),
        _ => {}
    }
    value
}

/// Replaces the rest of rows that depend on the length of prompts or on time.
fn plain(text: &str, rows: &[&str]) -> String {
    let line = |line: &str| {
        let measured = rows.iter().find(|row| line.starts_with(**row));
        measured.map_or_else(|| line.to_owned(), |row| format!("{row} …"))
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

/// A table whose columns are separated by `part`, with `…` in the named columns.
fn columns(text: &str, part: &str, without: &[&str]) -> String {
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().unwrap().split(part).collect();
    let dropped = |place: usize| heads.get(place).is_some_and(|head| without.iter().any(|name| head.starts_with(name)));
    let kept = |line: &str| {
        let cells = line.split(part).enumerate();
        cells.map(|(place, cell)| if dropped(place) { "…" } else { cell }).collect::<Vec<_>>().join(part)
    };
    std::iter::once(heads.join(part)).chain(lines.map(kept)).collect::<Vec<_>>().join("\n")
}

const ONCE: (&str, &str, &str) = ("experiment.toml", "repetitions = 2", "repetitions = 1");
const ONE_TASK: (&str, &str, &str) = ("experiment.toml", "tasks/*.toml", "tasks/shares.toml");
