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
    read repository/secret.pem: Error::Unknown("`secret.pem` looks like a secret by its name: agents can neither read nor change it")
    list : app.lines 13 text, docs/guide.txt 28 text, old.txt 4 text; 0 left out
    list docs/: docs/guide.txt 28 text; 0 left out
    search answer: app.lines:1: answer = 41, docs/guide.txt:1: The ANSWER is in app.lines.; incomplete false
    "#);
    output.events.iter().for_each(|event| crate::schemas::check("event", event));
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

/// Runs an agent that writes files of these paths, and returns the faults of its first attempt.
fn faults_of(small: &Small, paths: &[&str]) -> String {
    let files: Vec<_> =
        paths.iter().map(|path| format!("{{ path = \"{path}\", content = \"x\", purpose = \"x\" }}")).collect();
    let rest = "deleted = [\"old.txt\"]\nlanguage = \"lines\"\ndependencies = []\nnotes = \"\"\n";
    small.set_change("", &format!("\nfiles = [{}]\n{rest}", files.join(", ")));
    let output = small.run(&[]);
    assert_eq!(output.code, 1, "{}", output.stderr);
    let replayed = small.workspace.call(&["replay", &output.run_id()]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    let finished = output.events_named("phase_finished").next().unwrap();
    let faults = finished["outcome"]["invalid"]["faults"].as_array().unwrap();
    faults.iter().map(|fault| format!("{}\n", fault.as_str().unwrap())).collect()
}

#[test]
fn files_that_look_like_secrets_cannot_change() {
    let small = Small::new();
    small.write("prod.env", "TOKEN=1\n");
    small.write("tls.key", "key\n");
    small.write("keys/.ssh/id_rsa", "key\n");
    std::os::unix::fs::symlink("prod.env", small.path().join(".env")).unwrap();
    std::os::unix::fs::symlink("docs", small.path().join(".netrc")).unwrap();
    small.commit("secrets");
    let faults = faults_of(&small, &["prod.env", ".env", ".netrc/new.txt", "keys/.ssh", "tls.key/x.txt"]);
    insta::assert_snapshot!(faults, @r#"
    generated_code: path ".env" is not acceptable: `.env` looks like a secret by its name: agents can neither read nor change it
    generated_code: path ".netrc/new.txt" is not acceptable: there is no `.netrc/new.txt`, because `.netrc` is no folder
    generated_code: path "keys/.ssh" is not acceptable: `keys/.ssh` looks like a secret by its name: agents can neither read nor change it
    generated_code: path "prod.env" is not acceptable: `prod.env` looks like a secret by its name: agents can neither read nor change it
    generated_code: path "tls.key/x.txt" is not acceptable: there is no `tls.key/x.txt`, because `tls.key` is no folder
    "#);
}

#[test]
fn short_names_of_git_folders_are_refused() {
    let faults = faults_of(&Small::new(), &["git~1/x.txt", "docs/GIT~1"]);
    insta::assert_snapshot!(faults, @r#"
    generated_code: path "git~1/x.txt" is not acceptable: some systems take a name in it for `.git`
    generated_code: path "docs/GIT~1" is not acceptable: some systems take a name in it for `.git`
    "#);
}
