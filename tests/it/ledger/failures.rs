//! Providers that fail: each request is recorded, no phase loses an attempt, and what was answered is not paid again.

use insta::assert_snapshot;

use super::Case;
use super::server::{FailingServer, Reply};

/// Runs a scenario until it stops, and returns its errors with the summary of its model usage.
fn stop(case: &Case) -> String {
    let output = case.run(&[]);
    let run = output.run_id();
    assert_eq!(output.events_named("phase_finished").count(), 0, "an attempt was spent");
    assert_eq!(output.events_named("model_answered").filter(|event| event["stop"] == "error").count(), 0);
    let shown = case.scenario.call(&["show", &run]).stdout;
    let rows = shown.lines().filter(|line| line.starts_with("models") || line.starts_with("failed"));
    let rows: String = rows.map(|row| format!("{row}\n")).collect();
    case.errors(&output) + &rows
}

#[test]
fn every_failed_request_is_recorded_and_shown() {
    let server = FailingServer::start(|_, _| Reply::Fail(503, "busy"));
    let case = Case::new("asks-models", server, "retries = 2", "");
    assert_snapshot!(stop(&case), @r"
    exit 4
    error[PG-0204]: planning#1 (plan): model unavailable: mine answered 503: busy (tried 3 times)
    hint: nothing is lost; continue with `phasegate resume RUN`
    models     0 calls, 0 input tokens, 0 output tokens, unknown cost
    failed     3 requests, 3 of unknown cost: at most 3.2k tokens and 0.3219 USD
    ");
    let ledger = case.ledger();
    assert_eq!((case.server.count(), ledger.sum(|it| it.failed), ledger.sum(|it| it.asked)), (3, 3, 3));
}

#[test]
fn refused_requests_stop_the_run_resumably() {
    for (status, words) in [(400, "this model takes no schema"), (413, "prompt is too long"), (404, "no such model")] {
        let server = FailingServer::start(move |_, _| Reply::Fail(status, words));
        let case = Case::new("asks-models", server, "", "");
        let text = stop(&case);
        assert!(text.starts_with("exit 4\n") && text.contains(words), "{text}");
        assert!(text.contains("continue with `phasegate resume RUN`"), "{text}");
        case.server.set(|_, _| Reply::Answer);
        assert_eq!(case.scenario.resume(&case.run_id()).code, 0);
        let ledger = case.ledger();
        assert_eq!((ledger.sum(|it| it.failed), ledger.sum(|it| it.answered)), (1, 2));
    }
}

#[test]
fn interrupted_answers_and_overload_are_retried() {
    let replies = [Reply::Broken, Reply::Fail(429, "slow down"), Reply::Fail(500, "oops"), Reply::Answer];
    let server = FailingServer::start(move |number, _| replies[number % 4].clone());
    let case = Case::new("asks-models", server, "", "");
    let output = case.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let ledger = case.ledger();
    assert_eq!((ledger.sum(|it| it.failed), ledger.sum(|it| it.answered)), (6, 2));
    case.scenario.check_replay(&output.run_id(), &[]);
}

#[test]
fn a_loading_server_is_waited_for() {
    let loading = |number, _: &_| if number < 4 { Reply::Fail(503, "Loading model") } else { Reply::Answer };
    let case = Case::new("asks-models", FailingServer::start(loading), "retries = 0", "");
    let output = case.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let ledger = case.ledger();
    // A server that loads has computed nothing.
    assert_eq!((ledger.sum(|it| it.failed), ledger.sum(|it| it.unknown)), (4, 0));
}

#[test]
fn other_calls_in_flight_are_not_paid_again() {
    let script = |_, body: &serde_json::Value| match body["messages"].to_string().contains("number\\\":1") {
        true => Reply::Fail(401, "no such key"),
        false => Reply::Slow(300),
    };
    let case = Case::new("eventful", FailingServer::start(script), "", "");
    let output = case.run(&["--async"]);
    assert_eq!(output.code, 4, "{}", output.stderr);
    let ledger = case.ledger();
    assert_eq!((ledger.sum(|it| it.failed), ledger.sum(|it| it.answered)), (1, 2), "{ledger:?}");
    case.server.set(|_, _| Reply::Answer);
    let resumed = case.scenario.call(&["resume", &case.run_id(), "--json", "--async"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    let again: Vec<_> = resumed.events_named("model_asked").filter(|event| event["phase"] == "planning").collect();
    assert_eq!(again.len(), 1, "only the missing call is asked");
    case.ledger();
}
