//! One budget for all runs of an experiment, in all processes.

use std::fs;

use phasegate_journal::Journal;

use super::{ONCE, Project};

const CALLS: (&str, &str, &str) = ("experiment.toml", "usd = 5.0", "calls = 40");

#[test]
fn two_processes_share_one_budget() {
    let project = Project::with(&[
        ONCE,
        ("experiment.toml", "usd = 5.0", "calls = 20"),
        ("experiment.toml", "baseline = \"phase-aware\"\n", ""),
    ]);
    let text = fs::read_to_string(project.path("experiment.toml")).unwrap();
    let (head, _) = text.split_once("# The configuration of").unwrap();
    let start = |name: &str, feedback: &str| {
        let file = format!("{name}.toml");
        fs::write(project.path(&file), format!("{head}[[variant]]\nname = \"{name}\"\nfeedback = \"{feedback}\"\n"))
            .unwrap();
        let mut command = project.0.command(&["experiment", &file, "--out", name]);
        command.spawn().unwrap()
    };
    let both = [start("one", "phase-aware"), start("two", "nearest-phase")];
    for process in both {
        let output = process.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{stderr}");
        assert!(stderr.contains("experiment `strategies`: call budget exhausted: needs 1, 0 of 20 left\n"), "{stderr}");
    }
    assert_eq!(project.answered(), 20);
    let state = project.journal().budget("strategies").unwrap();
    assert_eq!((state.charged().calls, state.reserved().calls), (20, 0));
}

#[test]
fn resumed_cells_spend_within_the_budget() {
    let project = Project::with(&[ONCE, CALLS]);
    assert_eq!(project.run(&[]).code, 4);
    let results = project.results();
    let stopped = results["cells"].as_array().unwrap().iter().find(|cell| cell["standing"] == "stopped").unwrap();
    let run = stopped["run"].as_str().unwrap();
    let output = project.0.call(&["resume", run]);
    assert_eq!((output.code, project.answered()), (4, 40), "{}", output.stderr);
    let words = "experiment `strategies`: call budget exhausted: needs 1, 0 of 40 left\n\
                 hint: nothing is lost; raise [budget] in experiment.toml, then run `phasegate experiment experiment.toml`\n";
    assert!(output.stderr.contains(words), "{}", output.stderr);

    // The newest file holds.
    project.edit("experiment.toml", "calls = 40", "calls = 400");
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let words = "            before: at most 40 calls; experiment.toml holds now, in every process\n";
    assert!(output.stderr.contains(words), "{}", output.stderr);
}

#[test]
fn killed_processes_leave_nothing_reserved() {
    let project = Project::with(&[ONCE, ("experiment.toml", "usd = 5.0", "calls = 60")]);
    project.run_until(1).signal("KILL");
    // Not one of the runs that were killed is resumed first: another run needs what they reserved.
    let output = project.run(&["--jobs", "1"]);
    assert!([0, 4].contains(&output.code), "{}", output.stderr);
    let state = project.journal().budget("strategies").unwrap();
    assert_eq!(state.reserved().calls, 0);
    assert!(state.charged().calls <= 60 && project.answered() as u64 <= state.charged().calls);
}

#[test]
fn one_model_without_price_refuses_dollars() {
    let project = Project::new();
    let unpriced = "\n[providers.local]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    let config = fs::read_to_string(project.path("phasegate.toml")).unwrap();
    fs::write(project.path("phasegate.toml"), config + unpriced).unwrap();
    project.edit("experiment.toml", "feedback = \"nearest-phase\"", "set = { models.default = \"local:x\" }");
    let output = project.run(&[]);
    assert_eq!(output.code, 2, "{}", output.stderr);
    let words = "error[PG-0102]: experiment.toml:25: variant `nearest`: [budget] usd: the limit of 5.00 USD would not hold, because no \
                 price is known for `local:x`\n";
    assert!(output.stderr.contains(words), "{}", output.stderr);
}
