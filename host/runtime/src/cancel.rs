//! Watches the journal for requests to cancel runs.
//!
//! One task per host reads the requests for all of its runs every [`POLL_INTERVAL`] and passes them on through channels. It
//! ends when no run is under way. A read that fails is repeated at the next interval.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use phasegate_journal::Journal;
use phasegate_process::RunId;
use phasegate_process::sync::lock;
use tokio::sync::watch;

/// Time between two reads of the journal. Requests come from other processes, which can only write them there.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Watches for requests to cancel the runs of a host.
pub(crate) struct CancelWatcher {
    journal: Arc<dyn Journal>,
    interval: Duration,
    runs: Arc<Mutex<WatchedRuns>>,
}

#[derive(Default)]
struct WatchedRuns {
    /// A sender for each run, which sends the author of a request.
    senders: HashMap<RunId, watch::Sender<Option<String>>>,
    is_polling: bool,
}

/// The cancel request of one run; dropping it ends the watch.
pub(crate) struct CancelRequest {
    run: RunId,
    runs: Arc<Mutex<WatchedRuns>>,
    by: watch::Receiver<Option<String>>,
}

impl CancelWatcher {
    /// Creates a watcher without runs.
    pub(crate) fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, interval: POLL_INTERVAL, runs: Arc::default() }
    }

    /// Watches a run that this process owns. Starts the polling task where none is running; needs a tokio runtime.
    pub(crate) fn watch(&self, run: &RunId) -> CancelRequest {
        let (sender, by) = watch::channel(None);
        let mut runs = lock(&self.runs);
        runs.senders.insert(run.clone(), sender);
        if !std::mem::replace(&mut runs.is_polling, true) {
            tokio::spawn(poll(
                Arc::clone(&self.journal),
                self.interval,
                Polling { runs: Arc::clone(&self.runs), is_over: false },
            ));
        }
        CancelRequest { run: run.clone(), runs: Arc::clone(&self.runs), by }
    }
}

impl CancelRequest {
    /// Waits for a request and returns who made it.
    pub(crate) async fn requested(mut self) -> String {
        match self.by.wait_for(Option::is_some).await.ok().and_then(|by| by.clone()) {
            Some(by) => by,
            // The sender lives as long as `self`.
            None => std::future::pending().await,
        }
    }
}

impl Drop for CancelRequest {
    fn drop(&mut self) {
        lock(&self.runs).senders.remove(&self.run);
    }
}

/// Held by the polling task. Where the task ends with its tokio runtime, the next run has to start another one.
struct Polling {
    runs: Arc<Mutex<WatchedRuns>>,
    is_over: bool,
}

impl Drop for Polling {
    fn drop(&mut self) {
        if !self.is_over {
            lock(&self.runs).is_polling = false;
        }
    }
}

async fn poll(journal: Arc<dyn Journal>, interval: Duration, mut polling: Polling) {
    loop {
        tokio::time::sleep(interval).await;
        let runs: Vec<RunId> = {
            let mut watched = lock(&polling.runs);
            if watched.senders.is_empty() {
                // Cleared under the lock: a run that comes later starts a task of its own.
                watched.is_polling = false;
                polling.is_over = true;
                return;
            }
            watched.senders.keys().cloned().collect()
        };
        let journal = Arc::clone(&journal);
        // Reading the journal blocks the thread.
        let requests = tokio::task::spawn_blocking(move || {
            let request = |run: RunId| Some((journal.cancel_request(&run).ok()??, run));
            runs.into_iter().filter_map(request).collect::<Vec<_>>()
        });
        for (by, run) in requests.await.unwrap_or_default() {
            if let Some(sender) = lock(&polling.runs).senders.get(&run) {
                sender.send_replace(Some(by));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use phasegate_journal::MemoryJournal;

    use super::*;

    #[tokio::test]
    async fn one_task_serves_all_runs_and_starts_again() {
        let journal = Arc::new(MemoryJournal::new());
        let interval = Duration::from_millis(5);
        let cancels = CancelWatcher { interval, ..CancelWatcher::new(journal.clone()) };
        let [one, two]: [RunId; 2] = ["one".parse().unwrap(), "two".parse().unwrap()];
        for _ in 0..2 {
            let (_one, _two) = (journal.acquire(&one).await.unwrap(), journal.acquire(&two).await.unwrap());
            let (first, second) = (cancels.watch(&one), cancels.watch(&two));
            journal.request_cancel(&two, "ann").await.unwrap();
            assert_eq!(second.requested().await, "ann");
            assert!(futures::poll!(std::pin::pin!(first.requested())).is_pending());
            while lock(&cancels.runs).is_polling {
                tokio::time::sleep(interval).await;
            }
        }
    }
}
