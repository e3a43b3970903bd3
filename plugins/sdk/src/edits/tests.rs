#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
use proptest::prelude::*;
use similar::TextDiff;

use super::*;

const PARSER: &str = "import re\n\n\nclass Parser:\n    def parse(self, text):\n        total = 0\n        for part in text:\n            total += 1\n        return total\n\n    def reset(self):\n        total = 0\n        return total\n";

fn edit(find: &str, replace: &str) -> Edit {
    Edit { find: find.to_owned(), replace: replace.to_owned() }
}

fn one(base: &str, find: &str, replace: &str) -> Result<String, String> {
    apply_edits(base, &[edit(find, replace)]).map_err(describe)
}

fn describe(faults: Vec<EditFault>) -> String {
    faults.iter().map(EditFault::to_string).collect::<Vec<_>>().join("\n")
}

fn diff(base: &str, diff: &str) -> Result<String, String> {
    apply_diff(base, diff).map_err(describe)
}

#[test]
fn replaces_texts_that_occur_once() {
    assert_eq!(one("a = 1\nb = 2\n", "b = 2", "b = 3").unwrap(), "a = 1\nb = 3\n");
    assert_eq!(one("a = 1\nb = 2\n", "a = 1\n", "").unwrap(), "b = 2\n");
    assert_eq!(one("f(x, y)", "x, ", "").unwrap(), "f(y)");
    assert_eq!(one("", "", "new\n").unwrap(), "new\n");
    assert_eq!(one("a", "a", "a\nb\n").unwrap(), "a\nb\n");
}

#[test]
fn applies_edits_in_their_order() {
    let edits = [edit("a", "b\nc"), edit("c", "d")];
    assert_eq!(apply_edits("a\n", &edits).unwrap(), "b\nd\n");
}

#[test]
fn counts_the_places_of_ambiguous_texts() {
    assert_eq!(
        one(PARSER, "        return total", "        return 1").unwrap_err(),
        "edit 1: the text occurs 2 times, in lines 9, 13; give more of the lines around it"
    );
    assert_eq!(
        one(PARSER, "total = 0 \n", "x").unwrap_err(),
        "edit 1: the text occurs 2 times, in lines 6, 12; give more of the lines around it"
    );
}

#[test]
fn texts_that_overlap_are_ambiguous() {
    assert_eq!(
        one("}\n}\n}\n", "}\n}\n", "}\n").unwrap_err(),
        "edit 1: the text occurs 2 times, in lines 1, 2; give more of the lines around it"
    );
    assert!(one("\u{e4}\u{e4}\u{e4}", "\u{e4}\u{e4}", "x").unwrap_err().contains("2 times, in lines 1, 1;"));
}

#[test]
fn faults_name_ten_places_at_most() {
    assert_eq!(
        one(&"a,\n".repeat(400_000), ",", "x").unwrap_err(),
        "edit 1: the text occurs 400000 times, in lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and others; give more of the lines around \
         it"
    );
}

#[test]
fn shows_the_nearest_lines_of_a_mismatch() {
    assert_eq!(
        one(PARSER, "        for part in texts:\n            total += 2\n", "x").unwrap_err(),
        "edit 1: the file has no such text; the nearest lines are:\n7 |         for part in text:\n8 |             total += 1"
    );
    assert_eq!(one(PARSER, "SELECT *", "x").unwrap_err(), "edit 1: the file has no such text, nor a similar one");
}

#[test]
fn names_every_edit_that_does_not_fit() {
    let edits = [edit("a", "a"), edit("a", "c"), edit("", "x"), edit("#", "y")];
    assert_eq!(
        apply_edits("a\n", &edits).map_err(describe).unwrap_err(),
        "edit 1: it changes nothing\nedit 3: `find` is empty, and the file is not\nedit 4: the file has no such text, nor a similar one"
    );
}

