//! Random behaviour of agents, strategies and people: a run ends within its limits and passes only what was judged.

use proptest::prelude::*;

use super::harness::Run;
use crate::digest::Digest;
use crate::event::{Choice, Event, FeedbackOutcome, PhaseOutcome, RunStatus, Verdict};
use crate::names::PhaseName;
use crate::state::Action;

const ASKS: [&str; 4] = ["never", "on_exhausted", "on_fail", "always"];
/// The most steps of a run of the small pipeline, rejections included.
const MANY: usize = 4_000;

fn outcome(run: &mut Run, dice: u8) {
    let work = match run.work() {
        work if work.started => work,
        _ => run.start(),
    };
    match dice % 8 {
        0 => run.finish(&work.at, PhaseOutcome::Failed { reason: "failed".into() }),
        1 => run.finish(&work.at, PhaseOutcome::Invalid { faults: vec!["invalid".into()] }),
        2 => run.push(Event::RunStopped { reason: "killed".into() }),
        _ => run.submit_artifacts(&work),
    }
}

fn verdict(run: &mut Run, outcome: &PhaseOutcome, dice: u8) {
    let verdict = match (outcome, dice % 4) {
        (PhaseOutcome::Submitted { .. }, 0) => Verdict::Passed,
        (PhaseOutcome::Submitted { .. }, 1) => Verdict::PassedWithConditions,
        (PhaseOutcome::Submitted { .. }, 2) => Verdict::Failed,
        _ => Verdict::NotJudged,
    };
    let phases: &[&str] = if verdict == Verdict::Passed { &[] } else { &["design"] };
    run.verdict(verdict, phases, if dice >= 128 { &["t::a"] } else { &[] });
}

fn decision(run: &mut Run, may_revise: &[PhaseName], dice: u8) {
    match dice % 6 {
        0 => run.decide_feedback(FeedbackOutcome::AskAPerson { reason: "ask".into() }),
        1 => run.decide_feedback(FeedbackOutcome::Refused { reason: "refused".into() }),
        n => {
            let some: Vec<_> =
                may_revise.iter().skip(usize::from(n) % may_revise.len()).map(PhaseName::as_str).collect();
            run.revise(&some);
        }
    }
}

/// Returns whether the person rejected.
fn person(run: &mut Run, dice: u8, tired: bool) -> bool {
    let waiting = run.state.waiting().map(|(phase, judged, _)| (phase.clone(), judged.verdict.passes()));
    let (gate, passes) = waiting.unwrap();
    let targets = gate.gate.unwrap().may_revise;
    let target = targets.get(usize::from(dice / 8)).cloned();
    let choice = match dice % 4 {
        0 if dice < 32 => Choice::Abort,
        1 | 2 if !tired => Choice::Reject { revise: target },
        _ if passes => Choice::Approve,
        _ => Choice::Override,
    };
    let rejects = matches!(choice, Choice::Reject { .. });
    run.decide(choice, "words").unwrap();
    rejects
}

/// Asserts that every gate's latest judgement opened it and is about the current artifacts.
fn every_gate_is_open(run: &Run) {
    for phase in run.state.pipeline.phases.iter().filter(|phase| phase.gate.is_some()) {
        let last = run.state.phases[&phase.name].judged.last().expect("a gate was skipped");
        let overridden = last.approvals.last().is_some_and(|approval| approval.choice == Choice::Override);
        assert!(!last.rejected() && (last.verdict.passes() || overridden), "{} is not open", phase.name);
        let current: Vec<&Digest> = run.state.artifacts.values().map(|artifact| &artifact.digest).collect();
        assert!(last.about.iter().all(|digest| current.contains(&digest)), "{} judged something else", phase.name);
    }
}

proptest! {
    #[test]
    fn random_runs_end_within_their_limits(
        ask in 0_usize..4,
        total in 3_u32..16,
        dice in prop::collection::vec(any::<u8>(), 1..200),
    ) {
        let mut run = Run::with(&format!("max_total_attempts = {total}"), &format!("ask = \"{}\"", ASKS[ask]));
        // Beyond its end the list repeats with changed values, so that no loop is endless.
        let mut thrown = (0_usize..).map(|n| dice[n % dice.len()].wrapping_add((n / dice.len()) as u8));
        let mut rejected = 0_u32;
        let mut steps = 0;
        loop {
            steps += 1;
            prop_assert!(steps < MANY, "it does not end: {}", run.next());
            let dice = thrown.next().unwrap_or(0);
            match run.state.next() {
                Action::RunAgent(_) => outcome(&mut run, dice),
                Action::RunSuite(_) => run.run_suite(),
                Action::Judge(work) => verdict(&mut run, &work.outcome, dice),
                Action::AskStrategy(_, failure) => decision(&mut run, &failure.may_revise, dice),
                Action::AskPerson(at, question, about) => {
                    prop_assert!(ASKS[ask] != "never", "a person was asked under `never`");
                    run.push(Event::ApprovalAsked { at, question, about });
                }
                Action::Wait(_) => rejected += u32::from(person(&mut run, dice, rejected >= 5)),
                Action::RunAcceptance(_) => panic!("the run has no acceptance tests"),
                Action::WriteBranch => panic!("the run has no repository"),
                Action::Finish(status, reason) => run.push(Event::RunFinished { status, reason }),
                Action::Over => break,
            }
        }
        let judged = |phase: &PhaseName| run.state.phases[phase].judged.len() as u32;
        let gates: Vec<_> = run.state.pipeline.phases.iter().filter(|phase| phase.gate.is_some()).collect();
        let all: u32 = gates.iter().map(|gate| judged(&gate.name)).sum();
        prop_assert!(all <= total + rejected * gates.len() as u32, "{all} judgements of {total}");
        for gate in &gates {
            prop_assert!(judged(&gate.name) <= gate.max_retries.get() + rejected, "{}", gate.name);
        }
        for phase in run.state.pipeline.phases.iter().filter(|phase| phase.gate.is_none()) {
            prop_assert!(run.state.phases[&phase.name].failures <= phase.max_retries.get(), "{}", phase.name);
        }
        if matches!(run.state.ended(), Some((RunStatus::Passed, _))) {
            every_gate_is_open(&run);
        }
    }
}
