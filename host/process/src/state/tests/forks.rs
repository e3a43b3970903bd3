//! A fork continues at its origin's position, also with another pipeline.

use super::harness::{Run, pipeline};
use crate::event::{Event, Recorded, RunCreated, RunForked, RunStatus, Verdict};
use crate::names::AttemptId;

fn forked(run: &Run, phase: &str, attempt: u32) -> Recorded {
    fork(run, phase, attempt, false)
}

fn fork(run: &Run, phase: &str, attempt: u32, at_decision: bool) -> Recorded {
    let created = RunCreated { run_id: "fork-1".parse().unwrap(), ..(*run.state.created).clone() };
    let at = AttemptId { phase: phase.parse().unwrap(), attempt };
    let origin = run.state.created.run_id.clone();
    let fork = RunForked { origin, at, at_decision, changes: vec!["feedback".into()], created };
    Recorded { number: run.state.events + 1, at_ms: 8, event: Event::RunForked(Box::new(fork)) }
}

#[test]
fn a_fork_continues_at_its_origins_position() {
    let mut run = Run::new();
    run.run_until("review");
    run.judge(Verdict::Failed, &["design"]);
    run.revise(&["design"]);
    let shared = run.state.events;
    let fork = forked(&run, "design", 2);
    run.state.apply_fork(&fork, pipeline("", "")).unwrap();
    assert_eq!(run.next(), "design#2");
    assert_eq!(run.state.created.run_id.as_str(), "fork-1");
    assert_eq!(run.state.root.as_str(), "run-1");
    let known = &run.state.forks[0];
    assert_eq!((known.origin.as_str(), known.shared, known.changes.len()), ("run-1", shared, 1));
    assert_eq!(run.run_to_end().0, RunStatus::Passed);
    assert_eq!(
        run.state.phases[&"review".parse().unwrap()].judged.len(),
        2,
        "the judgement that is shared still counts"
    );
}

#[test]
fn a_fork_follows_its_own_pipeline_from_there() {
    let mut run = Run::new();
    run.run_until("code");
    let fork = forked(&run, "code", 1);
    let mut shorter = pipeline("", "");
    shorter.phases.retain(|phase| !["review", "check"].contains(&phase.name.as_str()));
    run.state.apply_fork(&fork, shorter).unwrap();
    run.submit();
    assert_eq!(run.next(), "test#1");
}

#[test]
fn rejects_forks_at_other_attempts() {
    let mut run = Run::new();
    run.run_until("code");
    let refused = |run: &mut Run, fork: &Recorded| {
        let error = run.state.apply_fork(fork, pipeline("", "")).unwrap_err().to_string();
        error.lines().next().unwrap().split_once(": ").unwrap().1.to_owned()
    };
    let elsewhere = forked(&run, "design", 1);
    assert_eq!(refused(&mut run, &elsewhere), "it is about design#1, but code#1 is at turn");
    run.start();
    let started = forked(&run, "code", 1);
    assert_eq!(refused(&mut run, &started), "code#1 has started already");
}

#[test]
fn rejects_forks_without_their_phase() {
    let mut run = Run::new();
    run.run_until("code");
    let fork = forked(&run, "code", 1);
    let mut without = pipeline("", "");
    without.phases.retain(|phase| phase.name.as_str() != "code");
    let error = run.state.apply_fork(&fork, without).unwrap_err().to_string();
    assert!(error.contains("its pipeline has no phase code"), "{error}");
}

#[test]
fn a_fork_can_leave_at_a_decision() {
    let mut run = Run::new();
    run.run_until("review");
    let early = fork(&run, "review", 1, true);
    let refused = run.state.apply_fork(&early, pipeline("", "")).unwrap_err().to_string();
    assert!(refused.contains("the strategy is not asked about review#1"), "{refused}");
    run.judge(Verdict::Failed, &["design"]);
    let next = run.next();
    let at_decision = fork(&run, "review", 1, true);
    run.state.apply_fork(&at_decision, pipeline("", "")).unwrap();
    assert_eq!(run.next(), next, "the strategy of the fork is asked about the shared judgement");
    assert!(run.state.forks[0].at_decision);
    run.revise(&["design"]);
    assert_eq!(run.next(), "design#2");
    assert_eq!(run.run_to_end().0, RunStatus::Passed);
}
