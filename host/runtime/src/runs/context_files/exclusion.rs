//! Why globs leave a file or folder out. `docs/configuration.md` describes the same lists.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::secrets;

/// Why a file or folder is left out; the most important reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exclusion {
    /// A name or content that secrets have.
    Secret,
    /// The file of a provider's key.
    Key,
    /// State, cache, lock file or output folder of the command that asks.
    Own,
    /// Results of earlier commands.
    Results,
    /// A task, an experiment or a configuration.
    Configuration,
    /// An acceptance test of the task.
    Acceptance,
    /// A folder of a version control system.
    VersionControl,
    /// A virtual environment.
    Environment,
    /// Code of others that a package manager installed.
    Dependencies,
    /// A folder that a program can make again.
    Cache,
    /// An ignore file of this name excludes it.
    IgnoredBy(&'static str),
}

impl Exclusion {
    /// Whether no task can allow it.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Own | Self::VersionControl | Self::Key)
    }
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "looks like a secret",
            Self::Key => "the key of a provider",
            Self::Own => "written by Phasegate",
            Self::Results => "results of Phasegate",
            Self::Configuration => "configuration of Phasegate",
            Self::Acceptance => "an acceptance test",
            Self::VersionControl => "version control",
            Self::Environment => "a virtual environment",
            Self::Dependencies => "dependencies",
            Self::Cache => "a cache",
            Self::IgnoredBy(file) => return write!(f, "ignored by {file}"),
        })
    }
}

const VERSION_CONTROL: [&str; 7] = [".git", ".hg", ".svn", ".jj", ".bzr", ".pijul", "_darcs"];
const ENVIRONMENTS: [&str; 4] = [".venv", "venv", ".virtualenv", "virtualenv"];
const DEPENDENCIES: [&str; 13] = [
    "node_modules",
    "bower_components",
    "jspm_packages",
    "site-packages",
    "dist-packages",
    "__pypackages__",
    ".eggs",
    ".yarn",
    ".pnpm-store",
    ".bundle",
    ".gradle",
    ".m2",
    ".terraform",
];
const CACHES: [&str; 13] = [
    "__pycache__",
    ".cache",
    ".direnv",
    ".hypothesis",
    ".mypy_cache",
    ".next",
    ".nox",
    ".nuxt",
    ".parcel-cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".turbo",
];
/// Files that a package manager puts into a folder `vendor`. Without one, the folder is ordinary source.
const VENDOR_MARKERS: [&str; 3] = ["autoload.php", "modules.txt", "bundle"];
/// The first bytes of a valid `CACHEDIR.TAG`.
const CACHE_SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";
/// The first bytes of a journal, and the mark of Phasegate at byte 68.
const SQLITE: &[u8] = b"SQLite format 3\0";
const JOURNAL_MARK: &[u8] = b"PhGt";
/// The first line of every lock file.
const LOCK_START: &[u8] = b"# Written by phasegate;";
/// The host's names in the output folder of a run; `phasegate-` stands before a name that a generated file has.
const OUTPUT: [&str; 4] = ["result.json", "report.md", "changes.patch", "artifacts"];
/// The mark of an output folder that is not written yet.
const CLAIM: &str = ".phasegate-run";
/// The largest result that is parsed, in bytes.
const MAX_RESULT_BYTES: u64 = 32 << 20;
/// The most bytes of a file that are searched for a key.
const MAX_HEAD_BYTES: u64 = 16 << 10;

/// Classifies an entry by its name.
pub(super) fn of_name(name: &str, is_dir: bool) -> Option<Exclusion> {
    let lower = name.to_lowercase();
    let is = |names: &[&str]| names.contains(&lower.as_str());
    match () {
        () if is(&VERSION_CONTROL) || (is_dir && name == "CVS") => Some(Exclusion::VersionControl),
        () if lower == ".phasegate" || lower == CLAIM => Some(Exclusion::Own),
        () if lower == "phasegate-out" && is_dir => Some(Exclusion::Results),
        () if lower == "phasegate.lock" || lower.starts_with("phasegate.lock.") => Some(Exclusion::Results),
        () if lower == "phasegate.toml" && !is_dir => Some(Exclusion::Configuration),
        () if !is_dir && lower.ends_with(".phasegate") => Some(Exclusion::Results),
        () if is_dir && is(&ENVIRONMENTS) => Some(Exclusion::Environment),
        () if is_dir && is(&DEPENDENCIES) => Some(Exclusion::Dependencies),
        () if is_dir && is(&CACHES) => Some(Exclusion::Cache),
        () => None,
    }
}

/// Classifies a folder by files that lie in it.
pub(super) fn of_folder(folder: &Path) -> Option<Exclusion> {
    let has = |name: &str| folder.join(name).symlink_metadata().is_ok();
    let vendor = || folder.ends_with("vendor") && VENDOR_MARKERS.into_iter().any(has);
    match () {
        () if has("pyvenv.cfg") || has("conda-meta") => Some(Exclusion::Environment),
        () if vendor() => Some(Exclusion::Dependencies),
        () if head(&folder.join("CACHEDIR.TAG"), 64).starts_with(CACHE_SIGNATURE) => Some(Exclusion::Cache),
        () if is_state(folder) || is_output(folder) => Some(Exclusion::Results),
        () => None,
    }
}

/// Classifies a file by its first bytes. A file that cannot be read is not classified.
pub(super) fn of_content(file: &Path) -> Option<Exclusion> {
    let head = head(file, MAX_HEAD_BYTES);
    match () {
        () if secrets::holds_private_key(&head) => Some(Exclusion::Secret),
        () if head.starts_with(LOCK_START) => Some(Exclusion::Results),
        () => None,
    }
}

/// Whether a folder is the output folder of a run or of an experiment.
pub(super) fn is_output(folder: &Path) -> bool {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only their presence counts")]
    struct OfRun {
        task_id: String,
        run_id: String,
        status: String,
        totals: IgnoredAny,
    }
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only their presence counts")]
    struct OfExperiment {
        format: u32,
        experiment: String,
        variants: IgnoredAny,
        cells: IgnoredAny,
    }
    let text = |name: &str| phasegate_files::read(&folder.join(name), MAX_RESULT_BYTES).unwrap_or_default();
    let of_run = |name| serde_json::from_slice::<OfRun>(&text(name)).is_ok();
    folder.join(CLAIM).symlink_metadata().is_ok()
        || ["result.json", "phasegate-result.json", "phasegate-phasegate-result.json"].into_iter().any(of_run)
        || serde_json::from_slice::<OfExperiment>(&text("results.json")).is_ok()
}

/// Whether an output folder gets this name from the host.
pub(super) fn is_output_name(name: &str) -> bool {
    OUTPUT.contains(&name.trim_start_matches("phasegate-"))
}

/// Whether a folder is a state folder: it has a journal.
fn is_state(folder: &Path) -> bool {
    let head = head(&folder.join("journal.db"), 72);
    head.starts_with(SQLITE) && head.ends_with(JOURNAL_MARK)
}

/// The first bytes of a regular file; none if it cannot be read.
fn head(path: &Path, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = phasegate_files::open_input(path).and_then(|file: File| file.take(most).read_to_end(&mut bytes));
    if read.is_ok() { bytes } else { Vec::new() }
}
