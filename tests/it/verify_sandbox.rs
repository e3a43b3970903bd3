//! `verify-sandbox`: the table, the JSON, and the outcome of every attack. Numbers that change whenever an attacker is
//! rebuilt are replaced before outcomes are compared.

use std::sync::OnceLock;

use phasegate_test::{Output, Workspace, parse_strictly};
use regex::{Captures, Regex};
use serde_json::Value;

use crate::PATHS;

fn verify(files: &[(&str, &str)], args: &[&str]) -> Output {
    let workspace = Workspace::with_shared_home(PATHS, "home-of-verify-sandbox").with_files(files);
    workspace.call(&[&["verify-sandbox"], args].concat())
}

/// The result of one verification, shared by all tests that only read it.
fn verified() -> &'static Value {
    static VERIFIED: OnceLock<Value> = OnceLock::new();
    VERIFIED.get_or_init(|| {
        let output = verify(&[], &["--json"]);
        let verified: Value = parse_strictly(&output.stdout).unwrap_or_else(|| panic!("{output:?}"));
        assert_eq!(output.code, if verified["held"] == true { 0 } else { 1 });
        crate::schemas::check("verify-sandbox", &verified);
        verified
    })
}

fn attacks() -> impl Iterator<Item = &'static Value> {
    verified()["attacks"].as_array().unwrap().iter()
}

/// Replaces sizes, offsets, table sizes and source lines, which change with every build of an attacker.
fn without_figures(text: &str) -> String {
    let figures = Regex::new(r"0x[0-9a-f]+|table of \d+|\d{5,}").unwrap();
    let replaced = |found: &Captures<'_>| match &found[0] {
        offset if offset.starts_with("0x") => "0x…".to_owned(),
        size if size.starts_with("table") => "table of …".to_owned(),
        limit if limit.ends_with("000") => limit.to_owned(),
        _ => "…".to_owned(),
    };
    figures.replace_all(text, replaced).into_owned()
}

#[test]
fn every_attack_is_contained() {
    let broken: Vec<&Value> = attacks().filter(|attack| attack["held"] != true).collect();
    assert!(broken.is_empty(), "{}", serde_json::to_string_pretty(&broken).unwrap());
    assert_eq!(verified()["held"], true);
    assert!(attacks().count() >= 80, "{}", attacks().count());
}

#[test]
fn every_outcome_has_its_message() {
    let mut outcomes = String::new();
    for attack in attacks() {
        // The hint contains the name of the run.
        let outcome = attack["outcome"].as_str().unwrap().split(" hint: nothing is lost").next().unwrap();
        let outcome: String = without_figures(outcome).chars().take(400).collect();
        outcomes.push_str(&format!(
            "{} [{}]\n  {outcome}\n",
            attack["attack"].as_str().unwrap(),
            attack["bound"].as_str().unwrap()
        ));
    }
    insta::assert_snapshot!("refusals", outcomes);
}

#[test]
fn table_has_a_row_per_attack_and_totals() {
    let output = verify(&[], &[]);
    let table = output.stdout;
    assert_eq!(output.code, 0, "{table}{}", output.stderr);
    let mut lines = table.lines();
    let heads: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(heads, ["attack", "limit", "outcome", "time", "memory"]);
    let row = table.lines().find(|line| line.starts_with("spin in run ")).unwrap();
    assert!(
        row.contains("  cpu_ms ") && row.contains("  used up its 100 ms of computing time and was stopped  "),
        "{row}"
    );
    let rows = table.lines().skip(1).take_while(|line| !line.is_empty()).count();
    assert_eq!(rows, attacks().count());
    assert!(
        table.lines().last().unwrap().starts_with(&format!("{rows} attacks, all held; the host's memory: ")),
        "{table}"
    );
}

#[test]
fn tight_operator_limits_do_not_fail_the_verification() {
    let config = "[sandbox]\nmax_function_bytes = 2000\n[budget]\ncalls = 1\ntokens = 1000\nusd = 0.01\n";
    let output = verify(&[("phasegate.toml", config)], &[]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
}

#[test]
fn tests_the_limits_of_configured_plugins() {
    let config = "[plugins.code]\nlimits = { memory_bytes = 33000000, cpu_ms = 200 }\n";
    let output = verify(&[("phasegate.toml", config)], &["--json"]);
    let verified: Value = serde_json::from_str(&output.stdout).unwrap();
    let of_code: Vec<&Value> = verified["attacks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|attack| attack["attack"].as_str().unwrap().contains("bounded as `code`"))
        .collect();
    let bounds: Vec<&str> = of_code.iter().map(|attack| attack["bound"].as_str().unwrap()).collect();
    assert_eq!(bounds, ["memory_bytes = 33000000", "cpu_ms = 200"]);
    assert!(of_code.iter().all(|attack| attack["held"] == true), "{of_code:?}");
}
