//! The out folder: the generated files, every artifact as JSON, the result, a report for people, and a patch.
//!
//! Promises: nothing is written outside the folder, not even through a symbolic link in it; a folder with something in it is
//! left alone unless the person said otherwise; what is written of an artifact is what was reviewed and tested, byte for
//! byte. Where a generated file needs the name of one of ours, ours steps aside as `phasegate-…`. Fails with [`OutputError`].

pub(crate) mod diff;
mod patch;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use phasegate_journal::{Journal, JournalError};
use phasegate_process::artifact::{self, path_fault};
use phasegate_process::result::TaskResult;
use phasegate_process::state::State;
use phasegate_process::{ArtifactRef, Digest, Recorded};
use serde_json::Value;

use patch::Patch;

/// The kind whose files are delivered.
const GENERATED_CODE: &str = "generated_code";

/// What was written, relative to the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The folder.
    pub dir: PathBuf,
    /// The generated files.
    pub files: Vec<String>,
    /// The artifacts.
    pub artifacts: Vec<String>,
    /// The result, for programs.
    pub result: String,
    /// The report, for people.
    pub report: String,
    /// The patch against the base files, where there are any and something changed.
    pub patch: Option<String>,
}

/// Why the out folder could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// There is something in it.
    #[error(
        "{dir} is not empty, nothing was written\nhint: choose another folder with --out, or write over it with --force"
    )]
    NotEmpty {
        /// The folder.
        dir: String,
    },
    /// It is something else.
    #[error("{dir} is no folder\nhint: choose another one with --out")]
    NotAFolder {
        /// What was named.
        dir: String,
    },
    /// A path that could leave it.
    #[error(
        "`{path}` was not written to the out folder: {reason}\nhint: nothing is written outside of it; move the old folder away, or choose another one with --out"
    )]
    Refused {
        /// The path.
        path: String,
        /// Why.
        reason: String,
    },
    /// The disk says no.
    #[error(
        "{path} cannot be written: {reason}\nhint: make room and make it writable, or choose another folder with --out; the run itself is safe"
    )]
    Io {
        /// The file or folder.
        path: String,
        /// Why.
        reason: String,
    },
    /// An artifact is gone or not what it should be.
    #[error(
        "artifact {name} cannot be read from the journal: {reason}\nhint: the state folder was changed by hand; restore it from a copy"
    )]
    Artifact {
        /// The artifact, or what else was looked for.
        name: String,
        /// Why.
        reason: String,
    },
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Whether the folder may be written to: it is not there yet, or empty, or the person insists.
pub fn check_out(dir: &Path, force: bool) -> Result<(), OutputError> {
    let shown = dir.display().to_string();
    match fs::read_dir(dir) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(why) if why.kind() == io::ErrorKind::NotADirectory => Err(OutputError::NotAFolder { dir: shown }),
        Err(why) => Err(OutputError::Io { path: shown, reason: why.to_string() }),
        Ok(mut entries) => match !force && entries.next().is_some() {
            true => Err(OutputError::NotEmpty { dir: shown }),
            false => Ok(()),
        },
    }
}

/// Writes all that came of a run as it stands now; what an earlier writing left under the same names is replaced.
pub fn write_out(
    dir: &Path,
    journal: &dyn Journal,
    state: &State,
    events: &[Recorded],
) -> Result<Written, OutputError> {
    let shelf = Shelf { journal, state };
    let files = shelf.generated_files()?;
    let folder = Folder::make(dir)?;
    let names = Names::beside(&files);
    let result = TaskResult::of(state, events);
    let mut written = Written {
        dir: dir.to_owned(),
        result: names.result.clone(),
        report: names.report.clone(),
        ..Written::default()
    };
    for (path, content) in &files {
        folder.write(path, content.as_bytes())?;
        written.files.push(path.clone());
    }
    for artifact in state.artifacts.values().filter(|artifact| shelf.is_json(artifact)) {
        let path = format!("{}/{}.json", names.artifacts, artifact.name);
        folder.write(&path, &shelf.bytes(artifact.name.as_str(), &artifact.digest)?)?;
        written.artifacts.push(path);
    }
    let patch = shelf.patch(&files)?;
    match patch.text.is_empty() {
        true => folder.remove(&names.patch)?,
        false => {
            folder.write(&names.patch, patch.text.as_bytes())?;
            written.patch = Some(names.patch.clone());
        }
    }
    let json = serde_json::to_string_pretty(&result).unwrap_or_default() + "\n";
    folder.write(&names.result, json.as_bytes())?;
    let report = report::text(&shelf, events, &result, &written, &patch)?;
    folder.write(&names.report, report.as_bytes())?;
    Ok(written)
}

/// The run's artifacts, with the journal that holds them.
struct Shelf<'a> {
    journal: &'a dyn Journal,
    state: &'a State,
}

