//! A compiled component that is ready to be instantiated.

use wasmtime::component::InstancePre;

use crate::bindings::exports::phasegate::plugin::{agent, agent_blocking, feedback, runner, runner_probe};
use crate::inspect::Inspection;
use crate::state::State;
use crate::world::World;

/// A compiled component, linked for one engine.
pub(crate) struct Compiled {
    pub(crate) inspection: Inspection,
    pub(crate) pre: InstancePre<State>,
    pub(crate) exports: Exports,
    pub(crate) pooled: bool,
    /// Size of its stack, in bytes.
    pub(crate) stack: u32,
}

/// The exported functions of a component, by its world.
pub(crate) enum Exports {
    Agent(agent::GuestIndices),
    AgentBlocking(agent_blocking::GuestIndices),
    Feedback(feedback::GuestIndices),
    Runner(runner::GuestIndices, Option<runner_probe::GuestIndices>),
}

impl Exports {
    pub(crate) fn find(pre: &InstancePre<State>, world: Option<World>) -> wasmtime::Result<Self> {
        Ok(match world {
            Some(World::Agent) => Self::Agent(agent::GuestIndices::new(pre)?),
            Some(World::AgentBlocking) => Self::AgentBlocking(agent_blocking::GuestIndices::new(pre)?),
            Some(World::Feedback) => Self::Feedback(feedback::GuestIndices::new(pre)?),
            // The contract is checked before: an error here means that the component has no such export.
            Some(World::Runner) => {
                Self::Runner(runner::GuestIndices::new(pre)?, runner_probe::GuestIndices::new(pre).ok())
            }
            None => wasmtime::bail!("it has none of the contract's worlds"),
        })
    }

    pub(crate) fn world(&self) -> World {
        match self {
            Self::Agent(_) => World::Agent,
            Self::AgentBlocking(_) => World::AgentBlocking,
            Self::Feedback(_) => World::Feedback,
            Self::Runner(..) => World::Runner,
        }
    }
}
