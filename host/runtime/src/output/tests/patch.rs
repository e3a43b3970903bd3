//! The patch against base files.

use std::process::Command;

use super::*;

#[test]
fn git_applies_the_patch_to_the_base_files() {
    let old = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\r\nlast without end";
    let new = "one\n2\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\r\neleven\nlast without end";
    let base: [(&str, &[u8]); 5] = [
        ("src/d.py", old.as_bytes()),
        ("same.txt", b"same\n"),
        ("untouched.txt", b"mine\n"),
        ("odd na\"me.txt", "ä\rb\n".as_bytes()),
        ("empty me.txt", b"x\n"),
    ];
    let files = [
        ("src/d.py", new),
        ("same.txt", "same\n"),
        ("odd na\"me.txt", "ä\rc\n"),
        ("empty me.txt", ""),
        ("new/with space.py", "x = 1\n"),
        ("new/__init__.py", ""),
        ("ends.txt", "no line feed"),
    ];
    let dir = tempfile::tempdir().unwrap();
    let (out, tree) = (dir.path().join("out"), dir.path().join("tree"));
    for (path, bytes) in base {
        let path = tree.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let written = RecordedRun::finished(&base, &files).write(&out).unwrap();
    assert_eq!(written.patch.as_deref(), Some("changes.patch"));
    let patch = out.join("changes.patch");
    let git =
        Command::new("git").current_dir(&tree).args(["apply", "--whitespace=nowarn"]).arg(&patch).output().unwrap();
    assert!(git.status.success(), "{}\n{}", String::from_utf8_lossy(&git.stderr), read(&out, "changes.patch"));
    for (path, content) in files {
        assert_eq!(read(&tree, path), content, "{path}");
    }
    assert_eq!(read(&tree, "untouched.txt"), "mine\n");
    assert!(!read(&out, "changes.patch").contains("same.txt"));
    assert!(read(&out, "report.md").contains("`git apply changes.patch`"));
}

#[test]
fn leaves_binary_base_files_out_of_the_patch() {
    let dir = tempfile::tempdir().unwrap();
    let run = RecordedRun::finished(&[("a.bin", b"\xff\xfe")], &[("a.bin", "text now")]);
    assert_eq!(run.write(dir.path()).unwrap().patch, None);
    assert!(read(dir.path(), "report.md").contains("`a.bin` is not in the patch, because the old file is not text."));
}
