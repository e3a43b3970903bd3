//! `phasegate log` on runs that the real binary made: whole outputs with their exit codes.
//!
//! What is different at each run (ids, times, digests, folders) is replaced before it is compared.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "scenarios/harness.rs"]
#[allow(dead_code)]
mod harness;
#[path = "compare/log.rs"]
mod log;

use harness::{Scene, Told, examples};
use serde_json::Value;

/// A state folder with runs of several scenarios in it.
struct Desk {
    scene: Scene,
    runs: Vec<String>,
}

impl Desk {
    fn with(scenarios: &[&str]) -> Self {
        let mut desk = Self { scene: Scene::new("slow"), runs: Vec::new() };
        for scenario in scenarios {
            desk.run(scenario, &[]);
        }
        desk
    }

    fn run(&mut self, scenario: &str, more: &[&str]) -> Told {
        let folder = examples().join("../tests/scenarios");
        let path = |name: &str| {
            let own = folder.join(scenario).join(name);
            if own.exists() { own } else { folder.join(name) }.display().to_string()
        };
        let (task, pipeline, config) = (path("task.toml"), path("pipeline.toml"), path("phasegate.toml"));
        let usual = [["--task", &task], ["--pipeline", &pipeline], ["--config", &config]];
        let usual = usual.into_iter().filter(|[name, _]| !more.contains(name)).flatten();
        let args: Vec<&str> = ["run", "--json"].into_iter().chain(usual).chain(more.iter().copied()).collect();
        let told = self.scene.call(&args);
        self.runs.push(told.run_id());
        told
    }

    fn says(&self, args: &[&str]) -> String {
        self.shown(&self.scene.call(args))
    }

    /// Stdout, exit code and stderr without what is different at each run.
    fn shown(&self, told: &Told) -> String {
        self.plain(&format!("{}exit {}\n{}", told.stdout, told.code, told.stderr))
    }

    fn plain(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (run, name) in self.runs.iter().zip(["RUN-A", "RUN-B", "RUN-C"]) {
            text = text.replace(run, name);
        }
        text.lines().map(|line| without_figures(line) + "\n").collect()
    }
}

/// Where the run has two answers of three and waits for the third.
fn in_design(event: &Value) -> bool {
    event["event"] == "model_asked" && event["phase"] == "design" && event["call"] == 3
}

/// A line with TIME for times, MOMENT for dates, OFFSET for offsets and DIGEST for digests.
fn without_figures(line: &str) -> String {
    if let Some(start) = ["  time  ", "| time |"].into_iter().find(|start| line.starts_with(start)) {
        return format!("{start} TIME");
    }
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let last = words.last().map(|last| last.trim_start_matches('(').to_owned()).unwrap_or_default();
        let number = !last.is_empty() && last.chars().all(|c| c.is_ascii_digit() || c == '.');
        let hex = bare.len() == 12 && bare.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
        if number && (bare == "ms" || bare == "s") {
            let opening = words.pop().unwrap().replace(&last, "");
            words.push(format!("{opening}{}", word.replacen(bare, "TIME", 1)));
        } else if bare == "UTC" && words.len() > 1 {
            words.truncate(words.len() - 2);
            words.push("MOMENT".to_owned());
        } else if hex {
            words.push(word.replace(bare, "DIGEST"));
        } else if words.is_empty() && word.matches(':').count() == 2 && word.starts_with(|c: char| c.is_ascii_digit()) {
            words.push("OFFSET".to_owned());
        } else {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}
