//! Which folders are repositories, and which commit a run starts from.

use std::os::unix::fs::symlink;
use std::path::Path;

use phasegate_files::TrustedFolders;
use phasegate_repository::{Repository, RepositoryError};

use super::support::Repo;

fn refusal(repo: &Repo, path: &Path) -> String {
    repo.describe(&Repository::open(path, &TrustedFolders::default()).unwrap_err())
}

fn git_id(repo: &Repo, revision: &str) -> String {
    repo.git(&["rev-parse", revision]).trim().to_owned()
}

#[test]
fn resolves_heads_branches_tags_and_commits() {
    let repo = Repo::of(&[("a.txt", "1\n")]);
    repo.git(&["tag", "--annotate", "--message=One", "v1"]);
    repo.write("a.txt", "2\n");
    repo.commit("Second");
    repo.git(&["branch", "side"]);
    repo.git(&["pack-refs", "--all"]);
    let repository = repo.open();
    let resolve = |revision: Option<&str>| repository.resolve(revision).unwrap();
    let first = git_id(&repo, "HEAD~1");
    for (revision, id, reference) in [
        (None, "HEAD", Some("refs/heads/main")),
        (Some("HEAD"), "HEAD", Some("refs/heads/main")),
        (Some("main"), "HEAD", Some("refs/heads/main")),
        (Some("side"), "HEAD", Some("refs/heads/side")),
        (Some("refs/heads/side"), "HEAD", Some("refs/heads/side")),
        (Some("v1"), "HEAD~1", Some("refs/tags/v1")),
        (Some("main~1"), "HEAD~1", None),
        (Some(first.as_str()), "HEAD~1", None),
        (Some(&first[..10]), "HEAD~1", None),
    ] {
        let base = resolve(revision);
        assert_eq!(base.commit.to_string(), git_id(&repo, id), "{revision:?}");
        assert_eq!(base.tree.to_string(), git_id(&repo, &format!("{id}^{{tree}}")), "{revision:?}");
        assert_eq!(base.reference.as_deref(), reference, "{revision:?}");
    }
    repo.git(&["checkout", "--quiet", "--detach", "HEAD~1"]);
    let detached = repo.open().resolve(None).unwrap();
    assert_eq!((detached.commit.to_string(), detached.reference), (first, None));
}

#[test]
fn unknown_revisions_are_named() {
    let repo = Repo::of(&[("a.txt", "1\n")]);
    let repository = repo.open();
    let hint = "hint: name a branch, a tag or a commit; `git branch --all` lists branches";
    for revision in ["absent", "main~7", "HEAD@{1}", "", "main..main", "-x", "0123456789012345678901234567890123456789"]
    {
        let words = repo.describe(&repository.resolve(Some(revision)).unwrap_err());
        assert!(words.starts_with(&format!("`{revision}` names no commit of the repository: ")), "{words}");
        assert!(words.ends_with(hint), "{words}");
    }
    let words = repo.describe(&repository.resolve(Some("HEAD:a.txt")).unwrap_err());
    assert!(words.contains("names no commit of the repository: it is another object"), "{words}");
}

#[test]
fn folders_that_are_no_repositories_are_refused() {
    let repo = Repo::of(&[("sub/a.txt", "1\n")]);
    let plain = repo.outside().join("plain");
    std::fs::create_dir(&plain).unwrap();
    let general = "hint: name the folder that contains `.git`, or a bare repository; `git init` makes one";
    assert_eq!(refusal(&repo, &plain), format!("`DIR/plain` is not a git repository: it has no `.git`\n{general}"));
    assert_eq!(
        refusal(&repo, &repo.outside().join("absent")),
        format!("`DIR/absent` is not a git repository: there is no such folder\n{general}")
    );
    assert_eq!(
        refusal(&repo, &repo.path.join("sub/a.txt")),
        format!("`DIR/repo/sub/a.txt` is not a git repository: it is not a folder\n{general}")
    );
    assert_eq!(
        refusal(&repo, &repo.path.join("sub")),
        "`DIR/repo/sub` is not a git repository: it has no `.git`\nhint: the repository that contains it is DIR/repo; name \
         that one"
    );
    std::fs::create_dir(plain.join(".git")).unwrap();
    assert_eq!(
        refusal(&repo, &plain),
        format!("`DIR/plain` is not a git repository: its git folder lacks `HEAD`, `objects` or `refs`\n{general}")
    );
    std::fs::rename(repo.path.join(".git"), repo.path.join(".GIT")).unwrap();
    assert_eq!(
        refusal(&repo, &repo.path),
        format!("`DIR/repo` is not a git repository: its folder `.GIT` is not named `.git`\n{general}")
    );
}

#[test]
fn branches_without_commits_are_refused() {
    let repo = Repo::empty();
    let words = repo.describe(&repo.open().resolve(None).unwrap_err());
    assert_eq!(words, "the branch `main` of the repository `DIR/repo` has no commit yet\nhint: commit something first");
}

#[test]
fn git_folders_and_bare_repositories_open() {
    let repo = Repo::of(&[("a.txt", "1\n")]);
    repo.git(&["clone", "--quiet", "--bare", ".", "../bare"]);
    let trusted = TrustedFolders::default();
    let named = Repository::open(&repo.path.join(".git"), &trusted).unwrap();
    assert_eq!((named.top(), named.is_bare()), (repo.path.as_path(), false));
    let bare = Repository::open(&repo.outside().join("bare"), &trusted).unwrap();
    let base = bare.resolve(None).unwrap();
    assert!(bare.is_bare());
    let files = bare.files(&base.tree).unwrap();
    assert_eq!(bare.read_file(&files, "a.txt").unwrap(), b"1\n");
    assert_eq!(
        repo.describe(&bare.uncommitted(&base, &files).unwrap_err()),
        "uncommitted changes cannot be included: the repository has no working tree\nhint: commit them in a working tree, and \
         name that"
    );
}

