//! Repositories that try to have commands run or files outside read.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use phasegate_files::TrustedFolders;
use phasegate_repository::Repository;

use super::support::Repo;

/// A repository, and a script that leaves a mark when it is executed.
struct Trap {
    repo: Repo,
    script: String,
    mark: PathBuf,
}

impl Trap {
    fn new() -> Self {
        let repo =
            Repo::of(&[("a.txt", "one\n"), ("b.dat", "two\n"), (".gitattributes", "*.txt filter=trap diff=trap\n")]);
        let (script, mark) = (repo.outside().join("trap.sh"), repo.outside().join("mark"));
        std::fs::write(&script, format!("#!/bin/sh\ntouch '{}'\ncat\n", mark.display())).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        // Changed, staged and new files, so that filters would have work.
        repo.write("a.txt", "one changed\n");
        repo.write("c.txt", "new\n");
        repo.write("d.dat", "new\n");
        Self { script: script.display().to_string(), repo, mark }
    }

    fn assert_nothing_ran(&self) {
        self.repo.use_all().unwrap_or_else(|error| panic!("{}", error.describe()));
        assert!(!self.mark.exists(), "something was executed");
    }

    /// Shows that the trap works: git itself steps into it.
    fn assert_git_runs_it(&self, args: &[&str]) {
        let _ = self.repo.command(&self.repo.path, args).output().unwrap();
        assert!(self.mark.exists(), "git {args:?} did not execute the script");
    }
}

#[test]
fn monitors_are_not_executed() {
    let trap = Trap::new();
    trap.repo.git(&["config", "core.fsmonitor", &trap.script]);
    trap.repo.git(&["config", "core.untrackedCache", "true"]);
    trap.assert_nothing_ran();
    trap.assert_git_runs_it(&["status"]);
}

#[test]
fn filters_are_not_executed() {
    for kind in ["clean", "smudge", "process"] {
        let trap = Trap::new();
        trap.repo.git(&["config", &format!("filter.trap.{kind}"), &trap.script]);
        trap.repo.git(&["config", "filter.trap.required", "true"]);
        trap.assert_nothing_ran();
        let args: &[&str] = if kind == "smudge" { &["checkout", "--force"] } else { &["add", "a.txt"] };
        trap.assert_git_runs_it(args);
    }
}

#[test]
fn hooks_are_not_executed() {
    let hooks = [
        "applypatch-msg",
        "commit-msg",
        "fsmonitor-watchman",
        "post-applypatch",
        "post-checkout",
        "post-commit",
        "post-index-change",
        "post-merge",
        "post-rewrite",
        "post-update",
        "pre-applypatch",
        "pre-auto-gc",
        "pre-commit",
        "pre-merge-commit",
        "pre-push",
        "pre-rebase",
        "pre-receive",
        "prepare-commit-msg",
        "proc-receive",
        "push-to-checkout",
        "reference-transaction",
        "update",
    ];
    for folder in [".git/hooks", "hooks"] {
        let trap = Trap::new();
        for hook in hooks {
            trap.repo.write(&format!("{folder}/{hook}"), std::fs::read(&trap.script).unwrap());
            trap.repo.make_executable(&format!("{folder}/{hook}"));
        }
        trap.repo.git(&["config", "core.hooksPath", trap.repo.path.join(folder).to_str().unwrap()]);
        trap.assert_nothing_ran();
        trap.assert_git_runs_it(&["commit", "--message=x", "--allow-empty"]);
    }
}

#[test]
fn commands_of_the_configuration_are_not_executed() {
    let trap = Trap::new();
    let shell = format!("!{}", trap.script);
    for (name, value) in [
        ("core.sshCommand", trap.script.as_str()),
        ("core.gitProxy", &trap.script),
        ("core.askPass", &trap.script),
        ("core.pager", &trap.script),
        ("core.editor", &trap.script),
        ("sequence.editor", &trap.script),
        ("pager.status", &trap.script),
        ("alias.status", &shell),
        ("alias.rev-parse", &shell),
        ("diff.external", &trap.script),
        ("diff.trap.textconv", &trap.script),
        ("diff.trap.command", &trap.script),
        ("merge.trap.driver", &trap.script),
        ("credential.helper", &shell),
        ("gpg.program", &trap.script),
        ("commit.gpgSign", "true"),
        ("remote.origin.url", &format!("ext::{}", trap.script)),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", &trap.script),
        ("extensions.partialClone", "origin"),
    ] {
        trap.repo.git(&["config", name, value]);
    }
    trap.assert_nothing_ran();
    trap.assert_git_runs_it(&["diff", "--ext-diff"]);
}

