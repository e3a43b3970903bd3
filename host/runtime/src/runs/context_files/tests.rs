#![allow(clippy::unwrap_used)]

use std::fs;

use super::*;
use crate::error::Error;

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for path in ["src/a.py", "src/deep/b.py", "docs/x.md", ".git/config.py", ".phasegate/c.py", "src/.hidden.py"] {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, path.file_name().unwrap().to_str().unwrap()).unwrap();
    }
    dir
}

fn gathered(dir: &Path, patterns: &[(&str, bool)]) -> Result<Vec<(String, bool)>, String> {
    let patterns: Vec<_> = patterns
        .iter()
        .map(|(path, base)| ContextPattern { path: (*path).to_owned(), base: *base, allow: false })
        .collect();
    let files = gather_context_files(&patterns, dir, &ReservedPaths::default())
        .map(|gathered| gathered.files)
        .map_err(|error| Error::from(error).describe())?;
    Ok(files.into_iter().map(|file| (file.path, file.base)).collect())
}

#[test]
fn returns_each_file_once_and_sorted() {
    let dir = folder();
    let found = gathered(dir.path(), &[("src/**/*.py", true), ("docs/x.md", false), ("src/a.py", false)]).unwrap();
    let expected = [("docs/x.md", false), ("src/.hidden.py", true), ("src/a.py", true), ("src/deep/b.py", true)];
    assert_eq!(found, expected.map(|(path, base)| (path.to_owned(), base)));
}

#[test]
fn star_matches_one_level_and_skips_git() {
    let dir = folder();
    let names = |pattern| gathered(dir.path(), &[(pattern, false)]).unwrap().len();
    assert_eq!((names("src/*.py"), names("**/*.py"), names("**")), (2, 3, 4));
    assert!(gathered(dir.path(), &[(".git/config.py", false)]).is_err());
}

#[test]
fn reports_pattern_and_folder_without_a_match() {
    let dir = folder();
    let place = dir.path().display();
    assert_eq!(
        gathered(dir.path(), &[("src/*.rs", false)]).unwrap_err(),
        format!(
            "context file `src/*.rs` is not there: nothing in {place} matches it\nhint: the pattern is relative to the \
             task's file; `**` matches any number of folders"
        )
    );
    assert!(gathered(dir.path(), &[("src", false)]).unwrap_err().ends_with("add `/**` to include its files"));
    assert!(gathered(dir.path(), &[("nope.md", false)]).unwrap_err().ends_with("relative to the task's file"));
    assert!(gathered(dir.path(), &[("a[", false)]).unwrap_err().starts_with("context file `a[` is not a pattern: "));
}

#[cfg(unix)]
#[test]
fn rejects_links_that_leave_the_folder() {
    use std::os::unix::fs::symlink;
    let dir = folder();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.txt"), "s").unwrap();
    symlink(dir.path().join("src/a.py"), dir.path().join("docs/same.md")).unwrap();
    assert_eq!(gathered(dir.path(), &[("docs/*", false)]).unwrap().len(), 2);
    symlink(outside.path().join("secret.txt"), dir.path().join("docs/leak.md")).unwrap();
    let refusal =
        "context file `docs/leak.md` leaves the task's folder\nhint: copy the file that it points to into the folder";
    for pattern in ["docs/leak.md", "docs/*"] {
        assert_eq!(gathered(dir.path(), &[(pattern, false)]).unwrap_err(), refusal);
    }
    symlink(outside.path(), dir.path().join("linked")).unwrap();
    assert!(gathered(dir.path(), &[("linked/secret.txt", false)]).unwrap_err().contains("leaves the task's folder"));
    assert!(gathered(dir.path(), &[("linked/*", false)]).unwrap_err().contains("is not there"));
}

#[test]
fn rejects_files_above_the_limits() {
    let dir = tempfile::tempdir().unwrap();
    fs::File::create(dir.path().join("big.bin")).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    let refusal = gathered(dir.path(), &[("big.bin", false)]).unwrap_err();
    assert!(refusal.starts_with("context file `big.bin` has 4194305 bytes, the limit is 4194304"), "{refusal}");
    fs::remove_file(dir.path().join("big.bin")).unwrap();
    for number in 0..=MAX_FILES {
        fs::write(dir.path().join(format!("{number}.txt")), "").unwrap();
    }
    let refusal = gathered(dir.path(), &[("*.txt", false)]).unwrap_err();
    assert!(refusal.starts_with("too many context files: more than 2000 files"), "{refusal}");
}

