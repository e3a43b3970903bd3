//! Searches the edge of every limit: the least value with which an ordinary run passes. One step below it, the run must
//! fail with the message of that limit. A limit that is not applied has no edge.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

use phasegate_process::limits::{Limits, LimitsPatch};
use phasegate_sandbox::EngineSettings;
use serde_json::{Value, json};

use phasegate_runtime::{Config, Trust};

use crate::corpus::Attack;
use crate::test_bed::TestBed;

/// A limit, and a run that comes close to it.
struct Case {
    bound: &'static str,
    /// The plugin that is limited.
    plugin: &'static str,
    /// The agent of the first phase.
    agent: &'static str,
    /// The settings of the first phase.
    settings: Value,
    /// A value with which the run passes, in units of `step`.
    passes: u64,
    step: u64,
    /// For limits of time, which have no exact edge: a value and settings that exceed it.
    beyond: Option<(u64, Value)>,
}

fn case(bound: &'static str, settings: Value, passes: u64) -> Case {
    Case { bound, plugin: "visitor", agent: "visitor", settings, passes, step: 1, beyond: None }
}

/// The limits of agents in the order of `Limits`.
fn cases() -> Vec<Case> {
    let idle = || json!({});
    let asks = |asks: u64| json!({ "ask": "a question", "asks": asks, "artifacts": { "plan": {} } });
    vec![
        Case { beyond: Some((50, json!({ "do": "spin" }))), ..case("cpu_ms", idle(), 30_000) },
        Case { beyond: Some((50, json!({ "ask": "slow" }))), ..case("wall_ms", idle(), 60_000) },
        Case { step: 64 << 10, ..case("memory_bytes", idle(), 1_000) },
        case("table_elements", idle(), 10_000),
        Case { step: 4 << 10, ..case("stack_bytes", idle(), 128) },
        case("instances", idle(), 100),
        case("calls", asks(3), 100),
        case("calls_at_once", asks(3), 100),
        case("calls_bytes", asks(3), 1 << 20),
        case("tokens", asks(1), 100_000),
        case("usd", asks(1), 1_000),
        case("answer_bytes", asks(1), 100),
        case("artifacts", json!({ "check": { "kind": "note", "content": {} } }), 100),
        case("artifact_bytes", idle(), 10_000),
        case("artifacts_bytes", json!({ "check": { "kind": "note", "content": {} } }), 10_000),
        case("read_bytes", json!({ "read": ["task_requirements"] }), 10_000),
        case("handles", asks(1), 1_000),
        case("log_lines", json!({ "read": ["task_requirements", "plan"] }), 100),
        case("log_bytes", json!({ "read": ["task_requirements", "plan"] }), 10_000),
        case("host_call_bytes", idle(), 1 << 20),
        case("output_bytes", idle(), 10_000),
    ]
}

/// Limits of test runners and of blocking agents.
fn others() -> Vec<Case> {
    let idle = || json!({});
    vec![
        Case { plugin: "visitor-runner", step: 64 << 10, ..case("memory_bytes", idle(), 1_000) },
        Case { plugin: "visitor-runner", ..case("output_bytes", idle(), 10_000) },
        Case { plugin: "visitor-runner", ..case("table_elements", idle(), 10_000) },
        Case { plugin: "visitor-runner", step: 4 << 10, ..case("stack_bytes", idle(), 128) },
        Case {
            plugin: "visitor-blocking",
            agent: "visitor-blocking",
            ..case("calls_at_once", json!({ "asks": 3, "at once": true }), 100)
        },
        Case { plugin: "visitor-blocking", agent: "visitor-blocking", ..case("calls", json!({ "asks": 3 }), 100) },
        Case { plugin: "visitor-blocking", agent: "visitor-blocking", ..case("tokens", json!({ "asks": 3 }), 100_000) },
        Case {
            plugin: "visitor-blocking",
            agent: "visitor-blocking",
            ..case("answer_bytes", json!({ "asks": 3 }), 100)
        },
    ]
}

/// Runs the case with this limit; the error is the line that names the limit.
async fn run_case(test_bed: &TestBed, case: &Case, value: u64, settings: &Value) -> Result<(), String> {
    let value = if case.bound == "usd" { json!(value as f64 / 100.0) } else { json!(value) };
    let patch = serde_json::from_value(json!({ case.bound: value })).unwrap();
    let attack = Attack {
        agents: BTreeMap::from([("planning".parse().unwrap(), case.agent.parse().unwrap())]),
        limits: BTreeMap::from([(case.plugin.parse().unwrap(), patch)]),
        settings: BTreeMap::from([("planning".parse().unwrap(), settings.clone())]),
        ..Attack::default()
    };
    let pipeline = attack.pipeline(&test_bed.base, &LimitsPatch::default());
    let rendered = test_bed.observe_run(&test_bed.attacked, pipeline).await.unwrap();
    let flat = rendered.replace("\nhint: ", " hint: ");
    let message = format!("raise `{}` in its limits", case.bound);
    match flat.lines().find(|line| line.contains(&message)) {
        Some(line) => Err(line.to_owned()),
        None if rendered.ends_with("finished passed: every gate passed") => Ok(()),
        // The blocking fixture submits an invalid plan.
        None if case.agent == "visitor-blocking" && rendered.contains("planning#1 invalid: plan: [") => Ok(()),
        None => {
            panic!("{} = {value}: neither passed nor failed with the message of the limit:\n{rendered}", case.bound)
        }
    }
}

