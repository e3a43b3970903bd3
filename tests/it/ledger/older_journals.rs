//! Journals of earlier versions, which recorded the failure of a provider as an answer.

use phasegate_journal::Blob;
use phasegate_process::Event;
use phasegate_process::model::{Answer, Error, StopReason, Usage};

use super::Case;
use super::server::{FailingServer, Reply};
use crate::replay::rewritten;

/// Makes the failed request of a run an answer, as earlier versions did.
fn make_older(case: &Case, run: &str) {
    let failure: Answer = Err(Error::Unavailable("mine answered 520".to_owned()));
    let failure = Blob::new(serde_json::to_vec(&failure).unwrap());
    let change = |events: &mut Vec<Event>, blobs: &mut Vec<Blob>| {
        let tried = events.iter_mut().find(|event| matches!(event, Event::ModelTried { .. })).unwrap();
        let Event::ModelTried { at, call, .. } = &*tried else { unreachable!() };
        *tried = Event::ModelAnswered {
            at: at.clone(),
            call: *call,
            answer: failure.digest.clone(),
            usage: Usage::default(),
            stop: StopReason::FAILED_CALL.to_owned(),
            elapsed_ms: 1,
            recorded: false,
        };
        for event in events {
            if let Event::ModelAsked { bound, .. } = event {
                *bound = None;
            }
        }
        blobs.push(failure);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(rewritten(&case.scenario, run, change));
}

#[test]
fn failures_of_older_journals_are_asked_again() {
    let case = Case::new("asks-models", FailingServer::start(|_, _| Reply::Fail(400, "no")), "", "");
    let run = case.run(&[]).run_id();
    make_older(&case, &run);
    let log = case.scenario.call(&["log", &run, "--json"]);
    assert_eq!(log.events_named("model_answered").map(|event| &event["stop"]).collect::<Vec<_>>(), ["error"]);
    case.server.set(|_, _| Reply::Answer);
    let forked = case.scenario.call(&["fork", &run, "--at", "planning", "--json"]);
    assert_eq!((forked.code, case.server.count()), (0, 3), "{}", forked.stderr);
    let resumed = case.scenario.resume(&run);
    assert_eq!((resumed.code, case.server.count()), (0, 5), "{}", resumed.stderr);
    for output in [&forked, &resumed] {
        let answered: Vec<_> = output.events_named("model_answered").collect();
        assert_eq!(answered.len(), 2);
        assert!(answered.iter().all(|event| event["stop"] == "end" && event["recorded"] != true), "{answered:?}");
    }
    case.scenario.check_replay(&run, &[]);
}
