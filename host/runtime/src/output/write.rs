//! Writes the output folder of a run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use phasegate_files::Folder;
use phasegate_journal::Journal;
use phasegate_process::Recorded;
use phasegate_process::artifact::unsafe_path;
use phasegate_process::result::TaskResult;
use phasegate_process::state::State;

use crate::error::output::OutputError;
use crate::output::artifacts::ArtifactReader;
use crate::output::known::CLAIM;
use crate::output::report;
use crate::output::written::WrittenFiles;

/// Checks that the folder can be written: it does not exist, is empty, or `force` is set.
pub fn check_out(dir: &Path, force: bool) -> Result<(), OutputError> {
    let shown = dir.display().to_string();
    match fs::read_dir(dir) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(why) if why.kind() == io::ErrorKind::NotADirectory => Err(OutputError::NotAFolder { dir: shown }),
        Err(why) => Err(OutputError::Io { path: shown, reason: why.to_string() }),
        Ok(mut entries) => match !force && entries.any(|entry| !entry.is_ok_and(|entry| is_leftover(&entry))) {
            true => Err(OutputError::NotEmpty { dir: shown }),
            false => Ok(()),
        },
    }
}

/// Whether a killed process of this program left this file while it wrote to the folder.
fn is_leftover(entry: &fs::DirEntry) -> bool {
    let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
    is_file && entry.file_name().as_encoded_bytes().starts_with(phasegate_files::NEW_FILE.as_bytes())
}

/// Writes the output of a run in its current state, and replaces files of the same names from an earlier call. Nothing is
/// written if something that this program did not make is in the way of a file.
pub fn write_out(
    dir: &Path,
    journal: &dyn Journal,
    state: &State,
    events: &[Recorded],
) -> Result<WrittenFiles, OutputError> {
    let artifacts = ArtifactReader { journal, state };
    let files = artifacts.generated_files()?;
    let names = FileNames::avoiding(&files);
    let result = TaskResult::from_events(state, events);
    let mut written = WrittenFiles {
        dir: dir.to_owned(),
        files: files.keys().cloned().collect(),
        result: names.result.clone(),
        report: names.report.clone(),
        ..WrittenFiles::default()
    };
    let json = serde_json::to_string_pretty(&result).unwrap_or_default() + "\n";
    // The result comes first: it marks the folder as this run's own, should this process end halfway.
    let mut contents: Vec<(String, Vec<u8>)> = vec![(names.result, json.into_bytes())];
    for artifact in state.artifacts.values().filter(|artifact| artifacts.is_json(artifact)) {
        let path = format!("{}/{}.json", names.artifacts, artifact.name);
        written.artifacts.push(path.clone());
        contents.push((path, artifacts.bytes(artifact.name.as_str(), &artifact.digest)?));
    }
    let patch = artifacts.patch(&files)?;
    written.patch = (!patch.text.is_empty()).then(|| names.patch.clone());
    let report = report::render(&artifacts, events, &result, &written, &patch)?;
    contents.extend(files.into_iter().map(|(path, content)| (path, content.into_bytes())));
    if written.patch.is_some() {
        contents.push((names.patch.clone(), patch.text.into_bytes()));
    }
    contents.push((names.report, report.into_bytes()));
    let folder = OutFolder::create(dir)?;
    contents.iter().map(|(path, _)| path).chain([&names.patch]).try_for_each(|path| folder.check(path))?;
    if written.patch.is_none() {
        folder.remove(&names.patch)?;
    }
    contents.iter().try_for_each(|(path, content)| folder.write(path, content))?;
    // The result took its place.
    folder.remove(CLAIM)?;
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

/// The open output folder. Paths that leave it are rejected.
struct OutFolder<'a> {
    dir: &'a Path,
    folder: Folder,
}

impl<'a> OutFolder<'a> {
    fn create(dir: &'a Path) -> Result<Self, OutputError> {
        match Folder::create(dir) {
            Ok(folder) => Ok(Self { dir, folder }),
            Err(why) if matches!(why.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory) => {
                Err(OutputError::NotAFolder { dir: dir.display().to_string() })
            }
            Err(why) => Err(OutputError::Io { path: dir.display().to_string(), reason: why.to_string() }),
        }
    }

    /// Fails if the path leaves the folder or something is in its way.
    fn check(&self, path: &str) -> Result<(), OutputError> {
        match unsafe_path(path) {
            Some(reason) => Err(OutputError::Refused { path: path.to_owned(), reason: reason.to_owned() }),
            None => self.folder.check(path).map_err(|why| self.explain(path, &why)),
        }
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<(), OutputError> {
        self.folder.write(path, content).map_err(|why| self.explain(path, &why))
    }

    fn remove(&self, path: &str) -> Result<(), OutputError> {
        self.folder.remove(path).map_err(|why| self.explain(path, &why))
    }

    fn explain(&self, path: &str, why: &io::Error) -> OutputError {
        match why.raw_os_error() {
            // Something that this program did not make is in the way.
            None => OutputError::Refused { path: path.to_owned(), reason: why.to_string() },
            Some(_) => OutputError::Io { path: self.dir.join(path).display().to_string(), reason: why.to_string() },
        }
    }
}
