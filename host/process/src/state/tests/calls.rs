//! Calls of an interrupted attempt.

use super::harness::{Run, answered, asked};

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
