//! Files of a tree: listing, reading and searching.

use phasegate_process::repository::FileKind;
use phasegate_repository::{FileMode, RepositoryError};

use super::support::Repo;

const LFS: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 12\n";

fn sample() -> Repo {
    let repo = Repo::empty();
    repo.write("README.md", "# Sample\n");
    repo.write("src/a.py", "def Alpha():\n    return 'x'\n");
    repo.write("src/b.py", "from a import alpha\r\nALPHA = 2\r\n");
    repo.write("src.py", "pass\n");
    repo.write("bin/run", "#!/bin/sh\n");
    repo.make_executable("bin/run");
    repo.write("data/model.bin", LFS);
    repo.write("data/raw", b"\0alpha");
    repo.write("data/latin.txt", b"caf\xe9 alpha\n");
    repo.write("empty", "");
    std::os::unix::fs::symlink("../outside", repo.path.join("link")).unwrap();
    repo.commit("Start");
    repo
}

#[test]
fn files_are_listed_with_mode_and_size() {
    let repo = sample();
    let (_, _, files) = repo.load();
    let rows: Vec<_> =
        files.files().iter().map(|file| (file.path.as_str(), file.mode, file.size, file.likely_kind())).collect();
    use FileMode::{Executable, File, Symlink};
    assert_eq!(
        rows,
        [
            ("README.md", File, 9, FileKind::Text),
            ("bin/run", Executable, 10, FileKind::Text),
            ("data/latin.txt", File, 11, FileKind::Text),
            ("data/model.bin", File, 67, FileKind::Binary),
            ("data/raw", File, 6, FileKind::Text),
            ("empty", File, 0, FileKind::Text),
            ("link", Symlink, 10, FileKind::Symlink),
            ("src.py", File, 5, FileKind::Text),
            ("src/a.py", File, 28, FileKind::Text),
            ("src/b.py", File, 32, FileKind::Text),
        ]
    );
    assert_eq!(files.skipped(), []);
    let below = |folder: &str| files.below(folder).iter().map(|file| file.path.as_str()).collect::<Vec<_>>();
    assert_eq!(below("src"), ["src/a.py", "src/b.py"]);
    assert_eq!(below("./src/"), ["src/a.py", "src/b.py"]);
    assert_eq!(below(".").len(), 10);
    assert_eq!(below("sr"), [""; 0]);
    assert_eq!(below("src/a.py"), [""; 0]);
}

#[test]
fn lists_tell_the_kind_of_content() {
    let repo = sample();
    let (repository, _, files) = repo.load();
    let list = repository.list(&files, "data").unwrap();
    let rows: Vec<_> = list.files.iter().map(|file| (file.path.as_str(), file.kind)).collect();
    assert_eq!(
        rows,
        [("data/latin.txt", FileKind::Binary), ("data/model.bin", FileKind::Lfs), ("data/raw", FileKind::Binary)]
    );
    assert_eq!(list.left_out, 0);
    assert_eq!(repository.list(&files, "absent").unwrap().files, []);
}

#[test]
fn only_files_of_the_tree_are_read() {
    let repo = sample();
    repo.write("src/a.py", "changed in the working tree");
    repo.git(&["add", "."]);
    let (repository, _, files) = repo.load();
    let read = |path: &str| repository.read_file(&files, path);
    assert_eq!(read("src/b.py").unwrap(), b"from a import alpha\r\nALPHA = 2\r\n");
    assert_eq!(read("src/a.py").unwrap(), b"def Alpha():\n    return 'x'\n");
    assert_eq!(read("data/raw").unwrap(), b"\0alpha");
    let refusal = |path: &str| {
        let error = read(path).unwrap_err();
        assert!(error.is_about_the_request());
        error.to_string()
    };
    assert_eq!(refusal("src"), "`src` cannot be read: it is a folder");
    assert_eq!(refusal("link"), "`link` cannot be read: it is a symbolic link");
    assert_eq!(
        refusal("data/model.bin"),
        "`data/model.bin` cannot be read: it is a pointer of Git LFS, whose content is not in the repository"
    );
    for path in ["absent", "../repo/src/a.py", "/etc/passwd", "src/../src/a.py", ".git/config", ""] {
        assert!(refusal(path).starts_with(&format!("there is no file `{path}`")) || path.is_empty(), "{path}");
    }
}

#[test]
fn large_files_are_named_with_their_limit() {
    let repo = Repo::empty();
    repo.write("large.txt", "x".repeat(50 << 20));
    repo.write("fits.txt", "x".repeat(512 << 10));
    repo.commit("Start");
    let (repository, _, files) = repo.load();
    let error = repository.read_file(&files, "large.txt").unwrap_err();
    assert_eq!(error.to_string(), "`large.txt` is too large: 52428800 bytes, at most 524288 allowed");
    assert!(matches!(error, RepositoryError::TooLarge { .. }));
    assert_eq!(repository.read_file(&files, "fits.txt").unwrap().len(), 512 << 10);
    assert_eq!(repository.list(&files, "").unwrap().files[1].size, 50 << 20);
}

#[test]
fn searches_ignore_case_and_keep_order() {
    let repo = sample();
    let (repository, _, files) = repo.load();
    let search = |text: &str, folder: &str| {
        let found = repository.search(&files, text, folder).unwrap();
        assert!(!found.incomplete);
        found.matches.into_iter().map(|it| format!("{}:{}:{}", it.path, it.line, it.text)).collect::<Vec<_>>()
    };
    assert_eq!(
        search("aLPHA", ""),
        [
            "data/latin.txt:1:caf\u{fffd} alpha",
            "src/a.py:1:def Alpha():",
            "src/b.py:1:from a import alpha",
            "src/b.py:2:ALPHA = 2",
        ]
    );
    assert_eq!(search("alpha()", "src"), ["src/a.py:1:def Alpha():"]);
    assert_eq!(search("nowhere", ""), [""; 0]);
    for text in ["", "a\nb", &"x".repeat(401)] {
        let error = repository.search(&files, text, "").unwrap_err();
        assert_eq!(error.to_string(), "the text to search for must be one line of 1 to 400 bytes");
    }
}

#[test]
fn searches_and_lists_stop_at_their_limits() {
    let repo = Repo::empty();
    (0..2001).for_each(|number| repo.write(&format!("many/{number:04}"), "Ünï\n"));
    repo.write("line", "x".repeat(1000) + "end");
    repo.write("two-hundred", "two\n".repeat(200));
    repo.write("too-many", "too\n".repeat(201));
    repo.commit("Start");
    let (repository, _, files) = repo.load();
    let list = repository.list(&files, "many").unwrap();
    assert_eq!((list.files.len(), list.left_out), (2000, 1));
    let search = |text: &str| repository.search(&files, text, "").unwrap();
    assert_eq!((search("two").matches.len(), search("two").incomplete), (200, false));
    assert_eq!((search("too").matches.len(), search("too").incomplete), (200, true));
    assert_eq!(search("üNÏ").matches[199].path, "many/0199");
    assert_eq!(search("end").matches[0].text, "x".repeat(400));
}
