//! Renders the changes to the base files as a patch for `git apply` and `patch -p1`.
//!
//! Base files that are not text are left out and listed in [`Patch::left_out`]. Cannot fail.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use similar::TextDiff;

use crate::output::base_file::BaseFile;

/// Time to search for the shortest diff of a file. After it, a longer diff is written, which is also correct.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A unified diff.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Patch {
    /// The diff; empty if nothing changed.
    pub text: String,
    /// Paths of changed or deleted files whose base file is `not text` or `too large`.
    pub left_out: Vec<(String, &'static str)>,
}

impl Patch {
    /// Compares the base file of each path with its new content; without one the file is deleted.
    pub fn between(changes: &BTreeMap<&str, (Option<BaseFile>, Option<Cow<'_, str>>)>) -> Self {
        let mut patch = Self::default();
        for (path, (base, new)) in changes {
            let new = new.as_deref();
            match base {
                None => patch.add(path, None, new),
                Some(BaseFile::Read(old)) => match std::str::from_utf8(old) {
                    Ok(old) => patch.add(path, Some(old), new),
                    Err(_) => patch.left_out.push(((*path).to_owned(), "not text")),
                },
                Some(BaseFile::TooLarge) => patch.left_out.push(((*path).to_owned(), "too large")),
            }
        }
        patch
    }

    fn add(&mut self, path: &str, old: Option<&str>, new: Option<&str>) {
        if old == new {
            return;
        }
        let (before, after) = (quote("a/", path), quote("b/", path));
        let text = &mut self.text;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "diff --git {before} {after}");
        match (old, new) {
            (None, _) => drop(writeln!(text, "new file mode 100644")),
            (_, None) => drop(writeln!(text, "deleted file mode 100644")),
            _ => {}
        }
        let to = new.map_or("/dev/null".to_owned(), |_| with_tab(&after));
        let from = old.map_or("/dev/null".to_owned(), |_| with_tab(&before));
        let (old_lines, new_lines) = (lines(old.unwrap_or_default()), lines(new.unwrap_or_default()));
        let mut config = TextDiff::configure();
        let diff = config.newline_terminated(true).timeout(TIMEOUT).diff_slices(&old_lines, &new_lines);
        let _ = write!(text, "{}", diff.unified_diff().context_radius(3).header(&from, &to));
    }
}

/// Splits at line feeds only, as `git apply` and `patch` do.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn quote(side: &str, path: &str) -> String {
    match path.contains('"') {
        true => format!("\"{side}{}\"", path.replace('"', "\\\"")),
        false => format!("{side}{path}"),
    }
}

/// Adds a tab after a name with a space: `patch` would read the text after the space as a timestamp.
fn with_tab(name: &str) -> String {
    if name.contains(' ') && !name.starts_with('"') { format!("{name}\t") } else { name.to_owned() }
}
