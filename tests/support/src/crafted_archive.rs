//! Archives that a test changes, as somebody does who prepares one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use phasegate_journal::{StoredEvent, link};
use phasegate_process::Digest;
use serde_json::{Value, json};

/// A run as `phasegate export` writes it. Numbers, links and digests are computed when it is written.
#[derive(Debug, Clone)]
pub struct CraftedArchive {
    pub run: String,
    pub task: String,
    /// The JSON of each event.
    pub events: Vec<String>,
    pub blobs: BTreeMap<String, Vec<u8>>,
    left_out: Value,
}

impl CraftedArchive {
    /// The run in a file.
    pub fn read(file: &Path) -> Self {
        let text = zstd::decode_all(fs::read(file).unwrap().as_slice()).unwrap();
        let mut rest = text.as_slice();
        take_line(&mut rest);
        let head: Value = serde_json::from_slice(take_line(&mut rest)).unwrap();
        let event = |_| {
            let stored: StoredEvent = serde_json::from_slice(take_line(&mut rest)).unwrap();
            stored.body
        };
        let events = (0..head["events"].as_u64().unwrap()).map(event).collect();
        let mut blobs = BTreeMap::new();
        for entry in head["blobs"].as_array().unwrap() {
            let (bytes, after) = rest.split_at(entry["size"].as_u64().unwrap() as usize);
            blobs.insert(entry["digest"].as_str().unwrap().to_owned(), bytes.to_owned());
            rest = after;
        }
        let text = |name: &str| head[name].as_str().unwrap().to_owned();
        Self { run: text("run"), task: text("task"), events, blobs, left_out: head["left_out"].clone() }
    }

    /// Adds a blob and returns its digest.
    pub fn add_blob(&mut self, bytes: impl Into<Vec<u8>>) -> String {
        let bytes = bytes.into();
        let digest = Digest::from_content(&bytes).to_string();
        self.blobs.insert(digest.clone(), bytes);
        digest
    }

    /// Changes an event; `number` counts from 1.
    pub fn change(&mut self, number: usize, change: impl FnOnce(&mut Value)) {
        let mut event = serde_json::from_str(&self.events[number - 1]).unwrap();
        change(&mut event);
        self.events[number - 1] = event.to_string();
    }

    /// Gives the run another id.
    pub fn rename(&mut self, run: &str) {
        self.change(1, |created| created["run_id"] = json!(run));
        self.run = run.to_owned();
    }

    /// Adds an improvement proposal of the first phase, which must begin with the second event, and a decision on it.
    pub fn add_decided_proposal(&mut self, id: &str, text: &str, by: &str) {
        let change = json!({ "target": "code", "change": "add", "proposed": text, "rationale": "as agreed" });
        let pips = json!({ "proposals": [{
            "id": id, "analysis": text, "proposed_changes": [change], "expected_impact": "much", "status": "pending",
        }] });
        let pips = pips.to_string();
        let size = pips.len();
        let digest = self.add_blob(pips);
        let started: Value = serde_json::from_str(&self.events[1]).unwrap();
        let artifact = json!({ "name": "pips", "kind": "pips", "digest": digest, "size": size });
        let stored = json!({
            "event": "artifact_stored", "phase": started["phase"], "attempt": started["attempt"], "artifact": artifact,
        });
        self.events.insert(2, stored.to_string());
        let decided = json!({ "event": "proposal_decided", "id": id, "approved": true, "by": by, "reason": "" });
        self.events.push(decided.to_string());
    }

    /// The text of the file before it is compressed.
    pub fn unpacked(&self) -> Vec<u8> {
        let entries = self.blobs.iter().map(|(digest, bytes)| json!({ "digest": digest, "size": bytes.len() }));
        let head = json!({
            "run": self.run, "task": self.task, "events": self.events.len(),
            "blobs": entries.collect::<Vec<_>>(), "left_out": self.left_out,
        });
        let mut text = format!("phasegate export 1\n{head}\n").into_bytes();
        let mut before: Option<Digest> = None;
        for (number, body) in (1..).zip(&self.events) {
            let chain = link(before.as_ref(), number, number, 2, body);
            let stored = StoredEvent { number, at_ms: number, format: 2, body: body.clone(), chain: chain.clone() };
            text.extend(serde_json::to_vec(&stored).unwrap());
            text.push(b'\n');
            before = Some(chain);
        }
        self.blobs.values().for_each(|bytes| text.extend(bytes));
        text
    }

    /// Writes the file.
    pub fn write(&self, file: &Path) {
        fs::write(file, zstd::encode_all(self.unpacked().as_slice(), 3).unwrap()).unwrap();
    }
}

fn take_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
    let (line, after) = rest.split_at(end);
    *rest = &after[1..];
    line
}