#[test]
fn included_configuration_is_not_read() {
    let trap = Trap::new();
    let outside = trap.repo.outside().join("outside.config");
    std::fs::write(&outside, format!("[user]\nname = Mallory\nemail = m@x\n[core]\nfsmonitor = {}\n", trap.script))
        .unwrap();
    trap.repo.git(&["config", "include.path", outside.to_str().unwrap()]);
    trap.repo.git(&["config", "includeIf.gitdir:/.path", outside.to_str().unwrap()]);
    trap.assert_nothing_ran();
    assert!(!trap.repo.open().author().is_some_and(|author| author.contains("Mallory")));
    trap.assert_git_runs_it(&["status"]);
}

#[test]
fn working_trees_elsewhere_are_not_read() {
    let repo = Repo::of(&[("a.txt", "one\n")]);
    let other = repo.outside().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("secret.txt"), "secret\n").unwrap();
    repo.git(&["config", "core.worktree", other.to_str().unwrap()]);
    let (repository, base, files) = repo.load();
    assert_eq!(
        repo.describe(&repository.uncommitted(&base, &files).unwrap_err()),
        "uncommitted changes cannot be included: the working tree is elsewhere (core.worktree)\nhint: commit them first"
    );
}

#[test]
fn replacements_and_grafts_have_no_effect() {
    let repo = Repo::of(&[("a.txt", "honest\n")]);
    let (honest, other) = (repo.hash(b"honest\n", "blob"), repo.hash(b"replaced\n", "blob"));
    repo.git(&["replace", &honest, &other]);
    repo.commit("Second");
    let (first, second) = (repo.git(&["rev-parse", "HEAD~1"]), repo.git(&["rev-parse", "HEAD"]));
    repo.write(".git/info/grafts", format!("{}\n", second.trim()));
    let (repository, base, files) = repo.load();
    assert_eq!(repository.read_file(&files, "a.txt").unwrap(), b"honest\n");
    assert_eq!(repository.subjects(&base.commit, 9).unwrap(), ["Second", "Start"]);
    assert_eq!(repository.resolve(Some("HEAD~1")).unwrap().commit.to_string(), first.trim());
    assert_eq!(repo.git(&["cat-file", "-p", &honest]), "replaced\n");
}

/// A repository with a secret beside it, changed by `prepare`, which gets both folders.
fn refusal(prepare: impl Fn(&Repo, &Path)) -> String {
    let repo = Repo::of(&[("a.txt", "one\n")]);
    let secret = repo.outside().join("secret");
    repo.git(&["clone", "--quiet", "--no-hardlinks", ".", secret.to_str().unwrap()]);
    prepare(&repo, &secret);
    repo.describe(&repo.try_open().expect_err("it was opened"))
}

#[test]
fn git_files_that_lead_elsewhere_are_refused() {
    let words = refusal(|repo, secret| {
        std::fs::remove_dir_all(repo.path.join(".git")).unwrap();
        repo.write(".git", format!("gitdir: {}\n", secret.join(".git").display()));
    });
    assert_eq!(
        words,
        "the repository `DIR/repo` is not used: its `.git` file names `DIR/secret/.git`, which does not name this \
         folder\nhint: if it is yours, name DIR/secret/.git itself"
    );
    let words = refusal(|repo, secret| {
        // A working tree of the secret repository, whose `.git` file another folder has copied.
        repo.git_in(secret, &["worktree", "add", "--quiet", "../linked"]);
        std::fs::remove_dir_all(repo.path.join(".git")).unwrap();
        std::fs::copy(repo.outside().join("linked/.git"), repo.path.join(".git")).unwrap();
    });
    assert!(words.contains("which does not name this folder\nhint: run `git worktree repair` in the main"), "{words}");
    for text in ["", "gitdir:\n", "nonsense", "gitdir: absent\n"] {
        let words = refusal(|repo, _| {
            std::fs::remove_dir_all(repo.path.join(".git")).unwrap();
            repo.write(".git", text);
        });
        assert!(words.starts_with("`DIR/repo` is not a git repository: "), "{words}");
    }
}

