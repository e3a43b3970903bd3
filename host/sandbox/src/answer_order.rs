//! Makes an agent's run depend on its answers alone, never on when they came.
//!
//! Every waiting import (a model call, a trial run of tests) takes a number when the guest asks, from 1. The host works on
//! several at once, but answers go to the guest strictly by number, and the next one only when the guest is idle.
//!
//! Why this is enough. A guest is a deterministic machine: between two deliveries it runs until nothing in its store can
//! go on, and what it does meanwhile follows from its memory alone. So if the points of delivery are always the same
//! points, and always bring the same answers in the same order, the whole run is the same run. [`OrderedCall`] finds these
//! points from outside: it polls the call's future with a waker of its own. A future that is pending although its waker
//! was not touched during the poll waits for somebody else. Whoever can still run does touch the waker: a guest that was
//! interrupted by the epoch, one that yields (wasmtime yields to its executor each time), or work that wasmtime queued
//! for itself. Only two sorts of somebody else exist here: calls that wait in this turnstile, and imports that block the
//! whole store for a moment (`artifacts.read`, `artifacts.check`, the blocking world, an answer that the host keeps back),
//! which announce themselves by [`AnswerOrder::block`]. If there is no blocked import and a numbered answer is there, exactly
//! that one is released and the guest runs until it is idle again. Wakes that come late or twice only make the driver poll
//! an idle store again, which changes nothing.
//!
//! Three cases at the edge. A guest that yields in a loop is never idle, so it never sees an answer and ends at its limit
//! of computing time. A guest that drops a call (it lost a select) gives up its place: the host's work on it goes on and
//! its answer is recorded, but nobody waits for it any more. A guest that is idle with no call under way can never go on,
//! and is told so at once.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;

use crate::mutex::lock;
use crate::offload::{Offload, Step, Stepper};

/// Numbers calls and lets their answers through one by one.
#[derive(Default)]
pub(crate) struct AnswerOrder {
    inner: Mutex<Inner>,
    /// Whoever drives the store; told when an answer comes.
    driver: AtomicWaker,
}

#[derive(Default)]
struct Inner {
    last: u32,
    /// Calls that the guest still waits for, by number.
    waiting: BTreeMap<u32, WaitingCall>,
    blocked: u32,
}

#[derive(Default)]
struct WaitingCall {
    answered: bool,
    released: bool,
    guest: Option<Waker>,
}

/// What the turnstile did when the guest was idle.
#[derive(PartialEq, Eq)]
enum Idle {
    /// An answer was let through: the guest can go on.
    Released,
    /// The next answer is not there yet.
    Waiting,
    /// Nothing is under way.
    Stuck,
}

impl AnswerOrder {
    /// The next number.
    pub(crate) fn next_number(&self) -> u32 {
        let mut inner = self.lock();
        inner.last = inner.last.saturating_add(1);
        inner.last
    }

    /// A place in the queue for call `number`; giving it up lets the next one pass.
    pub(crate) fn wait_for(self: &Arc<Self>, number: u32) -> AnswerTurn {
        self.lock().waiting.insert(number, WaitingCall::default());
        AnswerTurn { order: Arc::clone(self), number }
    }

    /// The answer to call `number` is there.
    pub(crate) fn set_answered(&self, number: u32) {
        if let Some(waiting_call) = self.lock().waiting.get_mut(&number) {
            waiting_call.answered = true;
        }
        self.driver.wake();
    }

    /// While this is held, the guest is not idle: it waits inside an import that blocks it.
    pub(crate) fn block(self: &Arc<Self>) -> BlockGuard {
        self.lock().blocked += 1;
        BlockGuard(Arc::clone(self))
    }

    fn release_next(&self) -> Idle {
        let mut inner = self.lock();
        if inner.blocked > 0 {
            return Idle::Waiting;
        }
        let Some(mut first) = inner.waiting.first_entry() else {
            return Idle::Stuck;
        };
        let waiting_call = first.get_mut();
        if !waiting_call.answered || waiting_call.released {
            return Idle::Waiting;
        }
        waiting_call.released = true;
        let guest = waiting_call.guest.take();
        drop(inner);
        if let Some(guest) = guest {
            guest.wake();
        }
        Idle::Released
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

/// A place in the queue. Resolves when its turn has come.
pub(crate) struct AnswerTurn {
    order: Arc<AnswerOrder>,
    number: u32,
}

impl Future for AnswerTurn {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.order.lock().waiting.get_mut(&self.number) {
            Some(waiting_call) if !waiting_call.released => {
                waiting_call.guest = Some(cx.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }
}

impl Drop for AnswerTurn {
    fn drop(&mut self) {
        self.order.lock().waiting.remove(&self.number);
    }
}

/// See [`AnswerOrder::block`].
pub(crate) struct BlockGuard(Arc<AnswerOrder>);

impl Drop for BlockGuard {
    fn drop(&mut self) {
        self.0.lock().blocked -= 1;
    }
}

/// The guest waits and nothing is under way that could wake it.
pub(crate) struct Stuck;

/// Runs a call to its end, letting answers through whenever the guest is idle.
pub(crate) struct OrderedCall<F> {
    call: Pin<Box<F>>,
    order: Arc<AnswerOrder>,
    waker: Arc<CallWaker>,
    stepper: Stepper,
}

impl<F: Future> OrderedCall<F> {
    pub(crate) fn new(call: F, order: Arc<AnswerOrder>, offload: &Offload) -> Self {
        Self { call: Box::pin(call), order, waker: Arc::default(), stepper: offload.stepper() }
    }
}

impl<F: Future> Future for OrderedCall<F> {
    type Output = Result<F::Output, Stuck>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { call, order, waker: call_waker, stepper } = &mut *self;
        call_waker.executor.register(cx.waker());
        order.driver.register(cx.waker());
        let waker = Waker::from(Arc::clone(call_waker));
        let mut step = || {
            call_waker.woken.store(false, Ordering::SeqCst);
            match call.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => Step::Done(output),
                Poll::Pending if call_waker.woken.load(Ordering::SeqCst) => Step::Busy,
                Poll::Pending => Step::Idle,
            }
        };
        loop {
            match stepper.step(cx, &mut step) {
                Poll::Ready(Step::Done(output)) => return Poll::Ready(Ok(output)),
                Poll::Ready(Step::Busy) | Poll::Pending => return Poll::Pending,
                Poll::Ready(Step::Idle) => {}
            }
            match order.release_next() {
                Idle::Released => {}
                Idle::Waiting => return Poll::Pending,
                Idle::Stuck => return Poll::Ready(Err(Stuck)),
            }
        }
    }
}

/// The waker that a call is polled with: remembers that it was rung, and passes it on.
#[derive(Default)]
struct CallWaker {
    woken: AtomicBool,
    executor: AtomicWaker,
}

impl Wake for CallWaker {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.executor.wake();
    }
}
