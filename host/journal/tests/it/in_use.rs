//! Removal while other processes use the folder, and the space that it frees.

use std::fs;

use phasegate_journal::{Append, Journal, SqliteJournal};

use crate::places::{Folder, Place, append, blob, error_text, folder, noise, note, rendered, run};

fn in_use(place: &Folder) -> String {
    format!(
        "another phasegate process uses {}, nothing was removed\nhint: try again when it has finished",
        place.0.path().display()
    )
}

#[tokio::test]
async fn removes_nothing_while_others_use_the_folder() {
    let (place, ahead) = (folder(), blob("ahead of its event"));
    let (one, two) = (place.open(), place.open());
    two.put_blobs(vec![ahead.clone()]).await.unwrap();
    // Twice: the first refusal must not weaken the other handle's protection.
    for _ in 0..2 {
        assert_eq!(error_text(one.remove(Vec::new(), vec![ahead.digest.clone()]).await), in_use(&place));
        assert_eq!(error_text(two.remove(Vec::new(), vec![ahead.digest.clone()]).await), in_use(&place));
    }
    drop(two);
    assert_eq!(one.remove(Vec::new(), vec![ahead.digest.clone()]).await.unwrap().blobs, 1);
    let third = place.open();
    assert_eq!(error_text(one.remove(Vec::new(), Vec::new()).await), in_use(&place));
    drop(third);
    let reader = SqliteJournal::open_to_read(place.0.path()).unwrap();
    assert_eq!(error_text(one.remove(Vec::new(), Vec::new()).await), in_use(&place));
    drop(reader);
    assert!(one.remove(Vec::new(), Vec::new()).await.is_ok());
}

#[tokio::test]
async fn opening_waits_for_a_removal() {
    let place = folder();
    let journal = place.open();
    let many: Vec<_> = (0..200).map(|n| blob(&format!("{n:05}").repeat(4_000))).collect();
    journal.put_blobs(many.clone()).await.unwrap();
    let digests = many.iter().map(|blob| blob.digest.clone()).collect();
    let path = place.0.path().to_owned();
    let others = std::thread::spawn(move || {
        let seen = || SqliteJournal::open(&path).unwrap().blob_sizes().unwrap().len();
        (0..20).map(|_| seen()).collect::<Vec<_>>()
    });
    let removed = loop {
        match journal.remove(Vec::new(), Vec::clone(&digests)).await {
            Ok(removed) => break removed,
            Err(error) => assert_eq!(rendered(&error), in_use(&place)),
        }
    };
    assert_eq!(removed.blobs, 200);
    assert!(others.join().unwrap().iter().all(|seen| [0, 200].contains(seen)));
}

#[tokio::test]
async fn removal_frees_disk_space() {
    let place = folder();
    let journal = place.open();
    let (id, large) = (run("run-a"), noise(1, 5_000_000));
    let owner = journal.acquire(&id).await.unwrap();
    journal
        .append(Append {
            run: id.clone(),
            fence: owner.fence(),
            next: 1,
            at_ms: 0,
            events: vec![note("a")],
            blobs: vec![large.clone()],
        })
        .await
        .unwrap();
    drop(owner);
    let removed = journal.remove(vec![id], vec![large.digest]).await.unwrap();
    assert!(removed.bytes >= 5_000_000, "{removed:?}");
    let size = fs::metadata(place.file()).unwrap().len();
    assert!(size < 100_000, "the file has {size} bytes");
    assert_eq!(fs::read_dir(place.0.path().join("locks")).unwrap().count(), 0);
    let owner = journal.acquire(&run("run-b")).await.unwrap();
    append(&*journal, &owner, &run("run-b"), 1, vec![note("goes on")]).await.unwrap();
}
