//! The changes against the files that were there before, as `git apply` and `patch -p1` take them.
//!
//! Base files that are not text cannot be part of it; they are named. Cannot fail.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use similar::TextDiff;

/// How long one file's diff looks for the shortest way; after that it takes a longer one, which is as right.
const PATIENCE: Duration = Duration::from_secs(2);

/// A unified diff.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Patch {
    /// The diff; empty where nothing changed.
    pub text: String,
    /// Changed files that it cannot hold, because the old file is not text.
    pub left_out: Vec<String>,
}

impl Patch {
    /// From the base files to the generated ones.
    pub fn between(base: &BTreeMap<&str, Vec<u8>>, files: &BTreeMap<String, String>) -> Self {
        let mut patch = Self::default();
        for (path, new) in files {
            match base.get(path.as_str()).map(|old| std::str::from_utf8(old)) {
                None => patch.add(path, None, new),
                Some(Ok(old)) => patch.add(path, Some(old), new),
                Some(Err(_)) => patch.left_out.push(path.clone()),
            }
        }
        patch
    }

    fn add(&mut self, path: &str, old: Option<&str>, new: &str) {
        if old == Some(new) {
            return;
        }
        let (before, after) = (quoted("a/", path), quoted("b/", path));
        let text = &mut self.text;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "diff --git {before} {after}");
        if old.is_none() {
            let _ = writeln!(text, "new file mode 100644");
        }
        let from = old.map_or("/dev/null".to_owned(), |_| ended(&before));
        let (old_lines, new_lines) = (lines(old.unwrap_or_default()), lines(new));
        let mut config = TextDiff::configure();
        let diff = config.newline_terminated(true).timeout(PATIENCE).diff_slices(&old_lines, &new_lines);
        let _ = write!(text, "{}", diff.unified_diff().context_radius(3).header(&from, &ended(&after)));
    }
}

/// Lines end at line feeds alone, as they do for those who apply the patch.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn quoted(side: &str, path: &str) -> String {
    match path.contains('"') {
        true => format!("\"{side}{}\"", path.replace('"', "\\\"")),
        false => format!("{side}{path}"),
    }
}

/// A name with a space is ended by a tab, so that nobody takes a part of it for the time.
fn ended(name: &str) -> String {
    if name.contains(' ') && !name.starts_with('"') { format!("{name}\t") } else { name.to_owned() }
}
