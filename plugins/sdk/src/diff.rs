//! Differences of two texts as a unified diff, for prompts.

use std::fmt::Write as _;
use std::ops::Range;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// The most pairs of lines that are compared. Beyond it, everything between the first and the last change counts as changed.
const MAX_PAIRS: usize = 25_000_000;

/// Returns the difference of a file's text as a unified diff with three lines of context. `None` is a file that does not exist.
/// Empty if both texts are equal.
pub fn unified(path: &str, old: Option<&str>, new: Option<&str>) -> String {
    if old == new {
        return String::new();
    }
    let name = |side: &str, text: Option<&str>| match text {
        Some(_) => format!("{side}/{path}"),
        None => "/dev/null".to_owned(),
    };
    let mut out = format!("--- {}\n+++ {}\n", name("a", old), name("b", new));
    let old: Vec<&str> = old.unwrap_or_default().split_inclusive('\n').collect();
    let new: Vec<&str> = new.unwrap_or_default().split_inclusive('\n').collect();
    for hunk in group_diff_ops(operations(&old, &new), CONTEXT) {
        write_hunk(&hunk, &old, &new, &mut out);
    }
    out
}

fn operations(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let (old_len, new_len) = (old.len() - start - end, new.len() - start - end);
    if old_len.saturating_mul(new_len) <= MAX_PAIRS {
        return capture_diff_slices(Algorithm::Myers, old, new);
    }
    let equal = |at, in_new, len| DiffOp::Equal { old_index: at, new_index: in_new, len };
    let replaced = DiffOp::Replace { old_index: start, old_len, new_index: start, new_len };
    let operations = [equal(0, 0, start), replaced, equal(start + old_len, start + new_len, end)];
    operations
        .into_iter()
        .filter(|operation| !operation.old_range().is_empty() || operation.tag() != DiffTag::Equal)
        .collect()
}

fn write_hunk(hunk: &[DiffOp], old: &[&str], new: &[&str], out: &mut String) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return };
    let old_range = first.old_range().start..last.old_range().end;
    let new_range = first.new_range().start..last.new_range().end;
    let _ = writeln!(out, "@@ -{} +{} @@", range(&old_range), range(&new_range));
    let mut write = |mark: char, lines: Option<&[&str]>| {
        for line in lines.unwrap_or_default() {
            out.push(mark);
            out.push_str(line.trim_end_matches(['\n', '\r']));
            out.push_str(if line.ends_with('\n') { "\n" } else { "\n\\ No newline at end of file\n" });
        }
    };
    for operation in hunk {
        match operation.tag() {
            DiffTag::Equal => write(' ', old.get(operation.old_range())),
            DiffTag::Delete => write('-', old.get(operation.old_range())),
            DiffTag::Insert => write('+', new.get(operation.new_range())),
            DiffTag::Replace => {
                write('-', old.get(operation.old_range()));
                write('+', new.get(operation.new_range()));
            }
        }
    }
}

fn range(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_changes_with_three_lines_of_context() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\nten";
        assert_eq!(
            unified("src/a.txt", Some(old), Some(new)),
            "--- a/src/a.txt\n+++ b/src/a.txt\n@@ -2,8 +2,9 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n+ten\n\\ No newline at end of file\n"
        );
        assert_eq!(unified("a", Some(old), Some(old)), "");
    }

    #[test]
    fn shows_new_and_deleted_files() {
        assert_eq!(unified("a", None, Some("x\n")), "--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+x\n");
        assert_eq!(unified("a", Some("x\n"), None), "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n");
    }

    #[test]
    fn bounds_the_work_for_different_texts() {
        let text = |word: &str| (0..6_000).map(|n| format!("{word} {n}\n")).collect::<String>();
        let (old, new) = (format!("same\n{}", text("a")), format!("same\n{}", text("b")));
        let diff = unified("a", Some(&old), Some(&new));
        assert!(diff.starts_with("--- a/a\n+++ b/a\n@@ -1,6001 +1,6001 @@\n same\n-a 0\n-a 1\n"), "{}", diff.len());
        assert!(diff.ends_with("+b 5999\n"));
    }
}