#[test]
fn does_not_read_the_folder_without_patterns() {
    assert_eq!(
        gather_context_files(&[], Path::new("/no/such/folder"), &ReservedPaths::default()),
        Ok(ContextFiles::default())
    );
}

#[test]
fn reserved_paths_are_no_context_files() {
    let dir = folder();
    let place = |name: &str| dir.path().join(name);
    for name in ["state/journal.db", "locks/my.lock", "locks/my.lock.new-1", "locks/my.lockfile", "key.txt", "e.toml"] {
        fs::create_dir_all(place(name).parent().unwrap()).unwrap();
        fs::write(place(name), "x").unwrap();
    }
    let reserved = ReservedPaths {
        // The folder of the task itself and its parents are no reason to leave out everything.
        written: vec![place("src/../state"), dir.path().to_owned(), "/".into(), place("missing")],
        lock: Some(place("locks/my.lock")),
        keys: vec![place("key.txt")],
        configuration: vec![place("./e.toml")],
    };
    let gather = |path: &str, allow| {
        let pattern = ContextPattern { path: path.to_owned(), base: false, allow };
        gather_context_files(&[pattern], dir.path(), &reserved)
    };
    let found = gather("{state,locks,.}/*", false).unwrap_or_default();
    assert_eq!(found.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["locks/my.lockfile"]);
    let found = gather("*", false).unwrap_err().to_string();
    assert!(found.ends_with("key.txt (the key of a provider), e.toml (configuration of Phasegate)"), "{found}");
    for path in ["state/journal.db", "locks/my.lock", "key.txt"] {
        assert!(gather(path, true).unwrap_err().to_string().contains("is never read"), "{path}");
    }
    assert_eq!(gather("e.toml", true).unwrap().allowed.len(), 1);
}

#[test]
fn ignore_files_count_up_to_the_repository() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        (".gitignore", "*.far\n"),
        ("repo/.git/info/exclude", "*.own\n"),
        ("repo/.gitignore", "*.log\n/only-here\n[z-a\n"),
        ("repo/task/.gitignore", "!kept.log\nout/\n"),
        ("repo/task/out/x", ""),
        ("repo/task/a.far", ""),
        ("repo/task/a.log", ""),
        ("repo/task/a.own", ""),
        ("repo/task/kept.log", ""),
        ("repo/task/only-here", ""),
    ] {
        fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        fs::write(dir.path().join(name), text).unwrap();
    }
    let names =
        |dir: &Path| gathered(dir, &[("**", false)]).unwrap().into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    let task = dir.path().join("repo/task");
    assert_eq!(names(&task), [".gitignore", "a.far", "kept.log", "only-here"]);
    fs::write(dir.path().join("repo/.phasegateignore"), "!a.log\nkept.*\n").unwrap();
    assert_eq!(names(&task), [".gitignore", "a.far", "a.log", "only-here"]);
    // Without a repository, only the files of the task's folder count.
    fs::remove_dir_all(dir.path().join("repo/.git")).unwrap();
    assert_eq!(names(&task), [".gitignore", "a.far", "a.log", "a.own", "kept.log", "only-here"]);
}

#[test]
fn an_output_in_the_folder_is_left_out() {
    let dir = folder();
    let result = r#"{"task_id":"A-1","run_id":"a-1-1","status":"passed","reason":"","totals":{}}"#;
    for (name, text) in [("result.json", result), ("report.md", "x"), ("artifacts/plan.json", "{}"), ("x.py", "x")] {
        fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        fs::write(dir.path().join(name), text).unwrap();
    }
    let names: Vec<_> = gathered(dir.path(), &[("*", false), ("artifacts/*", false), ("src/*", false)])
        .map(|found| found.into_iter().map(|(path, _)| path).collect())
        .unwrap_or_else(|error| vec![error]);
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].contains("`artifacts/*` matches nothing but what is left out: artifacts/ (results of Phasegate)"));
    assert_eq!(gathered(dir.path(), &[("*", false)]).unwrap(), [("x.py".to_owned(), false)]);
}