/// Finds the least value that passes, and the message one step below it.
async fn find_edge(test_bed: &TestBed, case: &Case) -> (u64, String) {
    let at = async |steps: u64| run_case(test_bed, case, steps * case.step, &case.settings).await;
    at(case.passes).await.unwrap_or_else(|message| panic!("{} is refused already: {message}", case.bound));
    if let Some((value, settings)) = &case.beyond {
        return (case.passes, run_case(test_bed, case, *value, settings).await.expect_err(case.bound));
    }
    let (mut refused, mut passes) = (0, case.passes);
    let mut message = at(refused).await.expect_err(case.bound);
    while refused + 1 < passes {
        let middle = refused + (passes - refused) / 2;
        match at(middle).await {
            Ok(()) => passes = middle,
            Err(refusal) => (refused, message) = (middle, refusal),
        }
    }
    (passes * case.step, message)
}

async fn render_edges(cases: Vec<Case>) -> String {
    let config = Config::find(None, Path::new("/"), &Trust::default()).unwrap();
    let test_bed = TestBed::new(EngineSettings { max_instances: 20, ..EngineSettings::default() }, &config).unwrap();
    let mut table = String::new();
    for case in cases {
        let (least, message) = find_edge(&test_bed, &case).await;
        let below = least - case.step.min(least);
        let message = format!("{} passes at {least}, and below:\n  {message}\n", case.bound);
        table.push_str(&replace_sizes(&message, least, below));
    }
    table
}

