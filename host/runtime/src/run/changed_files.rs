//! The files that an attempt replaces or deletes, compared with what lies below them.
//!
//! Guarantees: the host reads each such file of the repository before the artifact is accepted, so that patch, report, branch
//! and replay know it from the record. Faults are worded so that a model can fix them; they are part of the record.

use std::collections::{BTreeMap, BTreeSet};

use phasegate_process::AttemptId;
use phasegate_process::artifact::{MAX_PATH_BYTES, PathRules, unsafe_path};
use phasegate_process::repository::RequestFailure;
use serde_json::Value;

use crate::error::Error;
use crate::run::context::RunContext;
use crate::run::repository_files::read_base;

/// The most files of one artifact that are looked up.
const MAX_FILES: usize = 4_000;

/// What lies below the files of an artifact.
pub(crate) struct ChangedFiles {
    /// The files that it replaces or deletes, by path.
    base: BTreeMap<String, Below>,
    deleted: Vec<String>,
    has_repository: bool,
}

/// A file of the repository that an artifact changes.
enum Below {
    Text,
    /// Bytes that are not UTF-8.
    Other,
    TooLarge,
    /// There is none.
    Nothing,
    /// Something that is no file, with the reason.
    Obstacle(String),
}

impl ChangedFiles {
    /// Looks up the files of generated code or of a suite. Content that is no such artifact has none.
    pub(crate) async fn look_up(context: &RunContext, at: &AttemptId, content: &[u8]) -> Result<Self, Error> {
        let has_repository = context.state().created.repository.is_some();
        let value: Value = serde_json::from_slice(content).unwrap_or_default();
        let list = |field| value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let deleted: Vec<String> = list("deleted").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let mut base = BTreeMap::new();
        if has_repository {
            let files = list("files").iter().filter_map(|file| file.get("path")?.as_str());
            let paths: BTreeSet<&str> = files.chain(deleted.iter().map(String::as_str)).collect();
            let is_plain = |path: &&str| path.len() <= MAX_PATH_BYTES && unsafe_path(path).is_none();
            for path in paths.into_iter().filter(is_plain).take(MAX_FILES) {
                let below = match read_base(context, at, path).await? {
                    Ok(bytes) if std::str::from_utf8(&bytes).is_ok() => Below::Text,
                    Ok(_) => Below::Other,
                    Err(RequestFailure::TooLarge(_)) => Below::TooLarge,
                    Err(RequestFailure::Unknown(_)) => Below::Nothing,
                    Err(RequestFailure::NotAFile(why)) => Below::Obstacle(why),
                };
                base.insert(path.to_owned(), below);
            }
        }
        Ok(Self { base, deleted, has_repository })
    }

    /// Returns the rules for paths of this artifact: names that the repository has already are accepted as they are.
    pub(crate) fn path_rules(&self, rules: &PathRules) -> PathRules {
        let mut rules = rules.clone();
        let is_there = |below: &Below| matches!(below, Below::Text | Below::Other | Below::TooLarge);
        let known = self.base.iter().filter(|(_, below)| is_there(below)).map(|(path, _)| path.clone());
        rules.base.extend(known);
        rules
    }

    /// Returns the faults of files that cannot be replaced or deleted.
    pub(crate) fn faults(&self, context: &RunContext) -> Vec<String> {
        let mut faults = Vec::new();
        for (path, below) in &self.base {
            let is_deleted = self.deleted.contains(path);
            let shown = path.escape_debug();
            match below {
                Below::Obstacle(why) => faults.push(format!("path \"{shown}\" is not acceptable: {why}")),
                Below::Other if !is_deleted => faults.push(format!(
                    "path \"{shown}\" is not acceptable: the file in the repository is not text in UTF-8, so it can only be deleted"
                )),
                Below::Nothing if is_deleted => faults.push(not_there(path)),
                _ => {}
            }
        }
        if !self.has_repository {
            let known = &context.paths.base;
            faults.extend(self.deleted.iter().filter(|path| !known.contains(*path)).map(|path| not_there(path)));
        }
        faults
    }
}

fn not_there(path: &str) -> String {
    format!("deleted path \"{}\" is not there; leave out files that only earlier attempts had", path.escape_debug())
}
