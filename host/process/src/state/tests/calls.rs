//! Calls of an interrupted attempt.

use super::harness::{Run, answered, asked};
use crate::budget::Cost;
use crate::event::{Event, RequestCost};
use crate::model::{Error, StopReason, Usage};
use crate::names::AttemptId;

const MOST: Cost = Cost { tokens: 100, usd: Some(0.25) };

fn failed(at: &AttemptId, call: u32, number: u32, cost: RequestCost) -> Event {
    let error = Error::Unavailable("a answered 503: busy".into());
    Event::ModelTried { at: at.clone(), call, request_number: number, status: Some(503), error, cost, elapsed_ms: 1 }
}

/// Returns the event of an answer that is a failure.
fn rejected(at: &AttemptId, call: u32) -> Event {
    let mut event = answered(at, call);
    if let Event::ModelAnswered { stop, usage, .. } = &mut event {
        (*stop, *usage) = (StopReason::FAILED_CALL.to_owned(), Usage::default());
    }
    event
}

/// Returns why an event cannot follow.
fn fault(run: &mut Run, event: Event) -> String {
    let error = run.try_push(event).unwrap_err();
    error.split_once("before it: ").unwrap().1.to_owned()
}

#[test]
fn interrupted_attempts_resume_with_their_calls() {
    let mut run = Run::new();
    let work = run.start();
    run.push(asked(&work.at, 1));
    run.push(answered(&work.at, 1));
    run.push(asked(&work.at, 2));
    run.push(crate::event::Event::RunStopped { reason: "killed".into() });
    let again = run.work();
    assert_eq!((again.at.to_string(), again.started), ("plan#1".to_owned(), true));
    let (at, calls) = run.state.running().unwrap();
    assert_eq!(at, work.at);
    assert_eq!(calls.values().map(|call| call.answer.is_some()).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn repeated_calls_keep_the_unanswered_count() {
    let mut run = Run::new();
    let work = run.start();
    run.push(asked(&work.at, 1));
    assert_eq!(run.state.spent.unanswered, 1);
    run.push(asked(&work.at, 1));
    run.push(answered(&work.at, 1));
    assert_eq!((run.state.spent.calls, run.state.spent.unanswered, run.state.spent.usd), (1, 1, Some(0.5)));
    run.submit_artifacts(&work);
    assert_eq!(run.state.spent.unanswered, 1, "it may have been billed, whatever came after");
}

#[test]
fn a_stop_reason_lasts_until_resuming() {
    let mut run = Run::new();
    run.push(crate::event::Event::RunStopped { reason: "no model reachable".into() });
    assert_eq!(run.state.stopped.as_deref(), Some("no model reachable"));
    run.start();
    assert_eq!(run.state.stopped, None);
}

#[test]
fn a_crash_is_no_attempt() {
    let mut run = Run::new();
    run.start();
    for _ in 0..5 {
        run.push(crate::event::Event::RunStopped { reason: "killed".into() });
    }
    assert_eq!(run.work().at.to_string(), "plan#1");
    run.submit_artifacts(&run.work());
    assert_eq!(run.next(), "design#1");
}

#[test]
fn huge_counts_do_not_overflow() {
    let mut run = Run::new();
    let work = run.start();
    for call in 1..=3 {
        run.push(asked(&work.at, call));
        let mut answer = answered(&work.at, call);
        if let crate::event::Event::ModelAnswered { usage, .. } = &mut answer {
            usage.input_tokens = u64::MAX;
            usage.output_tokens = u64::MAX;
        }
        run.push(answer);
    }
    let spent = run.state.spent;
    assert_eq!((spent.calls, spent.input_tokens), (3, u64::MAX >> 16));
    assert!(spent.input_tokens.checked_add(spent.output_tokens).is_some());
}

#[test]
fn failed_requests_are_counted_and_charged() {
    let mut run = Run::new();
    let at = run.start().at;
    let counted = Usage { input_tokens: 7, usd: Some(0.5), ..Usage::default() };
    for (number, cost) in (1..).zip([RequestCost::Unknown(MOST), RequestCost::Nothing, counted.into()]) {
        run.push(asked(&at, 1));
        run.push(failed(&at, 1, number, cost));
    }
    let spent = run.state.spent;
    assert_eq!((spent.calls, spent.failed, spent.unanswered, spent.input_tokens), (0, 3, 0, 7));
    assert_eq!((spent.unknown.requests, spent.unknown.tokens, spent.unknown.usd), (1, 100, Some(0.25)));
    assert_eq!(spent.known_usd(), None, "no call was answered, so no sum is shown");
    run.push(asked(&at, 1));
    run.push(answered(&at, 1));
    assert_eq!((run.state.spent.calls, run.state.spent.known_usd()), (1, Some(1.0)));
}

#[test]
fn failed_requests_need_an_open_request() {
    let after = |events: &[fn(&AttemptId) -> Event]| {
        let mut run = Run::new();
        let at = run.start().at;
        let (last, before) = events.split_last().unwrap();
        before.iter().for_each(|event| run.push(event(&at)));
        fault(&mut run, last(&at))
    };
    let ask = |at: &AttemptId| asked(at, 1);
    let fail = |at: &AttemptId| failed(at, 1, 1, RequestCost::Nothing);
    let third = |at: &AttemptId| failed(at, 1, 3, RequestCost::Nothing);
    let answer = |at: &AttemptId| answered(at, 1);
    assert_eq!(after(&[fail]), "call 1 of plan#1 was not asked");
    assert_eq!(after(&[ask, fail, fail]), "no request of call 1 of plan#1 is open");
    assert_eq!(after(&[ask, fail, answer]), "no request of call 1 of plan#1 is open");
    assert_eq!(after(&[ask, answer, fail]), "call 1 of plan#1 was answered already");
    assert_eq!(after(&[ask, third]), "call 1 of plan#1 has 0 failed requests before it");
    assert_eq!(after(&[ask, fail, ask, answer, ask]), "call 1 of plan#1 was answered already");
}

#[test]
fn recorded_failures_may_be_asked_again() {
    let mut run = Run::new();
    let at = run.start().at;
    for event in [asked(&at, 1), rejected(&at, 1), asked(&at, 2), answered(&at, 2)] {
        run.push(event);
    }
    // The agent may ask something else after another answer.
    for event in [asked(&at, 1), answered(&at, 1), asked(&at, 2), answered(&at, 2)] {
        run.push(event);
    }
    assert_eq!(fault(&mut run, asked(&at, 1)), "call 1 of plan#1 was answered already");
}
