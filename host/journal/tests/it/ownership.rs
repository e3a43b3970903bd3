//! Behavior of every journal: ownership of runs and requests to cancel.

use std::time::Duration;

use phasegate_journal::{Append, Fence};

use crate::places::{Place, append, error_text, note, numbers, run};

pub async fn only_owners_can_append(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let refused = journal
        .append(Append {
            run: id.clone(),
            fence: Fence::new(0),
            next: 1,
            at_ms: 0,
            events: vec![note("x")],
            blobs: Vec::new(),
        })
        .await;
    assert!(error_text(refused).starts_with("run `run-a` was taken over"));
    assert_eq!(journal.events(&id), Ok(Vec::new()));
}

pub async fn rejects_stale_owners_forever(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let stale = journal.acquire(&id).await.unwrap().fence();
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![note("mine")]).await.unwrap();
    for next in [1, 2] {
        let refused = journal
            .append(Append {
                run: id.clone(),
                fence: stale,
                next,
                at_ms: 0,
                events: vec![note("theirs")],
                blobs: Vec::new(),
            })
            .await;
        assert_eq!(
            error_text(refused),
            "run `run-a` was taken over: owner 2 replaced owner 1, nothing was written\n\
             hint: let the other process continue it; see `phasegate show run-a`"
        );
    }
    drop(owner);
    assert!(
        journal
            .append(Append {
                run: id.clone(),
                fence: stale,
                next: 2,
                at_ms: 0,
                events: vec![note("theirs")],
                blobs: Vec::new()
            })
            .await
            .is_err()
    );
    assert_eq!(numbers(&journal.events(&id).unwrap()), [1]);
}

pub async fn runs_have_one_owner_at_a_time(place: &impl Place) {
    let (journal, other, id) = (place.open(), place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    let pid = std::process::id();
    for handle in [&journal, &other] {
        assert_eq!(
            error_text(handle.acquire(&id).await),
            format!(
                "run `run-a` is in use by process {pid}\n\
                 hint: wait until it finishes, or stop it with `phasegate cancel run-a`; if it hangs, end the process"
            )
        );
        assert_eq!(handle.owner(&id), Ok(Some(pid)));
    }
    append(&*other, &owner, &id, 1, vec![note("the owner may write through any handle")]).await.unwrap();
    assert!(other.acquire(&run("run-b")).await.is_ok());
}

pub async fn owner_queries_do_not_acquire_the_run(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    assert_eq!(journal.owner(&id), Ok(None));
    drop(journal.acquire(&id).await.unwrap());
    for _ in 0..50 {
        assert_eq!(journal.owner(&id), Ok(None));
    }
    assert!(journal.acquire(&id).await.is_ok());
}

pub async fn released_runs_get_a_higher_fence(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let mut newest = Fence::new(0);
    for _ in 0..3 {
        let owner = place.open().acquire(&id).await.unwrap();
        assert!(owner.fence() > newest);
        newest = owner.fence();
    }
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![note("a")]).await.unwrap();
}

pub async fn cancel_requests_last_until_the_next_owner(place: &impl Place) {
    let (journal, other, id) = (place.open(), place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    assert_eq!(journal.cancel_request(&id), Ok(None));
    other.request_cancel(&id, "Ada").await.unwrap();
    assert_eq!(journal.cancel_request(&id), Ok(Some("Ada".to_owned())));
    append(&*journal, &owner, &id, 1, vec![note("cancelled by Ada")]).await.unwrap();
    drop(owner);
    let _again = journal.acquire(&id).await.unwrap();
    assert_eq!(journal.cancel_request(&id), Ok(None));
}

pub async fn unknown_runs_cannot_be_cancelled(place: &impl Place) {
    let journal = place.open();
    assert_eq!(
        error_text(journal.request_cancel(&run("nowhere"), "Ada").await),
        format!("there is no run `nowhere` in {}\nhint: `phasegate runs` lists the runs", place.name())
    );
    assert_eq!(journal.cancel_request(&run("nowhere")), Ok(None));
}

pub async fn cancel_requests_reach_the_receiver_of_the_run(place: &impl Place) {
    let (journal, id, other) = (place.open(), run("run-a"), run("run-b"));
    assert!(error_text(journal.cancel_requests(&id)).starts_with("there is no run `run-a`"));
    let _owners = (journal.acquire(&id).await.unwrap(), journal.acquire(&other).await.unwrap());
    let (mut mine, theirs) = (journal.cancel_requests(&id).unwrap(), journal.cancel_requests(&other).unwrap());
    assert_eq!(*mine.borrow_and_update(), None);
    journal.request_cancel(&id, "Ada").await.unwrap();
    assert!(mine.has_changed().unwrap(), "a request through the same journal shows at once");
    assert_eq!(*mine.borrow_and_update(), Some("Ada".to_owned()));
    assert_eq!(*journal.cancel_requests(&id).unwrap().borrow(), Some("Ada".to_owned()), "also for a later receiver");
    assert_eq!(*theirs.borrow(), None);
}

pub async fn cancel_requests_of_another_handle_arrive_soon(place: &impl Place) {
    let (journal, other, id) = (place.open(), place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    let mut requests = journal.cancel_requests(&id).unwrap();
    append(&*journal, &owner, &id, 1, vec![note("a")]).await.unwrap();
    other.request_cancel(&id, "Ada").await.unwrap();
    let arrived = tokio::time::timeout(Duration::from_secs(20), requests.wait_for(Option::is_some)).await;
    assert_eq!(*arrived.unwrap().unwrap(), Some("Ada".to_owned()));
}

pub async fn acquiring_a_run_clears_its_cancel_request(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    let requests = journal.cancel_requests(&id).unwrap();
    journal.request_cancel(&id, "Ada").await.unwrap();
    drop(owner);
    let _again = journal.acquire(&id).await.unwrap();
    assert_eq!(*requests.borrow(), None);
    assert_eq!(*journal.cancel_requests(&id).unwrap().borrow(), None);
}
