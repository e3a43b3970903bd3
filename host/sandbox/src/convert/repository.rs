//! Conversion of files and matches of the run's repository.

use phasegate_process::repository::{FileList, MatchList};

use crate::bindings::phasegate::plugin::artifacts as wit;
use crate::capabilities::ArtifactError;

/// The bytes of a record beside its texts.
const RECORD_BYTES: usize = 32;

pub(crate) fn list(from: FileList) -> wit::FileList {
    let files = from.files.into_iter().map(|file| wit::RepositoryFile {
        path: file.path,
        size: file.size,
        kind: file.kind.as_str().to_owned(),
    });
    wit::FileList { files: files.collect(), left_out: from.left_out }
}

pub(crate) fn list_size(list: &FileList) -> usize {
    list.files.iter().map(|file| file.path.len() + RECORD_BYTES).sum()
}

pub(crate) fn matches(from: MatchList) -> wit::MatchList {
    let matches =
        from.matches.into_iter().map(|found| wit::TextMatch { path: found.path, line: found.line, text: found.text });
    wit::MatchList { matches: matches.collect(), incomplete: from.incomplete }
}

pub(crate) fn matches_size(found: &MatchList) -> usize {
    found.matches.iter().map(|found| found.path.len() + found.text.len() + RECORD_BYTES).sum()
}

pub(crate) fn error(error: ArtifactError) -> wit::Error {
    match error {
        ArtifactError::Unknown(text) => wit::Error::Unknown(text),
        ArtifactError::TooLarge(text) => wit::Error::TooLarge(text),
        ArtifactError::Other(text) => wit::Error::Other(text),
    }
}
