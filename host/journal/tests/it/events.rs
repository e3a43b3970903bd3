//! Behavior of every journal: events and blobs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use phasegate_journal::{Append, Blob, Import, link};
use phasegate_process::{
    ArtifactRef, Choice, Digest, DroppedTest, EVENT_FORMAT, Event, FeedbackItem, FeedbackOutcome, Issue, PhaseOutcome,
    Rework, RunStatus, Severity, Verdict, model::Usage,
};

use crate::places::{Place, append, at, blob, created, created_now, error_text, note, numbers, run};

pub async fn returns_events_with_number_and_time(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    let first = vec![created_now(&id), note("two")];
    let returned = journal
        .append(Append {
            run: id.clone(),
            fence: owner.fence(),
            next: 1,
            at_ms: 77,
            events: first.clone(),
            blobs: Vec::new(),
        })
        .await
        .unwrap();
    append(&*journal, &owner, &id, 3, vec![note("three")]).await.unwrap();

    let events = journal.events(&id).unwrap();
    assert_eq!(returned, events[..2]);
    assert_eq!(numbers(&events), [1, 2, 3]);
    assert_eq!(events.iter().map(|event| event.at_ms).collect::<Vec<_>>(), [77, 77, 1_003]);
    assert_eq!(events.into_iter().map(|event| event.event).collect::<Vec<_>>(), [first, vec![note("three")]].concat());
}

pub async fn every_kind_of_event_round_trips(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    let events = of_every_sort();
    append(&*journal, &owner, &id, 1, events.clone()).await.unwrap();
    let read = journal.events(&id).unwrap();
    assert_eq!(read.into_iter().map(|event| event.event).collect::<Vec<_>>(), events);
}

pub async fn returns_events_after_a_number(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![note("a"), note("b"), note("c")]).await.unwrap();
    assert_eq!(numbers(&journal.events_after(&id, 1).unwrap()), [2, 3]);
    assert_eq!(numbers(&journal.events_after(&id, 3).unwrap()), [0; 0]);
    assert_eq!(numbers(&journal.events_after(&id, 99).unwrap()), [0; 0]);
}

pub async fn links_cover_all_earlier_events(place: &impl Place) {
    let (journal, id, other) = (place.open(), run("run-a"), run("run-b"));
    let owner = journal.acquire(&id).await.unwrap();
    let same = journal.acquire(&other).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![note("a"), note("b")]).await.unwrap();
    append(&*journal, &owner, &id, 3, vec![note("c")]).await.unwrap();
    let stored = journal.stored_after(&id, 0).unwrap();
    let mut before = None;
    for (event, word) in stored.iter().zip(["a", "b", "c"]) {
        assert_eq!(event.body, format!("{{\"event\":\"run_stopped\",\"reason\":\"{word}\"}}"));
        assert_eq!(event.format, EVENT_FORMAT);
        assert_eq!(event.chain, link(before, event.number, event.at_ms, event.format, &event.body));
        before = Some(&event.chain);
    }
    assert_eq!(journal.stored_after(&id, 2).unwrap(), stored[2..]);
    assert_eq!(journal.stored_after(&id, 3).unwrap(), []);
    assert_eq!(journal.stored_after(&run("nowhere"), 0).unwrap(), []);

    // The division into appends does not affect the links.
    append(&*journal, &same, &other, 1, vec![note("a")]).await.unwrap();
    journal
        .append(Append {
            run: other.clone(),
            fence: same.fence(),
            next: 2,
            at_ms: 1_001,
            events: vec![note("b")],
            blobs: Vec::new(),
        })
        .await
        .unwrap();
    assert_eq!(journal.stored_after(&other, 0).unwrap(), stored[..2]);
}

pub async fn unknown_runs_have_no_events(place: &impl Place) {
    assert_eq!(place.open().events(&run("nowhere")), Ok(Vec::new()));
}

pub async fn rejects_appends_at_a_taken_number(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![note("a"), note("b")]).await.unwrap();
    let late = blob("late");
    let refused = journal
        .append(Append {
            run: id.clone(),
            fence: owner.fence(),
            next: 2,
            at_ms: 0,
            events: vec![note("x"), note("y")],
            blobs: vec![late.clone()],
        })
        .await;
    assert_eq!(
        error_text(refused),
        "event 2 cannot be appended to run `run-a`: the next number is 3\n\
         hint: another process wrote to the run; see `phasegate show run-a`"
    );
    assert_eq!(numbers(&journal.events(&id).unwrap()), [1, 2]);
    assert_eq!(journal.has_blob(&late.digest), Ok(false));
    append(&*journal, &owner, &id, 3, vec![note("c")]).await.unwrap();
}

