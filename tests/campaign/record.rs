//! What a journal says of a run, and what of it two runs must have in common. Also the one place that changes a journal
//! behind the binary's back.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

use phasegate_journal::{Journal, SqliteJournal};
use phasegate_process::{Digest, RunId};
use rusqlite::Connection;
use serde_json::Value;

/// Facts of the journal that are neither time nor name.
const OF_THE_MOMENT: [&str; 4] = ["number", "at_ms", "elapsed_ms", "created"];

/// The phase of the standard pipeline that reads measured time.
const MEASURED: &str = "postmortem";

/// A run as the journal has it.
#[derive(Debug, Clone)]
pub struct Record {
    pub run: RunId,
    pub events: Vec<Value>,
}

/// A model call: which attempt, which number.
pub type Call = (String, u64);

/// How far a call came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub times: usize,
    pub answered: bool,
    pub request: String,
}

impl Record {
    /// The run of this id in a state folder.
    pub fn of(state: &Path, run: &str) -> Self {
        let journal = SqliteJournal::open(state).unwrap();
        let run: RunId = run.parse().unwrap();
        let events = journal.events(&run).unwrap();
        Self { run, events: events.iter().map(|event| serde_json::to_value(event).unwrap()).collect() }
    }

    /// Every run in a copy of a state folder, so that whoever comes next finds it as it was left.
    pub fn all_in_a_copy(state: &Path) -> Vec<Self> {
        if !state.join("journal.db").exists() {
            return Vec::new();
        }
        let copy = tempfile::tempdir().unwrap();
        copy_journal(state, copy.path());
        let journal = SqliteJournal::open(copy.path()).unwrap();
        let runs = journal.runs().unwrap();
        drop(journal);
        runs.iter().map(|run| Self::of(copy.path(), run.as_str())).collect()
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

    /// Every model call; that none was asked after it was answered is checked on the way.
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

    /// What a provider that takes idempotency keys is told for a call. Written down here a second time on purpose: were it
    /// made otherwise some day, runs under way would ask anew what the provider has answered.
    pub fn key(&self, call: &Call, asked: &Asked) -> String {
        let (at, number) = call;
        Digest::of(format!("{} {at} {number} {}", self.run, asked.request).as_bytes()).short().to_owned()
    }

    /// Holds this run against one that nothing happened to: artifacts, verdicts, decisions, tests, requests, in order.
    /// Where they measured time differently, the phase that reads the measures is left out.
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
        // Questions are held together by themselves, and that a run stopped for a while is no part of what came of it.
        let other =
            |event: &&Value| ["model_asked", "model_answered", "run_stopped"].iter().all(|it| event["event"] != *it);
        let events = self.events.iter().skip(1).filter(other);
        let facts = events.filter(|event| measured || event["phase"] != MEASURED).map(|event| (event, fact(event)));
        // A cut can separate what is always written together; the artifact is then stored once more, the very same.
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

/// What stands between two events, seen from a call: the places where a kill is most expensive.
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

/// Copies the journal as it lies there, log and all.
pub fn copy_journal(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in ["journal.db", "journal.db-wal"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

/// Takes back all that a run wrote after this event, as if it had never come so far.
pub fn cut(state: &Path, run: &RunId, after: u64) {
    let file = Connection::open(state.join("journal.db")).unwrap();
    let events = "DELETE FROM events WHERE number > ?2 AND run_key = (SELECT run_key FROM runs WHERE run = ?1)";
    let end = "UPDATE runs SET last = ?2, chain = (SELECT chain FROM events
                   WHERE events.run_key = runs.run_key AND number = ?2) WHERE run = ?1";
    for cut in [events, end] {
        file.execute(cut, (run.as_str(), after)).unwrap();
    }
}
