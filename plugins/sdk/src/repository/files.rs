//! The map and the files.

use std::rc::Rc;

use crate::artifacts::RepositoryMap;
use crate::host;
use crate::types::{ArtifactError, Failure, RepositoryFile};
use crate::work::{Work, failure};

const MAP: &str = "repository_map";
/// Bytes of one token, as budgets count.
const BYTES_PER_TOKEN: u64 = 4;

/// The repository that a run starts from.
#[derive(Debug, Clone)]
pub struct Repository {
    map: Rc<RepositoryMap>,
}

/// A file of a repository that is given whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeFile {
    /// Path.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// `text`, `binary`, `symlink`, `submodule` or `lfs`.
    pub kind: String,
    /// The content, if it is UTF-8 text.
    pub text: Option<String>,
}

impl Repository {
    /// Reads the map. `None` if the phase does not read `repository_map` or the run has no repository.
    pub fn open(work: &Work) -> Result<Option<Self>, Failure> {
        Ok(work.read_optional(MAP)?.map(|map| Self { map: Rc::new(map) }))
    }

    /// Returns the map.
    pub fn map(&self) -> &RepositoryMap {
        &self.map
    }

    /// Returns the content of a file. Errors are those of the contract: a file that does not exist is `unknown`.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, ArtifactError> {
        host::read(&format!("repository/{path}"))
    }

    /// Returns the text of a file. `None` if it does not exist, cannot be read, or is not UTF-8 text.
    pub fn text(&self, path: &str) -> Option<String> {
        String::from_utf8(self.read(path).ok()?).ok().filter(|text| !text.contains('\0'))
    }

    /// Returns whether a file of this path exists, also one that cannot be read, for example a symlink.
    pub fn contains(&self, path: &str) -> bool {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_listed = || {
            let files = host::list_files(folder).map(|list| list.files).unwrap_or_default();
            files.iter().any(|file| file.path == path)
        };
        self.map.paths.iter().any(|file| file.path == path) || is_listed() || self.read(path).is_ok()
    }

    /// Returns all files with their texts, sorted by path, if the texts together take at most this many tokens of four bytes.
    pub fn whole(&self, tokens: u64) -> Result<Option<Vec<WholeFile>>, Failure> {
        let most = tokens.saturating_mul(BYTES_PER_TOKEN);
        if self.map.text_bytes > most {
            return Ok(None);
        }
        let list = host::list_files("").map_err(|error| unreadable("the list of files", &error))?;
        if list.left_out > 0 {
            return Ok(None);
        }
        let mut files = Vec::with_capacity(list.files.len());
        let mut bytes = 0;
        for RepositoryFile { path, size, kind } in list.files {
            let text = if kind == "text" {
                let content = self.read(&path).map_err(|error| unreadable(&format!("`{path}`"), &error))?;
                bytes += content.len() as u64;
                String::from_utf8(content).ok()
            } else {
                None
            };
            files.push(WholeFile { path, size, kind, text });
        }
        Ok((bytes <= most).then_some(files))
    }
}

/// Returns the words of an error of the contract.
pub fn words(error: &ArtifactError) -> &str {
    match error {
        ArtifactError::Unknown(why) | ArtifactError::TooLarge(why) | ArtifactError::Other(why) => why,
    }
}

fn unreadable(what: &str, error: &ArtifactError) -> Failure {
    failure(format!("{what} of the repository cannot be read: {}", words(error)))
}
