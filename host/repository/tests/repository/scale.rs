//! Large repositories, made by `git fast-import`.

use std::io::Write;
use std::process::Stdio;
use std::time::Instant;

use phasegate_files::TrustedFolders;
use phasegate_repository::Repository;

use super::support::{Repo, one_commit, text};

/// A repository of so many files in folders of a hundred.
fn large(files: usize) -> Repo {
    let repo = Repo::with(&["init", "--quiet", "--bare", "--initial-branch=main", "repo"]);
    let mut command = repo.command(&repo.path, &["fast-import", "--quiet"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = std::io::BufWriter::new(child.stdin.take().unwrap());
    writeln!(input, "commit refs/heads/main\ncommitter A <a@example.org> 1700000000 +0000\ndata 5\nStart").unwrap();
    for number in 0..files {
        let body = format!("def function_{number}(value):\n    return value + {number}\n\n\n").repeat(10);
        let path = format!("pkg{:03}/part{:02}/module_{number}.py", number / 1000, number / 100 % 10);
        writeln!(input, "M 100644 inline {path}\ndata {}\n{body}", body.len()).unwrap();
    }
    drop(input.into_inner().unwrap());
    assert!(child.wait().unwrap().success());
    repo
}

#[test]
fn a_hundred_thousand_files_are_listed() {
    let repo = large(100_000);
    let (repository, base, files) = repo.load();
    assert_eq!(files.files().len(), 100_000);
    assert!(files.files().is_sorted_by(|a, b| a.path < b.path));
    let middle = files.get("pkg050/part03/module_50321.py").unwrap();
    assert!(middle.size > 500);
    let written = repository.write_branch(&one_commit(&base, vec![text(&middle.path, "new\n")])).unwrap();
    let changed = repo.git(&["diff", "--name-only", "main", &written.commits[0].to_string()]);
    assert_eq!(changed.trim(), middle.path);
}

/// Prints figures: `cargo test --release -p phasegate-repository --test it figures -- --ignored --nocapture`.
#[test]
#[ignore = "prints figures"]
fn figures_of_fifty_thousand_files() {
    let repo = large(50_000);
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        status.lines().find(|line| line.starts_with("VmHWM")).unwrap().to_owned()
    };
    println!("before: {}", peak());
    let start = Instant::now();
    let repository = repo.open();
    println!("opened: {:?}", start.elapsed());
    let base = repository.resolve(None).unwrap();
    let files = repository.files(&base.tree).unwrap();
    println!("listed {} files: {:?}, {}", files.files().len(), start.elapsed(), peak());
    let start = Instant::now();
    let found = repository.search(&files, "absent from all files", "").unwrap();
    println!("searched ({} matches): {:?}, {}", found.matches.len(), start.elapsed(), peak());
    repo.git(&["clone", "--quiet", ".", "../working"]);
    let working = Repository::open(&repo.outside().join("working"), &TrustedFolders::default()).unwrap();
    let start = Instant::now();
    let found = working.uncommitted(&base, &files).unwrap();
    println!("compared the working tree ({} changes): {:?}, {}", found.changes.len(), start.elapsed(), peak());
    // Each object in a file of its own.
    let packs = repo.outside().join("packs");
    std::fs::rename(repo.path.join("objects/pack"), &packs).unwrap();
    std::fs::create_dir(repo.path.join("objects/pack")).unwrap();
    for pack in std::fs::read_dir(&packs).unwrap().map(|it| it.unwrap().path()) {
        if pack.extension().is_some_and(|it| it == "pack") {
            let mut command = repo.command(&repo.path, &["unpack-objects", "-q"]);
            assert!(command.stdin(std::fs::File::open(pack).unwrap()).status().unwrap().success());
        }
    }
    let start = Instant::now();
    let files = repo.open().files(&base.tree).unwrap();
    println!("listed {} loose files: {:?}, {}", files.files().len(), start.elapsed(), peak());
}
