//! The branch of a run: what is written, and what stays as it is.

use phasegate_repository::{Change, NewBranch, NewContent, RepositoryError};

use super::support::{AUTHOR, Repo, commit, deleted, one_commit, text};

fn sample() -> Repo {
    let repo = Repo::empty();
    repo.write("src/a.txt", "one\n");
    repo.write("src/b.txt", "two\n");
    repo.write("windows.txt", "a\r\nb\r\n");
    repo.write("marked.txt", "\u{feff}a\n");
    repo.write("run", "#!/bin/sh\n");
    repo.make_executable("run");
    std::os::unix::fs::symlink("src/a.txt", repo.path.join("link")).unwrap();
    repo.commit("Start");
    repo
}

/// Writes a branch, and checks that nothing else changed.
fn write(repo: &Repo, changes: Vec<Change>) -> Result<(), RepositoryError> {
    let (repository, base, _) = repo.load();
    let before = repo.state();
    let written = repository.write_branch(&one_commit(&base, changes));
    assert_eq!(repo.state(), before);
    written.map(|written| {
        assert_eq!(repo.git(&["rev-parse", "phasegate/r1^{tree}"]).trim(), written.tree.to_string());
        repo.check();
    })
}

fn refusal(change: Change) -> String {
    let repo = sample();
    let error = write(&repo, vec![change]).unwrap_err();
    assert_eq!(repo.git(&["branch", "--list", "phasegate/*"]), "");
    repo.describe(&error)
}

#[test]
fn changes_become_one_commit() {
    let repo = sample();
    // The user's tree is dirty, and on the base's branch.
    repo.write("src/a.txt", "dirty\n");
    repo.write("staged.txt", "staged\n");
    repo.git(&["add", "staged.txt"]);
    let script = Change { executable: Some(true), ..text("bin/new", "#!/bin/sh\n") };
    write(&repo, vec![text("src/a.txt", "changed\n"), deleted("src/b.txt"), text("x/y/z.txt", "new\n"), script])
        .unwrap();
    assert_eq!(
        repo.git(&["diff", "--name-status", "main", "phasegate/r1"]),
        "A\tbin/new\nM\tsrc/a.txt\nD\tsrc/b.txt\nA\tx/y/z.txt\n"
    );
    assert_eq!(
        repo.tree("phasegate/r1"),
        "100755 bin/new\n120000 link\n100644 marked.txt\n100755 run\n100644 src/a.txt\n100644 windows.txt\n100644 x/y/z.txt\n"
    );
    let shown = repo.git(&["log", "-1", "--format=%an <%ae>|%cn <%ce>|%ad|%P|%B", "--date=raw", "phasegate/r1"]);
    let parent = repo.git(&["rev-parse", "main"]);
    assert_eq!(shown.trim_end(), format!("{AUTHOR}|{AUTHOR}|1700000000 +0000|{}|Work", parent.trim()));
    assert!(!repo.path.join(".git/logs/refs/heads/phasegate").exists());
    assert!(!repo.path.join(".git/phasegate-r1.new").exists());
}

#[test]
fn every_commit_builds_on_the_last() {
    let repo = sample();
    let (repository, base, _) = repo.load();
    let commits = vec![
        commit("First\n\nBody\n", vec![text("new/a.txt", "1\n")]),
        commit("Second", vec![text("new/a.txt", "2\n"), deleted("src/a.txt"), deleted("src/b.txt")]),
        commit("Third", vec![deleted("new/a.txt"), text("new", "a file\n")]),
        commit("Nothing", vec![]),
    ];
    let branch = NewBranch { name: "phasegate/r1".to_owned(), base: base.commit, commits };
    let written = repository.write_branch(&branch).unwrap();
    assert_eq!(written.reference, "refs/heads/phasegate/r1");
    assert_eq!(repo.git(&["log", "--format=%s", "phasegate/r1"]), "Nothing\nThird\nSecond\nFirst\nStart\n");
    let ids = written.commits.iter().rev().map(|id| format!("{id}\n")).collect::<String>();
    assert_eq!(repo.git(&["log", "--format=%H", "main..phasegate/r1"]), ids);
    assert_eq!(repo.git(&["show", "phasegate/r1~2:new/a.txt"]), "2\n");
    assert_eq!(
        repo.tree("phasegate/r1~2"),
        "120000 link\n100644 marked.txt\n100644 new/a.txt\n100755 run\n100644 windows.txt\n"
    );
    assert_eq!(repo.git(&["show", "phasegate/r1:new"]), "a file\n");
    repo.check();
}

