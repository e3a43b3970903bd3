//! Events as a journal stores them: one JSON document per line.
//!
//! Checks that no line panics, that every parsed event survives being written, and that any sequence of events either folds
//! to a state or is rejected. After each event every report of the run is computed.
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

/// A pipeline with five phases and two gates; both gates ask a person.
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
    let mut accepted = vec![Recorded { number: 1, at_ms: 0, event: Event::RunCreated(Box::new(created(&events))) }];
    for event in events {
        let number = state.events + 1;
        let recorded = Recorded { number, at_ms: number * 1000, event };
        let mut after = state.clone();
        if after.apply_fork(&recorded, PIPELINE.clone()).is_ok() {
            state = after;
            accepted.push(recorded);
            compute_reports(&state, &accepted);
        }
    }
});

/// Returns the first event if it creates a run, otherwise an arbitrary creation.
fn created(events: &[Event]) -> RunCreated {
    let empty = || Digest::from_content(b"");
    match events.first() {
        Some(Event::RunCreated(created)) => (**created).clone(),
        _ => RunCreated {
            format: 2,
            run_id: "run-a".parse().unwrap(),
            task_id: "TASK-1".parse().unwrap(),
            pipeline: empty(),
            inputs: Vec::new(),
            base: Vec::new(),
            components: [].into(),
            settings: empty(),
            history: empty(),
            scripted: true,
            started_by: None,
            repository: None,
            acceptance: None,
        },
    }
}

/// Computes everything that the run loop and people ask of a run.
fn compute_reports(state: &State, events: &[Recorded]) {
    state.next();
    state.running();
    state.waiting();
    state.ended();
    TaskResult::from_events(state, events);
    run_measures(state, events, &[], 0);
    finished_run(state, events, None);
    Comparison::new(&[(state, events), (state, events)]);
    assert_eq!(first_difference(events, events, &|_| None), None);
}
