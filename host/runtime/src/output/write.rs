//! Writes the output folder of a run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use phasegate_journal::Journal;
use phasegate_process::Recorded;
use phasegate_process::artifact::path_fault;
use phasegate_process::result::TaskResult;
use phasegate_process::state::State;

use crate::error::output::OutputError;
use crate::output::artifacts::ArtifactReader;
use crate::output::report;
use crate::output::written::WrittenFiles;

/// Checks that the folder can be written: it does not exist, is empty, or `force` is set.
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

/// Writes the output of a run in its current state, and replaces files of the same names from an earlier call.
pub fn write_out(
    dir: &Path,
    journal: &dyn Journal,
    state: &State,
    events: &[Recorded],
) -> Result<WrittenFiles, OutputError> {
    let artifacts = ArtifactReader { journal, state };
    let files = artifacts.generated_files()?;
    let folder = Folder::create(dir)?;
    let names = FileNames::avoiding(&files);
    let result = TaskResult::from_events(state, events);
    let mut written = WrittenFiles {
        dir: dir.to_owned(),
        result: names.result.clone(),
        report: names.report.clone(),
        ..WrittenFiles::default()
    };
    for (path, content) in &files {
        folder.write(path, content.as_bytes())?;
        written.files.push(path.clone());
    }
    for artifact in state.artifacts.values().filter(|artifact| artifacts.is_json(artifact)) {
        let path = format!("{}/{}.json", names.artifacts, artifact.name);
        folder.write(&path, &artifacts.bytes(artifact.name.as_str(), &artifact.digest)?)?;
        written.artifacts.push(path);
    }
    let patch = artifacts.patch(&files)?;
    match patch.text.is_empty() {
        true => folder.remove(&names.patch)?,
        false => {
            folder.write(&names.patch, patch.text.as_bytes())?;
            written.patch = Some(names.patch.clone());
        }
    }
    let json = serde_json::to_string_pretty(&result).unwrap_or_default() + "\n";
    folder.write(&names.result, json.as_bytes())?;
    let report = report::render(&artifacts, events, &result, &written, &patch)?;
    folder.write(&names.report, report.as_bytes())?;
    Ok(written)
}

/// Names of the host's files, none of which is a generated file.
struct FileNames {
    artifacts: String,
    result: String,
    report: String,
    patch: String,
}

impl FileNames {
    fn avoiding(files: &BTreeMap<String, String>) -> Self {
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

/// A folder. Paths that leave it are rejected.
struct Folder(PathBuf);

impl Folder {
    fn create(dir: &Path) -> Result<Self, OutputError> {
        match fs::create_dir_all(dir) {
            Ok(()) => Ok(Self(dir.to_owned())),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
                Err(OutputError::NotAFolder { dir: dir.display().to_string() })
            }
            Err(why) => Err(OutputError::Io { path: dir.display().to_string(), reason: why.to_string() }),
        }
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<(), OutputError> {
        let file = self.checked_path(path)?;
        let failed = |why: io::Error| OutputError::Io { path: file.display().to_string(), reason: why.to_string() };
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&file, content).map_err(failed)
    }

    fn remove(&self, path: &str) -> Result<(), OutputError> {
        let file = self.checked_path(path)?;
        match fs::remove_file(&file) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                Err(OutputError::Io { path: file.display().to_string(), reason: why.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// Returns the full path. Fails if a parent is not a plain folder, or if something other than a plain file is at the path.
    fn checked_path(&self, path: &str) -> Result<PathBuf, OutputError> {
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
