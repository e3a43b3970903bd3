//! Determinism: the same answers give the same run, whenever they arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::common::{MockHost, assignment, call, load, text_answer, with_limits};
use phasegate_process::limits::Limits;
use phasegate_process::model::Error;
use phasegate_sandbox::CallErrorKind;
use serde_json::json;

fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Runs the adversarial guest and returns what it saw and its model calls.
async fn transcript(
    program: u64,
    delays: impl Fn(u32) -> Duration + Send + Sync + 'static,
) -> (String, Vec<(u32, String)>) {
    let host = MockHost::new(move |number, request| {
        let answer = match mix(u64::from(number)) % 5 {
            0 => Err(Error::Unavailable(format!("no answer to {}", request.label))),
            _ => text_answer(&format!("answer to {}", request.label)),
        };
        (delays(number), answer)
    });
    let work = assignment(json!({"do": "order", "seed": program}));
    let submission = load("agent").run_agent(&work, host.clone(), &call("x")).await.unwrap().unwrap();
    let mut asked = host.received().asked;
    // Host tasks start in any order. The numbers follow the guest's order.
    asked.sort();
    (String::from_utf8(submission.artifacts[0].content.clone()).unwrap(), asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn answer_timing_does_not_affect_a_guest() {
    let (mut lines, mut asked) = (0, 0);
    for program in 0..40 {
        let expected = transcript(program, |_| Duration::ZERO).await;
        lines += expected.0.lines().count();
        asked += expected.1.len();
        for round in 0..12_u64 {
            let delay = move |number: u32| match round {
                0 => Duration::from_micros(u64::from(200_u32.saturating_sub(number)) * 50),
                _ => Duration::from_micros(mix(round * 1_000 + u64::from(number)) % (300 * round)),
            };
            assert_eq!(transcript(program, delay).await, expected, "program {program}, round {round}");
        }
    }
    assert!(lines > 1_000 && asked > 300, "the programs do too little: {lines} lines, {asked} calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn busy_neighbours_do_not_affect_a_guest() {
    let expected: Vec<_> =
        futures::future::join_all((0..8).map(|program| transcript(program, |_| Duration::ZERO))).await;
    let salt = Arc::new(AtomicU64::new(0));
    let again = (0..64).map(|n| {
        let salt = Arc::clone(&salt);
        let delay = move |_| Duration::from_micros(mix(salt.fetch_add(1, Ordering::Relaxed)) % 2_000);
        tokio::spawn(async move { (n % 8, transcript(n % 8, delay).await) })
    });
    for run in futures::future::join_all(again).await {
        let (program, seen) = run.unwrap();
        assert_eq!(seen, expected[program as usize], "program {program}");
    }
}

#[tokio::test]
async fn yielding_for_an_answer_ends_at_the_limit() {
    let call = with_limits(Limits { cpu_ms: 100.try_into().unwrap(), ..Limits::default() });
    let work = assignment(json!({"do": "yield until answered"}));
    let error = load("agent").run_agent(&work, MockHost::echo(), &call).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::CpuTime { limit_ms: 100 });
}

#[tokio::test]
async fn host_finishes_calls_that_the_guest_drops() {
    for (what, ends_well) in [("ask and leave", true), ("ask and trap", false)] {
        let host = MockHost::new(|_, _| (Duration::from_millis(50), text_answer("late")));
        let result = load("agent").run_agent(&assignment(json!({"do": what})), host.clone(), &call("x")).await;
        assert_eq!(result.is_ok(), ends_well, "{what}");
        assert_eq!((host.received().answered, host.received().delivered), (vec![1], vec![]), "{what}");
    }
}

#[tokio::test]
async fn panic_of_the_host_ends_the_call() {
    let host = MockHost::new(|_, _| panic!("a fault of the host, on purpose"));
    let error = load("agent").run_agent(&assignment(json!({"ask": "x"})), host, &call("x")).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Host("the answer to call 1 is lost".to_owned()));
}

#[tokio::test]
async fn deadlocked_guest_fails_at_once() {
    let work = assignment(json!({"do": "wait for nothing"}));
    let error = load("agent").run_agent(&work, MockHost::echo(), &call("phase design, attempt 3")).await.unwrap_err();
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `agent` (phase design, attempt 3) waits, but nothing that it could wait for is under way
    hint: its author should look for a task or future that is awaited but never completed
    ");
}