#[test]
fn common_folders_elsewhere_are_refused() {
    let words = refusal(|repo, secret| repo.write(".git/commondir", secret.join(".git").to_str().unwrap()));
    assert_eq!(
        words,
        "the repository `DIR/repo` is not used: `DIR/repo/.git/commondir` names another repository\nhint: use the working \
         tree that belongs to it"
    );
}

#[test]
fn links_in_the_git_folder_are_refused() {
    let hint = "hint: clone it with `git clone --no-hardlinks`, and use the clone";
    for part in [
        ".git",
        ".git/objects",
        ".git/refs",
        ".git/refs/heads",
        ".git/refs/heads/main",
        ".git/HEAD",
        ".git/config",
        ".git/index",
        ".git/objects/pack",
    ] {
        let words = refusal(|repo, secret| {
            let (own, other) = (repo.path.join(part), secret.join(part));
            match own.is_dir() {
                true => std::fs::remove_dir_all(&own).unwrap(),
                false => std::fs::remove_file(&own).unwrap(),
            }
            symlink(other, own).unwrap();
        });
        let expected = format!("the repository `DIR/repo` is not used: `DIR/repo/{part}` is a symbolic link\n{hint}");
        // Without these, the folder is no repository in the first place.
        assert_eq!(words, expected, "{part}");
    }
    let words = refusal(|repo, _| {
        let blob = repo.hash(b"one\n", "blob");
        let object = repo.path.join(".git/objects").join(&blob[..2]).join(&blob[2..]);
        std::fs::remove_file(&object).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&object).status().unwrap().success());
    });
    assert!(words.contains("` is a pipe\n"), "{words}");
}

#[test]
fn objects_of_other_repositories_are_refused() {
    let words = refusal(|repo, secret| {
        repo.write(".git/objects/info/alternates", format!("{}\n", secret.join(".git/objects").display()));
    });
    assert_eq!(
        words,
        "the repository `DIR/repo` is not used: it takes objects from `DIR/secret/.git/objects` \
         (objects/info/alternates)\nhint: copy the objects with `git -C DIR/repo repack -a -d`, then remove \
         `objects/info/alternates` from its git folder"
    );
    let words = refusal(|repo, _| repo.write(".git/objects/info/alternates", "../../../secret/.git/objects\n"));
    assert!(words.contains("it takes objects from `DIR/secret/.git/objects`"), "{words}");
}

#[test]
fn ambiguous_lists_of_alternates_are_refused() {
    let refused = |content: &dyn Fn(&str) -> Vec<u8>| {
        let words = refusal(|repo, secret| {
            let folder = secret.join(".git/objects").display().to_string();
            repo.write(".git/objects/info/alternates", content(&folder));
        });
        let start = "the repository `DIR/repo` cannot be used: its file `objects/info/alternates` ";
        words.strip_prefix(start).unwrap_or_else(|| panic!("{words}")).to_owned()
    };
    let line = "has a line in quotes or with a control character";
    assert_eq!(refused(&|folder| format!("\"{}\"\n", folder.replace("secret", "s\\145cret")).into()), line);
    assert_eq!(refused(&|folder| format!("# x\n{folder}\r\n").into()), line);
    let long = |folder: &str| format!("{}{folder}\n", "#\n".repeat(40_000)).into_bytes();
    assert_eq!(refused(&long), "cannot be read: it has more than 65536 bytes, which is the limit");
    let bytes = |folder: &str| [folder.as_bytes(), b"\n\xff\n"].concat();
    assert_eq!(refused(&bytes), "cannot be read: it is not text in UTF-8, first in line 2; it may be in Latin-1");
    assert_eq!(refused(&|_| "pack\n".repeat(33).into()), "names more than 32 folders");
}

#[test]
fn alternates_that_lead_on_are_refused() {
    for nested in ["/secret/.git/objects\n", "#\n"] {
        let words = refusal(|repo, _| {
            repo.write(".git/objects/info/alternates", "../inner\n");
            repo.write(".git/inner/info/alternates", nested);
        });
        assert!(words.contains("it takes objects from `DIR/repo/.git/inner`"), "{words}");
    }
}

