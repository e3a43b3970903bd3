//! The cache of compiled plugins: ownership, damage, eviction and concurrent use.

use std::cell::Cell;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::common::{MockHost, assignment, call, fixture, load_in};
use phasegate_process::Digest;
use phasegate_sandbox::{Engine, EngineSettings, Plugin};
use serde_json::json;
use tempfile::TempDir;

/// A temporary cache folder.
struct Scene {
    folder: TempDir,
    max_bytes: u64,
}

impl Scene {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), max_bytes: EngineSettings::default().max_cache_bytes }
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("compiled")
    }

    fn settings(&self) -> EngineSettings {
        EngineSettings { cache_dir: Some(self.cache()), max_cache_bytes: self.max_bytes, ..EngineSettings::default() }
    }

    /// Loads a plugin in a new engine and returns whether it was compiled.
    fn load(&self, name: &str) -> (Plugin, bool) {
        let (bytes, compiled) = (fixture(name), Cell::new(false));
        let engine = Engine::new(self.settings()).unwrap();
        assert_eq!(engine.cache_notice(), None);
        let asked = || {
            compiled.set(true);
            Ok(bytes.clone())
        };
        let plugin = engine.load(&name.parse().unwrap(), &Digest::from_content(&bytes), asked).unwrap();
        (plugin, compiled.get())
    }

    fn is_cached(&self, name: &str) -> bool {
        let digest = Digest::from_content(&fixture(name));
        let hex = digest.as_str().trim_start_matches("sha256:").to_owned();
        fs::read_dir(self.cache()).unwrap().any(|file| file.unwrap().file_name().to_str().unwrap().starts_with(&hex))
    }

    fn file(&self, ending: &str) -> PathBuf {
        let mut files = fs::read_dir(self.cache()).unwrap().map(|file| file.unwrap().path());
        files.find(|path| path.extension().is_some_and(|it| it == ending)).unwrap()
    }
}

async fn works(plugin: &Plugin) {
    plugin.run_agent(&assignment(json!({})), MockHost::echo(), &call("x")).await.unwrap().unwrap();
}

#[tokio::test]
async fn compiles_once_into_files_of_the_owner() {
    let scene = Scene::new();
    let (plugin, compiled) = scene.load("agent");
    assert!(compiled);
    works(&plugin).await;
    let (plugin, compiled) = scene.load("agent");
    assert!(!compiled);
    works(&plugin).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&scene.cache()), mode(&scene.file("code")), mode(&scene.file("sheet"))), (0o700, 0o600, 0o600));
}

#[tokio::test]
async fn damaged_or_foreign_cache_files_are_recompiled() {
    let scene = Scene::new();
    let elsewhere = scene.folder.path().join("elsewhere");
    let other = Scene::new();
    other.load("strategy");
    type Damage<'a> = (&'a str, &'a dyn Fn(&Path));
    let flip = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let cut = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    };
    let of_another_plugin = |path: &Path| {
        fs::copy(other.file(path.extension().unwrap().to_str().unwrap()), path).map(drop).unwrap();
    };
    let link = |path: &Path| {
        fs::rename(path, &elsewhere).unwrap();
        symlink(&elsewhere, path).unwrap();
    };
    let second = scene.folder.path().join("second");
    let hard_link = |path: &Path| {
        let _ = fs::remove_file(&second);
        fs::hard_link(path, &second).unwrap();
    };
    let damages: [Damage<'_>; 9] = [
        ("flipped", &flip),
        ("cut", &cut),
        ("emptied", &|path| fs::write(path, b"").unwrap()),
        ("garbage", &|path| fs::write(path, [0x7f; 5000]).unwrap()),
        ("another plugin's", &of_another_plugin),
        ("a link", &link),
        ("a file with a second name", &hard_link),
        ("written by others", &|path| fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap()),
        ("gone", &|path| fs::remove_file(path).unwrap()),
    ];
    scene.load("agent");
    for ending in ["code", "sheet"] {
        for (what, damage) in damages {
            damage(&scene.file(ending));
            let (plugin, compiled) = scene.load("agent");
            assert!(compiled, "{ending} {what}");
            works(&plugin).await;
            assert!(!scene.load("agent").1, "{ending} {what}: not cached again");
        }
    }
}

/// Returns the number of bytes that this thread has read so far.
fn bytes_read() -> usize {
    let io = fs::read_to_string("/proc/thread-self/io").unwrap();
    io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}

#[test]
fn code_is_verified_again_after_every_change() {
    let scene = Scene::new();
    scene.load("agent");
    let code = scene.file("code");
    let bytes = fs::read(&code).unwrap();
    // Later than the precision of file times.
    std::thread::sleep(Duration::from_millis(2100));
    let reads_code = || {
        let before = bytes_read();
        let (_, compiled) = scene.load("agent");
        // The component itself is read to name it.
        (compiled, bytes_read() - before > bytes.len() + fixture("agent").len())
    };
    assert_eq!([reads_code(), reads_code()], [(false, true), (false, false)]);
    let modified = fs::metadata(&code).unwrap().modified().unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    fs::write(&code, flipped).unwrap();
    File::options().write(true).open(&code).unwrap().set_modified(modified).unwrap();
    assert!(scene.load("agent").1);
}

