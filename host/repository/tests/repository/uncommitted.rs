//! Uncommitted changes, compared with what `git status` shows.

use std::time::{Duration, SystemTime};

use phasegate_repository::{NewContent, Uncommitted};

use super::support::{Repo, deleted, one_commit};

fn changes(repo: &Repo) -> Uncommitted {
    let (repository, base, files) = repo.load();
    let before = repo.state();
    let found = repository.uncommitted(&base, &files).unwrap_or_else(|error| panic!("{}", error.describe()));
    assert_eq!(repo.state(), before);
    found
}

/// One line a change, as `path = content` with a `*` for the executable bit, or `path deleted`.
fn rows(repo: &Repo) -> Vec<String> {
    let found = changes(repo);
    let row = |change: &phasegate_repository::Change| match &change.content {
        NewContent::Deleted => format!("{} deleted", change.path),
        NewContent::Bytes(bytes) => {
            let bit = if change.executable == Some(true) { "*" } else { "" };
            format!("{}{bit} = {}", change.path, bytes.escape_ascii())
        }
        NewContent::Text(_) => panic!("changes of a working tree are bytes"),
    };
    found.changes.iter().map(row).collect()
}

fn left_out(repo: &Repo) -> Vec<String> {
    changes(repo).left_out.iter().map(|left| format!("{}: {}", left.path, left.why)).collect()
}

/// Waits for nothing: makes the index older than the files are.
fn age(repo: &Repo, path: &str) {
    let long_ago = SystemTime::now() - Duration::from_secs(1000);
    std::fs::File::options().write(true).open(repo.path.join(path)).unwrap().set_modified(long_ago).unwrap();
}

#[test]
fn clean_trees_have_no_changes() {
    let repo = Repo::of(&[("a.txt", "one\n"), ("src/b.txt", "two\n")]);
    assert_eq!(changes(&repo), Uncommitted::default());
    // A file whose time changed, but not its content.
    age(&repo, "a.txt");
    assert_eq!(changes(&repo), Uncommitted::default());
}

#[test]
fn all_kinds_of_changes_are_found() {
    let files =
        ["kept", "edited", "staged", "both", "gone", "gone-staged", "mode", "moved", "folder/in", "untracked-now"];
    let repo = Repo::empty();
    files.iter().for_each(|path| repo.write(path, format!("{path}\n")));
    repo.write(".gitignore", "*.log\n/build/\n!kept.log\n");
    repo.commit("Start");
    repo.write("edited", "new\n");
    repo.write("staged", "new staged\n");
    repo.git(&["add", "staged"]);
    repo.write("both", "first\n");
    repo.git(&["add", "both"]);
    repo.write("both", "second\n");
    std::fs::remove_file(repo.path.join("gone")).unwrap();
    repo.git(&["rm", "--quiet", "gone-staged"]);
    repo.make_executable("mode");
    repo.git(&["mv", "moved", "moved-here"]);
    std::fs::remove_dir_all(repo.path.join("folder")).unwrap();
    repo.write("folder", "a file now\n");
    repo.git(&["rm", "--quiet", "--cached", "untracked-now"]);
    repo.write("new/deep/file", "new\n");
    repo.write("new/run", "#!/bin/sh\n");
    repo.make_executable("new/run");
    repo.write("x.log", "ignored\n");
    repo.write("kept.log", "not ignored\n");
    repo.write("build/out", "ignored\n");
    repo.write("sub/build/out", "not ignored\n");
    repo.write("sub/.gitignore", "secret*\n");
    repo.write("sub/secret.txt", "ignored\n");
    repo.write(".git/info/exclude", "local\n");
    repo.write("local", "ignored\n");
    assert_eq!(
        rows(&repo),
        [
            "both = second\\n",
            "edited = new\\n",
            "folder = a file now\\n",
            "folder/in deleted",
            "gone deleted",
            "gone-staged deleted",
            "kept.log = not ignored\\n",
            "mode* = mode\\n",
            "moved deleted",
            "moved-here = moved\\n",
            "new/deep/file = new\\n",
            "new/run* = #!/bin/sh\\n",
            "staged = new staged\\n",
            "sub/.gitignore = secret*\\n",
            "sub/build/out = not ignored\\n",
        ]
    );
    assert_eq!(left_out(&repo), [""; 0]);
    // Everything together is what git itself would commit.
    let (repository, base, files) = repo.load();
    let found = repository.uncommitted(&base, &files).unwrap();
    let written = repository.write_branch(&one_commit(&base, found.changes)).unwrap();
    repo.git(&["add", "--all"]);
    assert_eq!(written.tree.to_string(), repo.git(&["write-tree"]).trim());
}

