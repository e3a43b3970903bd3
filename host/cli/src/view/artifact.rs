//! Artifacts of a run for people: files with their paths, other documents as indented JSON or, to be read, as an outline.

use phasegate_journal::Journal;
use phasegate_process::artifact::kinds;
use phasegate_process::state::{JudgedAttempt, State};
use phasegate_process::{ArtifactRef, AttemptId, Event, Recorded};
use serde_json::Value;

use crate::exit::Failure;
use crate::terminal::format::byte_size;
use crate::terminal::style::Paint;
use crate::view::gate::render_gate;
use crate::view::outline::render_outline;

/// An artifact that a run stored.
#[derive(Debug, Clone)]
pub struct StoredArtifact {
    /// The attempt that stored it; `None` for what the run began with.
    pub at: Option<AttemptId>,
    /// The artifact.
    pub artifact: ArtifactRef,
}

/// Returns all artifacts of a run, oldest first.
pub fn stored_artifacts(events: &[Recorded]) -> Vec<StoredArtifact> {
    let mut stored = Vec::new();
    for recorded in events {
        match &recorded.event {
            Event::RunCreated(created) => {
                let inputs = created.inputs.iter().cloned();
                stored.extend(inputs.map(|artifact| StoredArtifact { at: None, artifact }));
            }
            Event::ArtifactStored { at, artifact } | Event::GateJudged { at, report: Some(artifact), .. } => {
                stored.push(StoredArtifact { at: Some(at.clone()), artifact: artifact.clone() });
            }
            _ => {}
        }
    }
    stored
}

/// Reads the bytes of an artifact. Fails if they are gone.
pub fn read_artifact(journal: &dyn Journal, artifact: &ArtifactRef) -> Result<Vec<u8>, Failure> {
    journal.blob(&artifact.digest)?.ok_or_else(|| {
        Failure::infrastructure(format!("artifact `{}` is missing in {}", artifact.name, journal.location()))
            .with_hint("check the state folder with `phasegate doctor`")
    })
}

/// A file of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactFile {
    /// Its path.
    pub path: String,
    /// Its text.
    pub content: String,
}

/// Returns the files of an artifact that consists of files, such as code; none for other documents.
pub fn files_of(document: &Value) -> Vec<ArtifactFile> {
    let files = document.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |file: &Value, key: &str| file.get(key).and_then(Value::as_str).map(str::to_owned);
    files
        .iter()
        .filter_map(|file| Some(ArtifactFile { path: text(file, "path")?, content: text(file, "content")? }))
        .collect()
}

/// Renders an artifact: its files, each below its path, then the rest as indented JSON.
pub fn render_artifact(bytes: &[u8]) -> String {
    render_with(bytes, |rest| serde_json::to_string_pretty(rest).unwrap_or_default() + "\n")
}

fn render_with(bytes: &[u8], render_rest: impl Fn(&Value) -> String) -> String {
    let Ok(mut document) = serde_json::from_slice::<Value>(bytes) else { return render_text(bytes) };
    let files = files_of(&document);
    let mut text = String::new();
    for file in &files {
        let end = if file.content.ends_with('\n') { "" } else { "\n" };
        text.push_str(&format!("==> {} <==\n{}{end}\n", file.path, file.content));
    }
    if let (false, Some(fields)) = (files.is_empty(), document.as_object_mut()) {
        fields.remove("files");
    }
    if document.as_object().is_none_or(|fields| !fields.is_empty()) {
        text.push_str(&render_rest(&document));
    }
    text
}

fn render_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("(not text, {})\n", byte_size(bytes.len() as u64)),
    }
}

/// Renders what a person decides about: the report of the gate, the names of the judged artifacts, and each of them.
pub fn render_work(journal: &dyn Journal, state: &State, about: &JudgedAttempt) -> String {
    let mut text = render_gate(state, Paint::plain());
    let mut judged: Vec<_> =
        state.artifacts.values().filter(|artifact| about.about.contains(&artifact.digest)).collect();
    // Code and tests first: they are what is decided about, and the rest is what they follow.
    judged.sort_by_key(|artifact| ![kinds::GENERATED_CODE, kinds::TEST_SUITE].contains(&artifact.kind.as_str()));
    let names: Vec<&str> = judged.iter().map(|artifact| artifact.name.as_str()).collect();
    text.push_str(&format!("\nbelow: {}\n", names.join(", ")));
    for artifact in judged {
        let body = match read_artifact(journal, artifact) {
            Ok(bytes) => render_with(&bytes, render_outline),
            Err(failure) => format!("{}\n", failure.message()),
        };
        text.push_str(&format!("\n---- {} ({}) ----\n\n{body}", artifact.name, artifact.digest.short()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::render_artifact;

    #[test]
    fn files_stand_below_their_paths() {
        let code = br#"{"files":[{"path":"a.py","content":"x = 1\n"},{"path":"b","content":"y"}],"notes":"n"}"#;
        assert_eq!(render_artifact(code), "==> a.py <==\nx = 1\n\n==> b <==\ny\n\n{\n  \"notes\": \"n\"\n}\n");
        assert_eq!(render_artifact(b"{\"files\":[]}"), "{\n  \"files\": []\n}\n");
        assert_eq!(render_artifact(b"plain"), "plain");
        assert_eq!(render_artifact(b"\xff"), "(not text, 1 bytes)\n");
    }
}
