//! Writes bundled components to the folder on a thread of its own, a moment after they were asked for.
//!
//! The components of a user's first run have many megabytes. Written at once, they would delay the first events of the run,
//! and with them its first request to a model. Until they are written, this program has them. Where the folder cannot be
//! written to, the journal takes them. A failure of both is logged.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use phasegate_journal::Journal;
use phasegate_process::Digest;
use phasegate_process::sync::lock;
use tokio::sync::watch;

use super::folder::ComponentFolder;
use crate::plugins::bundled::{bundled_blob, bundled_packed};

/// The time for a run to compile its first agent and to ask its model.
const DELAY: Duration = Duration::from_secs(5);

/// Components that wait to be written. Dropping it writes them.
pub(super) struct LateWrites(Arc<Shared>);

struct Shared {
    folder: ComponentFolder,
    journal: Arc<dyn Journal>,
    state: Mutex<State>,
    hurry: Condvar,
    /// Whether a thread writes.
    writing: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    waiting: BTreeSet<Digest>,
    is_awaited: bool,
    thread: Option<JoinHandle<()>>,
}

impl LateWrites {
    /// Creates an empty queue. `journal` takes what the folder cannot.
    pub(super) fn new(folder: ComponentFolder, journal: Arc<dyn Journal>) -> Self {
        let (state, hurry, writing) = (Mutex::default(), Condvar::new(), watch::channel(false).0);
        Self(Arc::new(Shared { folder, journal, state, hurry, writing }))
    }

    /// Asks for a bundled component to be written. Returns at once.
    pub(super) fn request(&self, digest: &Digest) {
        let mut state = lock(&self.0.state);
        state.waiting.insert(digest.clone());
        if !self.0.writing.send_replace(true) {
            let shared = Arc::clone(&self.0);
            let thread = std::thread::Builder::new().name("phasegate-components".to_owned());
            match thread.spawn(move || shared.write_all()) {
                Ok(thread) => state.thread = Some(thread),
                Err(why) => {
                    tracing::warn!("components are not stored: {why}");
                    state.waiting.clear();
                    self.0.writing.send_replace(false);
                }
            }
        }
    }

    /// Waits until every component that was asked for is stored.
    pub(super) async fn settle(&self) {
        self.0.hurry();
        // The sender is here, so the channel is open.
        let _ = self.0.writing.subscribe().wait_for(|writing| !writing).await;
    }
}

impl Drop for LateWrites {
    fn drop(&mut self) {
        self.0.hurry();
        let thread = lock(&self.0.state).thread.take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn hurry(&self) {
        let mut state = lock(&self.state);
        state.is_awaited = *self.writing.borrow();
        self.hurry.notify_all();
    }

    fn write_all(&self) {
        let state = lock(&self.state);
        let mut state = self
            .hurry
            .wait_timeout_while(state, DELAY, |state| !state.is_awaited)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        while let Some(digest) = state.waiting.pop_first() {
            drop(state);
            self.write(&digest);
            state = lock(&self.state);
        }
        state.is_awaited = false;
        self.writing.send_replace(false);
    }

    fn write(&self, digest: &Digest) {
        let Some(packed) = bundled_packed(digest) else { return };
        let Err(why) = packed.and_then(|packed| self.folder.write(digest, &packed)) else { return };
        tracing::warn!("components cannot be stored in {}: {why}", self.folder.path().display());
        let blobs = bundled_blob(digest).into_iter().collect();
        if let Err(why) = futures::executor::block_on(self.journal.put_blobs(blobs)) {
            tracing::warn!("component {digest} is not stored: {why}");
        }
    }
}
