//! Files in the output folder, and what is never overwritten.

use super::*;
use crate::error::Error;

#[test]
fn writes_files_artifacts_result_and_report() {
    let dir = tempfile::tempdir().unwrap();
    let run = RecordedRun::finished(&[], &[("src/d.py", "def parse(): ...\n"), ("README.txt", "read me\n")]);
    let out = dir.path().join("new/out");
    let written = run.write(&out).unwrap();
    assert_eq!(written.files, ["README.txt", "src/d.py"]);
    assert_eq!(read(&out, "src/d.py"), "def parse(): ...\n");
    assert_eq!((written.patch.as_ref(), out.join("changes.patch").exists()), (None, false));
    let names: Vec<_> = written.artifacts.iter().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "artifacts/design_specification.json",
            "artifacts/generated_code.json",
            "artifacts/pips.json",
            "artifacts/postmortem_report.json",
            "artifacts/project_plan.json",
            "artifacts/task_requirements.json",
            "artifacts/test_report.json",
            "artifacts/test_suite.json",
        ]
    );
    let result: Value = serde_json::from_str(&read(&out, "result.json")).unwrap();
    assert_eq!((&result["status"], &result["scripted"]), (&json!("passed"), &json!(true)));
    // Fault 16: what was reviewed and tested is what is delivered.
    let delivered = Digest::from_content(read(&out, "artifacts/generated_code.json").as_bytes());
    assert_eq!(result["artifacts"]["generated_code"], json!(delivered));
}

#[test]
fn renames_host_files_that_clash_with_generated_files() {
    let dir = tempfile::tempdir().unwrap();
    let files = [("Report.md", "theirs"), ("artifacts/x.json", "theirs"), ("result.json", "theirs")];
    let written = RecordedRun::finished(&[], &files).write(dir.path()).unwrap();
    assert_eq!((written.report.as_str(), written.result.as_str()), ("phasegate-report.md", "phasegate-result.json"));
    assert!(written.artifacts.iter().all(|path| path.starts_with("phasegate-artifacts/")));
    for (path, content) in files {
        assert_eq!(read(dir.path(), path), content);
    }
}

// Fault 13 of the reference process: paths written by the model are joined unchecked.
#[test]
fn rejects_paths_outside_the_output_folder() {
    for path in ["../escaped.py", "/abs.py", "a/../../b.py", ".git/hooks/pre-commit", "a\\b.py", "c:/x.py"] {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let refusal = RecordedRun::finished(&[], &[("fine.py", ""), (path, "x")])
            .write(&out)
            .map_err(Error::from)
            .unwrap_err()
            .describe();
        assert!(refusal.starts_with(&format!("`{path}` was not written to the out folder: it ")), "{refusal}");
        assert!(!out.exists() && std::fs::read_dir(dir.path()).unwrap().next().is_none());
    }
}

#[cfg(unix)]
#[test]
fn does_not_follow_links_in_the_output_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (out, elsewhere) = (dir.path().join("out"), dir.path().join("elsewhere"));
    for folder in [&out, &elsewhere] {
        std::fs::create_dir(folder).unwrap();
    }
    std::os::unix::fs::symlink(&elsewhere, out.join("src")).unwrap();
    let run = RecordedRun::finished(&[], &[("src/d.py", "x")]);
    let refusal = run.write(&out).map_err(Error::from).unwrap_err().describe();
    assert!(refusal.starts_with("`src/d.py` was not written to the out folder: there is a symbolic link"), "{refusal}");
    assert!(std::fs::read_dir(&elsewhere).unwrap().next().is_none());
    std::fs::remove_file(out.join("src")).unwrap();
    std::fs::write(elsewhere.join("kept.md"), "kept").unwrap();
    std::os::unix::fs::symlink(elsewhere.join("kept.md"), out.join("report.md")).unwrap();
    assert!(run.write(&out).is_err());
    assert_eq!(read(&elsewhere, "kept.md"), "kept");
}

#[test]
fn overwrites_a_folder_with_content_only_by_force() {
    let dir = tempfile::tempdir().unwrap();
    let shown = dir.path().display().to_string();
    assert_eq!(check_out(&dir.path().join("not/yet"), false), Ok(()));
    assert_eq!(check_out(dir.path(), false), Ok(()));
    std::fs::write(dir.path().join("mine.txt"), "").unwrap();
    assert_eq!(
        check_out(dir.path(), false).map_err(Error::from).unwrap_err().describe(),
        format!(
            "{shown} is not empty, nothing was written\nhint: choose another folder with --out, or overwrite with --force"
        )
    );
    assert_eq!(check_out(dir.path(), true), Ok(()));
    let file = check_out(&dir.path().join("mine.txt"), true).map_err(Error::from).unwrap_err().describe();
    assert_eq!(file, format!("{shown}/mine.txt is not a folder\nhint: choose another one with --out"));
}

