#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use phasegate_journal::MemoryJournal;
use phasegate_process::{EVENT_FORMAT, RunCreated};

use super::*;
use crate::plugins::bundled::bundled_digest;

struct Store {
    dir: tempfile::TempDir,
    memory: MemoryJournal,
}

impl Store {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), memory: MemoryJournal::new() }
    }

    fn folder(&self) -> ComponentFolder {
        ComponentFolder::new(self.dir.path().join("components"))
    }

    fn journal(&self) -> ComponentJournal {
        ComponentJournal::to_write(Box::new(self.memory.clone()), Some(self.folder()))
    }

    fn journal_to_read(&self) -> ComponentJournal {
        ComponentJournal::to_read(Box::new(self.memory.clone()), Some(self.folder()))
    }

    fn files(&self) -> usize {
        fs::read_dir(self.folder().path()).map_or(0, Iterator::count)
    }
}

fn bundled() -> Digest {
    bundled_digest("nearest-phase").unwrap()
}

/// The event of a run with the bundled component.
async fn create_run(journal: &ComponentJournal, blobs: Vec<Blob>) {
    let run: RunId = "run-1".parse().unwrap();
    let owned = journal.acquire(&run).await.unwrap();
    let created = RunCreated {
        format: EVENT_FORMAT,
        run_id: run.clone(),
        task_id: "TASK-1".parse().unwrap(),
        pipeline: Digest::from_content(b"pipeline"),
        inputs: vec![],
        base: vec![],
        components: BTreeMap::from([("nearest-phase".parse().unwrap(), bundled())]),
        settings: Digest::from_content(b"settings"),
        history: Digest::from_content(b"[]"),
        scripted: true,
        started_by: None,
        repository: None,
        acceptance: None,
    };
    let events = vec![Event::RunCreated(Box::new(created))];
    let append = Append { run, fence: owned.fence(), next: 1, at_ms: 1, events, blobs };
    journal.append(append).await.unwrap();
}

#[tokio::test]
async fn keeps_bundled_components_out_of_the_journal() {
    let store = Store::new();
    let component = bundled_blob(&bundled()).unwrap();
    create_run(&store.journal(), vec![component.clone(), Blob::new(b"prompt".to_vec())]).await;
    assert_eq!((store.memory.has_blob(&bundled()).unwrap(), store.files()), (false, 1));
    assert_eq!(store.memory.blob_sizes().unwrap().len(), 1);
    assert_eq!(store.journal_to_read().blob(&bundled()).unwrap().unwrap(), component.bytes);
    store.journal().put_blobs(vec![component]).await.unwrap();
    assert!(!store.memory.has_blob(&bundled()).unwrap());
}

#[tokio::test]
async fn settling_waits_until_components_are_stored() {
    let store = Store::new();
    let journal = store.journal();
    create_run(&journal, vec![]).await;
    journal.settle().await;
    assert_eq!(store.files(), 1);
    assert!(store.folder().read(&bundled()).unwrap().is_some());
}

#[tokio::test]
async fn finds_components_that_this_program_does_not_bundle() {
    let store = Store::new();
    let of_an_earlier_version = Blob::new(b"another build".to_vec());
    let digest = &of_an_earlier_version.digest;
    assert_eq!((store.journal().has_blob(digest).unwrap(), store.journal().blob(digest).unwrap()), (false, None));
    store.folder().write(digest, &zstd::encode_all(&b"another build"[..], 1).unwrap()).unwrap();
    assert!(store.journal_to_read().has_blob(digest).unwrap());
    assert_eq!(store.journal_to_read().blob(digest).unwrap().unwrap(), of_an_earlier_version.bytes);
    store.folder().write(digest, b"damaged").unwrap();
    let error = store.journal().blob(digest).unwrap_err().to_string();
    let place = store.folder().file(digest).display().to_string();
    assert!(error.contains(digest.as_str()) && error.contains(&place), "{error}");
}

#[tokio::test]
async fn journals_hold_components_without_a_usable_folder() {
    let not_a_folder = tempfile::NamedTempFile::new().unwrap();
    for folder in [None, Some(ComponentFolder::new(not_a_folder.path().join("components")))] {
        let store = Store::new();
        create_run(&ComponentJournal::to_write(Box::new(store.memory.clone()), folder), vec![]).await;
        assert!(store.memory.has_blob(&bundled()).unwrap());
    }
}

#[tokio::test]
async fn restores_a_lost_or_damaged_component() {
    let store = Store::new();
    create_run(&store.journal(), vec![]).await;
    let file = store.folder().file(&bundled());
    let whole = fs::read(&file).unwrap();
    let is_whole = |file: &Path| fs::read(file).is_ok_and(|bytes| bytes == whole);
    fs::remove_file(&file).unwrap();
    assert!(store.journal_to_read().has_blob(&bundled()).unwrap());
    assert!(!file.exists(), "a journal that is open to read wrote to the folder");
    assert!(store.journal().has_blob(&bundled()).unwrap());
    assert!(is_whole(&file));
    fs::write(&file, b"damaged").unwrap();
    assert!(store.journal_to_read().blob(&bundled()).unwrap().is_some());
    assert!(!is_whole(&file));
    assert!(store.journal().blob(&bundled()).unwrap().is_some());
    assert!(is_whole(&file));
}
