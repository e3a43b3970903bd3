//! Moves guests that compute for long off the async threads.
//!
//! A guest yields at every tick, but only to tasks in the same queue. If guests occupied all async threads, every step of
//! another call, and all network and disk events, would wait for a tick. So after [`INLINE_TICKS`] a guest continues in
//! `block_in_place`: another thread takes over the queue, and the operating system schedules both. At most one guest per core
//! is offloaded at a time; guests take turns of [`OFFLOADED_TICKS`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Ticks in a row that a guest may compute on an async thread.
const INLINE_TICKS: u32 = 2;
/// Ticks that an offloaded guest computes in one turn.
const OFFLOADED_TICKS: u32 = 10;

/// Permits for offloaded guests, one per core. Clones share them.
#[derive(Clone)]
pub(crate) struct Offload(Arc<Semaphore>);

/// The wait for a permit.
type PermitFuture = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

/// Runs the steps of one guest on an async thread or offloaded.
pub(crate) struct Stepper {
    offload: Offload,
    /// Steps in a row after which the guest wanted to continue computing.
    ticks: u32,
    waiting: Option<PermitFuture>,
}

/// State of a guest after one step.
pub(crate) enum Step<T> {
    Done(T),
    /// The guest could continue computing.
    Busy,
    /// The guest waits for an answer or a wake.
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
    /// Runs one step of the guest, offloaded if the guest has computed for long. Pending while it waits for a permit.
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

/// Returns whether another thread can take over the queue, as `block_in_place` requires.
fn can_block_in_place() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}