pub async fn rejects_appends_that_leave_a_gap(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    for wrong in [0, 2, 7] {
        let refused = error_text(append(&*journal, &owner, &id, wrong, vec![note("x")]).await);
        let start = format!("event {wrong} cannot be appended to run `run-a`: the next number is 1\n");
        assert!(refused.starts_with(&start), "{refused}");
    }
    assert_eq!(journal.events(&id), Ok(Vec::new()));
}

pub async fn stores_blobs_once_by_digest(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    let (early, with, empty) = (blob("early"), blob("with"), blob(""));
    journal.put_blobs(vec![early.clone(), early.clone(), empty.clone()]).await.unwrap();
    let blobs = vec![early.clone(), with.clone()];
    journal
        .append(Append { run: id.clone(), fence: owner.fence(), next: 1, at_ms: 0, events: vec![note("a")], blobs })
        .await
        .unwrap();

    for Blob { digest, bytes, .. } in [early, with, empty] {
        assert_eq!(journal.has_blob(&digest), Ok(true));
        assert_eq!(journal.blob(&digest), Ok(Some(bytes.into())));
    }
    let unknown = Digest::from_content(b"never stored");
    assert_eq!(journal.has_blob(&unknown), Ok(false));
    assert_eq!(journal.blob(&unknown), Ok(None));
}

