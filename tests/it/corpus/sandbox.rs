//! One program in the shipped Python runner, by `phasegate test`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use phasegate_test::Workspace;
use serde_json::Value;

use super::program::Program;
use crate::PATHS;

/// How a test ended.
pub struct Ended {
    pub verdict: String,
    pub message: String,
}

impl Ended {
    /// Reads a test of the JSON output. An expected failure is a skipped test whose message says so.
    fn from_json(test: &Value) -> (String, Self) {
        let text = |key: &str| test[key].as_str().unwrap_or_default().to_owned();
        let (outcome, message) = (text("outcome"), text("message"));
        let verdict =
            if outcome == "skipped" && message.starts_with("xfailed: ") { "xfailed".to_owned() } else { outcome };
        (text("name"), Self { verdict, message })
    }
}

/// Runs the tests of a program as a test gate does, and returns how each ended.
pub fn run(program: &Program) -> BTreeMap<String, Ended> {
    let workspace = Workspace::with_shared_home(PATHS, "home-of-corpus");
    for folder in &program.code {
        copy(folder, &workspace.path("code"));
    }
    copy(&program.tests, &workspace.path("tests"));
    let output = workspace.call(&["test", "--code", "code", "--tests", "tests", "--json"]);
    let report: Value = serde_json::from_str(&output.stdout)
        .unwrap_or_else(|error| panic!("{}: {error}\n{}\n{}", program.name, output.stdout, output.stderr));
    report["tests"].as_array().unwrap().iter().map(Ended::from_json).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
