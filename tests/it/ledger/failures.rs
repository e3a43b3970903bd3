//! Providers that fail: each request is recorded, no phase loses an attempt, and what was answered is not paid again.

use insta::assert_snapshot;

use super::Case;
use super::server::{FailingServer, Reply};

#[test]
fn every_failed_request_is_recorded_and_shown() {
    let server = FailingServer::start(|_, _| Reply::Fail(503, "busy"));
    let case = Case::new("asks-models", server, "retries = 2", "");
    assert_snapshot!(case.stop(&[]), @r"
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
        let text = case.stop(&[]);
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
fn a_server_may_load_until_the_timeout() {
    let server = FailingServer::start(|_, _| Reply::Fail(503, "Loading model"));
    let case = Case::new("asks-models", server, "retries = 0\ntimeout_seconds = 1", "");
    let (text, requests) = (case.stop(&[]), case.server.count());
    assert!(requests > 1, "{text}");
    let shown = text.replace(&format!("tried {requests} times"), "tried N times");
    assert_snapshot!(shown.replace(&format!("{requests} requests"), "N requests"), @r"
    exit 4
    error[PG-0204]: planning#1 (plan): model unavailable: mine answered 503: Loading model (tried N times)
    hint: wait until the server has loaded the model, and resume the run
    hint: nothing is lost; continue with `phasegate resume RUN`
    models     0 calls, 0 input tokens, 0 output tokens, 0.00 USD
    failed     N requests
    ");
    assert_eq!(case.ledger().sum(|it| it.failed), requests as u64);
    case.server.set(|_, _| Reply::Answer);
    assert_eq!(case.scenario.resume(&case.run_id()).code, 0);
}

#[test]
fn rejected_schemas_name_the_setting_that_helps() {
    // As llama.cpp and servers built on it say it.
    for (status, words) in [
        (400, "failed to parse grammar"),
        (500, "Failed to initialize samplers: failed to parse grammar"),
        (400, "Invalid schema for response_format 'answer': 'pattern' is not permitted."),
    ] {
        let case = Case::new("asks-models", FailingServer::start(move |_, _| Reply::Fail(status, words)), "", "");
        let text = case.stop(&[]).replace(words, "WORDS").replace(&status.to_string(), "STATUS");
        insta::allow_duplicates! { assert_snapshot!(text, @r"
        exit 4
        error[PG-0204]: planning#1 (plan): model request refused: mine answered STATUS: WORDS
        hint: [providers.mine] structured = false may help
        hint: nothing is lost; continue with `phasegate resume RUN`
        models     0 calls, 0 input tokens, 0 output tokens, unknown cost
        failed     1 request, 1 of unknown cost: at most 1.1k tokens and 0.1073 USD
        ") };
        assert_eq!(case.ledger().sum(|it| it.failed), 1);
    }
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
