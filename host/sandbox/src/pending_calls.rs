//! Open model calls and test runs of one agent call.
//!
//! The host works on each call in its own task, so that the work continues if the guest drops the call. Dropping the last
//! clone of [`PendingCalls`] aborts the tasks. Answers reach the guest through [`AnswerOrder`].

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures::channel::oneshot;
use phasegate_process::limits::Limits;
use phasegate_process::sync::lock;
use tokio::task::JoinSet;

use crate::answer_order::{AnswerOrder, AnswerTurn};
use crate::error::CallErrorKind;
use crate::quota::{FatalError, Quota};

/// Numbers, counts and runs the calls of one store. Clones share their state.
#[derive(Clone)]
pub(crate) struct PendingCalls {
    pub(crate) order: Arc<AnswerOrder>,
    work: Arc<Mutex<JoinSet<()>>>,
    max_calls: u32,
    max_open: u32,
    /// Number of calls that the guest still waits for.
    open: Arc<AtomicU32>,
    /// Bytes of all requests together. The limit applies to the sum over the whole agent call, because a limit on the
    /// requests in progress would depend on the speed of answers.
    bytes: Quota,
}

/// A call that the guest waits for, counted until this is dropped: when the guest receives the answer or drops the call.
/// Neither depends on the speed of the answer.
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

/// An answer that may not have arrived yet.
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

    /// Starts a call with a request of `bytes` and returns its number. The call counts as open until the returned guard is
    /// dropped. Fails if a limit on calls is exceeded.
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

    /// Spawns the host's work on call `number`. To receive the answer in order, call [`wait_for`](Self::wait_for) first.
    pub(crate) fn start<A: Send + 'static>(
        &self,
        number: u32,
        work: impl Future<Output = A> + Send + 'static,
    ) -> PendingAnswer<A> {
        let (sender, answer) = oneshot::channel();
        let done = AnsweredOnDrop { order: Arc::clone(&self.order), number };
        lock(&self.work).spawn(async move {
            // Fails if the guest dropped the call.
            let _ = sender.send(work.await);
            drop(done);
        });
        PendingAnswer { number, answer }
    }

    /// Returns a future that resolves when the answer to call `number` may go to the guest.
    pub(crate) fn wait_for(&self, number: u32) -> AnswerTurn {
        self.order.wait_for(number)
    }

    /// Waits until the host's work on every call is done, including calls that the guest dropped.
    pub(crate) async fn finish(&self) {
        let mut work = std::mem::take(&mut *lock(&self.work));
        while work.join_next().await.is_some() {}
    }
}

impl<A> PendingAnswer<A> {
    /// Returns the answer after it was released. Fails if the host's work panicked.
    pub(crate) fn take(mut self) -> Result<A, FatalError> {
        self.answer.try_recv().ok().flatten().ok_or_else(|| lost_answer(self.number))
    }

    /// Waits for the answer. Fails if the host's work panicked.
    pub(crate) async fn wait(self) -> Result<A, FatalError> {
        self.answer.await.map_err(|_| lost_answer(self.number))
    }
}

fn lost_answer(call: u32) -> FatalError {
    FatalError(CallErrorKind::Host(format!("the answer to call {call} is lost")))
}

/// Marks a call as answered when dropped, so that a panic in the host's work does not block later answers.
struct AnsweredOnDrop {
    order: Arc<AnswerOrder>,
    number: u32,
}

impl Drop for AnsweredOnDrop {
    fn drop(&mut self) {
        self.order.set_answered(self.number);
    }
}