#[test]
fn files_that_become_ignored_are_deleted() {
    let repo = Repo::of(&[("secret.env", "KEY=1\n"), ("tracked.log", "one\n"), (".gitignore", "*.log\n")]);
    repo.git(&["add", "--force", "tracked.log"]);
    repo.git(&["commit", "--quiet", "--message=Track"]);
    repo.git(&["rm", "--quiet", "--cached", "secret.env"]);
    repo.write(".gitignore", "*.log\n*.env\n");
    repo.write("tracked.log", "two\n");
    assert_eq!(rows(&repo), [".gitignore = *.log\\n*.env\\n", "secret.env deleted", "tracked.log = two\\n"]);
}

#[test]
fn line_ends_alone_are_no_change() {
    let repo = Repo::of(&[("unix.txt", "a\nb\n"), ("windows.txt", "a\r\nb\r\n"), ("mixed.txt", "a\r\nb\n")]);
    repo.write("unix.txt", "a\r\nb\r\n");
    repo.write("windows.txt", "a\nb\n");
    assert_eq!(rows(&repo), [""; 0]);
    repo.write("unix.txt", "a\r\nb\r\nc\r\n");
    repo.write("windows.txt", "a\r\nb\r\nc\r\n");
    repo.write("new.txt", "n\r\n");
    assert_eq!(
        rows(&repo),
        ["new.txt = n\\r\\n", "unix.txt = a\\r\\nb\\r\\nc\\r\\n", "windows.txt = a\\r\\nb\\r\\nc\\r\\n"]
    );
    // git converts these when they are added, except where the commit has CRLF.
    repo.git(&["config", "core.autocrlf", "true"]);
    assert_eq!(rows(&repo), ["new.txt = n\\n", "unix.txt = a\\nb\\nc\\n", "windows.txt = a\\r\\nb\\r\\nc\\r\\n"]);
    repo.git(&["config", "--unset", "core.autocrlf"]);
    repo.write(".git/info/attributes", "*.txt text\nnew.txt -text\n");
    assert_eq!(rows(&repo)[..2], ["new.txt = n\\r\\n", "unix.txt = a\\nb\\nc\\n"]);
}

#[test]
fn converted_files_are_left_out() {
    let attributes = "*.bin filter=lfs -text\n*.utf16 working-tree-encoding=UTF-16\n*.id ident\n";
    let repo =
        Repo::of(&[(".gitattributes", attributes), ("a.bin", "pointer\n"), ("b.bin", "pointer\n"), ("c.id", "c\n")]);
    repo.write("a.bin", "a large file");
    repo.write("new.bin", "another");
    repo.write("c.id", "$Id$\n");
    repo.write("d.utf16", b"\xff\xfea\0");
    age(&repo, "b.bin");
    assert_eq!(rows(&repo), [""; 0]);
    let filter = "a git filter converts it, and filters are not run";
    assert_eq!(
        left_out(&repo),
        [
            format!("a.bin: {filter}"),
            "c.id: git replaces `$Id$` in it (ident)".to_owned(),
            "d.utf16: git converts its encoding (working-tree-encoding)".to_owned(),
            format!("new.bin: {filter}"),
        ]
    );
}

#[test]
fn nested_repositories_are_left_out() {
    let repo = Repo::of(&[("a.txt", "one\n")]);
    repo.git(&["clone", "--quiet", ".", "nested"]);
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../repo", "sub"]);
    repo.git(&["commit", "--quiet", "--message=Submodule"]);
    repo.write("sub/a.txt", "changed inside\n");
    repo.write("nested/a.txt", "changed inside\n");
    assert_eq!(rows(&repo), [""; 0]);
    assert_eq!(left_out(&repo), ["nested: it is a repository of its own"]);
}

#[test]
fn sparse_and_split_indexes_are_read() {
    let repo = Repo::of(&[("in/a.txt", "one\n"), ("out/b.txt", "two\n"), ("c.txt", "three\n")]);
    repo.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "in"]);
    repo.write("in/a.txt", "changed\n");
    assert_eq!(rows(&repo), ["in/a.txt = changed\\n"]);
    repo.git(&["sparse-checkout", "set", "--no-cone", "--no-sparse-index", "/in/"]);
    assert_eq!(rows(&repo), ["in/a.txt = changed\\n"]);
    repo.git(&["sparse-checkout", "disable"]);
    repo.git(&["update-index", "--split-index"]);
    repo.write("c.txt", "changed\n");
    repo.git(&["add", "c.txt"]);
    assert_eq!(rows(&repo), ["c.txt = changed\\n", "in/a.txt = changed\\n"]);
    repo.write("later.txt", "later\n");
    repo.git(&["add", "--intent-to-add", "later.txt"]);
    repo.git(&["update-index", "--assume-unchanged", "out/b.txt"]);
    repo.write("out/b.txt", "hidden\n");
    assert_eq!(rows(&repo), ["c.txt = changed\\n", "in/a.txt = changed\\n", "later.txt = later\\n"]);
}

