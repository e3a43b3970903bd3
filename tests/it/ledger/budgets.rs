//! Budgets count every request, across resumes.

use insta::assert_snapshot;

use super::Case;
use super::server::{FailingServer, Reply};

#[test]
fn failed_requests_count_in_the_budget() {
    let server = FailingServer::start(|_, _| Reply::Fail(500, "oops"));
    let case = Case::new("asks-models", server, "retries = 8", "[budget]\ncalls = 3\n");
    let output = case.run(&[]);
    let run = output.run_id();
    assert_snapshot!(case.errors(&output), @r"
    exit 4
    error[PG-0205]: planning#1 (plan): call budget exhausted: needs 1, 0 of 3 left
    hint: nothing is lost; continue with `phasegate resume RUN --calls N`
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
