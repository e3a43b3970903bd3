//! Repositories in which something is missing or damaged.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use phasegate_files::TrustedFolders;
use phasegate_repository::Repository;

use super::support::{Repo, one_commit, text};

fn object(repo: &Repo, id: &str) -> PathBuf {
    repo.path.join(".git/objects").join(&id[..2]).join(&id[2..])
}

fn id(repo: &Repo, revision: &str) -> String {
    repo.git(&["rev-parse", revision]).trim().to_owned()
}

#[test]
fn missing_objects_are_named() {
    let repo = Repo::of(&[("src/a.txt", "one\n"), ("b.txt", "two\n")]);
    let fsck = "hint: run `git fsck` there; `git fetch` may bring the object back";
    for (revision, what) in [
        ("HEAD:src/a.txt", "the file `src/a.txt`"),
        ("HEAD:src", "the folder `src`"),
        ("HEAD^{tree}", "the tree of the commit"),
        ("HEAD", "the base commit"),
    ] {
        let id = id(&repo, revision);
        let path = object(&repo, &id);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let words = repo.describe(&repo.use_all().unwrap_err());
        assert_eq!(words, format!("object {id} ({what}) is missing in the repository\n{fsck}"));
        std::fs::write(&path, bytes).unwrap();
    }
    repo.use_all().unwrap();
}

#[test]
fn damaged_objects_are_named() {
    let repo = Repo::of(&[("a.txt", "one\n"), ("b.txt", "two\n"), ("c.txt", "three\n")]);
    let hint = "hint: run `git fsck` there, and clone the repository again";
    let [one, two, three] = ["a", "b", "c"].map(|name| id(&repo, &format!("HEAD:{name}.txt")));
    let damage = |id: &str, bytes: &[u8]| {
        let path = object(&repo, id);
        let before = std::fs::read(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let words = repo.describe(&repo.use_all().unwrap_err());
        std::fs::write(&path, before).unwrap();
        words
    };
    // Another object's content, of the same size, under this id.
    let other = std::fs::read(object(&repo, &two)).unwrap();
    assert_eq!(
        damage(&one, &other),
        format!("object {one} (the file `a.txt`) is damaged: its content does not match its id\n{hint}")
    );
    let whole = std::fs::read(object(&repo, &three)).unwrap();
    for bytes in [b"".as_slice(), b"nonsense", &whole[..whole.len() / 2]] {
        let words = damage(&three, bytes);
        assert!(words.starts_with(&format!("object {three} (the file `c.txt`) is damaged: ")), "{words}");
        assert!(words.ends_with(hint), "{words}");
    }
    repo.use_all().unwrap();
}

#[test]
fn damaged_packs_are_errors_and_no_panics() {
    let repo = Repo::empty();
    (0..40).for_each(|number| repo.write(&format!("f{number}.txt"), format!("line {number}\n").repeat(50 + number)));
    repo.commit("Start");
    repo.git(&["repack", "-a", "-d", "--quiet"]);
    repo.git(&["prune-packed"]);
    let packs: Vec<_> =
        std::fs::read_dir(repo.path.join(".git/objects/pack")).unwrap().map(|it| it.unwrap().path()).collect();
    let mut seen = 0;
    for path in packs.iter().filter(|path| path.extension().is_some_and(|it| it == "pack" || it == "idx")) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let whole = std::fs::read(path).unwrap();
        for place in (0..whole.len()).step_by(whole.len() / 60) {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x55;
            std::fs::write(path, bytes).unwrap();
            // A damaged byte that nothing reads is no error.
            seen += usize::from(repo.use_all().is_err());
        }
        std::fs::write(path, &whole[..whole.len() / 2]).unwrap();
        repo.use_all().unwrap_err();
        std::fs::write(path, whole).unwrap();
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn partial_clones_are_told_apart() {
    let repo = Repo::of(&[("a.txt", "one\n")]);
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", repo.path.display());
    repo.git(&["clone", "--quiet", "--filter=blob:none", "--no-checkout", &url, "../partial"]);
    let partial = Repository::open(&repo.outside().join("partial"), &TrustedFolders::default()).unwrap();
    let base = partial.resolve(None).unwrap();
    let words = repo.describe(&partial.files(&base.tree).unwrap_err());
    assert_eq!(
        words,
        format!(
            "object {} (the file `a.txt`) is missing: the repository is a partial clone, and nothing is fetched\nhint: fetch \
             all objects there: `git fetch --refetch --no-filter`",
            id(&repo, "HEAD:a.txt")
        )
    );
}

#[test]
fn shallow_clones_work() {
    let repo = Repo::of(&[("a.txt", "one\n")]);
    repo.commit("Second");
    let url = format!("file://{}", repo.path.display());
    repo.git(&["clone", "--quiet", "--depth=1", &url, "../shallow"]);
    let shallow = Repository::open(&repo.outside().join("shallow"), &TrustedFolders::default()).unwrap();
    let base = shallow.resolve(None).unwrap();
    let files = shallow.files(&base.tree).unwrap();
    assert_eq!(shallow.read_file(&files, "a.txt").unwrap(), b"one\n");
    shallow.write_branch(&one_commit(&base, vec![text("a.txt", "two\n")])).unwrap();
    repo.git_in(&repo.outside().join("shallow"), &["fsck", "--strict"]);
}

#[test]
fn references_that_are_damaged_are_named() {
    let repo = Repo::of(&[("a.txt", "one\n")]);
    repo.write(".git/refs/heads/main", "nonsense\n");
    let words = repo.describe(&repo.open().resolve(None).unwrap_err());
    assert!(words.starts_with("the repository `DIR/repo` cannot be used: its HEAD cannot be read: "), "{words}");
    repo.write(".git/HEAD", "nonsense\n");
    let words = repo.describe(&repo.use_all().unwrap_err());
    assert!(words.starts_with("the repository `DIR/repo` cannot be used: "), "{words}");
}

#[test]
fn damaged_indexes_are_named() {
    let repo = Repo::of(&[("a.txt", "one\n")]);
    repo.write(".git/index", "nonsense, and long enough to be more than a header");
    let (repository, base, files) = repo.load();
    let words = repo.describe(&repository.uncommitted(&base, &files).unwrap_err());
    assert!(words.starts_with("the repository `DIR/repo` cannot be used: its index cannot be read: "), "{words}");
    assert!(words.ends_with("\nhint: run `git status` there; `git reset` makes the index again"), "{words}");
}