#[test]
fn common_folders_of_several_lines_are_refused() {
    for common in ["../..\n/../../../secret/.git\n", "../.. \n", "../..\n\u{1}"] {
        let repo = Repo::of(&[("a.txt", "1\n")]);
        repo.git(&["worktree", "add", "--quiet", "../linked"]);
        repo.write(".git/worktrees/linked/commondir", common);
        let opened = Repository::open(&repo.outside().join("linked"), &TrustedFolders::default());
        let words = repo.describe(&opened.unwrap_err());
        assert!(words.starts_with("the repository `DIR/linked` is not used: "), "{common:?}: {words}");
    }
}

#[test]
fn links_of_the_working_tree_are_not_followed() {
    let repo = Repo::of(&[("folder/a.txt", "one\n"), ("b.txt", "two\n")]);
    let secret = repo.outside().join("secret");
    std::fs::create_dir(&secret).unwrap();
    std::fs::write(secret.join("a.txt"), "secret\n").unwrap();
    std::fs::write(secret.join(".gitignore"), "").unwrap();
    std::fs::remove_dir_all(repo.path.join("folder")).unwrap();
    symlink(&secret, repo.path.join("folder")).unwrap();
    std::fs::remove_file(repo.path.join("b.txt")).unwrap();
    symlink(secret.join("a.txt"), repo.path.join("b.txt")).unwrap();
    symlink(secret.join("a.txt"), repo.path.join("new.txt")).unwrap();
    let (repository, base, files) = repo.load();
    let found = repository.uncommitted(&base, &files).unwrap();
    assert!(!format!("{:?}", found.changes).contains("secret"), "{found:?}");
    let left: Vec<_> = found.left_out.iter().map(|left| format!("{}: {}", left.path, left.why)).collect();
    let link = "it is a symbolic link";
    assert_eq!(left, [format!("b.txt: {link}"), format!("folder: {link}"), format!("new.txt: {link}")]);
}

#[test]
fn endless_trees_are_refused() {
    let repo = Repo::of(&[("a.txt", "one\n")]);
    let blob = repo.hash(b"x", "blob");
    let entry = |mode: &str, name: &str, id: &str| {
        let id = (0..20).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap());
        [mode.as_bytes(), b" ", name.as_bytes(), b"\0"].concat().into_iter().chain(id).collect::<Vec<u8>>()
    };
    let mut tree: Vec<u8> = (0..10).flat_map(|name| entry("100644", &name.to_string(), &blob)).collect();
    for _ in 0..9 {
        let id = repo.hash(&tree, "tree");
        tree = (0..10).flat_map(|name| entry("40000", &name.to_string(), &id)).collect();
    }
    repo.commit_tree(&tree);
    let repository = repo.open();
    let base = repository.resolve(None).unwrap();
    let words = repo.describe(&repository.files(&base.tree).unwrap_err());
    assert!(words.contains("is too large: too many files, at most 500000 allowed"), "{words}");
}

#[test]
fn trees_of_long_paths_are_refused() {
    for (length, folders) in [(1000, 3), (250, 14)] {
        let repo = Repo::of(&[("a.txt", "one\n")]);
        let blob = repo.hash(b"x", "blob");
        let entry = |mode: &str, number: usize, id: &str| {
            let id = (0..20).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap());
            let name = format!("{number:0length$}");
            [mode.as_bytes(), b" ", name.as_bytes(), b"\0"].concat().into_iter().chain(id).collect::<Vec<u8>>()
        };
        let mut tree: Vec<u8> = (0..60).flat_map(|number| entry("100644", number, &blob)).collect();
        for level in 0..folders {
            let id = repo.hash(&tree, "tree");
            let count = if level < 3 { 60 } else { 1 };
            tree = (0..count).flat_map(|number| entry("40000", number, &id)).collect();
        }
        repo.commit_tree(&tree);
        let repository = repo.open();
        let base = repository.resolve(None).unwrap();
        let words = repo.describe(&repository.files(&base.tree).unwrap_err());
        assert!(
            words.ends_with(
                "is too large: too many bytes of paths, at most 67108864 allowed\nhint: start from a smaller repository"
            ),
            "{words}"
        );
    }
}
