//! The example from start to end, in every output format.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use insta::assert_snapshot;
use phasegate_journal::Journal;
use phasegate_process::{Event, Recorded};
use serde_json::Value;

use super::{Project, columns, plain, without_time};

#[test]
fn example_distinguishes_the_strategies() {
    let project = Project::new();
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_snapshot!(plain(&output.stdout, &["cost per passed", "tokens per passed", "time per run"]), @r"
    strategies: 12 of 12 runs ended

                       phase-aware     nearest
    passed             6 of 6          4 of 6
    pass rate          100% [61, 100]  67% [30, 90]
    attempts to pass   5.3 [4.8, 5.9]  4.5 [3.6, 5.4]
    cost per passed …
    tokens per passed …
    escaped per run    1.0             1.7
    time per run …

    passed, by task
    ROMAN-001          2 of 2          2 of 2
    SHARES-001         2 of 2          0 of 2
    SLUGS-001          2 of 2          2 of 2

    answers were scripted: the result says nothing about a model
    ");
    assert!(output.stdout.lines().all(|line| line.chars().count() <= 80));

    // The same command again makes no calls, and the other formats contain the same.
    let asked = project.answered();
    let markdown = project.run(&["--markdown"]);
    assert_snapshot!(columns(&markdown.stdout, " | ", &["cost", "tokens", "time"]), @r"
    | variant | passed | pass rate | attempts to pass | cost per passed | tokens per passed | escaped per run | time per run |
    |---|---|---|---|---|---|---|---|
    | phase-aware | 6 of 6 | 100% [61, 100] | 5.3 [4.8, 5.9] | … | … | 1.0 | …
    | nearest | 4 of 6 | 67% [30, 90] | 4.5 [3.6, 5.4] | … | … | 1.7 | …

    | passed | phase-aware | nearest |
    |---|---|---|
    | ROMAN-001 | 2 of 2 | 2 of 2 |
    | SHARES-001 | 2 of 2 | 0 of 2 |
    | SLUGS-001 | 2 of 2 | 2 of 2 |

    [low, high] are 95 % intervals: Wilson's for pass rates, Student's for means. They assume independent runs; repetitions of one task are not independent. Attempts to pass count the verdicts of all gates in runs that passed, so a variant that fails the hard tasks looks better. Cost and tokens per passed run are the totals of all runs of the variant, divided by the runs that passed. Escaped defects are issues that an earlier gate could have found. Escaped defects and time are means over the runs that ended.

    **Answers were scripted: the figures describe the process and say nothing about a model.**
    ");
    let csv = project.run(&["--csv"]);
    assert!(csv.stdout.ends_with("\r\n") && csv.stdout.lines().count() == 3);
    assert_snapshot!(columns(&csv.stdout, ",", &["usd", "tokens", "elapsed"]), @r#"
    variant,runs,passed,failed,aborted,waiting,stopped,not_started,pass_rate,pass_rate_low,pass_rate_high,attempts_to_pass,attempts_to_pass_low,attempts_to_pass_high,usd,usd_per_passed,tokens,tokens_per_passed,escaped,escaped_low,escaped_high,elapsed_ms,elapsed_ms_low,elapsed_ms_high,maybe_billed,scripted
    phase-aware,6,6,0,0,0,0,0,1,0.609666,1,5.333333,4.791407,5.87526,…,…,…,…,1,1,1,…,…,…,0,true
    nearest,6,4,2,0,0,0,0,0.666667,0.299993,0.903229,4.5,3.581307,5.418693,…,…,…,…,1.666667,0.582814,2.750519,…,…,…,0,true
    "#);
    let json: Value = serde_json::from_str(&project.run(&["--json"]).stdout).unwrap();
    assert_eq!((project.answered(), without_time(json.clone())), (asked, project.results()));
    assert!(csv.stderr.contains("12 runs ended before and are kept"), "{}", csv.stderr);

    // The cost of a passed run is the cost of all runs, so a strategy that gives up on tasks costs more for each passed
    // run.
    let [aware, nearest] = ["phase-aware", "nearest"].map(|name| {
        let of = |list: &str| {
            json[list].as_array().unwrap().iter().filter(|it| it["variant"] == name).cloned().collect::<Vec<_>>()
        };
        let (figures, cells) = (of("variants").remove(0), of("cells"));
        let spent: f64 = cells.iter().map(|cell| cell["usd"].as_f64().unwrap()).sum();
        let each = figures["usd_per_passed"].as_f64().unwrap();
        assert!((each - spent / figures["passed"].as_f64().unwrap()).abs() < 1e-8);
        each
    });
    assert!(nearest > aware, "{nearest} {aware}");

    // No run has another one in its history.
    let runs = project.runs();
    let pinned: BTreeSet<_> = runs
        .values()
        .map(|events| match &events[0].event {
            Event::RunCreated(created) => (created.history.clone(), created.inputs[1].digest.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((runs.len(), pinned.len()), (12, 1));
    assert_eq!(project.journal().blob(&pinned.first().unwrap().0).unwrap().unwrap(), b"[]");
    files_are_there(&project, &runs);
}

fn files_are_there(project: &Project, runs: &BTreeMap<String, Vec<Recorded>>) {
    let out = project.path("phasegate-out/experiment-strategies");
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.starts_with("# Experiment strategies\n\n12 of 12 runs ended.\n"), "{report}");
    for run in runs.keys() {
        assert!(out.join("runs").join(run).join("result.json").is_file() && report.contains(run));
    }
    let cells = fs::read_to_string(out.join("cells.csv")).unwrap();
    assert_eq!(cells.lines().count(), 13);
    assert!(cells.lines().any(|line| line.contains("nearest,SHARES-001,1,strategies-shares-001-nearest-1-")));
    assert!(cells.contains(
        "failed,\"gate test failed after 3 attempts: 1 of 3 tests did not pass (1 failed, 0 errored, 0 skipped)\",7,"
    ));
}
