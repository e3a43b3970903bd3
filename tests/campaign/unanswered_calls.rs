//! Killed while the model thinks. Whether such a question was paid for, nobody here can know: it is shown wherever people
//! look, and the configuration says whether to ask again. A run keeps what it pinned, so the person who is to decide has a
//! flag for it.

use std::fs;
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::Value;

use crate::record::Record;
use crate::server::Server;
use phasegate_test::{Scene, Told};

/// A run that was killed while so many questions were open, and whose model has found its voice since.
struct Killed {
    scene: Scene,
    server: Server,
    run: String,
}

fn killed(on_unknown: &str, mode: &[&str], open: usize) -> Killed {
    let (scene, server) = (crate::scene("eventful"), Server::thinking());
    let config = scene.path("models.toml");
    fs::write(&config, server.config(&format!("on_unknown = \"{on_unknown}\""))).unwrap();
    let more = [&["--config", config.to_str().unwrap()], mode].concat();
    let mut child = scene.run_with(&more).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    server.wait_for(open);
    child.kill().unwrap();
    child.wait().unwrap();
    server.answer();
    let run = Record::all_in_a_copy(&scene.path("state")).remove(0).run.to_string();
    Killed { scene, server, run }
}

impl Killed {
    /// Without what is other each time.
    fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.run, "RUN");
        let words = |line: &str| line.split(", asked 20").next().unwrap_or_default().to_owned() + "\n";
        text.lines().map(words).collect()
    }

    fn show(&self) -> String {
        let shown = self.scene.call(&["show", &self.run]).stdout;
        let (_, open) = shown.split_once("\nasked and never").unwrap_or_else(|| panic!("nothing is shown: {shown}"));
        self.plain(&format!("asked and never{open}"))
    }

    /// The end of it: the questions that were open were asked twice, with the same key, and all others once.
    fn came_to_its_end(&self, told: &Told, open: usize) {
        assert_eq!(told.code, 0, "{}", told.stderr);
        let counts = self.server.counts();
        let twice = counts.values().filter(|times| **times == 2).count();
        assert_eq!((twice, counts.values().max()), (open, Some(&2)));
        let result: Value = serde_json::from_slice(&fs::read(self.scene.path("out/result.json")).unwrap()).unwrap();
        assert_eq!(result["maybe_billed"].as_array().unwrap().len(), open, "{result}");
        let report = fs::read_to_string(self.scene.path("out/report.md")).unwrap();
        let (_, section) = report.split_once("## Calls that may have been billed\n").unwrap();
        assert_eq!(section.lines().filter(|line| line.starts_with("- planning#1 call")).count(), open, "{report}");
        assert!(
            self.show().starts_with("asked and never answered: these may have been billed\n  planning#1 call 1 to")
        );
    }
}

#[test]
fn a_question_that_was_cut_off_is_shown_and_asked_again() {
    let killed = killed("ask_again", &[], 1);
    assert_snapshot!(killed.show(), @r"
    asked and never answered: these may have been billed
      planning#1 call 1 to mine:m for plan

    its process is gone; go on with: phasegate resume RUN
    ");
    let told = killed.scene.resume(&killed.run);
    killed.came_to_its_end(&told, 1);
}

#[test]
fn questions_that_were_cut_off_at_once_are_all_shown_and_asked_again() {
    let killed = killed("ask_again", &["--async"], 3);
    let told = killed.scene.call(&["resume", &killed.run, "--json", "--async"]);
    killed.came_to_its_end(&told, 3);
}

#[test]
fn with_stop_nothing_is_asked_again_until_a_person_says_so() {
    let killed = killed("stop", &[], 1);
    let refused = || {
        let told = killed.scene.resume(&killed.run);
        let error = told.stderr.lines().skip_while(|line| !line.starts_with("error:"));
        let said = error.collect::<Vec<_>>().join("\n");
        assert_eq!(killed.server.heard().len(), 1, "nothing was asked");
        format!("{}exit {}", killed.plain(&said), told.code)
    };
    assert_snapshot!(refused(), @r"
    error: run RUN: call 1 of planning#1 (plan) was asked and never answered; it may have been billed
    hint: see what the provider billed, then go on with `phasegate resume RUN --ask-again`
    exit 3
    ");
    assert_snapshot!(killed.show(), @r"
    asked and never answered: these may have been billed
      planning#1 call 1 to mine:m for plan

    go on with: phasegate resume RUN --ask-again
    ");
    // The configuration is pinned: changing it helps nothing, and nobody says it would.
    fs::write(killed.scene.path("models.toml"), killed.server.config("on_unknown = \"ask_again\"")).unwrap();
    assert!(refused().ends_with("\nexit 3"));
    let told = killed.scene.call(&["resume", &killed.run, "--json", "--ask-again"]);
    killed.came_to_its_end(&told, 1);
}

#[test]
fn with_stop_a_run_without_open_questions_just_goes_on() {
    let (scene, server) = (crate::scene("eventful"), Server::answering());
    let config = scene.path("models.toml");
    fs::write(&config, server.config("on_unknown = \"stop\"")).unwrap();
    let command = scene.run_with(&["--json", "--config", config.to_str().unwrap()]);
    // From here on nothing is asked.
    let asked = |event: &Value| event["event"] == "phase_started" && event["phase"] == "code";
    let killed = scene.until(command, asked).signal("KILL");
    assert_eq!(scene.resume(&killed.run_id()).code, 0);
    assert!(server.counts().values().all(|times| *times == 1));
}