#[test]
fn cached_code_of_another_user_is_recompiled() {
    let scene = Scene::new();
    scene.load("agent");
    // Only root can change the owner of a file. Other users skip this test.
    if chown(scene.file("code"), Some(12_345), None).is_ok() {
        assert!(scene.load("agent").1);
        assert!(!scene.load("agent").1);
    }
}

#[test]
fn rejects_cache_folders_writable_by_others() {
    for mode in [0o777, 0o770, 0o702] {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let settings = EngineSettings { cache_dir: Some(folder.path().to_owned()), ..EngineSettings::default() };
        let error = Engine::new(settings).map(drop).unwrap_err().describe();
        insta::allow_duplicates! {
            insta::assert_snapshot!(error.replace(folder.path().to_str().unwrap(), "FOLDER"), @r"
            the cache folder FOLDER cannot be used: other users can write to it
            hint: run `chmod 700` on the folder
            ");
        }
    }
}

#[test]
fn rejects_folders_that_others_can_replace() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("phasegate/compiled");
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
    for open in [above.path().to_owned(), above.path().join("phasegate")] {
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        let settings = EngineSettings { cache_dir: Some(folder.clone()), ..EngineSettings::default() };
        let error = Engine::new(settings.clone()).map(drop).unwrap_err().describe();
        let expected = format!(
            "the cache folder {} cannot be used: it is in {}, and other users can write to that folder\n\
             hint: set XDG_CACHE_HOME to a folder of your own",
            folder.display(),
            open.display()
        );
        assert_eq!(error, expected);
        // As in /tmp, others can add files to a sticky folder, and replace none.
        fs::set_permissions(&open, Permissions::from_mode(0o1777)).unwrap();
        assert!(Engine::new(settings).is_ok());
    }
}

#[test]
fn rejects_cache_folders_of_another_user() {
    let folder = tempfile::tempdir().unwrap();
    if chown(folder.path(), Some(12_345), None).is_err() {
        return;
    }
    let settings = EngineSettings { cache_dir: Some(folder.path().to_owned()), ..EngineSettings::default() };
    let error = Engine::new(settings).map(drop).unwrap_err().describe();
    insta::assert_snapshot!(error.replace(folder.path().to_str().unwrap(), "FOLDER"), @r"
    the cache folder FOLDER cannot be used: it belongs to another user
    hint: set XDG_CACHE_HOME to a folder of your own
    ");
}

#[tokio::test]
async fn unwritable_cache_folder_gives_a_notice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    // The second folder belongs to this user, but nobody can create files in it, not even root.
    for unwritable in [file.join("compiled"), PathBuf::from("/proc/self/fdinfo")] {
        let settings = EngineSettings { cache_dir: Some(unwritable.clone()), ..EngineSettings::default() };
        let engine = Engine::new(settings).unwrap();
        let notice = engine.cache_notice().unwrap();
        assert!(notice.starts_with("compiled plugins are not cached: "), "{notice}");
        assert!(notice.contains(unwritable.to_str().unwrap()), "{notice}");
        works(&load_in(&engine, "agent")).await;
    }
}

#[tokio::test]
async fn concurrent_engines_share_one_cache_folder() {
    let scene = Scene::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| ["agent", "strategy"].map(|name| scene.load(name)));
        }
    });
    let (plugin, compiled) = scene.load("agent");
    assert!(!compiled && !scene.load("strategy").1);
    works(&plugin).await;
    let left: Vec<_> = fs::read_dir(scene.cache()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

#[test]
fn full_cache_evicts_the_least_recently_used() {
    let mut scene = Scene::new();
    for (name, days) in [("strategy", 3), ("agent", 2), ("runner", 1)] {
        scene.load(name);
        let ago = SystemTime::now() - Duration::from_secs(days * 24 * 3600 + 60);
        let set = |path: PathBuf| File::options().write(true).open(path).unwrap().set_modified(ago).unwrap();
        let digest = Digest::from_content(&fixture(name)).as_str().trim_start_matches("sha256:").to_owned();
        let files = fs::read_dir(scene.cache()).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&digest)).for_each(set);
    }
    // Updates its time of last use.
    scene.load("strategy");
    let bytes: u64 = fs::read_dir(scene.cache()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    scene.max_bytes = bytes;
    scene.load("blocking");
    let cached = ["strategy", "agent", "runner", "blocking"].map(|name| scene.is_cached(name));
    assert_eq!(cached, [true, false, true, true]);
}

#[test]
fn cache_removes_unused_and_half_written_files() {
    let scene = Scene::new();
    scene.load("agent");
    let half_written = scene.cache().join("new-1-2");
    fs::write(&half_written, b"half").unwrap();
    for file in fs::read_dir(scene.cache()).unwrap() {
        let ago = SystemTime::now() - Duration::from_secs(100 * 24 * 3600);
        File::options().write(true).open(file.unwrap().path()).unwrap().set_modified(ago).unwrap();
    }
    scene.load("strategy");
    assert_eq!((scene.is_cached("agent"), scene.is_cached("strategy"), half_written.exists()), (false, true, false));
}