impl Shelf<'_> {
    fn bytes(&self, name: &str, digest: &Digest) -> Result<Vec<u8>, OutputError> {
        let missing = || OutputError::Artifact {
            name: name.to_owned(),
            reason: format!("there is no blob {digest} in {}", self.journal.place()),
        };
        self.journal.blob(digest)?.ok_or_else(missing)
    }

    fn json(&self, name: &str, digest: &Digest) -> Result<Value, OutputError> {
        let bytes = self.bytes(name, digest)?;
        serde_json::from_slice(&bytes)
            .map_err(|why| OutputError::Artifact { name: name.to_owned(), reason: format!("it is not JSON: {why}") })
    }

    /// The current artifact of a name as JSON, where there is one.
    fn current(&self, name: &str) -> Result<Option<Value>, OutputError> {
        let known = self.state.artifacts.values().find(|artifact| artifact.name.as_str() == name);
        known.map(|artifact| self.json(name, &artifact.digest)).transpose()
    }

    fn is_json(&self, artifact: &ArtifactRef) -> bool {
        artifact::schema(&self.state.pipeline, &artifact.kind).is_some()
    }

    /// What is delivered. Where two phases make the same file, the later phase's counts.
    fn generated_files(&self) -> Result<BTreeMap<String, String>, OutputError> {
        let mut files = BTreeMap::new();
        for produced in self.state.pipeline.phases.iter().flat_map(|phase| &phase.produces) {
            if produced.kind.as_str() != GENERATED_CODE {
                continue;
            }
            let code = self.current(produced.name.as_str())?.unwrap_or_default();
            for file in code.get("files").and_then(Value::as_array).into_iter().flatten() {
                let of = |field| file.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
                files.insert(of("path"), of("content"));
            }
        }
        // All of them before any is written: half a delivery helps nobody.
        match files.keys().find_map(|path| Some((path, path_fault(path)?))) {
            Some((path, reason)) => Err(OutputError::Refused { path: path.clone(), reason: reason.to_owned() }),
            None => Ok(files),
        }
    }

    fn patch(&self, files: &BTreeMap<String, String>) -> Result<Patch, OutputError> {
        let mut base = BTreeMap::new();
        for name in &self.state.created.base {
            let path = name.as_str().strip_prefix("context/").unwrap_or(name.as_str());
            if let Some(artifact) = self.state.artifacts.get(name).filter(|_| files.contains_key(path)) {
                base.insert(path, self.bytes(name.as_str(), &artifact.digest)?);
            }
        }
        Ok(match self.state.created.base.is_empty() {
            true => Patch::default(),
            false => Patch::between(&base, files),
        })
    }
}

/// The names of our own files, out of the way of the generated ones.
struct Names {
    artifacts: String,
    result: String,
    report: String,
    patch: String,
}

impl Names {
    fn beside(files: &BTreeMap<String, String>) -> Self {
        let taken: Vec<String> = files.keys().map(|path| path.to_lowercase()).collect();
        let clashes = |name: &str| {
            taken
                .iter()
                .any(|path| path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        };
        let free = |name: &str| {
            let mut name = name.to_owned();
            while clashes(&name) {
                name.insert_str(0, "phasegate-");
            }
            name
        };
        Self {
            artifacts: free("artifacts"),
            result: free("result.json"),
            report: free("report.md"),
            patch: free("changes.patch"),
        }
    }
}

/// A folder that is never left.
struct Folder(PathBuf);

impl Folder {
    fn make(dir: &Path) -> Result<Self, OutputError> {
        match fs::create_dir_all(dir) {
            Ok(()) => Ok(Self(dir.to_owned())),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
                Err(OutputError::NotAFolder { dir: dir.display().to_string() })
            }
            Err(why) => Err(OutputError::Io { path: dir.display().to_string(), reason: why.to_string() }),
        }
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<(), OutputError> {
        let file = self.place(path)?;
        let failed = |why: io::Error| OutputError::Io { path: file.display().to_string(), reason: why.to_string() };
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&file, content).map_err(failed)
    }

    fn remove(&self, path: &str) -> Result<(), OutputError> {
        let file = self.place(path)?;
        match fs::remove_file(&file) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                Err(OutputError::Io { path: file.display().to_string(), reason: why.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// Where a path is to be written: every step of the way is a plain folder, and at its end is a plain file or nothing.
    fn place(&self, path: &str) -> Result<PathBuf, OutputError> {
        let refuse = |reason: &str| Err(OutputError::Refused { path: path.to_owned(), reason: reason.to_owned() });
        if let Some(reason) = path_fault(path) {
            return refuse(reason);
        }
        let mut place = self.0.clone();
        let mut segments = path.split('/').peekable();
        while let Some(segment) = segments.next() {
            place.push(segment);
            match (fs::symlink_metadata(&place), segments.peek().is_some()) {
                (Err(why), _) if why.kind() == io::ErrorKind::NotFound => {}
                (Err(why), _) => return refuse(&why.to_string()),
                (Ok(known), _) if known.is_symlink() => return refuse("there is a symbolic link in its place"),
                (Ok(known), true) if !known.is_dir() => return refuse("a file is where its folder should be"),
                (Ok(known), false) if !known.is_file() => return refuse("something else is in its place"),
                _ => {}
            }
        }
        Ok(place)
    }
}