#[test]
fn writing_twice_gives_equal_folders() {
    let dir = tempfile::tempdir().unwrap();
    let run = RecordedRun::finished(&[("src/d.py", b"old\n")], &[("src/d.py", "new\n")]);
    let first = run.write(dir.path()).unwrap();
    let before = read(dir.path(), "report.md");
    assert_eq!(run.write(dir.path()).unwrap(), first);
    assert_eq!(read(dir.path(), "report.md"), before);
}

#[test]
fn names_artifacts_that_the_journal_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = RecordedRun::finished(&[], &[("a.py", "")]);
    run.journal = MemoryJournal::new();
    let refusal = run.write(dir.path()).map_err(Error::from).unwrap_err().describe();
    assert!(
        refusal.starts_with("artifact generated_code cannot be read from the journal: there is no blob"),
        "{refusal}"
    );
}

#[test]
fn one_refused_file_does_not_lose_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let long = format!("src/{}.py", "ä".repeat(130));
    let files = [("fine.py", "1"), ("folder", "a file"), (long.as_str(), "2")];
    let run = RecordedRun::tested(&[], &files, &[("folder/test_x.py", "3"), ("tests/test_y.py", "4")]);
    let written = run.write(dir.path()).unwrap();
    assert_eq!(
        (&written.files[..], &written.tests[..]),
        (&["fine.py", "folder"].map(String::from)[..], &["tests/test_y.py".to_owned()][..])
    );
    assert_eq!((read(dir.path(), "fine.py"), read(dir.path(), "tests/test_y.py")), ("1".into(), "4".into()));
    let [first, second] = &written.not_written[..] else { panic!("{:?}", written.not_written) };
    assert!(first.path == long && first.reason.starts_with("File name too long"), "{first:?}");
    assert_eq!(
        (second.path.as_str(), second.reason.as_str()),
        ("folder/test_x.py", "a file is where its folder should be")
    );
    let listed = [first, second].map(|file| json!({ "path": file.path, "reason": file.reason }));
    let result: Value = serde_json::from_str(&read(dir.path(), "result.json")).unwrap();
    assert_eq!((&result["not_written"], &result["status"]), (&json!(listed), &json!("passed")));
    let report = read(dir.path(), "report.md");
    assert!(report.contains("`folder/test_x.py` was not written: a file is where its folder should be."), "{report}");
    assert!(
        !report.contains(&format!("Generated: `{long}`")) && report.contains("Generated: `fine.py`, `folder`."),
        "{report}"
    );
    let error = Error::from(written.incomplete().unwrap());
    let shown: String = long.chars().take(80).collect();
    assert_eq!(
        error.describe(),
        format!(
            "2 files of the output were not written to {}: `{shown}…`: {}; `folder/test_x.py`: a file is where its folder should be\n\
             hint: everything else was written, and the artifacts have these files too; free space, or choose another \
             folder with --out",
            dir.path().display(),
            first.reason
        )
    );
    assert_eq!(error.code().to_string(), "PG-0702");
    assert!(belongs_to(dir.path(), &"run-1".parse().unwrap()) && !dir.path().join(".phasegate-run").exists());
}

#[test]
fn files_of_an_earlier_call_go_with_it() {
    let dir = tempfile::tempdir().unwrap();
    RecordedRun::finished(&[], &[("src/d.py", "x"), ("old.py", "x")]).write(dir.path()).unwrap();
    std::fs::write(dir.path().join("mine.txt"), "mine").unwrap();
    RecordedRun::finished(&[], &[("src/d.py", "y")]).write(dir.path()).unwrap();
    assert_eq!((read(dir.path(), "src/d.py").as_str(), read(dir.path(), "mine.txt").as_str()), ("y", "mine"));
    assert!(!dir.path().join("old.py").exists());
    let result: Value = serde_json::from_str(&read(dir.path(), "result.json")).unwrap();
    assert!(result["files"].as_array().unwrap().contains(&json!("artifacts/generated_code.json")), "{result}");
}
