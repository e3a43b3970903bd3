//! Random working trees: the changes that are found are those that git itself would commit.

use std::os::unix::fs::PermissionsExt;

use phasegate_repository::{Change, NewContent};

use super::support::{Repo, one_commit};

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const PATHS: [&str; 16] = [
    "a.txt",
    "b.log",
    "c",
    "d/a.txt",
    "d/b.log",
    "d/e/f.txt",
    "d/e/g",
    "build/x",
    "d/build/y",
    "Ünï/ö.txt",
    "a",
    "d/c/z",
    "tmp/keep.txt",
    "a/in.txt",
    "-dash",
    "sp ace/q.txt",
];
const PATTERNS: [&str; 14] = [
    "*.log",
    "build/",
    "/build",
    "!b.log",
    "tmp/*",
    "!tmp/keep.txt",
    "d/**/f.txt",
    "**/y",
    "a*",
    "[cd]",
    "# comment",
    "",
    "\\-dash",
    "*.t?t",
];
const TEXTS: [&str; 5] = ["", "one\n", "two\nthree\n", "no end", "\0binary\0"];

/// Changes files and the index in some way.
fn step(repo: &Repo, numbers: &mut Numbers) {
    let path = numbers.pick(&PATHS);
    let full = repo.path.join(path);
    match numbers.below(12) {
        0..=4 => {
            // A file may be in the way of a folder, or the other way round.
            for parent in full.ancestors().skip(1).take_while(|parent| *parent != repo.path) {
                if parent.is_file() {
                    std::fs::remove_file(parent).unwrap();
                }
            }
            if full.is_dir() {
                std::fs::remove_dir_all(&full).unwrap();
            }
            repo.write(path, numbers.pick(&TEXTS));
        }
        5 | 6 if full.is_file() => std::fs::remove_file(full).unwrap(),
        5 | 6 => {}
        7 if full.is_file() => {
            let mode = if numbers.below(2) == 0 { 0o755 } else { 0o644 };
            std::fs::set_permissions(full, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        7 => {}
        8 => drop(repo.command(&repo.path, &["add", "--all", "--", path]).output().unwrap()),
        9 => drop(
            repo.command(&repo.path, &["rm", "-r", "--quiet", "--cached", "--ignore-unmatch", "--", path])
                .output()
                .unwrap(),
        ),
        10 => drop(repo.command(&repo.path, &["add", "--force", "--", path]).output().unwrap()),
        _ => {
            let folder = numbers.pick(&["", "d/", "tmp/"]);
            if !repo.path.join(folder.trim_end_matches('/')).is_file() {
                let lines: Vec<_> = (0..numbers.below(4)).map(|_| numbers.pick(&PATTERNS)).collect();
                repo.write(&format!("{folder}.gitignore"), lines.join("\n") + "\n");
            }
        }
    }
}

#[test]
fn random_changes_are_those_of_git() {
    let mut changed = 0;
    for seed in 0..40 {
        let mut numbers = Numbers(seed);
        let repo = Repo::empty();
        (0..20).for_each(|_| step(&repo, &mut numbers));
        repo.commit("Start");
        (0..15).for_each(|_| step(&repo, &mut numbers));
        let (repository, base, files) = repo.load();
        let before = repo.state();
        let found = repository.uncommitted(&base, &files).unwrap();
        assert_eq!(repo.state(), before);
        assert_eq!(found.left_out, [], "seed {seed}");
        changed += found.changes.len();
        let ours = repository.write_branch(&one_commit(&base, found.changes.clone())).unwrap().tree.to_string();
        repo.git(&["add", "--all"]);
        let git = repo.git(&["write-tree"]);
        let difference = repo.git(&["diff", "--name-status", &ours, git.trim()]);
        assert_eq!(difference, "", "seed {seed}: {:?}", found.changes);
        assert_eq!(ours, git.trim(), "seed {seed}");
        repo.check();
    }
    assert!(changed > 100, "{changed}");
}

#[test]
fn random_edits_are_those_of_git() {
    for seed in 100..130 {
        let mut numbers = Numbers(seed);
        let repo = Repo::empty();
        (0..25).for_each(|_| step(&repo, &mut numbers));
        repo.commit("Start");
        let (repository, base, files) = repo.load();
        let mut changes: Vec<Change> = Vec::new();
        for path in PATHS {
            let content = match (numbers.below(4), files.get(path)) {
                (0, Some(_)) => NewContent::Deleted,
                (1, Some(_)) => NewContent::Bytes(numbers.pick(&TEXTS).into()),
                // Beside a file or folder of the same name, a new file does not fit.
                (2, None) if !PATHS.iter().any(|other| nested(other, path)) => {
                    NewContent::Bytes(numbers.pick(&TEXTS).into())
                }
                _ => continue,
            };
            changes.push(Change { path: path.to_owned(), content, executable: None });
        }
        let ours = repository.write_branch(&one_commit(&base, changes.clone())).unwrap().tree.to_string();
        repo.git(&["read-tree", "main"]);
        for change in &changes {
            match &change.content {
                NewContent::Bytes(bytes) => {
                    let (blob, mode) = (repo.hash(bytes, "blob"), repo.git(&["ls-files", "-s", "--", &change.path]));
                    let mode = if mode.is_empty() { "100644" } else { &mode[..6] };
                    repo.git(&["update-index", "--add", "--cacheinfo", &format!("{mode},{blob},{}", change.path)]);
                }
                _ => drop(repo.git(&["update-index", "--force-remove", "--", &change.path])),
            }
        }
        assert_eq!(ours, repo.git(&["write-tree"]).trim(), "seed {seed}: {changes:?}");
        repo.check();
    }
}

fn nested(one: &str, other: &str) -> bool {
    one.starts_with(&format!("{other}/")) || other.starts_with(&format!("{one}/"))
}
