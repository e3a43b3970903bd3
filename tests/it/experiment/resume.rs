//! Experiments that are killed, stopped, edited or over budget, and continue.

use std::collections::{BTreeMap, BTreeSet};

use phasegate_process::{Event, Recorded};

use super::{ONCE, Project};

/// The artifacts and verdicts of each run, without artifacts that contain measured time.
fn digests(runs: &BTreeMap<String, Vec<Recorded>>) -> Vec<String> {
    let measured = ["run_measures", "postmortem_report", "pips"];
    let line = |run: &str, event: &Event| match event {
        Event::ArtifactStored { at, artifact } if !measured.contains(&artifact.name.as_str()) => {
            Some(format!("{run} {at} {} {}", artifact.name, artifact.digest))
        }
        Event::GateJudged { at, verdict, reason, .. } => Some(format!("{run} {at} {} {reason}", verdict.as_str())),
        _ => None,
    };
    let all = runs.iter().flat_map(|(run, events)| events.iter().filter_map(move |it| line(run, &it.event)));
    all.collect()
}

#[test]
fn killed_experiment_resumes_without_repeating_calls() {
    let whole = Project::with(&[ONCE]);
    assert_eq!(whole.run(&[]).code, 0);
    let project = Project::with(&[ONCE]);
    project.run_until(2).signal("KILL");
    let before = project.answered();
    assert!(before < whole.answered(), "the kill came too late");
    let output = project.run(&["--async"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stderr.contains("ended before and are kept"), "{}", output.stderr);

    let runs = project.runs();
    for (run, events) in &runs {
        let mut calls = BTreeSet::new();
        for recorded in events {
            if let Event::ModelAnswered { at, call, .. } = &recorded.event {
                assert!(calls.insert((at.to_string(), *call)), "{run}: call {call} of {at} was answered twice");
            }
        }
    }
    assert_eq!(project.answered(), whole.answered());
    assert_eq!(digests(&runs), digests(&whole.runs()));
    let but_for_what_may_have_been_billed =
        |project: &Project| project.results()["variants"].to_string().split("maybe_billed").next().map(str::to_owned);
    assert_eq!(but_for_what_may_have_been_billed(&project), but_for_what_may_have_been_billed(&whole));
}

#[test]
fn one_budget_covers_all_runs_and_can_grow() {
    let project = Project::with(&[ONCE, ("experiment.toml", "usd = 5.0", "calls = 40")]);
    let output = project.run(&[]);
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert_eq!(project.answered(), 40);
    let words = "experiment `strategies`: call budget exhausted: needs 1, 0 of 40 left\n\
                 hint: nothing is lost; raise [budget] in experiment.toml, then run `phasegate experiment experiment.toml`\n";
    assert_eq!(output.stderr.matches(words).count(), 1, "{}", output.stderr);
    let end = "calls.\nThe budget is used up. Raise [budget] in experiment.toml, then repeat the command.\n";
    assert!(output.stderr.ends_with(end) && output.stderr.contains("\nSpent "), "{}", output.stderr);
    let rows = |label: &str| output.stdout.lines().any(|line| line.starts_with(label));
    assert!(rows("stopped") && rows("not started"), "{}", output.stdout);

    // Spent calls count after a resume.
    let again = project.run(&[]);
    assert_eq!((again.code, project.answered()), (4, 40));
    assert!(again.stderr.contains("at most 40 calls in total; "), "{}", again.stderr);
    project.edit("experiment.toml", "calls = 40", "calls = 400");
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let whole = Project::with(&[ONCE]);
    whole.run(&[]);
    assert_eq!((project.answered(), digests(&project.runs())), (whole.answered(), digests(&whole.runs())));
    assert_eq!(project.results(), whole.results());
}

#[test]
fn ctrl_c_stops_an_experiment_resumably() {
    let project = Project::with(&[ONCE]);
    let (code, message) = project.run_until(1).signal("INT");
    assert_eq!(code, Some(130), "{message}");
    assert!(message.contains("stopping; press Ctrl-C again to end at once\n"), "{message}");
    assert!(message.ends_with("Not every run has ended. Repeat the command to continue.\n"), "{message}");
    let results = project.results();
    let open = results["cells"].as_array().unwrap().iter().filter(|cell| cell["standing"] != "passed").count();
    assert!(open > 0);
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stdout.starts_with("strategies: 6 of 6 runs ended\n"), "{}", output.stdout);
}

#[test]
fn sigterm_stops_an_experiment_resumably() {
    let project = Project::with(&[ONCE]);
    let (code, message) = project.run_until(1).signal("TERM");
    assert_eq!(code, Some(143), "{message}");
    assert!(message.contains("stopping because of SIGTERM; another signal ends at once\n"), "{message}");
    assert_eq!(project.run(&[]).code, 0);
}

#[test]
fn edited_variant_reruns_only_itself() {
    let project = Project::with(&[ONCE, ("experiment.toml", "tasks/*.toml", "tasks/slugs.toml")]);
    assert_eq!(project.run(&[]).code, 0);
    let before: BTreeSet<String> = project.runs().into_keys().collect();
    project.edit(
        "experiment.toml",
        "feedback = \"nearest-phase\"",
        "feedback = \"nearest-phase\"\nset = { phases.test.max_retries = 2 }",
    );
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stderr.contains("1 run ended before and is kept\n"), "{}", output.stderr);
    let new: Vec<String> = project.runs().into_keys().filter(|run| !before.contains(run)).collect();
    assert!(new.len() == 1 && new[0].starts_with("strategies-slugs-001-nearest-1-"), "{new:?}");
}