#[test]
fn linked_working_trees_and_submodules_open() {
    let repo = Repo::of(&[("a.txt", "1\n")]);
    repo.git(&["worktree", "add", "--quiet", "../linked"]);
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../repo", "sub"]);
    repo.git(&["clone", "--quiet", "--separate-git-dir=../apart.git", ".", "../apart"]);
    repo.git_in(&repo.outside().join("apart"), &["config", "core.worktree", "../apart"]);
    for (name, reference) in
        [("linked", "refs/heads/linked"), ("repo/sub", "refs/heads/main"), ("apart", "refs/heads/main")]
    {
        let repository = Repository::open(&repo.outside().join(name), &TrustedFolders::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let base = repository.resolve(None).unwrap();
        assert_eq!(base.reference.as_deref(), Some(reference), "{name}");
        let files = repository.files(&base.tree).unwrap();
        assert_eq!(repository.uncommitted(&base, &files).unwrap().changes, [], "{name}");
    }
}

#[test]
fn sha256_repositories_work() {
    let repo = Repo::with(&["init", "--quiet", "--initial-branch=main", "--object-format=sha256", "repo"]);
    repo.write("a.txt", "1\n");
    repo.commit("Start");
    assert_eq!(repo.open().resolve(None).unwrap().commit.to_string().len(), 64);
    repo.use_all().unwrap();
    repo.check();
}

#[test]
fn unknown_formats_are_refused() {
    let repo = Repo::of(&[("a.txt", "1\n")]);
    let refused = |name: &str, value: &str| {
        repo.git(&["config", "core.repositoryformatversion", "1"]);
        let before = std::fs::read(repo.path.join(".git/config")).unwrap();
        repo.git(&["config", name, value]);
        let words = repo.describe(&repo.try_open().unwrap_err());
        std::fs::write(repo.path.join(".git/config"), before).unwrap();
        words
    };
    let start = "the repository `DIR/repo` cannot be used: its format";
    assert_eq!(refused("core.repositoryformatversion", "2"), format!("{start} version `2` is unknown"));
    assert_eq!(refused("extensions.later", "yes"), format!("{start} extension `later` is unknown"));
    assert_eq!(
        refused("extensions.refstorage", "reftable"),
        "the repository `DIR/repo` cannot be used: it keeps references in the format `reftable`, which is not \
         supported\nhint: convert it with `git refs migrate --ref-format=files`"
    );
    std::fs::write(repo.path.join(".git/config"), "[core\n").unwrap();
    assert_eq!(
        repo.describe(&repo.try_open().unwrap_err()),
        "the repository `DIR/repo` cannot be used: `DIR/repo/.git/config` cannot be read: it is not a git configuration"
    );
}

#[test]
fn repositories_of_other_accounts_are_refused() {
    let repo = Repo::of(&[("a.txt", "1\n")]);
    // Only root can give files away.
    if std::os::unix::fs::chown(repo.path.join(".git"), Some(12345), None).is_err() {
        return;
    }
    assert_eq!(
        repo.describe(&repo.try_open().unwrap_err()),
        "the repository `DIR/repo` is not used because of `DIR/repo/.git`: it belongs to another user (uid 12345)\nhint: \
         clone it, and use the clone\nhint: if you trust its owner, run `phasegate trust allow --folder DIR/repo`"
    );
    assert!(Repository::open(&repo.path, &TrustedFolders::new(vec![repo.path.clone()])).is_ok());
}

#[test]
fn linked_paths_lead_to_the_repository() {
    let repo = Repo::of(&[("a.txt", "1\n")]);
    let link = repo.outside().join("link");
    symlink(&repo.path, &link).unwrap();
    assert_eq!(Repository::open(&link, &TrustedFolders::default()).unwrap().top(), repo.path);
}

#[test]
fn authors_come_from_the_repository() {
    let repo = Repo::of(&[("a.txt", "1\n")]);
    repo.git(&["config", "user.name", "Grace Example"]);
    repo.git(&["config", "user.email", "grace@example.org"]);
    // The variables of git count more; a test cannot set them for this process.
    if std::env::var_os("GIT_AUTHOR_NAME").is_none() && std::env::var_os("GIT_AUTHOR_EMAIL").is_none() {
        assert_eq!(repo.open().author().as_deref(), Some("Grace Example <grace@example.org>"));
    }
}

#[test]
fn subjects_follow_first_parents() {
    let repo = Repo::of(&[("a.txt", "1\n")]);
    repo.git(&["checkout", "--quiet", "-b", "side"]);
    repo.commit("On the side");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.commit("On main\n\nA body.");
    repo.git(&["merge", "--quiet", "--no-ff", "--message=Merge side", "side"]);
    let (repository, base, _) = repo.load();
    let subjects = |count| repository.subjects(&base.commit, count).unwrap();
    assert_eq!(subjects(50), ["Merge side", "On main", "Start"]);
    assert_eq!(subjects(1), ["Merge side"]);
    repo.git(&["clone", "--quiet", "--depth=2", &format!("file://{}", repo.path.display()), "../shallow"]);
    let shallow = Repository::open(&repo.outside().join("shallow"), &TrustedFolders::default()).unwrap();
    assert_eq!(shallow.subjects(&base.commit, 50).unwrap(), ["Merge side", "On main"]);
    let missing = shallow.resolve(Some(repo.git(&["rev-parse", "HEAD~2"]).trim())).unwrap_err();
    assert!(matches!(missing, RepositoryError::NoCommit { .. }), "{missing}");
}
