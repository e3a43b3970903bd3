//! Queues for the slots of the engine, one for each kind of work.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::CallErrorKind;
use crate::settings::EngineSettings;
use crate::world::World;

/// Returns the most feedback strategies at once: few, since they are short and wait for nothing.
pub(crate) fn max_strategies(settings: &EngineSettings) -> u32 {
    settings.max_instances.min(32)
}

/// Free slots and waiting calls, by kind of work.
pub(crate) struct Queues {
    agents: Queue,
    large_agents: Queue,
    strategies: Queue,
    runners: Queue,
}

struct Queue {
    free: Semaphore,
    waiting: AtomicU32,
}

impl Queues {
    pub(crate) fn new(settings: &EngineSettings) -> Self {
        Self {
            agents: Queue::new(settings.max_instances),
            large_agents: Queue::new(settings.max_large_instances),
            strategies: Queue::new(max_strategies(settings)),
            runners: Queue::new(settings.max_test_runs),
        }
    }

    pub(crate) async fn enter(
        &self,
        world: World,
        pooled: bool,
        max_queued: u32,
    ) -> Result<SemaphorePermit<'_>, CallErrorKind> {
        let queue = match world {
            World::Agent | World::AgentBlocking if pooled => &self.agents,
            World::Agent | World::AgentBlocking => &self.large_agents,
            World::Feedback => &self.strategies,
            World::Runner => &self.runners,
        };
        queue.enter(max_queued).await
    }
}

impl Queue {
    fn new(slots: u32) -> Self {
        Self { free: Semaphore::new(slots.max(1) as usize), waiting: AtomicU32::new(0) }
    }

    async fn enter(&self, max_queued: u32) -> Result<SemaphorePermit<'_>, CallErrorKind> {
        if let Ok(permit) = self.free.try_acquire() {
            return Ok(permit);
        }
        let queued = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = LeaveOnDrop(&self.waiting);
        if queued >= max_queued {
            return Err(CallErrorKind::Busy { queued });
        }
        self.free.acquire().await.map_err(|error| CallErrorKind::Host(error.to_string()))
    }
}

struct LeaveOnDrop<'a>(&'a AtomicU32);

impl Drop for LeaveOnDrop<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