#[test]
fn refusals_say_what_to_do() {
    let refusal = |prepare: &dyn Fn(&Repo)| {
        let repo = Repo::of(&[("a.txt", "one\n")]);
        prepare(&repo);
        let (repository, base, files) = repo.load();
        repo.describe(&repository.uncommitted(&base, &files).unwrap_err())
    };
    let start = "uncommitted changes cannot be included:";
    let conflict = refusal(&|repo| {
        repo.git(&["checkout", "--quiet", "-b", "side"]);
        repo.write("a.txt", "side\n");
        repo.commit("Side");
        repo.git(&["checkout", "--quiet", "main"]);
        repo.write("a.txt", "main\n");
        repo.commit("Main");
        let merged = repo.command(&repo.path, &["merge", "--quiet", "side"]).output().unwrap();
        assert!(!merged.status.success());
    });
    assert_eq!(conflict, format!("{start} `a.txt` has an unresolved conflict\nhint: resolve the conflict first"));
    let large = refusal(&|repo| repo.write("large", vec![b'x'; (16 << 20) + 1]));
    assert_eq!(
        large,
        format!(
            "{start} `large` has 16777217 bytes, at most 16777216 allowed\nhint: commit it, or let .gitignore leave it out"
        )
    );
    let excludes = refusal(&|repo| drop(repo.git(&["config", "core.excludesFile", "/etc/hostname"])));
    assert_eq!(
        excludes,
        format!(
            "{start} core.excludesFile of the repository names `/etc/hostname`, which is not in it\nhint: commit them first"
        )
    );
    let repo = Repo::of(&[("a.txt", "one\n")]);
    repo.write(".git/config.worktree", "[core\n");
    let (repository, base, files) = repo.load();
    let damaged = repo.describe(&repository.uncommitted(&base, &files).unwrap_err());
    assert!(
        damaged.ends_with("`DIR/repo/.git/config.worktree` cannot be read: it is not a git configuration"),
        "{damaged}"
    );
    let repo = Repo::of(&[("a.txt", "one\n")]);
    repo.commit("Second");
    let repository = repo.open();
    let base = repository.resolve(Some("HEAD~1")).unwrap();
    let files = repository.files(&base.tree).unwrap();
    assert_eq!(
        repo.describe(&repository.uncommitted(&base, &files).unwrap_err()),
        format!("{start} the base is not the commit that is checked out\nhint: commit them, or omit --base")
    );
}

#[test]
fn large_attributes_leave_files_out() {
    let why = "the .gitattributes files that apply to it cannot be read or are too large";
    for attributes in ["a text\n".repeat(5001), "#".repeat((256 << 10) + 1)] {
        let repo = Repo::of(&[("sub/a.txt", "one\n"), ("b.txt", "two\n")]);
        repo.write("sub/.gitattributes", attributes);
        repo.git(&["add", "--all"]);
        repo.git(&["commit", "--quiet", "--message=Attributes"]);
        repo.write("sub/a.txt", "changed\n");
        repo.write("b.txt", "changed\n");
        assert_eq!(rows(&repo), ["b.txt = changed\\n"]);
        assert_eq!(left_out(&repo), [format!("sub/a.txt: {why}")]);
    }
    // Each file is small enough, and all together are not.
    let repo = Repo::of(&[("a/b/c/x", "one\n"), ("y", "two\n")]);
    ["", "a/", "a/b/"].iter().for_each(|at| repo.write(&format!("{at}.gitattributes"), "*.z text\n".repeat(4000)));
    repo.commit("Attributes");
    repo.write("a/b/c/x", "changed\n");
    repo.write("y", "changed\n");
    assert_eq!((rows(&repo), left_out(&repo)), (vec!["y = changed\\n".to_owned()], vec![format!("a/b/c/x: {why}")]));
}

#[test]
fn large_lists_of_ignored_files_are_refused() {
    let refused = |path: &str, text: &str| {
        let repo = Repo::of(&[("a.txt", "one\n")]);
        repo.write("secret.env", "KEY=1\n");
        repo.write(path, format!("{text}secret.env\n"));
        let (repository, base, files) = repo.load();
        let words = repo.describe(&repository.uncommitted(&base, &files).unwrap_err());
        words.strip_prefix("uncommitted changes cannot be included: ").unwrap().to_owned()
    };
    let hint = "hint: commit them first";
    assert_eq!(refused(".gitignore", &"a\n".repeat(5000)), format!("`.gitignore` has more than 5000 lines\n{hint}"));
    let long = "#".repeat(256 << 10) + "\n";
    assert_eq!(refused(".git/info/exclude", &long), format!("`info/exclude` has more than 262144 bytes\n{hint}"));
}

#[test]
fn an_absent_index_counts_files_as_untracked() {
    let repo = Repo::of(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
    std::fs::remove_file(repo.path.join(".git/index")).unwrap();
    std::fs::remove_file(repo.path.join("b.txt")).unwrap();
    let (repository, base, files) = repo.load();
    assert_eq!(repository.uncommitted(&base, &files).unwrap().changes, [deleted("b.txt")]);
}
