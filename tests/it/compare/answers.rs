//! The answer of a comparison, and of a fork: which run passed, until where they are the same, what followed, its cost.

use std::fs;

use insta::assert_snapshot;
use phasegate_test::{Output, Recordings, Scenario, examples};
use serde_json::{Value, json};

/// A task whose design has a fault that its tests find: `phase-aware` passes, and a fork with `nearest-phase` fails. Priced.
fn strategies() -> (Recordings, String) {
    let scenario = crate::scenario("experiment");
    let from = examples().join("compare-strategies");
    fs::create_dir_all(scenario.path("tasks/acceptance")).unwrap();
    for name in ["phasegate.toml", "answers.toml", "tasks/shares.toml", "tasks/acceptance/test_shares.py"] {
        fs::copy(from.join(name), scenario.path(name)).unwrap();
    }
    let run = scenario.call(&["run", "--task", "tasks/shares.toml", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let fork = scenario.call(&["fork", &run.run_id(), "--at", "test#1", "--feedback", "nearest-phase"]);
    assert_eq!(fork.code, 1, "{}", fork.stderr);
    let newest: Value = serde_json::from_str(&scenario.call(&["runs", "--json"]).stdout).unwrap();
    let runs = vec![run.run_id(), newest[0]["run_id"].as_str().unwrap().to_owned()];
    let recordings = Recordings { runs, scenario };
    let text = recordings.transcript(&fork);
    (recordings, text)
}

/// The paragraphs of a page from the first line with this beginning on.
fn from_line<'a>(page: &'a str, beginning: &str) -> &'a str {
    let place = page.find(&format!("\n{beginning}")).unwrap_or_else(|| panic!("no {beginning}: {page}"));
    &page[place + 1..]
}

