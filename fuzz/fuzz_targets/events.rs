//! Events as a journal stores them: one JSON document a line.
//!
//! Holds that no line panics, that every event that is read reads back as it was, and that any sequence of events folds to
//! a state or is refused, with everything that is told of a run ready to be told after each.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phasegate_process::compare::{Comparison, first_difference};
use phasegate_process::measures::{finished_run, run_measures};
use phasegate_process::pipeline::{Pipeline, parse};
use phasegate_process::result::TaskResult;
use phasegate_process::source::Source;
use phasegate_process::state::State;
use phasegate_process::{Digest, Event, Recorded, RunCreated};

/// Five phases, two gates among them, at which people are asked too.
static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| {
    let source = Source { file: "events.toml", text: include_str!("events.toml") };
    parse(source, &|_| Err(String::new())).unwrap()
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let events: Vec<Event> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for event in &events {
        let written = serde_json::to_string(event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&written).unwrap(), *event);
        event.blobs();
    }
    let mut state = State::new(created(&events), PIPELINE.clone());
    let mut taken = vec![Recorded { number: 1, at_ms: 0, event: Event::RunCreated(Box::new(created(&events))) }];
    for event in events {
        let number = state.events + 1;
        let recorded = Recorded { number, at_ms: number * 1000, event };
        let mut after = state.clone();
        if after.apply_fork(&recorded, PIPELINE.clone()).is_ok() {
            state = after;
            taken.push(recorded);
            tell(&state, &taken);
        }
    }
});

/// What the run depends on: what its first event says, if that is its creation.
fn created(events: &[Event]) -> RunCreated {
    let nothing = || Digest::from_content(b"");
    match events.first() {
        Some(Event::RunCreated(created)) => (**created).clone(),
        _ => RunCreated {
            format: 2,
            run_id: "run-a".parse().unwrap(),
            task_id: "TASK-1".parse().unwrap(),
            pipeline: nothing(),
            inputs: Vec::new(),
            base: Vec::new(),
            components: [].into(),
            settings: nothing(),
            history: nothing(),
            scripted: true,
        },
    }
}

/// All that people and the loop ask of a run.
fn tell(state: &State, events: &[Recorded]) {
    state.next();
    state.running();
    state.waiting();
    state.ended();
    TaskResult::from_events(state, events);
    run_measures(state, events, &[], 0);
    finished_run(state, events, None);
    Comparison::new(&[(state, events), (state, events)]);
    assert_eq!(first_difference(events, events), None);
}