#[test]
fn tolerates_white_space_at_line_ends() {
    assert_eq!(one("a = 1  \nb = 2\t\nc\n", "a = 1\nb = 2\n", "a = 5\n").unwrap(), "a = 5\nc\n");
    assert_eq!(one("a = 1\nb = 2\n", "a = 1   \nb = 2 ", "x\ny").unwrap(), "x\ny\n");
    assert_eq!(one("a\n\n\nb\n", "a\n  \n\nb", "a\nb").unwrap(), "a\nb\n");
}

#[test]
fn shifts_the_indentation_of_replacements() {
    let changed =
        one(PARSER, "for part in text:\n    total += 1", "for part in text:\n    if part:\n        total += 1\n")
            .unwrap();
    assert_eq!(
        changed,
        PARSER.replace("            total += 1\n", "            if part:\n                total += 1\n")
    );
    let less = one("a:\n  b\n  c\n", "    b\n    c\n", "    b\n\n      d\n").unwrap();
    assert_eq!(less, "a:\n  b\n\n    d\n");
    let tabs = one("f() {\n\tx\n\ty\n}\n", "x\ny", "x\nz").unwrap();
    assert_eq!(tabs, "f() {\n\tx\n\tz\n}\n");
}

#[test]
fn rejects_indentations_that_differ_unevenly() {
    assert!(
        one("if a:\n    b\n", "  if a:\n    b\n", "x")
            .unwrap_err()
            .contains("the nearest lines are:\n1 | if a:\n2 |     b")
    );
}

#[test]
fn ignores_copied_line_numbers() {
    assert_eq!(one("a\n  b\n\nc\n", " 2 |   b\n 3 |\n 4 | c", " 2 |   d\n").unwrap(), "a\n  d\n");
    assert_eq!(one("1 | a\n", "1 | a", "2 | a").unwrap(), "2 | a\n", "a file may have such lines");
}

