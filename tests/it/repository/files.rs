//! What agents read of the repository.

use std::fs;

use super::small::{CHANGE, Small};

const READS: &str = r#"
read = ["repository/docs/guide.txt", "repository/gone.txt", "repository/docs", "repository/secret.pem", "repository_map"]
list = ["", "docs/"]
search = ["answer", ""]
"#;

#[test]
fn agents_list_search_and_read_files() {
    let small = Small::new();
    small.write("secret.pem", "-----BEGIN PRIVATE KEY-----\n");
    small.commit("a key");
    small.set_change(READS, CHANGE);
    let output = small.run(&["--verbose"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let lines: Vec<&str> =
        output.stderr.lines().filter_map(|line| line.split_once(" info: ")).map(|(_, text)| text).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.starts_with("read repository_map")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    read repository/docs/guide.txt: The ANSWER is in app.lines.
    read repository/gone.txt: Error::Unknown("there is no file `gone.txt` in the repository")
    read repository/docs: Error::Unknown("`docs` cannot be read: it is a folder")
    read repository/secret.pem: Error::Unknown("there is no file `secret.pem` in the repository")
    list : app.lines 13 text, docs/guide.txt 28 text, old.txt 4 text; 0 left out
    list docs/: docs/guide.txt 28 text; 0 left out
    search answer: app.lines:1: answer = 41, docs/guide.txt:1: The ANSWER is in app.lines.; incomplete false
    "#);
    let reads = output.events_named("repository_read").count();
    let size = fs::metadata(small.workspace.path(".phasegate/journal.db")).unwrap().len();
    assert!(reads >= 7 && size < 2 << 20, "{reads} reads, {size} bytes");

    // Resumed and forked runs are answered from the record.
    fs::rename(small.path(), small.workspace.path("elsewhere")).unwrap();
    let replayed = small.workspace.call(&["replay", &output.run_id()]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
}

#[test]
fn phases_without_the_grant_see_nothing() {
    let small = Small::new();
    small.set_change(READS, CHANGE);
    let pipeline = small.workspace.read("pipeline.toml").replace(", \"repository/*\"]", "]");
    small.workspace.write("pipeline.toml", pipeline);
    let output = small.run(&["--verbose"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let refusal = "phase `code` does not read the repository: its `reads` lack `repository/*`";
    assert_eq!(output.stderr.matches(refusal).count(), 7, "{}", output.stderr);
    assert!(!output.stderr.contains("The ANSWER"), "{}", output.stderr);
}

#[test]
fn faults_of_changed_files_are_told() {
    let small = Small::new();
    let change = r#"
files = [
    { path = "app.lines/below.txt", content = "x", purpose = "x" },
    { path = "latin.txt", content = "x", purpose = "x" },
]
deleted = ["gone.txt"]
language = "lines"
dependencies = []
notes = ""
"#;
    fs::write(small.path().join("latin.txt"), b"caf\xe9\n").unwrap();
    small.commit("latin");
    small.set_change("", change);
    let output = small.run(&[]);
    assert_eq!(output.code, 1, "{}", output.stderr);
    let finished = output.events_named("phase_finished").next().unwrap();
    let faults: Vec<&str> =
        finished["outcome"]["invalid"]["faults"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    insta::assert_snapshot!(faults.join("\n"), @r#"
    generated_code: path "app.lines/below.txt" is not acceptable: there is no `app.lines/below.txt`, because `app.lines` is no folder
    generated_code: deleted path "gone.txt" is not there; leave out files that only earlier attempts had
    generated_code: path "latin.txt" is not acceptable: the file in the repository is not text in UTF-8, so it can only be deleted
    "#);
    assert_eq!(small.git(&["branch", "--list", "phasegate/*"]), "", "a failed run has no branch");
}