#[test]
fn fork_and_compare_answer_first() {
    let (recordings, fork) = strategies();
    assert_snapshot!(from_line(&fork, "B "), @r"
    B failed where A passed and was accepted. Same until test#1; then A: design; B: code, code. After the fork A 0.1577 USD, B 0.0457 USD and 14 recorded answers without cost.

    A  RUN-A, which was forked
    B  RUN-B, this run
    both  [planning#1] [design#1] [design-review#1 passed] [code#1]
          [code-review#1 passed] [test#1 failed] 0.1649 USD
    A     [design#2] [design-review#2 passed] [code#2] [code-review#2 passed]
          [test#2 passed] [postmortem#1] passed, accepted, 0.1577 USD
    B     [code#2] [code-review#2 passed] [test#2 failed] [code#3]
          [code-review#3 passed] [test#3 failed] failed, 0.0457 USD

    all figures: phasegate compare RUN-A RUN-B
    exit 1
    ");
    let [first, other] = [&recordings.runs[0], &recordings.runs[1]];
    let compared = recordings.render(&["compare", first, other]);
    let paragraphs: Vec<&str> = compared.split("\n\n").collect();
    assert_snapshot!(paragraphs[..3].join("\n\n"), @r"
    B failed where A passed and was accepted. Same until test#1; then A: design; B: code, code. After the fork A 0.1577 USD, B 0.0457 USD and 14 recorded answers without cost.

    A  RUN-A
       task SHARES-001, pipeline tsp, strategy phase-aware
       model scripted:answers.toml
       passed: every gate passed; accepted: all acceptance tests passed
    B  RUN-B
       task SHARES-001, pipeline tsp, strategy nearest-phase
       model scripted:answers.toml
       failed: gate test failed after 3 attempts: 1 of 3 tests did not pass (1 failed, 0 errored, 0 skipped)

    both  [planning#1] [design#1] [design-review#1 passed] [code#1]
          [code-review#1 passed] [test#1 failed] 0.1649 USD
    A     [design#2] [design-review#2 passed] [code#2] [code-review#2 passed]
          [test#2 passed] [postmortem#1] passed, accepted, 0.1577 USD
    B     [code#2] [code-review#2 passed] [test#2 failed] [code#3]
          [code-review#3 passed] [test#3 failed] failed, 0.0457 USD
    ");
    let pair: Vec<&str> = from_line(&compared, "A and B").lines().take(3).collect();
    assert_snapshot!(pair.join("\n"), @r"
    A and B
      changed: strategy phase-aware → nearest-phase
      first difference: another decision of the feedback strategy
    ");
    for head in ["planning", "design", "design-review", "code", "code-review", "test", "postmortem", "total"] {
        assert!(compared.contains(&format!("\n{head}\n")), "{head}: {compared}");
    }
    let turned = recordings.render(&["compare", other, first, "--markdown"]);
    assert_snapshot!(turned.split("\n\n").next().unwrap(), @r"B passed and was accepted where A failed. Same until test\#1; then A: code, code; B: design. After the fork A 0.0457 USD and 14 recorded answers without cost, B 0.1577 USD.");
    let file = recordings.scenario.path("attempts.svg").display().to_string();
    let json = recordings.scenario.call(&["compare", first, other, "--json", "--svg", &file]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["answer"], paragraphs[0].replace('\n', " "));
    let answer = &json["against_first"][0]["answer"];
    assert_eq!(answer["same_until"], json!({ "phase": "test", "attempt": 1 }));
    assert_eq!(answer["outcomes"][1]["failed_at"], "test");
    let own = |part: &str| json["runs"][1][part]["usd"].as_f64().unwrap();
    let [total, mine, shared] = ["totals", "own", "shared"].map(own);
    assert!(mine > 0.0 && shared > mine && (total - mine - shared).abs() < 1e-9, "{total} {mine} {shared}");
    let svg = fs::read_to_string(&file).unwrap();
    assert!(svg.starts_with("<svg xmlns") && svg.contains(">test#3</text>") && !svg.contains("<script"), "{svg}");
    let again = recordings.render(&["compare", first, other, "--svg", &file]).replace(&file, "attempts.svg");
    assert_snapshot!(again, @r"
    exit 2
    error[PG-0101]: attempts.svg already exists; nothing was written
    hint: choose another name, or overwrite it with --force
    ");
}

/// The answer of a comparison of all runs.
fn answer(recordings: &Recordings) -> String {
    let runs: Vec<&str> = recordings.runs.iter().map(String::as_str).collect();
    let output = recordings.scenario.call(&[&["compare"], &runs[..], &["--json"]].concat());
    output.json()["answer"].as_str().unwrap().to_owned()
}

/// Runs a scenario that asks models, at this price for input and output.
fn run_at_price(scenario: &Scenario, price: f64) -> String {
    let answers = scenario.file("answers.toml");
    let config = format!(
        "[models]\ndefault = \"scripted:{answers}\"\n[prices.\"scripted:{answers}\"]\ninput = {price:?}\noutput = {price:?}\n"
    );
    fs::write(scenario.path("priced.toml"), config).unwrap();
    let config = scenario.path("priced.toml").display().to_string();
    let output = Output::from_command(scenario.run_with(&["--json", "--force", "--config", &config]));
    assert_eq!(output.code, 0, "{}", output.stderr);
    output.run_id()
}

#[test]
fn other_usage_is_no_difference() {
    let scenario = crate::scenario("asks-models");
    let runs = vec![run_at_price(&scenario, 1.0), run_at_price(&scenario, 2.0)];
    let recordings = Recordings { runs, scenario };
    assert_snapshot!(answer(&recordings), @"A and B passed. No difference.");
}

#[test]
fn three_runs_have_an_answer_each() {
    let recordings = crate::recordings(&["design-fails-once", "plain-pass", "exhausted"]);
    assert_snapshot!(answer(&recordings), @r"
    A and B passed, A after 1 failed judgement and B after no failed judgement; same until design#1.
    C failed where A passed; same until design#1.
    ");
}