#[test]
fn modes_line_ends_and_marks_are_kept() {
    let repo = sample();
    let bytes = Change { content: NewContent::Bytes(b"x\ny\n".to_vec()), ..text("src/b.txt", "") };
    let changes = vec![
        text("windows.txt", "a\nnew\nb\n"),
        text("marked.txt", "b\n"),
        text("run", "#!/bin/sh\ntrue\n"),
        Change { executable: Some(true), ..text("src/a.txt", "one\n") },
        bytes,
    ];
    write(&repo, changes).unwrap();
    assert_eq!(repo.git(&["show", "phasegate/r1:windows.txt"]), "a\r\nnew\r\nb\r\n");
    assert_eq!(repo.git(&["show", "phasegate/r1:marked.txt"]), "\u{feff}b\n");
    assert_eq!(repo.git(&["show", "phasegate/r1:src/b.txt"]), "x\ny\n");
    let modes = repo.tree("phasegate/r1");
    assert!(modes.contains("100755 run\n100755 src/a.txt\n"), "{modes}");
}

#[test]
fn all_files_can_be_deleted() {
    let repo = Repo::of(&[("src/a.txt", "one\n")]);
    write(&repo, vec![deleted("src/a.txt")]).unwrap();
    assert_eq!(repo.tree("phasegate/r1"), "");
}

#[test]
fn changes_that_do_not_fit_are_refused() {
    let cases = [
        (text("src", "x"), "`src` cannot be written: it is a folder"),
        (text("src/a.txt/x", "x"), "`src/a.txt/x` cannot be written: `src/a.txt` is a file"),
        (text("link", "x"), "`link` cannot be written: it is a symbolic link"),
        (text("link/x", "x"), "`link/x` cannot be written: `link` is a symbolic link"),
        (deleted("absent"), "`absent` cannot be deleted: there is no such file"),
        (deleted("absent/file"), "`absent/file` cannot be deleted: there is no such file"),
        (deleted("src"), "`src` cannot be deleted: it is a folder"),
        (text("../x", "x"), "`../x` cannot be written: the path leaves its folder"),
        (text("/x", "x"), "`/x` cannot be written: the path leaves its folder"),
        (text("", "x"), "`` cannot be written: the path leaves its folder"),
        (
            text(".git/hooks/update", "x"),
            "`.git/hooks/update` cannot be written: systems take the path for a git folder",
        ),
        (text("src/.GIT/x", "x"), "`src/.GIT/x` cannot be written: systems take the path for a git folder"),
        (text("src/nul.txt", "x"), "`src/nul.txt` cannot be written: Windows takes the name for a device"),
        (text("a:b", "x"), "`a:b` cannot be written: Windows does not allow one of its characters"),
    ];
    for (change, words) in cases {
        assert_eq!(refusal(change), words);
    }
    let repo = sample();
    let error = write(&repo, vec![text("new", "1"), text("new", "2")]).unwrap_err();
    assert_eq!(error.to_string(), "`new` cannot be written: it is changed twice");
}

#[test]
fn other_encodings_are_never_rewritten() {
    let repo = Repo::empty();
    repo.write("latin.txt", b"caf\xe9\n");
    repo.write("utf16.txt", b"\xff\xfea\0\n\0");
    repo.write("image.png", b"\x89PNG\0\0");
    repo.commit("Start");
    let hint = "and text would be written as UTF-8\nhint: convert the file to UTF-8 and commit that first";
    for (path, why) in [
        ("latin.txt", "it is not text in UTF-8"),
        ("utf16.txt", "it is text in UTF-16"),
        ("image.png", "it is a binary file"),
    ] {
        let error = write(&repo, vec![text(path, "café\n")]).unwrap_err();
        assert_eq!(repo.describe(&error), format!("`{path}` is not changed: {why}, {hint}"));
    }
    let bytes = Change { content: NewContent::Bytes(b"th\xe9\n".to_vec()), ..text("latin.txt", "") };
    write(&repo, vec![bytes, deleted("utf16.txt")]).unwrap();
}

#[test]
fn writing_again_changes_nothing() {
    let repo = sample();
    let (repository, base, _) = repo.load();
    let branch = one_commit(&base, vec![text("src/a.txt", "changed\n")]);
    let first = repository.write_branch(&branch).unwrap();
    // As after a kill between the objects and the reference, and one between the reference and the end.
    let reference = repo.path.join(".git/refs/heads/phasegate/r1");
    repo.write(".git/phasegate-r1.new", "half");
    assert_eq!(repository.write_branch(&branch).unwrap(), first);
    std::fs::remove_file(&reference).unwrap();
    assert_eq!(repo.open().write_branch(&branch).unwrap(), first);
    assert_eq!(std::fs::read_to_string(&reference).unwrap().trim(), first.commits[0].to_string());
    assert!(!repo.path.join(".git/phasegate-r1.new").exists());
    // Also if git has packed the reference and the objects meanwhile.
    repo.git(&["gc", "--quiet"]);
    assert!(!reference.exists());
    assert_eq!(repo.open().write_branch(&branch).unwrap(), first);
    repo.check();
}

