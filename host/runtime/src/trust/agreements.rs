//! The agreements of a user: `phasegate/trust.toml` beside the user's configuration.
//!
//! An agreement belongs to one project and holds exact addresses, places of keys and limits; anything else is not covered.
//! The file is opened without links, must belong to this account alone, and is replaced as a whole while `trust.lock` is
//! held.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use phasegate_broker::ProviderAccess;
use phasegate_files::{Access, create_private_folder, open_private, replace};
use serde::{Deserialize, Serialize};

use crate::error::not_trusted::{LimitValue, NotTrusted, RaisedLimit};

/// The newest version of the file that this build reads and writes.
const VERSION: u32 = 1;
/// The largest file, in bytes.
const MAX_BYTES: u64 = 4 << 20;
/// The longest wait for another process that writes.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agreements {
    version: u32,
    /// What projects may use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ProjectAgreement>,
    /// Folders of other accounts whose files are used as if they were the user's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<FolderAgreement>,
    /// Runs that may continue.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<RunAgreement>,
}

impl Default for Agreements {
    fn default() -> Self {
        Self { version: VERSION, projects: Vec::new(), folders: Vec::new(), runs: Vec::new() }
    }
}

/// The agreement about a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectAgreement {
    /// Folder of the project's configuration, without links.
    pub folder: PathBuf,
    /// The person who agreed.
    pub by: String,
    /// The time, as an HTTP date.
    pub at: String,
    /// Limits by their key, as `budget.usd`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, LimitValue>,
    /// Addresses and places of keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<ProviderAccess>,
}

/// The agreement about a folder of another account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderAgreement {
    /// The folder, without links. Everything below it is included.
    pub folder: PathBuf,
    /// The person who agreed.
    pub by: String,
    /// The time, as an HTTP date.
    pub at: String,
}

/// The agreement about a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunAgreement {
    /// The run.
    pub run: String,
    /// Digest of what the run uses: of an imported one its components, of another one its providers and limits.
    pub digest: String,
    /// The person who agreed.
    pub by: String,
    /// The time, as an HTTP date.
    pub at: String,
}

impl Agreements {
    /// Reads the file; an absent file has no agreements.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let file = match open_private(path, Access::Read) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            file => file?,
        };
        let mut text = String::new();
        file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
        let invalid = |why: String| io::Error::new(ErrorKind::InvalidData, why);
        if text.len() as u64 > MAX_BYTES {
            return Err(invalid(format!("it has more than {MAX_BYTES} bytes, which is the limit")));
        }
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let head: Head = toml::from_str(&text).map_err(|why| invalid(why.message().to_owned()))?;
        if head.version > VERSION {
            return Err(invalid(format!(
                "it has version {}, this phasegate reads versions up to {VERSION}",
                head.version
            )));
        }
        toml::from_str(&text).map_err(|why| invalid(why.message().to_owned()))
    }

    /// Changes the file: reads it again, applies `change`, and replaces it. Returns the new content.
    pub(super) fn update(path: &Path, change: impl FnOnce(&mut Self)) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            create_private_folder(folder)?;
        }
        let _lock = lock(&path.with_extension("lock"))?;
        let mut agreements = Self::read(path)?;
        change(&mut agreements);
        let text = toml::to_string(&agreements).map_err(io::Error::other)?;
        replace(path, format!("# Written by `phasegate trust`.\n{text}").as_bytes(), 0o600)?;
        Ok(agreements)
    }

    /// Adds providers and limits to the agreement about a project. A provider of the same name is replaced.
    pub(super) fn add(&mut self, wanted: &NotTrusted, by: &str, at: &str) {
        let found = self.projects.iter().position(|project| project.folder == wanted.project);
        let mut project = match found {
            Some(index) => self.projects.remove(index),
            None => ProjectAgreement {
                folder: wanted.project.clone(),
                by: String::new(),
                at: String::new(),
                limits: BTreeMap::new(),
                providers: Vec::new(),
            },
        };
        (project.by, project.at) = (by.to_owned(), at.to_owned());
        for access in &wanted.providers {
            project.providers.retain(|known| known.provider != access.provider);
            project.providers.push(access.clone());
        }
        project.limits.extend(wanted.limits.iter().map(|limit| (limit.key.clone(), limit.wanted)));
        self.projects.push(project);
        self.projects.sort_by(|one, other| one.folder.cmp(&other.folder));
    }

    /// Adds an agreement about a run.
    pub(super) fn add_run(&mut self, run: &str, digest: &str, by: &str, at: &str) {
        let [run, digest, by, at] = [run, digest, by, at].map(str::to_owned);
        self.runs.retain(|known| known.run != run || known.digest != digest);
        self.runs.push(RunAgreement { run, digest, by, at });
    }

    /// Whether the user agreed that this project uses this address with this key.
    pub(super) fn covers_access(&self, project: &Path, access: &ProviderAccess) -> bool {
        self.projects.iter().any(|known| known.folder == project && known.providers.contains(access))
    }

    /// Whether the user agreed that this project has this limit or a higher one.
    pub(super) fn covers_limit(&self, project: &Path, limit: &RaisedLimit) -> bool {
        let of_project = self.projects.iter().filter(|known| known.folder == project);
        of_project.filter_map(|known| known.limits.get(&limit.key)).any(|agreed| !limit.wanted.exceeds(*agreed))
    }
}

/// Locks a file beside the agreements. Waits at most [`MAX_WAIT`].
fn lock(path: &Path) -> io::Result<File> {
    let file = open_private(path, Access::Create)?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if began.elapsed() > MAX_WAIT => {
                let seconds = MAX_WAIT.as_secs();
                let reason = format!("another process has held {} for {seconds} s", path.display());
                return Err(io::Error::new(ErrorKind::TimedOut, reason));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}
