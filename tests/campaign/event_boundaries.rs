//! Interruptions at every event: killed as soon as the event is written, where the kill arrives a little later; and
//! exactly, with the journal of an undisturbed run that is cut after each event.

use std::path::Path;

use crate::record::{self, Record, copy_journal, cut};
use crate::side_by_side;
use phasegate_test::{Output, RunningProcess, Scenario};

/// Reads an undisturbed run, which must contain every kind of event twice.
fn undisturbed(scenario: &Scenario, output: &Output) -> Record {
    assert_eq!(output.code, 0, "{}", output.stderr);
    let undisturbed = Record::read(&scenario.path("state"), &output.run_id());
    let kinds = record::kinds(&undisturbed.events);
    for kind in ["asked", "answered", "tested", "judged", "decided"] {
        assert!(kinds.get(kind).is_some_and(|count| *count > 1), "no boundary of the kind `{kind}`: {kinds:?}");
    }
    undisturbed
}

/// Resumes from a journal that ends after each of its events and expects the same result.
fn every_cut(state: &Path, undisturbed: &Record) {
    let mut passed = std::sync::atomic::AtomicUsize::new(0);
    side_by_side(1..=undisturbed.events.len(), |after| {
        let scenario = crate::scenario("eventful");
        copy_journal(state, &scenario.path("state"));
        cut(&scenario.path("state"), &undisturbed.run, after as u64);
        let out = scenario.path("out").display().to_string();
        let output = scenario.call(&["resume", undisturbed.run.as_str(), "--json", "--out", &out]);
        let what = format!("cut after event {after}, {}", undisturbed.events[after - 1]["event"]);
        assert_eq!(output.code, 0, "{what}: {}", output.stderr);
        let record = Record::read(&scenario.path("state"), undisturbed.run.as_str());
        assert_eq!(record.events[..after], undisturbed.events[..after], "{what}: recorded events changed");
        record.assert_same(undisturbed, &what);
        // Only a call without an answer at the cut is repeated.
        let open = undisturbed.events[after - 1]["event"] == "model_asked";
        let again: usize = record.calls().values().map(|asked| asked.times - 1).sum();
        assert_eq!(again, usize::from(open), "{what}");
        assert!(scenario.path("out/report.md").exists(), "{what}");
        passed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(*passed.get_mut(), undisturbed.events.len());
}

/// Kills a run as soon as it writes the event with this number and resumes it; every other time in the other mode, since
/// overlapping calls are no property of a run.
fn killed_at(scenario: &Scenario, command: std::process::Command, number: usize, undisturbed: &Record, mode: &[&str]) {
    let killed = RunningProcess::start(command, |event| event["number"] == number).signal("KILL");
    let again: &[&str] = if mode.is_empty() == number.is_multiple_of(2) { &["--async"] } else { &[] };
    let output = scenario.call(&[&["resume", &killed.run_id(), "--json"], again].concat());
    let what = format!("killed at event {number}, {}, {mode:?}", killed.events[number - 1]["event"]);
    assert_eq!(output.code, 0, "{what}: {}", output.stderr);
    let record = Record::read(&scenario.path("state"), &killed.run_id());
    for (output, written) in killed.events.iter().zip(&record.events) {
        assert_eq!(
            (&output["number"], &output["event"]),
            (&written["number"], &written["event"]),
            "{what}: not durable"
        );
    }
    record.assert_same(undisturbed, &what);
    let again: usize = record.calls().values().map(|asked| asked.times - 1).sum();
    assert!(again <= if mode.is_empty() { 1 } else { 3 }, "{what}: {again} calls were repeated");
    assert!(scenario.path("out/report.md").exists(), "{what}: the output folder is forgotten");
}

#[test]
fn first_task_resumes_after_any_event() {
    let scenario = crate::scenario("first-task");
    let undisturbed = undisturbed(&scenario, &Output::from_command(scenario.first_task_command(&[])));
    assert!(undisturbed.events.len() > 100, "{} events", undisturbed.events.len());
    every_cut(&scenario.path("state"), &undisturbed);
}

#[test]
fn first_task_resumes_after_kills() {
    let scenario = crate::scenario("first-task");
    let undisturbed = undisturbed(&scenario, &Output::from_command(scenario.first_task_command(&[])));
    side_by_side((1..=undisturbed.events.len()).step_by(5), |number| {
        let scenario = crate::scenario("first-task");
        killed_at(&scenario, scenario.first_task_command(&[]), number, &undisturbed, &[]);
    });
}

#[test]
fn eventful_run_resumes_after_any_event() {
    let scenario = crate::scenario("eventful");
    let undisturbed = undisturbed(&scenario, &scenario.run(&[]));
    every_cut(&scenario.path("state"), &undisturbed);
}

#[test]
fn eventful_run_resumes_after_kills() {
    let scenario = crate::scenario("eventful");
    let undisturbed = undisturbed(&scenario, &scenario.run(&[]));
    for mode in [&[][..], &["--async"]] {
        side_by_side(1..=undisturbed.events.len(), |number| {
            let scenario = crate::scenario("eventful");
            killed_at(&scenario, scenario.run_command(mode), number, &undisturbed, mode);
        });
    }
}
