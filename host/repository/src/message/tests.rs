#![allow(clippy::unwrap_used)]
use super::*;

fn subjects(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn draft(summary: &str, paths: &[&str]) -> MessageDraft {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    MessageDraft { summary: summary.to_owned(), paths, ..MessageDraft::default() }
}

fn subject(summary: &str, paths: &[&str], history: &[&str]) -> String {
    draft(summary, paths).render(&subjects(history)).lines().next().unwrap().to_owned()
}

const CONVENTIONAL: [&str; 4] = ["feat(parser): read dates", "fix(cli)!: exit 2", "Merge branch 'x'", "docs: typo"];
const AREAS: [&str; 4] =
    ["parser: read dates", "cli: exit with 2", "Merge pull request #4 from x", "parser: skip blanks"];
const SENTENCES: [&str; 3] = ["Read dates", "Exit with 2", "Release: 1.2"];

#[test]
fn manner_follows_most_subjects() {
    assert_eq!(Manner::of(&subjects(&CONVENTIONAL)), Manner::Conventional { scoped: true });
    assert_eq!(Manner::of(&subjects(&["feat: a", "fix: b", "x"])), Manner::Conventional { scoped: false });
    assert_eq!(Manner::of(&subjects(&AREAS)), Manner::Area);
    assert_eq!(Manner::of(&subjects(&SENTENCES)), Manner::Capitalised);
    assert_eq!(Manner::of(&subjects(&["read dates", "exit with 2", "Third"])), Manner::LowerCase);
    assert_eq!(Manner::of(&[]), Manner::Capitalised);
}

#[test]
fn conventional_subjects_have_type_and_scope() {
    let of = |summary, paths: &[&str]| subject(summary, paths, &CONVENTIONAL);
    assert_eq!(of("Read time zones.", &["src/parser/zone.py", "tests/test_zone.py"]), "feat(parser): read time zones");
    assert_eq!(of("Fix the crash on empty input", &["src/parser.py"]), "fix(parser): fix the crash on empty input");
    assert_eq!(of("Explain zones", &["docs/zones.md"]), "docs: explain zones");
    assert_eq!(of("Cover zones", &["tests/test_zone.py"]), "test: cover zones");
    // The repository has no scope `web`.
    assert_eq!(of("Serve pages", &["web/pages.py"]), "feat: serve pages");
    assert_eq!(subject("Serve pages", &["web/a.py"], &["feat: a", "fix: b"]), "feat: serve pages");
}

#[test]
fn areas_come_from_the_changed_paths() {
    let of = |paths: &[&str]| subject("Read time zones", paths, &AREAS);
    assert_eq!(of(&["src/parser/zone.py", "src/parser/date.py", "tests/test_zone.py"]), "parser: read time zones");
    assert_eq!(of(&["web/zone.py", "web/date.py"]), "web: read time zones");
    assert_eq!(of(&["zone.py"]), "zone: read time zones");
    assert_eq!(of(&["a/x.py", "b/y.py"]), "read time zones");
    assert_eq!(of(&[]), "read time zones");
}

#[test]
fn sentences_keep_names_as_they_are() {
    assert_eq!(subject("read time zones.", &[], &SENTENCES), "Read time zones");
    assert_eq!(subject("HTTP errors are retried", &[], &AREAS), "HTTP errors are retried");
    assert_eq!(subject("parse_date reads zones", &[], &SENTENCES), "parse_date reads zones");
    assert_eq!(subject("\n  Read\ttime  zones \nand more", &[], &[]), "Read time zones");
    assert_eq!(subject("", &[], &[]), "Change files");
}

#[test]
fn long_summaries_go_into_the_body() {
    let long = "Read time zones from the first column of each table, and write them back in the order of the rows";
    let mut draft = draft(long, &["src/parser.py"]);
    draft.body =
        "The tables come from the archive.\n\n- one\n- two which is as long as it is and is kept as a line of its \
                  own all the same"
            .to_owned();
    draft.trailers = vec![("Phasegate-Run", "r1".to_owned()), ("Phasegate-Digest", "sha256:\nabc".to_owned())];
    insta::assert_snapshot!(draft.render(&subjects(&AREAS)), @r"
    parser: read time zones from the first column of each table, and write

    Read time zones from the first column of each table, and write them back
    in the order of the rows

    The tables come from the archive.

    - one
    - two which is as long as it is and is kept as a line of its own all the same

    Phasegate-Run: r1
    Phasegate-Digest: sha256: abc
    ");
    assert!(subject(&"é".repeat(100), &[], &[]).chars().count() == 72);
}

#[test]
fn invisible_characters_are_left_out() {
    assert_eq!(subject("Read\u{202e} time\0 \u{1b}[31mzones\u{200b}", &[], &SENTENCES), "Read time [31mzones");
    assert_eq!(subject("\0\u{feff}", &[], &[]), "Change files");
    let mut draft = draft("Read zones", &[]);
    draft.body = "- one\r\n-\ttwo\u{7f}\u{2066}\n\n\u{0}".to_owned();
    draft.trailers = vec![("Phasegate-Run", "r\0\u{202d}1".to_owned())];
    assert_eq!(draft.render(&[]), "Read zones\n\n- one\n-\ttwo\n\nPhasegate-Run: r1\n");
}
