//! Behavior of every journal: removal of runs and blobs.

use phasegate_journal::{Append, Fork, Removed};
use phasegate_process::Digest;

use crate::places::{Place, append, blob, created_now, error_text, noise, note, numbers, run};

pub async fn lists_blobs_with_their_sizes(place: &impl Place) {
    let journal = place.open();
    assert_eq!(journal.blob_sizes(), Ok(Vec::new()));
    let blobs = vec![blob("abc"), blob(""), blob(&"x".repeat(70_000))];
    journal.put_blobs(blobs.clone()).await.unwrap();
    let mut expected: Vec<_> = blobs.into_iter().map(|blob| (blob.digest, blob.bytes.len() as u64)).collect();
    expected.sort();
    assert_eq!(journal.blob_sizes(), Ok(expected));
}

pub async fn removes_only_the_listed_runs_and_blobs(place: &impl Place) {
    let (journal, gone, stays) = (place.open(), run("run-a"), run("run-b"));
    for id in [&gone, &stays] {
        let owner = journal.acquire(id).await.unwrap();
        append(&*journal, &owner, id, 1, vec![created_now(id), note("b")]).await.unwrap();
    }
    let (unneeded, other) = (noise(1, 80_000), blob("other"));
    journal.put_blobs(vec![unneeded.clone(), other.clone()]).await.unwrap();

    let blobs = vec![unneeded.digest.clone(), unneeded.digest.clone(), Digest::from_content(b"never stored")];
    let removed = journal.remove(vec![gone.clone(), gone.clone()], blobs).await.unwrap();
    assert_eq!((removed.runs, removed.blobs), (1, 1));
    assert!(removed.bytes >= 80_000, "{removed:?}");
    assert_eq!(journal.runs(), Ok(vec![stays.clone()]));
    assert_eq!(journal.events(&gone), Ok(Vec::new()));
    assert_eq!(numbers(&journal.events(&stays).unwrap()), [1, 2]);
    assert_eq!(journal.has_blob(&unneeded.digest), Ok(false));
    assert_eq!(journal.has_blob(&other.digest), Ok(true));

    let owner = journal.acquire(&gone).await.unwrap();
    append(&*journal, &owner, &gone, 1, vec![note("anew")]).await.unwrap();
    assert_eq!(journal.runs(), Ok(vec![gone, stays]));
}

pub async fn keeps_blobs_that_events_name(place: &impl Place) {
    let (journal, id, pinned) = (place.open(), run("run-a"), blob("pinned"));
    let owner = journal.acquire(&id).await.unwrap();
    journal
        .append(Append {
            run: id.clone(),
            fence: owner.fence(),
            next: 1,
            at_ms: 0,
            events: vec![created_now(&id)],
            blobs: vec![pinned.clone()],
        })
        .await
        .unwrap();
    drop(owner);
    let removed = journal.remove(Vec::new(), vec![pinned.digest.clone()]).await.unwrap();
    assert_eq!((removed.runs, removed.blobs), (0, 0));
    assert_eq!(journal.has_blob(&pinned.digest), Ok(true));

    let removed = journal.remove(vec![id], vec![pinned.digest.clone()]).await.unwrap();
    assert_eq!((removed.runs, removed.blobs), (1, 1));
    assert_eq!(journal.has_blob(&pinned.digest), Ok(false));
}

pub async fn keeps_runs_that_have_forks(place: &impl Place) {
    let (journal, of, id, third) = (place.open(), run("run-b"), run("run-a"), run("run-c"));
    let owner = journal.acquire(&of).await.unwrap();
    append(&*journal, &owner, &of, 1, vec![note("a"), note("b")]).await.unwrap();
    for (fork, origin) in [(&id, &of), (&third, &id)] {
        let owner = journal.acquire(fork).await.unwrap();
        journal
            .fork(Fork {
                run: fork.clone(),
                fence: owner.fence(),
                origin: origin.clone(),
                shared: 1,
                at_ms: 0,
                events: vec![note("x")],
                blobs: Vec::new(),
            })
            .await
            .unwrap();
    }
    drop(owner);
    let left = blob("left");
    journal.put_blobs(vec![left.clone()]).await.unwrap();
    for runs in [vec![of.clone()], vec![of.clone(), third.clone()]] {
        assert_eq!(
            error_text(journal.remove(runs, vec![left.digest.clone()]).await),
            "run `run-b` cannot be removed: run `run-a` is a fork of it, nothing was removed\n\
             hint: remove `run-a` too, or keep both"
        );
    }
    assert_eq!(journal.runs().unwrap().len(), 3);
    assert_eq!(journal.has_blob(&left.digest), Ok(true));
    assert_eq!(journal.origin(&third), Ok(Some((id.clone(), 1))));

    assert_eq!(journal.remove(vec![third.clone()], Vec::new()).await.unwrap().runs, 1);
    assert_eq!(numbers(&journal.events(&id).unwrap()), [1, 2]);
    assert_eq!(journal.remove(vec![of, id], Vec::new()).await.unwrap().runs, 2);
    assert_eq!(journal.runs(), Ok(Vec::new()));
}

pub async fn failed_removal_removes_nothing(place: &impl Place) {
    let (journal, id, other, left) = (place.open(), run("run-a"), run("run-b"), blob("left"));
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![note("a")]).await.unwrap();
    let other_owner = journal.acquire(&other).await.unwrap();
    append(&*journal, &other_owner, &other, 1, vec![note("a")]).await.unwrap();
    drop(other_owner);
    journal.put_blobs(vec![left.clone()]).await.unwrap();
    let owned = error_text(journal.remove(vec![other.clone(), id.clone()], vec![left.digest.clone()]).await);
    assert!(owned.starts_with("run `run-a` is in use by process "), "{owned}");
    append(&*journal, &owner, &id, 2, vec![note("its owner was not disturbed")]).await.unwrap();
    drop(owner);
    assert_eq!(
        error_text(journal.remove(vec![id.clone(), run("nowhere")], vec![left.digest.clone()]).await),
        format!("there is no run `nowhere` in {}\nhint: `phasegate runs` lists the runs", place.name())
    );
    assert_eq!(journal.runs(), Ok(vec![other, id.clone()]));
    assert_eq!(journal.has_blob(&left.digest), Ok(true));
    assert!(journal.acquire(&id).await.is_ok());
    assert_eq!(journal.remove(Vec::new(), Vec::new()).await.map(|r| Removed { bytes: 0, ..r }), Ok(Removed::default()));
}

pub async fn intact_journal_has_no_faults(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![note("a")]).await.unwrap();
    assert_eq!(journal.check(), Ok(Vec::new()));
}
