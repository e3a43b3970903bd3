//! The waiting calls of one agent call: numbered, worked on by the host side by side, handed out by the turnstile.
//!
//! The host's work is a task of its own, so that it goes on when the guest loses interest. Dropping this drops the work.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::channel::oneshot;
use tokio::task::JoinSet;

use crate::Limits;
use crate::turnstile::{Ticket, Turnstile};

/// Why a call of the guest ends its run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("computing time used up")]
    Cpu,
    #[error("too many calls")]
    Calls,
    #[error("too much asked")]
    Asked,
    #[error("the host lost the answer to call {0}")]
    Lost(u32),
}

/// Shared by the imports of one store and whoever waits for its end.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) turnstile: Arc<Turnstile>,
    work: Arc<Mutex<JoinSet<()>>>,
    limit: u32,
    /// What may still be said in calls. The host holds it while it works, so it is bounded over all of them: how many are
    /// under way at a time would depend on their answers' speed.
    bytes_left: Arc<AtomicU64>,
}

/// An answer that may not be there yet.
pub(crate) struct Pending<A> {
    number: u32,
    answer: oneshot::Receiver<A>,
}

impl Calls {
    pub(crate) fn new(limits: &Limits) -> Self {
        let bytes_left = Arc::new(AtomicU64::new(limits.calls_bytes));
        Self { turnstile: Arc::default(), work: Arc::default(), limit: limits.calls, bytes_left }
    }

    /// Takes the next number, for a call that says so many bytes.
    pub(crate) fn number(&self, bytes: usize) -> Result<u32, Stop> {
        let spend = |left: u64| left.checked_sub(bytes as u64);
        if self.bytes_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_err() {
            return Err(Stop::Asked);
        }
        match self.turnstile.number() {
            number if number > self.limit => Err(Stop::Calls),
            number => Ok(number),
        }
    }

    /// Sets the host to work on call `number`. Who wants the answer in turn takes a place first, lest it come too early.
    pub(crate) fn start<A: Send + 'static>(
        &self,
        number: u32,
        work: impl Future<Output = A> + Send + 'static,
    ) -> Pending<A> {
        let (sender, answer) = oneshot::channel();
        let done = Done { turnstile: Arc::clone(&self.turnstile), number };
        self.work.lock().unwrap_or_else(PoisonError::into_inner).spawn(async move {
            // The guest may be gone.
            let _ = sender.send(work.await);
            drop(done);
        });
        Pending { number, answer }
    }

    /// A place in the queue for the answer to call `number`.
    pub(crate) fn place(&self, number: u32) -> Ticket {
        self.turnstile.place(number)
    }

    /// Waits until the host's work on every call is done, wanted or not.
    pub(crate) async fn settle(&self) {
        let mut work = std::mem::take(&mut *self.work.lock().unwrap_or_else(PoisonError::into_inner));
        while work.join_next().await.is_some() {}
    }
}

impl<A> Pending<A> {
    /// The answer; its turn has come.
    pub(crate) fn take(mut self) -> Result<A, Stop> {
        self.answer.try_recv().ok().flatten().ok_or(Stop::Lost(self.number))
    }

    /// The answer, as soon as it is there.
    pub(crate) async fn wait(self) -> Result<A, Stop> {
        self.answer.await.map_err(|_| Stop::Lost(self.number))
    }
}

/// Says that a call is answered, also when the work on it panicked.
struct Done {
    turnstile: Arc<Turnstile>,
    number: u32,
}

impl Drop for Done {
    fn drop(&mut self) {
        self.turnstile.answered(self.number);
    }
}
