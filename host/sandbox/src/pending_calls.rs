//! The waiting calls of one agent call: numbered, worked on by the host side by side, handed out by the turnstile.
//!
//! The host's work is a task of its own, so that it goes on when the guest loses interest. Dropping this drops the work.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures::channel::oneshot;
use tokio::task::JoinSet;

use crate::answer_order::{Ticket, Turnstile};
use crate::error::CallErrorKind;
use crate::limits::Limits;
use crate::mutex::lock;
use crate::quota::{Quota, Stop};

/// Shared by the imports of one store and whoever waits for its end.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) turnstile: Arc<Turnstile>,
    work: Arc<Mutex<JoinSet<()>>>,
    limit: u32,
    at_once: u32,
    /// How many the guest still waits for.
    open: Arc<AtomicU32>,
    /// What may be said in calls. The host holds it while it works, so it is bounded over all of them: how many are under
    /// way at a time would depend on their answers' speed.
    bytes: Quota,
}

/// A call that the guest waits for. It is over when the guest has its answer or has given it up; both follow from the
/// guest's own doing, never from the answer's speed.
pub(crate) struct Open(Arc<AtomicU32>);

impl Open {
    fn new(open: &Arc<AtomicU32>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer that may not be there yet.
pub(crate) struct Pending<A> {
    number: u32,
    answer: oneshot::Receiver<A>,
}

impl Calls {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            turnstile: Arc::default(),
            work: Arc::default(),
            limit: limits.calls,
            at_once: limits.calls_at_once,
            open: Arc::default(),
            bytes: Quota::new(limits.calls_bytes),
        }
    }

    /// Takes the next number, for a call that says so many bytes and is open as long as what comes with it is kept.
    pub(crate) fn number(&self, bytes: usize) -> Result<(u32, Open), Stop> {
        if !self.bytes.spend(bytes) {
            return Err(Stop(CallErrorKind::Asked { limit: self.bytes.limit }));
        }
        let open = Open::new(&self.open);
        if self.open.load(Ordering::Relaxed) > self.at_once {
            return Err(Stop(CallErrorKind::AtOnce { limit: self.at_once }));
        }
        match self.turnstile.number() {
            number if number > self.limit => Err(Stop(CallErrorKind::Calls { limit: self.limit })),
            number => Ok((number, open)),
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
        lock(&self.work).spawn(async move {
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
        let mut work = std::mem::take(&mut *lock(&self.work));
        while work.join_next().await.is_some() {}
    }
}

impl<A> Pending<A> {
    /// The answer; its turn has come.
    pub(crate) fn take(mut self) -> Result<A, Stop> {
        self.answer.try_recv().ok().flatten().ok_or_else(|| lost(self.number))
    }

    /// The answer, as soon as it is there.
    pub(crate) async fn wait(self) -> Result<A, Stop> {
        self.answer.await.map_err(|_| lost(self.number))
    }
}

fn lost(call: u32) -> Stop {
    Stop(CallErrorKind::Host(format!("the answer to call {call} is lost")))
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
