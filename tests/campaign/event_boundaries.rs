//! Killed at every event boundary.
//!
//! Twice over: for real, as soon as the event is told, where the kill lands a little later; and exactly, by taking the
//! journal of a run that was not disturbed and cutting it after each event.

use std::path::Path;

use crate::record::{self, Record, copy_journal, cut};
use crate::side_by_side;
use phasegate_test::{Scene, Told, examples};

/// A run that nothing happens to.
fn whole(scene: &Scene, told: &Told) -> Record {
    assert_eq!(told.code, 0, "{}", told.stderr);
    let whole = Record::of(&scene.path("state"), &told.run_id());
    let kinds = record::kinds(&whole.events);
    for kind in ["asked", "answered", "tested", "judged", "decided"] {
        assert!(kinds.get(kind).is_some_and(|count| *count > 1), "no boundary of the kind `{kind}`: {kinds:?}");
    }
    whole
}

/// Goes on with a journal that ends after each of its events, and comes to the same end.
fn every_cut(state: &Path, whole: &Record) {
    let mut passed = std::sync::atomic::AtomicUsize::new(0);
    side_by_side(1..=whole.events.len(), |after| {
        let scene = crate::scene("eventful");
        copy_journal(state, &scene.path("state"));
        cut(&scene.path("state"), &whole.run, after as u64);
        let out = scene.path("out").display().to_string();
        let told = scene.call(&["resume", whole.run.as_str(), "--json", "--out", &out]);
        let what = format!("cut after event {after}, {}", whole.events[after - 1]["event"]);
        assert_eq!(told.code, 0, "{what}: {}", told.stderr);
        let record = Record::of(&scene.path("state"), whole.run.as_str());
        assert_eq!(record.events[..after], whole.events[..after], "{what}: what was there has changed");
        record.assert_same(whole, &what);
        // Exactly: only a question that stands open at the cut is asked once more.
        let open = whole.events[after - 1]["event"] == "model_asked";
        let again: usize = record.calls().values().map(|asked| asked.times - 1).sum();
        assert_eq!(again, usize::from(open), "{what}");
        assert!(scene.path("out/report.md").exists(), "{what}");
        passed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(*passed.get_mut(), whole.events.len());
}

/// Kills a run as soon as it tells of its event of this number, and goes on, every other time the other way: whether calls
/// overlap is no part of a run.
fn killed_at(scene: &Scene, command: std::process::Command, number: usize, whole: &Record, mode: &[&str]) {
    let killed = scene.until(command, |event| event["number"] == number).signal("KILL");
    let again: &[&str] = if mode.is_empty() == number.is_multiple_of(2) { &["--async"] } else { &[] };
    let told = scene.call(&[&["resume", &killed.run_id(), "--json"], again].concat());
    let what = format!("killed at event {number}, {}, {mode:?}", killed.events[number - 1]["event"]);
    assert_eq!(told.code, 0, "{what}: {}", told.stderr);
    let record = Record::of(&scene.path("state"), &killed.run_id());
    for (told, written) in killed.events.iter().zip(&record.events) {
        assert_eq!((&told["number"], &told["event"]), (&written["number"], &written["event"]), "{what}: not durable");
    }
    record.assert_same(whole, &what);
    let again: usize = record.calls().values().map(|asked| asked.times - 1).sum();
    assert!(again <= if mode.is_empty() { 1 } else { 3 }, "{what}: {again} calls were asked again");
    assert!(scene.path("out/report.md").exists(), "{what}: the out folder is forgotten");
}

fn first_task(scene: &Scene) -> std::process::Command {
    let task = examples().join("first-task/task.toml").display().to_string();
    let out = scene.path("out").display().to_string();
    scene.command(&["run", "--json", "--task", &task, "--out", &out])
}

#[test]
fn the_first_task_cut_after_any_of_its_events_comes_to_the_same_end() {
    let scene = crate::scene("first-task");
    let whole = whole(&scene, &Told::of(first_task(&scene)));
    assert!(whole.events.len() > 100, "{} events", whole.events.len());
    every_cut(&scene.path("state"), &whole);
}

#[test]
fn the_first_task_killed_at_every_fifth_of_its_events_comes_to_the_same_end() {
    let scene = crate::scene("first-task");
    let whole = whole(&scene, &Told::of(first_task(&scene)));
    side_by_side((1..=whole.events.len()).step_by(5), |number| {
        let scene = crate::scene("first-task");
        killed_at(&scene, first_task(&scene), number, &whole, &[]);
    });
}

#[test]
fn an_eventful_run_cut_after_any_of_its_events_comes_to_the_same_end() {
    let scene = crate::scene("eventful");
    let whole = whole(&scene, &scene.run(&[]));
    every_cut(&scene.path("state"), &whole);
}

#[test]
fn an_eventful_run_killed_at_any_of_its_events_comes_to_the_same_end() {
    let scene = crate::scene("eventful");
    let whole = whole(&scene, &scene.run(&[]));
    for mode in [&[][..], &["--async"]] {
        side_by_side(1..=whole.events.len(), |number| {
            let scene = crate::scene("eventful");
            killed_at(&scene, scene.run_command(mode), number, &whole, mode);
        });
    }
}
