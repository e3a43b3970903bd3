//! Writes the output folder of a run.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use phasegate_files::{Folder, describe};
use phasegate_journal::Journal;
use phasegate_process::Recorded;
use phasegate_process::result::TaskResult;
use phasegate_process::state::State;
use serde::Serialize;

use crate::error::output::{NotWritten, OutputError};
use crate::output::artifacts::ArtifactReader;
use crate::output::files::RunFiles;
use crate::output::known::{CLAIM, earlier_files};
use crate::output::report;
use crate::output::written::WrittenFiles;

/// Checks that the folder can be written: it does not exist, is empty, or `force` is set.
pub fn check_out(dir: &Path, force: bool) -> Result<(), OutputError> {
    let shown = dir.display().to_string();
    match fs::read_dir(dir) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(why) if why.kind() == io::ErrorKind::NotADirectory => Err(OutputError::NotAFolder { dir: shown }),
        Err(why) => Err(OutputError::Io { path: shown, reason: describe(&why) }),
        Ok(mut entries) => match !force && entries.any(|entry| !entry.is_ok_and(|entry| is_leftover(&entry))) {
            true => Err(OutputError::NotEmpty { dir: shown }),
            false => Ok(()),
        },
    }
}

/// Tries to create the folder and a file in it, and removes what it created. A folder that cannot be written is found before a
/// run, not after it.
pub fn try_out(dir: &Path) -> Result<(), OutputError> {
    let fault = |why: &io::Error| OutputError::Io { path: dir.display().to_string(), reason: describe(why) };
    let missing: Vec<&Path> = dir.ancestors().take_while(|above| above.symlink_metadata().is_err()).collect();
    let tried = fs::create_dir_all(dir).and_then(|()| {
        let name = format!("{}try-{}", phasegate_files::NEW_FILE, std::process::id());
        let file = dir.join(name);
        fs::OpenOptions::new().write(true).create_new(true).open(&file)?;
        fs::remove_file(&file)
    });
    // Another process may have put something into one of them, which then stays.
    for created in missing {
        let _ = fs::remove_dir(created);
    }
    tried.map_err(|why| fault(&why))
}

/// Whether a killed process of this program left this file while it wrote to the folder.
fn is_leftover(entry: &fs::DirEntry) -> bool {
    let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
    is_file && entry.file_name().as_encoded_bytes().starts_with(phasegate_files::NEW_FILE.as_bytes())
}

/// Writes the output of a run in its current state, and replaces the files of an earlier call. Nothing is written if something that this program did not make is in the way of a file. A file that the system refuses to write is
/// listed in the result, in the report and in what is returned; the others are written.
pub fn write_out(
    dir: &Path,
    journal: &dyn Journal,
    state: &State,
    events: &[Recorded],
) -> Result<WrittenFiles, OutputError> {
    let artifacts = ArtifactReader { journal, state };
    let files = RunFiles::load(&artifacts)?;
    let names = FileNames::avoiding(&files);
    let result = TaskResult::from_events(state, events);
    let mut written = WrittenFiles {
        dir: dir.to_owned(),
        files: files.code.keys().cloned().collect(),
        tests: files.tests.keys().cloned().collect(),
        settings: files.settings.keys().cloned().collect(),
        deleted: files.deleted.iter().cloned().collect(),
        result: names.result,
        report: names.report,
        ..WrittenFiles::default()
    };
    let mut contents: Vec<(String, Vec<u8>)> = Vec::new();
    for artifact in state.artifacts.values().filter(|artifact| artifacts.is_json(artifact)) {
        let path = format!("{}/{}.json", names.artifacts, artifact.name);
        written.artifacts.push(path.clone());
        contents.push((path, artifacts.bytes(artifact.name.as_str(), &artifact.digest)?));
    }
    let patch = artifacts.patch(&files.code_and_tests(), &files.deleted)?;
    written.patch = (!patch.text.is_empty()).then(|| names.patch.clone());
    let render = |written: &WrittenFiles| report::render(&artifacts, events, &result, written, &patch);
    let mut report = render(&written)?;
    let RunFiles { code, tests, settings, deleted: _ } = files;
    contents.extend([code, tests, settings].into_iter().flatten().map(|(path, text)| (path, text.into_bytes())));
    if written.patch.is_some() {
        contents.push((names.patch.clone(), patch.text.clone().into_bytes()));
    }
    let folder = OutFolder::create(dir)?;
    let host_files = [&written.result, &written.report, &names.patch];
    contents.iter().map(|(path, _)| path).chain(host_files).try_for_each(|path| folder.check(path))?;
    if written.patch.is_none() {
        folder.remove(&names.patch)?;
    }
    let earlier = earlier_files(&folder.folder, &result.run_id);
    // The result comes first: it marks the folder as this run's own, should this process end halfway.
    folder.write(&written.result, render_result(&result, &written).as_bytes())?;
    let refused: Vec<_> = contents.iter().filter_map(|(path, content)| folder.try_write(path, content)).collect();
    if !refused.is_empty() {
        written.add_not_written(refused);
        report = render(&written)?;
    }
    written.add_not_written(folder.try_write(&written.report, report.as_bytes()).into_iter().collect());
    if !written.not_written.is_empty() {
        folder.write(&written.result, render_result(&result, &written).as_bytes())?;
    }
    let kept = written.paths();
    for path in earlier.iter().filter(|path| !kept.contains(path.as_str())) {
        // What took the place of a file in the meantime is not this program's.
        let _ = folder.folder.remove(path);
    }
    // The result took its place.
    folder.remove(CLAIM)?;
    Ok(written)
}

/// The result as it is in the output folder.
#[derive(Serialize)]
struct WrittenResult<'a> {
    #[serde(flatten)]
    result: &'a TaskResult,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_written: &'a [NotWritten],
    /// Files of the base that the generated code removes.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    deleted: &'a [String],
    /// Every file of the folder.
    files: BTreeSet<&'a str>,
}

fn render_result(result: &TaskResult, written: &WrittenFiles) -> String {
    let whole =
        WrittenResult { result, not_written: &written.not_written, deleted: &written.deleted, files: written.paths() };
    serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
}

/// Names of the host's files, none of which is a generated file or a test.
struct FileNames {
    artifacts: String,
    result: String,
    report: String,
    patch: String,
}

impl FileNames {
    fn avoiding(files: &RunFiles) -> Self {
        let taken: Vec<String> = files.paths().map(|path| path.to_lowercase()).collect();
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
            Err(why) => Err(OutputError::Io { path: dir.display().to_string(), reason: describe(&why) }),
        }
    }

    /// Fails if something that this program did not make is in the way of a file.
    fn check(&self, path: &str) -> Result<(), OutputError> {
        match self.folder.check(path).map_err(|why| self.explain(path, &why)) {
            // Writing the file fails for the same reason.
            Err(OutputError::Io { .. }) => Ok(()),
            checked => checked,
        }
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<(), OutputError> {
        self.folder.write(path, content).map_err(|why| self.explain(path, &why))
    }

    /// Returns why the file was not written; `None` if it was.
    fn try_write(&self, path: &str, content: &[u8]) -> Option<NotWritten> {
        let reason = self.folder.write(path, content).err()?.to_string();
        Some(NotWritten { path: path.to_owned(), reason })
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