#[test]
fn existing_branches_are_never_replaced() {
    let repo = sample();
    let (repository, base, _) = repo.load();
    let changed = one_commit(&base, vec![text("src/a.txt", "changed\n")]);
    let refused = |name: &str| {
        repo.git(&["branch", name]);
        let words = repo.describe(&repository.write_branch(&changed).unwrap_err());
        let early = repository.check_branch_name("phasegate/r1").map_err(|error| repo.describe(&error));
        // The name itself may come from an earlier attempt.
        assert_eq!(early, if name == "phasegate/r1" { Ok(()) } else { Err(words.clone()) });
        repo.git(&["branch", "--delete", "--force", name]);
        words
    };
    let words = refused("phasegate/r1");
    let start = format!("the branch `phasegate/r1` already exists at commit {}; the result is ", base.commit);
    assert!(words.starts_with(&start), "{words}");
    assert!(words.ends_with("\nhint: rename the branch: `git branch --move phasegate/r1 NEW-NAME`"), "{words}");
    for other in ["phasegate", "phasegate/r1/deeper"] {
        assert_eq!(
            refused(other),
            format!(
                "the branch `phasegate/r1` cannot be created beside the branch `{other}`\nhint: rename the branch: `git branch \
                 --move {other} NEW-NAME`"
            )
        );
    }
    let invalid = repository.check_branch_name("phasegate/a b.lock").unwrap_err();
    assert!(repo.describe(&invalid).starts_with("the branch `phasegate/a b.lock` is invalid: "), "{invalid}");
    repo.git(&["pack-refs", "--all"]);
    repository.check_branch_name("phasegate/r1").unwrap();
    repository.write_branch(&changed).unwrap();
    repo.check();
}

#[test]
fn names_and_authors_are_checked() {
    let repo = sample();
    let (repository, base, _) = repo.load();
    let branch = one_commit(&base, vec![]);
    let refusal = |branch: NewBranch| repo.describe(&repository.write_branch(&branch).unwrap_err());
    for name in ["", "a..b", "-", "a b", "x.lock", "../x", "a/.git/b", "@{", "a~1"] {
        if name == "-" {
            continue;
        }
        let words = refusal(NewBranch { name: name.to_owned(), ..branch.clone() });
        assert!(words.starts_with(&format!("the branch `{name}` is invalid: ")), "{words}");
    }
    let mut other = branch.clone();
    other.commits[0].author = "Nobody".to_owned();
    assert_eq!(refusal(other), "the author `Nobody` is invalid: it must have the form `Name <mail>`");
    let mut other = branch;
    other.commits[0].message = " \n".to_owned();
    assert_eq!(refusal(other), "the commit message ` \\n` is invalid: it is empty or contains a NUL character");
}

#[test]
fn unwritable_repositories_are_named() {
    let repo = sample();
    let (repository, base, _) = repo.load();
    // Root writes to folders of any mode, so files are in the way of the folders of objects.
    for folder in (0..256).map(|number| format!(".git/objects/{number:02x}")) {
        if !repo.path.join(&folder).exists() {
            repo.write(&folder, "");
        }
    }
    let branch =
        one_commit(&base, vec![text("src/a.txt", "changed\n"), text("new", "new\n"), text("other", "other\n")]);
    let words = repo.describe(&repository.write_branch(&branch).unwrap_err());
    assert!(words.starts_with("`DIR/repo/.git/objects` cannot be written: "), "{words}");
    let hint = "hint: make the repository writable for this account, and free space on its disk";
    assert!(words.ends_with(hint), "{words}");
    assert_eq!(repo.git(&["branch", "--list", "phasegate/*"]), "");
}

#[test]
fn linked_working_trees_share_the_branch() {
    let repo = sample();
    repo.git(&["worktree", "add", "--quiet", "../linked"]);
    let linked = phasegate_repository::Repository::open(&repo.outside().join("linked"), &Default::default()).unwrap();
    let base = linked.resolve(None).unwrap();
    linked.write_branch(&one_commit(&base, vec![text("src/a.txt", "changed\n")])).unwrap();
    assert_eq!(repo.git(&["show", "phasegate/r1:src/a.txt"]), "changed\n");
    repo.check();
}
