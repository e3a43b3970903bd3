//! Rules for the paths of files that plugins write.
//!
//! A path without a fault by [`unsafe_path`] cannot leave the folder that it is joined to. [`PathRules`] also bound lengths and
//! refuse names that other systems refuse. Fault texts are visible to guests and stored.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// The most bytes of one segment of a path: what common file systems store.
pub const MAX_SEGMENT_BYTES: usize = 255;

/// The most bytes of a path.
pub const MAX_PATH_BYTES: usize = 1024;

/// Names that Windows keeps for devices, with any extension.
const DEVICES: [&str; 7] = ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/// Names of files that plugins may choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileNames {
    /// Only names that Linux, macOS and Windows can store beside each other and that commands do not take for an option or a
    /// home folder.
    #[default]
    Portable,
    /// Every name that this system can store.
    Any,
}

/// The rules for paths in one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathRules {
    /// The names that plugins may choose. `None` for runs of versions without this setting, whose lengths are not bounded.
    pub names: Option<FileNames>,
    /// Paths of the task's base files, which a plugin did not choose.
    pub base: BTreeSet<String>,
}

impl PathRules {
    /// Returns the fault of a path, or `None`.
    pub fn fault(&self, path: &str) -> Option<&'static str> {
        let Some(names) = self.names else { return unsafe_path(path) };
        let portable = names == FileNames::Portable && !self.base.contains(path);
        unsafe_path(path).or_else(|| length_fault(path)).or_else(|| portable.then(|| portable_fault(path)).flatten())
    }

    /// Adds the faults of the paths of one artifact to `faults`.
    pub(super) fn check<'a>(&self, paths: impl Iterator<Item = &'a str> + Clone, faults: &mut Vec<String>) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for path in paths.clone() {
            if let Some(why) = self.fault(path) {
                faults.push(format!("path \"{}\" is not acceptable: {why}", path.escape_debug()));
            }
            match seen.insert(self.key(path), path) {
                Some(other) if other == path || self.names.is_none() => {
                    faults.push(format!("path \"{path}\" is there twice"));
                }
                Some(other) if !(self.base.contains(path) && self.base.contains(other)) => faults.push(format!(
                    "path \"{path}\" is there twice: some systems do not distinguish it from \"{other}\""
                )),
                _ => {}
            }
        }
        let mut folders: BTreeMap<String, &str> = BTreeMap::new();
        for folder in paths.clone().flat_map(parent_folders) {
            let other = folders.insert(self.key(folder), folder).filter(|other| *other != folder);
            if let Some(other) = other.filter(|_| self.names.is_some() && self.base.is_empty()) {
                faults.push(format!(
                    "folder \"{folder}\" is there twice: some systems do not distinguish it from \"{other}\""
                ));
            }
        }
        for path in seen.keys().filter(|path| folders.contains_key(*path)) {
            faults.push(format!("path \"{path}\" is a file and a folder"));
        }
    }

    /// Returns a text that two paths share if one file could silently replace the other.
    fn key(&self, path: &str) -> String {
        match self.names {
            // On file systems that ignore case.
            None => path.to_lowercase(),
            // Also on those that ignore how a character is composed. Lower case can undo a composition.
            Some(FileNames::Portable) => path.nfc().collect::<String>().to_lowercase().nfc().collect(),
            Some(FileNames::Any) => path.to_owned(),
        }
    }
}

/// Returns why a path could leave the folder that it is joined to, or be read as another one than it is; else `None`.
pub fn unsafe_path(path: &str) -> Option<&'static str> {
    let reserved =
        |segment: &str| segment.is_empty() || segment == "." || segment.trim() != segment || segment.ends_with('.');
    match () {
        () if path.is_empty() => Some("it is empty"),
        () if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') => Some("it is absolute"),
        () if path.contains('\\') => Some("it has a backslash; use `/`"),
        () if path.chars().any(char::is_control) => Some("it has a control character"),
        () if path.chars().any(is_hidden) => Some("it has a character that nobody sees"),
        () if path.split('/').any(|segment| segment == "..") => Some("it has `..`"),
        () if path.split('/').any(reserved) => Some("it has an empty or odd segment"),
        () if path.split('/').any(|segment| segment.eq_ignore_ascii_case(".git")) => Some("it is inside `.git`"),
        () if path.split('/').any(is_git_folder) => Some("some systems take a name in it for `.git`"),
        () => None,
    }
}

/// Whether Windows opens `.git` by this name: by its short name, or with a stream after it.
fn is_git_folder(segment: &str) -> bool {
    let base = segment.split(':').next().unwrap_or_default().trim_end_matches([' ', '.']);
    base.eq_ignore_ascii_case(".git") || base.eq_ignore_ascii_case("git~1")
}

/// Whether a character is invisible and changes how the text around it is displayed. Two texts that differ in such
/// characters look the same, or read in another order than they are written.
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn length_fault(path: &str) -> Option<&'static str> {
    match () {
        () if path.len() > MAX_PATH_BYTES => Some("it has more than 1024 bytes in UTF-8"),
        () if path.split('/').any(|segment| segment.len() > MAX_SEGMENT_BYTES) => {
            Some("a name in it has more than 255 bytes in UTF-8")
        }
        () => None,
    }
}

fn portable_fault(path: &str) -> Option<&'static str> {
    let begins_badly = |segment: &str| segment.starts_with(['-', '~']);
    match () {
        () if path.contains(['<', '>', ':', '"', '|', '?', '*']) => {
            Some("some systems refuse the characters `< > : \" | ? *` in names")
        }
        () if path.split('/').any(begins_badly) => {
            Some("a name in it begins with `-` or `~`, which commands take for an option or a home folder")
        }
        () if path.split('/').any(is_device) => Some("a name in it is the name of a device on Windows"),
        () => None,
    }
}

/// Whether Windows opens a device in place of a file of this name.
fn is_device(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_port = numbered.is_some_and(|rest| {
        matches!(rest, "\u{b9}" | "\u{b2}" | "\u{b3}") || (rest.len() == 1 && rest.bytes().all(|c| c.is_ascii_digit()))
    });
    is_port || DEVICES.contains(&stem.as_str())
}

/// Returns every folder that contains a path.
fn parent_folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(move |(end, _)| path.get(..end))
}

#[cfg(test)]
mod tests;
