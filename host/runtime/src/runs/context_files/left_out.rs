//! The report of what globs left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::runs::context_files::exclusion::Exclusion;

/// The most files and folders that the report names; the others are counted.
const MAX_NAMES: usize = 10;
/// The most characters of a name.
const MAX_NAME_CHARS: usize = 60;

/// What globs left out that a pattern could match. Its `Display` is one line:
/// `.env (looks like a secret), node_modules/ (dependencies), 3 ignored by .gitignore`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// The first by importance, then by path; a folder ends in `/`.
    named: BTreeSet<(Exclusion, String)>,
    unnamed: usize,
    /// How many entries each ignore file excludes. An excluded folder counts as one.
    ignored: BTreeMap<Exclusion, usize>,
}

impl LeftOut {
    /// Adds a path, separated by `/`.
    pub(super) fn add(&mut self, path: &str, is_dir: bool, why: Exclusion) {
        if matches!(why, Exclusion::IgnoredBy(_)) {
            *self.ignored.entry(why).or_default() += 1;
            return;
        }
        let slash = if is_dir { "/" } else { "" };
        self.named.insert((why, format!("{path}{slash}")));
        if self.named.len() > MAX_NAMES {
            self.named.pop_last();
            self.unnamed += 1;
        }
    }

    /// Whether nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.ignored.is_empty()
    }

    /// A file that the task can allow: the first that is named.
    pub(super) fn allowable_file(&self) -> Option<&str> {
        let mut files = self.named.iter().filter(|(why, path)| !why.is_final() && !path.ends_with('/'));
        files.next().map(|(_, path)| path.as_str())
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.named.iter().map(|(why, path)| format!("{} ({why})", shorten(path)));
        let ignored = self.ignored.iter().map(|(why, number)| format!("{number} {why}"));
        let more = (self.unnamed > 0).then(|| format!("{} more", self.unnamed));
        f.write_str(&named.chain(more).chain(ignored).collect::<Vec<_>>().join(", "))
    }
}

/// Keeps the end of a long path, which says most.
fn shorten(path: &str) -> String {
    let skipped = path.chars().count().saturating_sub(MAX_NAME_CHARS);
    match skipped {
        0 => path.to_owned(),
        _ => std::iter::once('…').chain(path.chars().skip(skipped + 1)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_bounded_number_of_paths() {
        let mut left_out = LeftOut::default();
        left_out.add("node_modules", true, Exclusion::Dependencies);
        for number in 0..20 {
            left_out.add(&format!("{}{number:02}.pem", "d/".repeat(100)), false, Exclusion::Secret);
            left_out.add("x", false, Exclusion::IgnoredBy(".gitignore"));
        }
        let text = left_out.to_string();
        let end = "/d/09.pem (looks like a secret), 11 more, 20 ignored by .gitignore";
        assert!(text.starts_with("…/d/d/") && text.ends_with(end), "{text}");
        assert!(text.chars().count() < 1_000, "{text}");
    }
}
