//! Delivers answers in a fixed order, so that a run of an agent depends on its answers and not on their timing.
//!
//! Every waiting import (a model call or a trial run of tests) gets a number, counted from 1 in the order of the guest's
//! calls. The host works on several calls at once, but the guest receives answers by number, and the next answer only when
//! the guest is idle.
//!
//! Why this makes a run deterministic: between two answers a guest runs until nothing in its store can continue, and what it
//! does depends only on its memory. If the same answers always arrive at the same points in the same order, the whole run is
//! the same. [`OrderedCall`](crate::ordered_call::OrderedCall) finds these points by polling the call's future with its own waker. If the future is pending and
//! did not wake its waker during the poll, the guest is idle. Everything in the store that can still run wakes the waker: a
//! guest interrupted by the epoch, a guest that yields (wasmtime then yields to its executor), and work that wasmtime queued.
//! An idle guest waits either for a numbered call or for an import that blocks the whole store for a moment
//! (`artifacts.read`, `artifacts.check`, the blocking world, an answer that the host holds back). The latter register with
//! [`AnswerOrder::block`]. If no import blocks and the next answer is there, exactly that answer is released, and the guest
//! runs until it is idle again. Late or repeated wakes only poll an idle store again, which has no effect.
//!
//! Edge cases: a guest that yields in a loop is never idle, receives no answer, and ends at its limit on computing time. If a
//! guest drops a call, the host finishes and records the call, but the order skips it. A guest that is idle without an open
//! call can never continue, so its call ends at once with [`Stuck`](crate::ordered_call::Stuck).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use phasegate_process::sync::lock;

/// Numbers the calls of one store and releases their answers one by one.
#[derive(Default)]
pub(crate) struct AnswerOrder {
    inner: Mutex<Inner>,
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

/// Result of an attempt to release an answer to an idle guest.
#[derive(PartialEq, Eq)]
pub(crate) enum Idle {
    /// An answer was released, and the guest can continue.
    Released,
    /// The next answer has not arrived yet.
    Waiting,
    /// No call is open.
    Stuck,
}

impl AnswerOrder {
    /// Returns the number of the next call.
    pub(crate) fn next_number(&self) -> u32 {
        let mut inner = self.lock();
        inner.last = inner.last.saturating_add(1);
        inner.last
    }

    /// Registers call `number` and returns a future that resolves when its answer is released. Dropping the future
    /// removes the call from the order.
    pub(crate) fn wait_for(self: &Arc<Self>, number: u32) -> AnswerTurn {
        self.lock().waiting.insert(number, WaitingCall::default());
        AnswerTurn { order: Arc::clone(self), number }
    }

    /// Marks call `number` as answered.
    pub(crate) fn set_answered(&self, number: u32) {
        if let Some(waiting_call) = self.lock().waiting.get_mut(&number) {
            waiting_call.answered = true;
        }
    }

    /// Marks the guest as blocked inside an import. No answer is released before the guard is dropped.
    pub(crate) fn block(self: &Arc<Self>) -> BlockGuard {
        self.lock().blocked += 1;
        BlockGuard(Arc::clone(self))
    }

    /// Releases the next answer to the guest, which must be idle.
    pub(crate) fn release_next(&self) -> Idle {
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

/// A future that resolves when the answer of its call is released.
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
