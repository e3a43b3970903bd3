//! What a journal contains about a run, and what two runs must have in common. This module alone edits journals.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

use phasegate_journal::{Journal, SqliteJournal};
use phasegate_process::{Digest, RunId};
use phasegate_test::open_with_old_tables;
use serde_json::Value;

/// Events of which neither time nor name matters.
const OF_THE_MOMENT: [&str; 4] = ["number", "at_ms", "elapsed_ms", "created"];

/// The phase of the standard pipeline that reads measured time.
const MEASURED: &str = "postmortem";

/// A run as its journal has it.
#[derive(Debug, Clone)]
pub struct Record {
    pub run: RunId,
    pub events: Vec<Value>,
}

/// The attempt and the number of a model call.
pub type Call = (String, u64);

/// The state of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub times: usize,
    pub answered: bool,
    pub request: String,
}

impl Record {
    /// Reads a run from a state folder.
    pub fn read(state: &Path, run: &str) -> Self {
        let journal = SqliteJournal::open(state).unwrap();
        let run: RunId = run.parse().unwrap();
        let events = journal.events(&run).unwrap();
        Self { run, events: events.iter().map(|event| serde_json::to_value(event).unwrap()).collect() }
    }

    /// Reads every run from a copy of a state folder, so that the folder itself stays as the process left it.
    pub fn all_in_a_copy(state: &Path) -> Vec<Self> {
        if !state.join("journal.db").exists() {
            return Vec::new();
        }
        let copy = tempfile::tempdir().unwrap();
        copy_journal(state, copy.path());
        let journal = SqliteJournal::open(copy.path()).unwrap();
        let runs = journal.runs().unwrap();
        drop(journal);
        runs.iter().map(|run| Self::read(copy.path(), run.as_str())).collect()
    }

    pub fn events_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["event"] == name)
    }

    pub fn is_over(&self) -> bool {
        self.events_named("run_finished").next().is_some()
    }

    pub fn task(&self) -> String {
        self.events[0]["task_id"].as_str().unwrap().to_owned()
    }

    /// Every model call. Panics if one was sent after it was answered.
    pub fn calls(&self) -> BTreeMap<Call, Asked> {
        let mut calls: BTreeMap<Call, Asked> = BTreeMap::new();
        for event in &self.events {
            let call = || (at(event), event["call"].as_u64().unwrap());
            match event["event"].as_str().unwrap() {
                "model_asked" => {
                    let known = calls.entry(call()).or_default();
                    assert!(!known.answered, "{} asked call {:?} again", self.run, call());
                    known.times += 1;
                    known.request = event["request"].as_str().unwrap().to_owned();
                }
                "model_answered" => {
                    let known = calls.get_mut(&call()).unwrap();
                    assert!(!known.answered, "{} has two answers to call {:?}", self.run, call());
                    known.answered = true;
                }
                _ => {}
            }
        }
        calls
    }

    /// The idempotency key of a call. Computed here again on purpose: if the key were ever made differently, runs under way
    /// would repeat calls that the provider has answered.
    pub fn key(&self, call: &Call, asked: &Asked) -> String {
        let (at, number) = call;
        Digest::from_content(format!("{} {at} {number} {}", self.run, asked.request).as_bytes()).short().to_owned()
    }

    /// Compares artifacts, verdicts, decisions, tests and requests, in order, with those of an undisturbed run. The phase
    /// that reads measures is left out where measured time differs.
    pub fn assert_same(&self, whole: &Self, what: &str) {
        let measured = self.measures() == whole.measures();
        let (mine, its) = (self.facts(measured), whole.facts(measured));
        for (mine, its) in mine.iter().zip(&its) {
            assert_eq!(mine, its, "{what}: here it went another way");
        }
        assert_eq!(mine.len(), its.len(), "{what}: more or less happened");
        let requests = |record: &Self| -> BTreeMap<Call, String> {
            let calls = record.calls().into_iter().filter(|((at, _), _)| measured || !at.starts_with(MEASURED));
            calls.map(|(call, asked)| (call, asked.request)).collect()
        };
        assert_eq!(requests(self), requests(whole), "{what}: other questions");
        assert_eq!(self.events_named("run_finished").next().unwrap()["status"], "passed", "{what}");
    }

    fn measures(&self) -> Option<&str> {
        let stored = self.events_named("artifact_stored").filter(|event| event["artifact"]["name"] == "run_measures");
        stored.last().and_then(|event| event["artifact"]["digest"].as_str())
    }

    fn facts(&self, measured: bool) -> Vec<String> {
        // Requests are compared on their own, and a stop is not part of the result.
        let other =
            |event: &&Value| ["model_asked", "model_answered", "run_stopped"].iter().all(|it| event["event"] != *it);
        let events = self.events.iter().skip(1).filter(other);
        let facts = events.filter(|event| measured || event["phase"] != MEASURED).map(|event| (event, fact(event)));
        // A cut can separate events that are always written together; the same artifact is then stored once more.
        let mut stored = HashSet::new();
        let new = |(event, fact): &(&Value, String)| event["event"] != "artifact_stored" || stored.insert(fact.clone());
        facts.filter(new).map(|(_, fact)| fact).collect()
    }
}

fn fact(event: &Value) -> String {
    let mut event = event.clone();
    OF_THE_MOMENT.iter().for_each(|field| drop(event.as_object_mut().unwrap().remove(*field)));
    event.to_string()
}

pub fn at(event: &Value) -> String {
    format!("{}#{}", event["phase"].as_str().unwrap_or_default(), event["attempt"])
}

/// The places between two events of a call, where a kill is most expensive.
pub fn kinds(events: &[Value]) -> HashMap<&'static str, usize> {
    let mut kinds = HashMap::new();
    for event in events {
        let kind = match event["event"].as_str().unwrap() {
            "model_asked" => "asked",
            "model_answered" => "answered",
            "tests_ran" => "tested",
            "gate_judged" => "judged",
            "feedback_decided" => "decided",
            _ => "other",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

/// Copies the journal with its write-ahead log.
pub fn copy_journal(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in ["journal.db", "journal.db-wal"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

/// Removes everything that a run wrote after this event.
pub fn cut(state: &Path, run: &RunId, after: u64) {
    let file = open_with_old_tables(state);
    let events = "DELETE FROM events WHERE number > ?2 AND run_key = (SELECT run_key FROM runs WHERE run = ?1)";
    let end = "UPDATE runs SET last = ?2, chain = (SELECT chain FROM events
                   WHERE events.run_key = runs.run_key AND number = ?2) WHERE run = ?1";
    for cut in [events, end] {
        file.execute(cut, (run.as_str(), after)).unwrap();
    }
}