#[test]
fn keeps_line_endings_and_the_byte_order_mark() {
    assert_eq!(one("\u{feff}a\r\nb\r\n", "a\nb\n", "a\nc\nd\n").unwrap(), "\u{feff}a\r\nc\r\nd\r\n");
    assert_eq!(one("a\r\nb\nc\r\nd\r\n", "c", "e\nf").unwrap(), "a\r\nb\ne\r\nf\r\nd\r\n");
    assert_eq!(one("a\nb\r\n", "a\r\nb\r\n", "b\r\n").unwrap(), "b\r\n");
    assert_eq!(diff("a\r\nb\r\n", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n").unwrap(), "a\r\nc\r\n");
    assert_eq!(keep_form("\u{feff}a\r\nb\r\n", "x\ny\n"), "\u{feff}x\r\ny\r\n");
    assert_eq!(keep_form("a\n", "\u{feff}x\ny\n"), "x\ny\n");
    assert_eq!(keep_form("a\r\n", "x\r\ny\n"), "x\r\ny\n");
}

#[test]
fn applies_diffs_with_wrong_numbers() {
    let wrong = "--- a/p.py\n+++ b/p.py\n@@ -100,2 +100,9 @@ class Parser:\n         for part in text:\n-            total += 1\n+            total += 2\n\n";
    assert_eq!(diff(PARSER, wrong).unwrap(), PARSER.replace("+= 1", "+= 2"));
    assert_eq!(diff("a\nb\n", "```diff\n@@\n-b\n+c\n```").unwrap(), "a\nc\n");
    assert_eq!(diff("a\nb\nc\n", "@@ @@\na\n-b\nc\n").unwrap(), "a\nc\n", "context without the space");
}

#[test]
fn line_numbers_choose_between_equal_places() {
    let twice = "x\na\ny\na\nz\n";
    assert_eq!(diff(twice, "@@ -4 +4 @@\n-a\n+b\n").unwrap(), "x\na\ny\nb\nz\n");
    assert_eq!(
        diff(twice, "@@ -9 +9 @@\n-a\n+b\n").unwrap_err(),
        "hunk 1: the text occurs 2 times, in lines 2, 4; give more of the lines around it"
    );
    assert_eq!(diff(twice, "@@ -1,0 +2 @@\n+b\n").unwrap(), "x\nb\na\ny\na\nz\n");
}

#[test]
fn diffs_keep_the_white_space_of_context() {
    assert_eq!(diff("a  \nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n").unwrap(), "a  \nc\n");
    assert_eq!(diff("  a\n  b\n", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n").unwrap(), "  a\n  c\n");
}

#[test]
fn diffs_change_the_end_of_the_last_line() {
    assert_eq!(diff("a\nb", "@@ -2 +2 @@\n-b\n\\ No newline at end of file\n+b\n").unwrap(), "a\nb\n");
    assert_eq!(diff("a\nb\n", "@@ -2 +2 @@\n-b\n+b\n\\ No newline at end of file\n").unwrap(), "a\nb");
    assert_eq!(diff("", "@@ -0,0 +1 @@\n+a\n").unwrap(), "a\n");
    assert_eq!(diff("a", "@@ -1 +0,0 @@\n-a\n\\ No newline at end of file\n").unwrap(), "");
}

#[test]
fn rejects_what_is_no_diff_of_one_file() {
    assert!(diff("a\n", "a -> b").unwrap_err().starts_with("diff: it has no hunk: a line that begins with `@@`"));
    assert_eq!(
        diff("a\n", "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\n+b\n--- a/c\n+++ b/c\n@@ -1 +1 @@\n-c\n+d\n").unwrap_err(),
        "diff: it is about several files; give one diff for each file"
    );
    assert_eq!(diff("a\n", "@@ -1 +1 @@\n a\n").unwrap_err(), "hunk 1: it changes nothing");
    assert_eq!(
        diff("abc = 1\n", "@@ -1 +1 @@\n-abc = 2\n+d\n").unwrap_err(),
        "hunk 1: the file has no such text; the nearest lines are:\n1 | abc = 1"
    );
}

#[test]
fn changes_nothing_if_one_hunk_does_not_fit() {
    let two = "@@ -1 +1 @@\n-a\n+b\n@@ -2 +2 @@\n-x\n+y\n";
    assert_eq!(diff("a\nc\n", two).unwrap_err(), "hunk 2: the file has no such text, nor a similar one");
}

fn texts() -> impl Strategy<Value = String> {
    let line =
        prop::sample::select(vec!["", " ", "a", "  a", "b", "-- a", "++ b", "@@ -1 +1 @@", "\\ x", "```", "ä ö"]);
    (prop::collection::vec(line, 0..14), any::<bool>())
        .prop_map(|(lines, ended)| lines.join("\n") + if ended && !lines.is_empty() { "\n" } else { "" })
}

proptest! {
    #[test]
    fn diffs_restore_the_new_text(old in texts(), new in texts(), context in 0_usize..4) {
        prop_assume!(old != new);
        let made = TextDiff::from_lines(&old, &new).unified_diff().context_radius(context).to_string();
        prop_assert_eq!(diff(&old, &made), Ok(new.clone()), "{}", made);
        let own = crate::diff::unified("a", Some(&old), Some(&new));
        prop_assert_eq!(diff(&old, &own), Ok(new), "{}", own);
    }

    #[test]
    fn diffs_restore_texts_with_carriage_returns(old in texts(), new in texts()) {
        let crlf = |text: &str| text.replace('\n', "\r\n");
        prop_assume!(old != new && old.contains('\n'));
        let made = crate::diff::unified("a", Some(&old), Some(&new));
        prop_assert_eq!(diff(&crlf(&old), &made), Ok(crlf(&new)));
    }

    #[test]
    fn edits_change_nothing_else(before in texts(), after in texts(), new in "[a-c\n]{0,9}") {
        let around = |middle: &str| format!("{before}<{middle}>{after}");
        prop_assume!(new != "here");
        prop_assert_eq!(one(&around("here"), "<here>", &format!("<{new}>")), Ok(around(&new)));
    }

    #[test]
    fn no_answer_makes_it_panic(base in ".{0,40}", find in ".{0,10}", replace in ".{0,10}", patch in "[-+ @a\n\\\\0-9,]{0,60}") {
        let _ = one(&base, &find, &replace);
        let _ = diff(&base, &patch);
        let _ = keep_form(&base, &find);
    }
}
