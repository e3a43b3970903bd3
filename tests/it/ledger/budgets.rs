//! Budgets count every request, across resumes.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use insta::assert_snapshot;
use phasegate_test::{Output, examples};

use super::Case;
use super::server::{FailingServer, Reply};
use crate::standard_agents::{message_text, requests};

#[test]
fn failed_requests_count_in_the_budget() {
    let server = FailingServer::start(|_, _| Reply::Fail(500, "oops"));
    let case = Case::new("asks-models", server, "retries = 8", "[budget]\ncalls = 3\n");
    let output = case.run(&[]);
    let run = output.run_id();
    assert_snapshot!(case.errors(&output), @r"
    exit 4
    error[PG-0205]: planning#1 (plan): call budget exhausted: needs 1, 0 of 3 left
    hint: nothing is lost; continue with `phasegate resume RUN --calls 6`
    ");
    assert_eq!(case.server.count(), 3);
    let again = case.scenario.resume(&run);
    assert_eq!((again.code, case.server.count()), (4, 3), "a resumed run asks nothing more: {}", again.stderr);
    case.server.set(|_, _| Reply::Answer);
    let raised = case.scenario.call(&["resume", &run, "--json", "--calls", "5"]);
    assert_eq!(raised.code, 0, "{}", raised.stderr);
    assert_eq!(case.server.count(), 5);
    case.ledger();
}

#[test]
fn failed_requests_of_unknown_cost_count_tokens() {
    let server = FailingServer::start(|_, _| Reply::Broken);
    // A request of this scenario has at most 1,000 output tokens and a short prompt.
    let case = Case::new("asks-models", server, "retries = 8", "[budget]\ntokens = 2500\n");
    let output = case.run(&[]);
    assert_eq!((output.code, case.server.count()), (4, 2), "{}", output.stderr);
    assert!(output.stderr.contains("token budget exhausted: needs 1"), "{}", output.stderr);
    let ledger = case.ledger();
    assert_eq!((ledger.sum(|it| it.unknown), ledger.sum(|it| it.failed)), (2, 2));
}

#[test]
fn measured_prompts_need_smaller_reservations() {
    let scenario = crate::scenario("first-task");
    let output = Output::from_command(scenario.first_task_command(&[]));
    let used = output.events_named("model_answered").map(|event| {
        let tokens = |name: &str| event["usage"][name].as_u64().unwrap();
        tokens("input_tokens") + tokens("output_tokens")
    });
    // Reservations that count each byte of a prompt as a token.
    let bytes = requests(&scenario, &output)
        .into_iter()
        .map(|(_, request)| message_text(&request).len() as u64 + request["max_output_tokens"].as_u64().unwrap());
    let mut spent = 0;
    let mut needed = 0;
    for (used, bytes) in used.zip(bytes) {
        needed = needed.max(spent + bytes);
        spent += used;
    }
    assert!(spent < needed);
    let other = crate::scenario("first-task");
    let script = examples().join("first-task/answers.toml").display().to_string();
    let limit = needed - 5_000;
    let config = format!("[models]\ndefault = \"scripted:{script}\"\n[budget]\ntokens = {limit}\n");
    fs::write(other.path("models.toml"), config).unwrap();
    let config = other.path("models.toml").display().to_string();
    let limited = Output::from_command(other.first_task_command(&["--config", &config]));
    assert_eq!(limited.code, 0, "{spent} used, {needed} needed: {}", limited.stderr);
}

/// A request of the scenario `eventful` reserves about 1,100 tokens, and an answer uses 110 of them. Three calls begin at once.
fn run_with_failures(tokens: u32, failures: usize, mode: &[&str]) -> (i32, u64, u64) {
    let failed = AtomicUsize::new(0);
    let server = FailingServer::start(move |_, _| match failed.fetch_add(1, Ordering::Relaxed) < failures {
        true => Reply::Fail(503, "busy"),
        // Longer than the delay before the request is repeated.
        false => Reply::Slow(500),
    });
    let case = Case::new("eventful", server, "", &format!("[budget]\ntokens = {tokens}\n"));
    let output = case.run(mode);
    let ledger = case.ledger();
    (output.code, ledger.sum(|it| it.failed), ledger.sum(|it| it.answered))
}

#[test]
fn repeated_requests_wait_for_reservations_of_others() {
    for mode in [&["--async"][..], &[]] {
        // Three requests fit at once, or one beside the failed one, whose cost is unknown.
        assert_eq!(run_with_failures(3600, 1, mode), (0, 1, 11), "{mode:?}");
        // Each of the calls fails once, and two repeated requests fit at once.
        assert_eq!(run_with_failures(6500, 3, mode), (0, 3, 11), "{mode:?}");
        // Nothing is left for any of them, and none waits for another.
        assert_eq!(run_with_failures(3600, 3, mode).0, 4, "{mode:?}");
    }
}
