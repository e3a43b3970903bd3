//! Trees with paths that some systems refuse.

use super::support::{Repo, one_commit, text};

#[test]
fn unsafe_paths_are_skipped_and_kept() {
    let repo = Repo::of(&[("a.txt", "one\n")]);
    let blob = repo.hash(b"x", "blob");
    let id: Vec<u8> = (0..20).map(|at| u8::from_str_radix(&blob[2 * at..2 * at + 2], 16).unwrap()).collect();
    let names: [&[u8]; 9] =
        [b"..", b".GIT", b"a\nb", b"aux.txt", b"back\\slash", b"col:on", b"dot.", b"git~1", b"latin\xe9"];
    let tree: Vec<u8> = names.iter().flat_map(|name| [b"100644 ", *name, b"\0", &id[..]].concat()).collect();
    repo.commit_tree(&tree);
    let (repository, base, files) = repo.load();
    let listed: Vec<_> = files.files().iter().map(|file| file.path.as_str()).collect();
    assert_eq!(listed, ["aux.txt", "back\\slash", "col:on", "dot."]);
    let skipped: Vec<_> = files.skipped().iter().map(|it| format!("{}: {}", it.path, it.why)).collect();
    assert_eq!(
        skipped,
        [
            "..: the path leaves its folder",
            ".GIT: systems take the path for a git folder",
            "a\\nb: the path has control characters",
            "git~1: systems take the path for a git folder",
            "latin\u{fffd}: the path is not UTF-8",
        ]
    );
    let written =
        repository.write_branch(&one_commit(&base, vec![text("new.txt", "new\n"), text("dot.", "y")])).unwrap();
    let kept = repo.git(&["ls-tree", "--name-only", "-z", &written.tree.to_string()]);
    assert_eq!(kept.split('\0').filter(|name| !name.is_empty()).count(), names.len() + 1);
}

#[test]
fn paths_beyond_utf8_survive_a_branch() {
    use std::os::unix::ffi::OsStrExt;
    let repo = Repo::of(&[("folder/a.txt", "one\n")]);
    let name = std::ffi::OsStr::from_bytes(b"latin\xe9.txt");
    std::fs::write(repo.path.join("folder").join(name), "two\n").unwrap();
    repo.write("folder/ünï.txt", "three\n");
    repo.commit("Odd");
    let (repository, base, files) = repo.load();
    assert!(files.get("folder/ünï.txt").is_some());
    assert_eq!(files.skipped()[0].path, "folder/latin\u{fffd}.txt");
    assert_eq!(repository.uncommitted(&base, &files).unwrap().changes, []);
    repository.write_branch(&one_commit(&base, vec![text("folder/a.txt", "changed\n")])).unwrap();
    let changed = repo.git(&["diff", "--name-status", "main", "phasegate/r1"]);
    assert_eq!(changed, "M\tfolder/a.txt\n");
    repo.check();
}

#[test]
fn submodules_and_links_are_kept() {
    let repo = Repo::of(&[("a.txt", "one\n")]);
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../repo", "lib/sub"]);
    std::os::unix::fs::symlink("../../outside", repo.path.join("lib/link")).unwrap();
    repo.write("lib/run", "#!/bin/sh\n");
    repo.make_executable("lib/run");
    repo.commit("Odd");
    let (repository, base, files) = repo.load();
    let kind =
        |path: &str| repository.list(&files, "lib").unwrap().files.into_iter().find(|it| it.path == path).unwrap();
    assert_eq!((kind("lib/sub").kind.as_str(), kind("lib/sub").size), ("submodule", 0));
    assert_eq!((kind("lib/link").kind.as_str(), kind("lib/link").size), ("symlink", 13));
    let error = repository.read_file(&files, "lib/sub").unwrap_err().to_string();
    assert_eq!(error, "`lib/sub` cannot be read: it is a submodule");
    repository
        .write_branch(&one_commit(&base, vec![text("lib/run", "#!/bin/sh\ntrue\n"), text("lib/b", "x")]))
        .unwrap();
    assert_eq!(repo.tree("phasegate/r1:lib"), "100644 b\n120000 link\n100755 run\n160000 sub\n");
    repo.check();
}
