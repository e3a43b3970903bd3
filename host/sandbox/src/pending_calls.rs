//! The waiting calls of one agent call: numbered, worked on by the host side by side, handed out by the turnstile.
//!
//! The host's work is a task of its own, so that it goes on when the guest loses interest. Dropping this drops the work.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures::channel::oneshot;
use phasegate_process::limits::Limits;
use tokio::task::JoinSet;

use crate::answer_order::{AnswerOrder, AnswerTurn};
use crate::error::CallErrorKind;
use crate::mutex::lock;
use crate::quota::{FatalError, Quota};

/// Shared by the imports of one store and whoever waits for its end.
#[derive(Clone)]
pub(crate) struct PendingCalls {
    pub(crate) order: Arc<AnswerOrder>,
    work: Arc<Mutex<JoinSet<()>>>,
    max_calls: u32,
    max_open: u32,
    /// How many the guest still waits for.
    open: Arc<AtomicU32>,
    /// What may be said in calls. The host holds it while it works, so it is bounded over all of them: how many are under
    /// way at a time would depend on their answers' speed.
    bytes: Quota,
}

/// A call that the guest waits for. It is over when the guest has its answer or has given it up; both follow from the
/// guest's own doing, never from the answer's speed.
pub(crate) struct OpenCall(Arc<AtomicU32>);

impl OpenCall {
    fn new(open: &Arc<AtomicU32>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer that may not be there yet.
pub(crate) struct PendingAnswer<A> {
    number: u32,
    answer: oneshot::Receiver<A>,
}

impl PendingCalls {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            order: Arc::default(),
            work: Arc::default(),
            max_calls: limits.calls,
            max_open: limits.calls_at_once,
            open: Arc::default(),
            bytes: Quota::new(limits.calls_bytes),
        }
    }

    /// Takes the next number, for a call that says so many bytes and is open as long as what comes with it is kept.
    pub(crate) fn begin(&self, bytes: usize) -> Result<(u32, OpenCall), FatalError> {
        if !self.bytes.charge(bytes) {
            return Err(FatalError(CallErrorKind::CallsBytes { limit: self.bytes.limit }));
        }
        let open = OpenCall::new(&self.open);
        if self.open.load(Ordering::Relaxed) > self.max_open {
            return Err(FatalError(CallErrorKind::OpenCalls { limit: self.max_open }));
        }
        match self.order.next_number() {
            number if number > self.max_calls => Err(FatalError(CallErrorKind::Calls { limit: self.max_calls })),
            number => Ok((number, open)),
        }
    }

    /// Sets the host to work on call `number`. Who wants the answer in turn takes a place first, lest it come too early.
    pub(crate) fn start<A: Send + 'static>(
        &self,
        number: u32,
        work: impl Future<Output = A> + Send + 'static,
    ) -> PendingAnswer<A> {
        let (sender, answer) = oneshot::channel();
        let done = AnsweredOnDrop { order: Arc::clone(&self.order), number };
        lock(&self.work).spawn(async move {
            // The guest may be gone.
            let _ = sender.send(work.await);
            drop(done);
        });
        PendingAnswer { number, answer }
    }

    /// A place in the queue for the answer to call `number`.
    pub(crate) fn wait_for(&self, number: u32) -> AnswerTurn {
        self.order.wait_for(number)
    }

    /// Waits until the host's work on every call is done, wanted or not.
    pub(crate) async fn finish(&self) {
        let mut work = std::mem::take(&mut *lock(&self.work));
        while work.join_next().await.is_some() {}
    }
}

impl<A> PendingAnswer<A> {
    /// The answer; its turn has come.
    pub(crate) fn take(mut self) -> Result<A, FatalError> {
        self.answer.try_recv().ok().flatten().ok_or_else(|| lost_answer(self.number))
    }

    /// The answer, as soon as it is there.
    pub(crate) async fn wait(self) -> Result<A, FatalError> {
        self.answer.await.map_err(|_| lost_answer(self.number))
    }
}

fn lost_answer(call: u32) -> FatalError {
    FatalError(CallErrorKind::Host(format!("the answer to call {call} is lost")))
}

/// Says that a call is answered, also when the work on it panicked.
struct AnsweredOnDrop {
    order: Arc<AnswerOrder>,
    number: u32,
}

impl Drop for AnsweredOnDrop {
    fn drop(&mut self) {
        self.order.set_answered(self.number);
    }
}
