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
    let project = Project::example();
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_snapshot!(plain(&output.stdout, &MEASURED), @r"
    strategies: 30 of 30 runs ended

    nearest is accepted less often than phase-aware: 67 % against 100 %, -33 points
    (95 % interval -58 to -6, p 0.031). A run costs 0.2752 USD against 0.2900 USD

    answers were scripted: the result says nothing about a model

                         phase-aware              nearest
    accepted             15 of 15                 10 of 15
    acceptance rate      100% [80, 100]           67% [42, 85]
    passed not accepted  0                        0
    passed               15 of 15                 10 of 15
    pass rate            100% [80, 100]           67% [42, 85]
    failed judgements    1.0                      1.7 [1.1, 2.2]
    escaped defects      1.0                      1.0
    strategy asked       15 of 15                 15 of 15
    usd per run …
    usd per accepted …
    usd per passed …
    tokens per passed …
    time per run …

    difference from phase-aware
    acceptance rate      baseline                 -33 [-58, -6]
                                                  worse, p 0.031
    pass rate            baseline                 -33 [-58, -6]
                                                  worse, p 0.031
    failed judgements    baseline                 +0.7 [0.1, 1.2]
                                                  worse, p 0.019
    usd per run …
                                                  not decided, p 0.20

    passed at the first judgement
    design-review        100% [80, 100]           100% [80, 100]
    code-review          67% [42, 85]             67% [42, 85]
    test                 33% [15, 58]             33% [15, 58]

    passed by task
    ROMAN-001            5 of 5, 5 accepted       5 of 5, 5 accepted
    SHARES-001           5 of 5, 5 accepted       0 of 5, 0 accepted
    SLUGS-001            5 of 5, 5 accepted       5 of 5, 5 accepted

    [low, high] is a 95 % interval, for these tasks. Better and worse: p is below
    0.05. report.html has pictures, and report.md says how each figure is computed.
    ");
    assert!(output.stdout.lines().all(|line| line.chars().count() <= 80));
    assert!(output.stderr.contains(" SHARES-001 phase-aware #5 passed, accepted ("), "{}", output.stderr);
    let spent = output.stderr.lines().last().unwrap();
    assert!(spent.starts_with("Spent ") && spent.contains(" of 10.00 USD in "), "{spent}");

    // The same command again makes no calls, and the other formats contain the same.
    let asked = project.answered();
    let markdown = project.run(&["--markdown"]);
    assert_snapshot!(markdown_without_cost(&markdown.stdout), @r"
    **nearest is accepted less often than phase-aware: 67 % against 100 %, -33 points (95 % interval -58 to -6, p 0.031). A run costs 0.2752 USD against 0.2900 USD**

    **Answers were scripted: the figures describe the process and say nothing about a model.**

    | variant | accepted | acceptance rate | passed not accepted | passed | pass rate | failed judgements | escaped defects | strategy asked | usd per run | usd per accepted | usd per passed | tokens per passed | time per run |
    |---|---|---|---|---|---|---|---|---|---|---|---|---|---|
    | phase-aware | 15 of 15 | 100% [80, 100] | 0 | 15 of 15 | 100% [80, 100] | 1.0 | 1.0 | 15 of 15 | … | … | … | … | …
    | nearest | 10 of 15 | 67% [42, 85] | 0 | 10 of 15 | 67% [42, 85] | 1.7 [1.1, 2.2] | 1.0 | 15 of 15 | … | … | … | … | …

    | difference from phase-aware | phase-aware | nearest |
    |---|---|---|
    | acceptance rate | baseline | -33 [-58, -6] |
    |  |  | worse, p 0.031 |
    | pass rate | baseline | -33 [-58, -6] |
    |  |  | worse, p 0.031 |
    | failed judgements | baseline | +0.7 [0.1, 1.2] |
    |  |  | worse, p 0.019 |
    | usd per run …
    |  |  | not decided, p 0.20 |

    | passed at the first judgement | phase-aware | nearest |
    |---|---|---|
    | design-review | 100% [80, 100] | 100% [80, 100] |
    | code-review | 67% [42, 85] | 67% [42, 85] |
    | test | 33% [15, 58] | 33% [15, 58] |

    | passed by task | phase-aware | nearest |
    |---|---|---|
    | ROMAN-001 | 5 of 5, 5 accepted | 5 of 5, 5 accepted |
    | SHARES-001 | 5 of 5, 5 accepted | 0 of 5, 0 accepted |
    | SLUGS-001 | 5 of 5, 5 accepted | 5 of 5, 5 accepted |

    [low, high] are 95 % intervals. Shares have Wilson's interval for these tasks; means have Student's from 6 runs on; usd per passed is resampled by task from 6 tasks on. The differences pair the runs of one task and repetition. With more than two variants, p values have Holm's correction, and intervals do not. Failed judgements, escaped defects, cost and time are means over the runs that ended. Usd and tokens per passed or accepted run are the totals of all runs of the variant, divided by the runs that passed or were accepted. An escaped defect is one that an earlier gate could have found.
    ");
    let csv = project.run(&["--csv"]);
    assert!(csv.stdout.ends_with("\r\n") && csv.stdout.lines().count() == 3);
    assert_snapshot!(columns(&csv.stdout, ",", &["usd", "tokens", "elapsed"]), @r"
    format,variant,pipeline,runs,ended,passed,overridden,failed,aborted,waiting,stopped,not_started,pass_rate,pass_rate_low,pass_rate_high,pass_rate_similar_tasks,pass_rate_similar_tasks_low,pass_rate_similar_tasks_high,accepted,passed_not_accepted,acceptance_not_run,acceptance_rate,acceptance_rate_low,acceptance_rate_high,acceptance_rate_similar_tasks,acceptance_rate_similar_tasks_low,acceptance_rate_similar_tasks_high,failed_judgements,failed_judgements_low,failed_judgements_high,escaped_defects,escaped_defects_low,escaped_defects_high,started,strategy_asked,usd,usd_per_run,usd_per_run_low,usd_per_run_high,usd_per_passed,usd_per_passed_low,usd_per_passed_high,usd_per_accepted,usd_per_accepted_low,usd_per_accepted_high,tokens,tokens_per_passed,elapsed_ms,elapsed_ms_low,elapsed_ms_high,maybe_billed,scripted
    2,phase-aware,tsp,15,15,15,0,0,0,0,0,0,1,0.796117,1,,,,15,0,0,1,0.796117,1,,,,1,,,1,,,15,15,…,…,…,…,…,…,…,…,…,…,…,…,…,…,…,0,true
    2,nearest,tsp,15,15,10,0,5,0,0,0,0,0.666667,0.417135,0.848237,,,,10,0,0,0.666667,0.417135,0.848237,,,,1.666667,1.126231,2.207102,1,,,15,15,…,…,…,…,…,…,…,…,…,…,…,…,…,…,…,0,true
    ");
    let json: Value = serde_json::from_str(&project.run(&["--json"]).stdout).unwrap();
    assert_eq!((project.answered(), without_time(json.clone())), (asked, project.results()));
    assert!(csv.stderr.contains("30 runs ended before and are kept"), "{}", csv.stderr);

    // The cost of a passed run is the cost of all runs, so a strategy that gives up on tasks costs more for each passed
    // run.
    let [aware, nearest] = ["phase-aware", "nearest"].map(|name| {
        let of = |list: &str| {
            json[list].as_array().unwrap().iter().filter(|it| it["variant"] == name).cloned().collect::<Vec<_>>()
        };
        let (figures, cells) = (of("variants").remove(0), of("cells"));
        let spent: f64 = cells.iter().map(|cell| cell["usd"].as_f64().unwrap()).sum();
        let each = figures["usd_per_passed"]["value"].as_f64().unwrap();
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
    assert_eq!((runs.len(), pinned.len()), (30, 1));
    assert_eq!(project.journal().blob(&pinned.first().unwrap().0).unwrap().unwrap(), b"[]");
    files_are_there(&project, &runs);
}

/// Rows that depend on the length of prompts or on time.
const MEASURED: [&str; 5] = ["usd per run", "usd per accepted", "usd per passed", "tokens per passed", "time per run"];

fn markdown_without_cost(text: &str) -> String {
    let (answer, tables) = text.split_once("| variant ").unwrap();
    let (figures, others) = tables.split_once("\n\n").unwrap();
    let figures = columns(&format!("| variant {figures}"), " | ", &["usd", "tokens", "time"]);
    format!("{answer}{figures}\n\n{}", plain(others, &["| usd per run"]))
}

fn files_are_there(project: &Project, runs: &BTreeMap<String, Vec<Recorded>>) {
    let out = project.path("phasegate-out/experiment-strategies");
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.starts_with("# Experiment strategies\n\n30 of 30 runs ended.\n"), "{report}");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        page.contains("<p class=\"answer\">") && page.contains("<strong>Answers were scripted.</strong>"),
        "{page}"
    );
    assert!(page.matches("</svg>").count() == 4 && !page.contains("<script"), "{page}");
    for run in runs.keys() {
        assert!(out.join("runs").join(run).join("result.json").is_file() && report.contains(run));
        assert!(
            page.contains(&format!("<a href=\"runs/{run}/report.md\">"))
                && out.join("runs").join(run).join("report.md").is_file()
        );
    }
    let cells = fs::read_to_string(out.join("cells.csv")).unwrap();
    assert_eq!(cells.lines().count(), 31);
    assert!(cells.lines().any(|line| line.contains("nearest,SHARES-001,1,strategies-shares-001-nearest-1-")));
    assert!(cells.contains(
        "failed,\"gate test failed after 3 attempts: 1 of 3 tests did not pass (1 failed, 0 errored, 0 skipped)\",tsp,"
    ));
}