pub async fn blobs_of_25_mb_round_trip(place: &impl Place) {
    let journal = place.open();
    let large = Blob::new((0..25_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>());
    journal.put_blobs(vec![large.clone()]).await.unwrap();
    assert!(journal.blob(&large.digest).unwrap() == Some(large.bytes.into()));
}

pub async fn appends_without_events_store_blobs(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    let only = blob("only");
    let recorded = journal
        .append(Append {
            run: id.clone(),
            fence: owner.fence(),
            next: 1,
            at_ms: 0,
            events: Vec::new(),
            blobs: vec![only.clone()],
        })
        .await;
    assert_eq!(recorded, Ok(Vec::new()));
    assert_eq!(journal.has_blob(&only.digest), Ok(true));
    assert_eq!(journal.runs(), Ok(Vec::new()));
}

pub async fn lists_runs_with_events_newest_first(place: &impl Place) {
    let journal = place.open();
    for name in ["run-m", "run-a", "run-z"] {
        let owner = journal.acquire(&run(name)).await.unwrap();
        append(&*journal, &owner, &run(name), 1, vec![created_now(&run(name))]).await.unwrap();
    }
    let _never_began = journal.acquire(&run("run-q")).await.unwrap();
    let again = journal.acquire(&run("run-m")).await.unwrap();
    append(&*journal, &again, &run("run-m"), 2, vec![note("more")]).await.unwrap();
    assert_eq!(journal.runs(), Ok(vec![run("run-z"), run("run-a"), run("run-m")]));
}

pub async fn lists_the_newest_runs_made_here(place: &impl Place) {
    let (journal, home) = (place.open(), crate::places::memory());
    for (n, name) in ["run-m", "run-a", "run-z"].into_iter().enumerate() {
        let id = run(name);
        let target = if name == "run-a" { home.open() } else { journal.clone() };
        let owner = target.acquire(&id).await.unwrap();
        let mut events = vec![created_now(&id)];
        events.extend((0..n).map(|_| note("more")));
        append(&*target, &owner, &id, 1, events).await.unwrap();
        if name == "run-a" {
            let events = target.stored_after(&id, 0).unwrap();
            journal.import(Import { run: id, events, blobs: Vec::new() }).await.unwrap();
        }
    }
    let _never_began = journal.acquire(&run("run-q")).await.unwrap();
    let (m, a, z) = ((run("run-m"), 1), (run("run-a"), 2), (run("run-z"), 3));
    assert_eq!(journal.newest(true, 9), Ok(vec![z.clone(), m]));
    assert_eq!(journal.newest(true, 1), Ok(vec![z]));
    assert_eq!(journal.newest(true, 0), Ok(Vec::new()));
    assert_eq!(journal.newest(false, 9), Ok(vec![a]));
    let last = ["run-m", "run-a", "run-z", "run-q", "run-x"].map(|name| journal.last_number(&run(name)));
    assert_eq!(last, [Ok(Some(1)), Ok(Some(2)), Ok(Some(3)), Ok(None), Ok(None)]);
}

/// The numbers of the first events of appends as they are answered, and whether they were written.
type Answers = Arc<Mutex<Vec<(u64, bool)>>>;

pub async fn submitted_appends_are_answered_in_order(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    let answers = Answers::default();
    for next in 1..=50 {
        let (answers, wrong) = (answers.clone(), next % 10 == 0);
        let append = Append {
            run: id.clone(),
            fence: owner.fence(),
            next: if wrong { 99 } else { next - next / 10 },
            at_ms: 0,
            events: vec![note("a")],
            blobs: Vec::new(),
        };
        journal.submit(append, Box::new(move |written| answers.lock().unwrap().push((next, written.is_ok()))));
    }
    append(&*journal, &owner, &id, 46, vec![note("last")]).await.unwrap();
    let expected: Vec<_> = (1..=50).map(|next| (next, next % 10 != 0)).collect();
    assert_eq!(*answers.lock().unwrap(), expected);
    assert_eq!(numbers(&journal.events(&id).unwrap()), (1..=46).collect::<Vec<_>>());
}

pub async fn submitted_appends_become_durable_without_waiting(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    let (sender, answer) = tokio::sync::oneshot::channel();
    let append =
        Append { run: id, fence: owner.fence(), next: 1, at_ms: 0, events: vec![note("a")], blobs: Vec::new() };
    journal.submit(append, Box::new(|written| sender.send(written).unwrap()));
    let recorded = tokio::time::timeout(Duration::from_secs(20), answer).await.unwrap().unwrap().unwrap();
    assert_eq!(numbers(&recorded), [1]);
}

pub async fn one_conflict_fails_alone_among_many_appends(place: &impl Place) {
    let journal = place.open();
    let ids: Vec<_> = (0..40).map(|n| run(&format!("run-{n}"))).collect();
    let owners = join_all(ids.iter().map(|id| journal.acquire(id))).await;
    let owners: Vec<_> = owners.into_iter().map(Result::unwrap).collect();
    for round in 1..=5 {
        let appends = ids.iter().zip(&owners).enumerate().map(|(n, (id, owner))| {
            let next = if n == 17 { 99 } else { round };
            append(&*journal, owner, id, next, vec![note("a")])
        });
        for (n, result) in join_all(appends).await.into_iter().enumerate() {
            assert_eq!(result.is_err(), n == 17, "run {n}: {result:?}");
        }
    }
    for (n, id) in ids.iter().enumerate() {
        let expected: &[u64] = if n == 17 { &[] } else { &[1, 2, 3, 4, 5] };
        assert_eq!(numbers(&journal.events(id).unwrap()), expected);
    }
}

pub async fn events_survive_reopening(place: &impl Place) {
    let (id, stored) = (run("run-a"), blob("kept"));
    {
        let journal = place.open();
        let owner = journal.acquire(&id).await.unwrap();
        journal
            .append(Append {
                run: id.clone(),
                fence: owner.fence(),
                next: 1,
                at_ms: 0,
                events: vec![note("a")],
                blobs: vec![stored.clone()],
            })
            .await
            .unwrap();
    }
    let journal = place.open();
    assert_eq!(journal.blob(&stored.digest), Ok(Some(stored.bytes.into())));
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 2, vec![note("b")]).await.unwrap();
    assert_eq!(numbers(&journal.events(&id).unwrap()), [1, 2]);
}

pub async fn handles_see_each_others_writes(place: &impl Place) {
    let (one, two) = (place.open(), place.open());
    let (a, b) = (run("run-a"), run("run-b"));
    let (owns_a, owns_b) = (one.acquire(&a).await.unwrap(), two.acquire(&b).await.unwrap());
    for next in 1..=20 {
        let (left, right) = tokio::join!(
            append(&*one, &owns_a, &a, next, vec![note("a")]),
            append(&*two, &owns_b, &b, next, vec![note("b")])
        );
        assert!(left.is_ok() && right.is_ok(), "{left:?} {right:?}");
        assert_eq!(one.events(&b), two.events(&b));
        assert_eq!(one.events(&a).unwrap().len() as u64, next);
    }
}

pub async fn abandoned_appends_do_no_harm(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    {
        let mut unheard = Box::pin(append(&*journal, &owner, &id, 1, vec![note("a")]));
        let _ = futures::poll!(&mut unheard);
    }
    // Writes are executed in order, so the abandoned one is done when this one returns.
    journal.put_blobs(vec![blob("behind")]).await.unwrap();
    let written = journal.events(&id).unwrap().len() as u64;
    append(&*journal, &owner, &id, written + 1, vec![note("b")]).await.unwrap();
    assert_eq!(journal.events(&id).unwrap().len() as u64, written + 1);
}

