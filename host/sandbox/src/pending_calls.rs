//! Open model calls and test runs of one agent call.
//!
//! The host's work on the calls is polled beside the guest, in the task of the agent call, and continues if the guest drops a
//! call. Work that computes for long, such as a test run, has a task of its own. Dropping the last clone of [`PendingCalls`]
//! aborts the work. Answers reach the guest through [`AnswerOrder`].

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use futures::channel::oneshot;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use phasegate_process::limits::Limits;
use phasegate_process::sync::lock;
use tokio::task::JoinSet;

use crate::answer_order::{AnswerOrder, AnswerTurn};
use crate::error::CallErrorKind;
use crate::quota::{FatalError, Quota};

/// The host's work on one call.
type HostWork = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Numbers, counts and runs the calls of one store. Clones share their state.
#[derive(Clone)]
pub(crate) struct PendingCalls {
    pub(crate) order: Arc<AnswerOrder>,
    work: Arc<Mutex<FuturesUnordered<HostWork>>>,
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

    /// Starts the host's work on call `number`. To receive the answer in order, call [`wait_for`](Self::wait_for) first.
    pub(crate) fn start<A: Send + 'static>(
        &self,
        number: u32,
        work: impl Future<Output = A> + Send + 'static,
    ) -> PendingAnswer<A> {
        let (sender, answer) = oneshot::channel();
        let done = AnsweredOnDrop { order: Arc::clone(&self.order), number };
        let work = async move {
            // The message of a panic is printed already, and the guest's run fails without the answer.
            if let Ok(answer) = AssertUnwindSafe(work).catch_unwind().await {
                // Fails if the guest dropped the call.
                let _ = sender.send(answer);
            }
            drop(done);
        };
        lock(&self.work).push(Box::pin(work));
        PendingAnswer { number, answer }
    }

    /// Continues the host's work on every call. Ready when there is none.
    pub(crate) fn poll_work(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut work = lock(&self.work);
        while let Some(()) = ready!(work.poll_next_unpin(cx)) {}
        Poll::Ready(())
    }

    /// Returns a future that resolves when the answer to call `number` may go to the guest.
    pub(crate) fn wait_for(&self, number: u32) -> AnswerTurn {
        self.order.wait_for(number)
    }

    /// Waits until the host's work on every call is done, including calls that the guest dropped.
    pub(crate) async fn finish(&self) {
        poll_fn(|cx| self.poll_work(cx)).await;
    }
}

/// Runs work that computes for long in a task of its own, which ends when the future is dropped. Panics if the work panics.
pub(crate) async fn in_own_task<A: Send + 'static>(work: impl Future<Output = A> + Send + 'static) -> A {
    let mut task = JoinSet::new();
    task.spawn(work);
    match task.join_next().await {
        Some(Ok(answer)) => answer,
        Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
        // The runtime shuts down.
        _ => pending().await,
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
