//! Writes of branches that are killed with SIGKILL: each branch is there whole or not at all.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use phasegate_files::TrustedFolders;
use phasegate_repository::{Base, NewBranch, Repository};

use super::support::{Repo, commit, text};

const FOLDER: &str = "PHASEGATE_TEST_REPOSITORY";
const FIRST: &str = "PHASEGATE_TEST_FIRST";
const WRITER: &str = "interrupted::writes_branches_until_killed";

/// The branch with this number, which has files that no other has.
fn branch(base: &Base, number: usize) -> NewBranch {
    let files = (0..8).map(|file| text(&format!("d{file}/f{number}"), &format!("{number} {file}\n"))).collect();
    let commits = vec![commit("First", files), commit("Second", vec![text("a.txt", &format!("{number}\n"))])];
    NewBranch { name: format!("phasegate/r{number}"), base: base.commit.clone(), commits }
}

#[test]
#[ignore = "a process that another test starts and kills"]
fn writes_branches_until_killed() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let first: usize = std::env::var(FIRST).unwrap().parse().unwrap();
    let repository = Repository::open(&folder, &TrustedFolders::default()).unwrap();
    let base = repository.resolve(None).unwrap();
    // Ends by itself if nothing kills it.
    for number in first..first + 2000 {
        repository.write_branch(&branch(&base, number)).unwrap();
    }
}

#[test]
fn interrupted_writes_leave_whole_branches() {
    let repo = Repo::of(&[("a.txt", "one\n")]);
    let (repository, base, _) = repo.load();
    let before = repo.state();
    let (mut next, mut begun) = (0, 0);
    for round in 0..8 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args([WRITER, "--exact", "--ignored"])
            .env(FOLDER, &repo.path)
            .env(FIRST, next.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // When a later file of a later branch is there, the writer is in the middle of that branch.
        let blob = repo.hash_of(format!("{} {round}\n", next + 2).as_bytes());
        let wanted = repo.path.join(".git/objects").join(&blob[..2]).join(&blob[2..]);
        let deadline = Instant::now() + Duration::from_secs(60);
        while !wanted.exists() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_micros(50));
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        assert!(wanted.exists());
        let names = repo.git(&["for-each-ref", "--format=%(refname)", "refs/heads/phasegate"]);
        let written = names.lines().count();
        assert!(written > next, "{written}");
        repo.check();
        // Two branches are whole, and the third has a file but no reference.
        begun += usize::from(written == next + 2);
        // The interrupted write is repeated, and those before change nothing.
        for number in [written - 1, written] {
            let again = repository.write_branch(&branch(&base, number)).unwrap();
            let id = repo.git(&["rev-parse", &again.reference]);
            assert_eq!(id.trim(), again.commits[1].to_string());
        }
        repo.check();
        next = written + 1;
    }
    assert_eq!(repo.state(), before);
    assert!(begun > 0);
    let left: Vec<_> = std::fs::read_dir(repo.path.join(".git"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".new"))
        .collect();
    assert_eq!(left, [""; 0]);
}