pub async fn rejects_events_of_newer_formats(place: &impl Place) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![created(&id, EVENT_FORMAT + 1)]).await.unwrap();
    assert_eq!(
        error_text(journal.events(&id)),
        format!(
            "event 1 of run `run-a` in {} has format {}, this phasegate reads formats up to {EVENT_FORMAT}\n\
             hint: use the newer phasegate that wrote it",
            place.name(),
            EVENT_FORMAT + 1
        )
    );
}

fn of_every_sort() -> Vec<Event> {
    let (at, digest) = (at("code", 2), Digest::from_content(b"some"));
    let artifact = ArtifactRef {
        name: "context/ä.py".parse().unwrap(),
        kind: "generated_code".parse().unwrap(),
        digest: digest.clone(),
        size: u64::MAX >> 1,
    };
    let issue = Issue {
        id: "I-1".to_owned(),
        severity: Severity::High,
        category: "\u{0} \u{1F600} \"quoted\" \\ \n".to_owned(),
        defect_type: "hallucination".to_owned(),
        phase_injected: "code".to_owned(),
        description: "it is not what it says".to_owned(),
        evidence: "line 7 of it".to_owned(),
        impact: String::new(),
        recommendation: None,
        location: None,
    };
    let feedback = FeedbackItem {
        source: "test".to_owned(),
        about: vec![digest.clone()],
        issues: vec![issue.clone()],
        instructions: "again".to_owned(),
    };
    let usage = Usage { input_tokens: 1, output_tokens: 2, cached_input_tokens: 0, usd: Some(0.1 + 0.2) };
    let revise = FeedbackOutcome::Revise { rework: vec![Rework { phase: "code".parse().unwrap(), feedback }] };
    let submitted = PhaseOutcome::Submitted { artifacts: vec![artifact.clone()], findings: Some(digest.clone()) };
    let mut events = vec![
        created_now(&run("run-a")),
        Event::PhaseStarted { at: at.clone(), inputs: vec![artifact.clone()] },
        Event::ModelAsked {
            at: at.clone(),
            call: 1,
            label: "write".to_owned(),
            request: digest.clone(),
            model: "scripted:default".to_owned(),
            bound: None,
        },
        Event::ModelAnswered {
            at: at.clone(),
            call: 1,
            answer: digest.clone(),
            usage,
            stop: "end".to_owned(),
            elapsed_ms: 12,
            recorded: false,
        },
        Event::ArtifactStored { at: at.clone(), artifact: artifact.clone() },
        Event::TestsRan {
            at: at.clone(),
            call: None,
            run: digest.clone(),
            code: Some(digest.clone()),
            request: None,
            elapsed_ms: 9,
            limit: None,
        },
        Event::GateJudged {
            at: at.clone(),
            verdict: Verdict::NotJudged,
            reason: "no".to_owned(),
            permanent: true,
            issues: vec![issue],
            dropped: vec![DroppedTest { test: "t".to_owned(), reason: "r".to_owned() }],
            about: vec![digest.clone()],
            report: Some(artifact),
        },
        Event::ApprovalAsked { at: at.clone(), question: "so?".to_owned(), about: vec![digest.clone()] },
        Event::RunStopped { reason: "cancelled".to_owned() },
        Event::RunFinished { status: RunStatus::Aborted, reason: "enough".to_owned() },
        Event::ProposalDecided {
            id: "PIP-1".to_owned(),
            approved: true,
            by: "Ada".to_owned(),
            reason: "good".to_owned(),
        },
    ];
    let no = || "no".to_owned();
    for outcome in [
        submitted,
        PhaseOutcome::Invalid { faults: vec![no()] },
        PhaseOutcome::Failed { reason: no() },
        PhaseOutcome::Crashed { reason: no() },
    ] {
        events.push(Event::PhaseFinished { at: at.clone(), outcome, elapsed_ms: 5, limit: None, log: None });
    }
    for decided in [
        revise,
        FeedbackOutcome::AskAPerson { reason: no() },
        FeedbackOutcome::GiveUp { reason: no() },
        FeedbackOutcome::Refused { reason: no() },
    ] {
        events.push(Event::FeedbackDecided { at: at.clone(), decided, limit: None });
    }
    for choice in
        [Choice::Approve, Choice::Reject { revise: Some("code".parse().unwrap()) }, Choice::Override, Choice::Abort]
    {
        events.push(Event::ApprovalGiven {
            at: at.clone(),
            choice,
            by: "Ada".to_owned(),
            reason: no(),
            about: vec![digest.clone()],
        });
    }
    events
}
