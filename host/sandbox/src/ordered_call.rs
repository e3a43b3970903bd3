//! Polls a guest, and the host's work on its calls, in one task.
//!
//! The host's work is polled whenever the guest is not. When the guest is idle, one answer is released, see
//! [`AnswerOrder`](crate::answer_order::AnswerOrder), and the guest continues at once.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;

use crate::answer_order::Idle;
use crate::engine::Engine;
use crate::offload::{Step, Stepper};
use crate::pending_calls::PendingCalls;

/// A future that runs a guest's call to its end.
pub(crate) struct OrderedCall<'a, F> {
    guest: Pin<Box<F>>,
    calls: &'a PendingCalls,
    engine: &'a Engine,
    waker: Arc<GuestWaker>,
    stepper: Stepper,
}

/// The guest waits, and no open call could wake it.
pub(crate) struct Stuck;

impl<'a, F: Future> OrderedCall<'a, F> {
    pub(crate) fn new(guest: F, calls: &'a PendingCalls, engine: &'a Engine) -> Self {
        let stepper = engine.offload().stepper();
        Self { guest: Box::pin(guest), calls, engine, waker: Arc::new(GuestWaker::new()), stepper }
    }
}

impl<F: Future> Future for OrderedCall<'_, F> {
    type Output = Result<F::Output, Stuck>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { guest, calls, engine, waker: guest_waker, stepper } = &mut *self;
        guest_waker.begin_poll(cx.waker());
        let waker = Waker::from(Arc::clone(guest_waker));
        let mut step = || {
            guest_waker.reset();
            let _computing = engine.computing();
            match guest.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => Step::Done(output),
                Poll::Pending if guest_waker.is_woken() => Step::Busy,
                Poll::Pending => Step::Idle,
            }
        };
        loop {
            let _ = calls.poll_work(cx);
            if !guest_waker.is_woken() {
                match calls.order.release_next() {
                    Idle::Released => {}
                    Idle::Waiting if guest_waker.end_poll() => return Poll::Pending,
                    Idle::Waiting => {}
                    Idle::Stuck => return Poll::Ready(Err(Stuck)),
                }
            }
            match stepper.step(cx, &mut step) {
                Poll::Ready(Step::Done(output)) => return Poll::Ready(Ok(output)),
                Poll::Ready(Step::Idle) => {}
                Poll::Ready(Step::Busy) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                // Woken when another guest gives its thread back.
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// The waker of a guest. It remembers that it was woken, and wakes the executor's task unless that polls the guest already.
struct GuestWaker {
    woken: AtomicBool,
    polled: AtomicBool,
    executor: AtomicWaker,
}

impl GuestWaker {
    /// Returns a waker that is woken, for the first poll.
    fn new() -> Self {
        Self { woken: AtomicBool::new(true), polled: AtomicBool::new(false), executor: AtomicWaker::new() }
    }

    fn begin_poll(&self, executor: &Waker) {
        self.executor.register(executor);
        self.polled.store(true, Ordering::SeqCst);
    }

    /// Lets wakes reach the executor. Returns false if the guest was woken before, so that the poll must continue.
    fn end_poll(&self) -> bool {
        self.polled.store(false, Ordering::SeqCst);
        !self.is_woken()
    }

    fn is_woken(&self) -> bool {
        self.woken.load(Ordering::SeqCst)
    }

    fn reset(&self) {
        self.woken.store(false, Ordering::SeqCst);
    }
}

impl Wake for GuestWaker {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        if !self.polled.load(Ordering::SeqCst) {
            self.executor.wake();
        }
    }
}