/// Replaces sizes, which change with every build of a fixture: the edge by `N`, one step below by `N-1`.
fn replace_sizes(text: &str, least: u64, below: u64) -> String {
    let mut out = String::new();
    for part in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        let shown = match digits.parse() {
            Ok(10..) if digits == least.to_string() => "N",
            Ok(10..) if digits == below.to_string() => "N-1",
            Ok(10_000_u64..) => "…",
            _ => digits,
        };
        out.push_str(shown);
        out.push_str(&part[digits.len()..]);
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_limits_apply_at_their_value() {
    let names: Vec<&str> = cases().iter().map(|case| case.bound).collect();
    assert_eq!(names, Limits::NAMES, "each limit has a case here, in the order of `Limits`");
    insta::assert_snapshot!(render_edges(cases()).await, @r"
    cpu_ms passes at N, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) used up its 50 ms of computing time and was stopped hint: if its work is honest, raise `cpu_ms` in its limits; else look for an endless loop
    wall_ms passes at N, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) was not done after 50 ms, waiting included, and was stopped hint: if it only waited for slow models, raise `wall_ms` in its limits
    memory_bytes passes at N, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) wanted memory of N bytes, may have N-1, and crashed when it got no more hint: if its work needs it, raise `memory_bytes` in its limits
    table_elements passes at N, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) wanted table of N elements, may have N-1, and crashed when it got no more hint: if its work needs it, raise `table_elements` in its limits
    stack_bytes passes at N, and below:
      code#1 crashed: plugin `visitor` (phase code, attempt 1) used up its N-1 bytes of stack and crashed hint: if its work needs it, raise `stack_bytes` in its limits; else look for a recursion without end
    instances passes at 3, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) wanted more than 2 instances, and was stopped hint: if its work needs it, raise `instances` in its limits
    calls passes at 3, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) asked for more than 2 model calls and test runs hint: if its work needs it, raise `calls` in its limits; else look for a loop that asks
    calls_at_once passes at 3, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) had more than 2 model calls and test runs open at once hint: if its work needs it, raise `calls_at_once` in its limits; else it should await some before it asks more
    calls_bytes passes at N, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) put more than N-1 bytes into its model calls and test runs together hint: if its work needs it, raise `calls_bytes` in its limits; else it should say less
    tokens passes at N, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) asked a model for what may take N tokens, and has N-1 of its N-1 left hint: if its work is worth it, raise `tokens` in its limits; else it should ask less, or for shorter answers
    usd passes at N, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) asked a model for what may take 1.0730 USD, and has 1.0700 of its 1.0700 left hint: if its work is worth it, raise `usd` in its limits; else it should ask less, or for shorter answers
    answer_bytes passes at 3, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) was answered with 3 bytes by a model, and at most 2 are taken hint: if its work needs it, raise `answer_bytes` in its limits; else it should ask for shorter answers
    artifacts passes at 2, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) handed over more than 1 artifacts, to be checked or submitted hint: if its work needs it, raise `artifacts` in its limits; else look for a loop that checks
    artifact_bytes passes at N, and below:
      test#1 crashed: plugin `visitor` (phase test, attempt 1) handed over an artifact of N bytes, and at most N-1 are taken hint: if its work needs it, raise `artifact_bytes` in its limits
    artifacts_bytes passes at N, and below:
      test#1 crashed: plugin `visitor` (phase test, attempt 1) handed over artifacts of more than N-1 bytes together, to be checked or submitted hint: if its work needs it, raise `artifacts_bytes` in its limits
    read_bytes passes at N, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) read more than N-1 bytes of its inputs, each reading counted hint: if its work needs it, raise `read_bytes` in its limits; else it should keep what it has read
    handles passes at 5, and below:
      planning#1 crashed: plugin `visitor` (phase planning, attempt 1) wanted more than 4 handles, and was stopped hint: if its work needs it, raise `handles` in its limits; else look for what is never let go
    log_lines passes at 2, and below:
      says: the log is cut here: plugin `visitor` (phase planning, attempt 1) has used up its 1 lines of log hint: if that hides too much, raise `log_lines` in its limits
    log_bytes passes at N, and below:
      says: the log is cut here: plugin `visitor` (phase planning, attempt 1) has used up its N-1 bytes of log hint: if that hides too much, raise `log_bytes` in its limits
    host_call_bytes passes at N, and below:
      test#1 crashed: plugin `visitor` (phase test, attempt 1) handed the host more than N-1 bytes in one call hint: if its work needs it, raise `host_call_bytes` in its limits
    output_bytes passes at N, and below:
      test#1 crashed: plugin `visitor` (phase test, attempt 1) returned N bytes, and at most N-1 are taken hint: if its work needs it, raise `output_bytes` in its limits
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn runner_and_blocking_limits_apply_at_their_value() {
    insta::assert_snapshot!(render_edges(others()).await, @r"
    memory_bytes passes at N, and below:
      not loaded: plugin `visitor-runner` (describing its environment) wanted memory of N bytes, may have N-1, and crashed when it got no more hint: if its work needs it, raise `memory_bytes` in its limits
    output_bytes passes at N, and below:
      not loaded: plugin `visitor-runner` (describing its environment) returned N bytes, and at most N-1 are taken hint: if its work needs it, raise `output_bytes` in its limits
    table_elements passes at N, and below:
      not loaded: plugin `visitor-runner` (describing its environment) wanted table of N elements, may have N-1, and crashed when it got no more hint: if its work needs it, raise `table_elements` in its limits
    stack_bytes passes at N, and below:
      not loaded: plugin `visitor-runner` (describing its environment) used up its 1 bytes of stack and crashed hint: if its work needs it, raise `stack_bytes` in its limits; else look for a recursion without end
    calls_at_once passes at 3, and below:
      planning#1 crashed: plugin `visitor-blocking` (phase planning, attempt 1) had more than 2 model calls and test runs open at once hint: if its work needs it, raise `calls_at_once` in its limits; else it should await some before it asks more
    calls passes at 3, and below:
      planning#1 crashed: plugin `visitor-blocking` (phase planning, attempt 1) asked for more than 2 model calls and test runs hint: if its work needs it, raise `calls` in its limits; else look for a loop that asks
    tokens passes at N, and below:
      planning#1 crashed: plugin `visitor-blocking` (phase planning, attempt 1) asked a model for what may take 1026 tokens, and has 1025 of its N-1 left hint: if its work is worth it, raise `tokens` in its limits; else it should ask less, or for shorter answers
    answer_bytes passes at 3, and below:
      planning#1 crashed: plugin `visitor-blocking` (phase planning, attempt 1) was answered with 3 bytes by a model, and at most 2 are taken hint: if its work needs it, raise `answer_bytes` in its limits; else it should ask for shorter answers
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn artifacts_may_reach_the_configured_size() {
    let config = Config::find(None, Path::new("/"), &Trust::default()).unwrap();
    let test_bed = TestBed::new(EngineSettings { max_instances: 20, ..EngineSettings::default() }, &config).unwrap();
    let usual = Limits::default().artifact_bytes;
    let plan = json!({ "message": "x".repeat(usual as usize) });
    let (size, settings) = (plan.to_string().len() as u64, json!({ "artifacts": { "plan": plan } }));
    let large = case("artifact_bytes", settings, size);
    run_case(&test_bed, &large, size, &large.settings).await.unwrap();
    let message = run_case(&test_bed, &large, usual, &large.settings).await.unwrap_err();
    assert!(
        message.contains(&format!("handed over an artifact of {size} bytes, and at most {usual} are taken")),
        "{message}"
    );
}
