//! The slow lane: a guest that computes for long does so beside the async threads, not on them.
//!
//! A guest gives way at every tick, but to whoever waits in the same queue: where all async threads are with guests that
//! compute, each step of a neighbour's call waits for a tick, and so does all that comes from network and disk. In the slow
//! lane a guest has a thread of its own while another takes over the queue, and the operating system shares out the cores.
//! As many guests as there are cores may be in it at once, by turns.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many ticks in a row may be computed on an async thread.
const INLINE_TICKS: u32 = 2;
/// So many are computed in a turn in the slow lane.
const OFFLOADED_TICKS: u32 = 10;

/// Who may be in the slow lane.
#[derive(Clone)]
pub(crate) struct Offload(Arc<Semaphore>);

/// A place in the slow lane, or the wait for one.
type PermitFuture = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

/// A guest's way through the lanes.
pub(crate) struct Stepper {
    offload: Offload,
    /// Ticks computed without a break.
    ticks: u32,
    waiting: Option<PermitFuture>,
}

/// What a guest came to in one step.
pub(crate) enum Step<T> {
    Done(T),
    /// It would go on computing.
    Busy,
    /// It waits for something.
    Idle,
}

impl Offload {
    pub(crate) fn new(cores: usize) -> Self {
        Self(Arc::new(Semaphore::new(cores.max(1))))
    }

    pub(crate) fn stepper(&self) -> Stepper {
        Stepper { offload: self.clone(), ticks: 0, waiting: None }
    }
}

impl Stepper {
    /// Lets the guest step, in the lane that is right for it. Pending while it waits for a place in the slow lane.
    pub(crate) fn step<T>(&mut self, cx: &mut Context<'_>, mut step: impl FnMut() -> Step<T>) -> Poll<Step<T>> {
        let stepped = if self.ticks < INLINE_TICKS || !can_block_in_place() {
            step()
        } else {
            let waiting = self.waiting.get_or_insert_with(|| {
                let permits = Arc::clone(&self.offload.0);
                Box::pin(async move { permits.acquire_owned().await.ok() })
            });
            let Poll::Ready(_permit) = waiting.as_mut().poll(cx) else { return Poll::Pending };
            self.waiting = None;
            tokio::task::block_in_place(|| {
                let mut stepped = step();
                for _ in 1..OFFLOADED_TICKS {
                    if !matches!(stepped, Step::Busy) {
                        break;
                    }
                    stepped = step();
                }
                stepped
            })
        };
        self.ticks = if matches!(stepped, Step::Busy) { self.ticks.saturating_add(1) } else { 0 };
        Poll::Ready(stepped)
    }
}

/// Only where another thread can take over.
fn can_block_in_place() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}
