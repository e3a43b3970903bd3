//! One run: its loop, its agents, gates and test runs.

pub(crate) mod admission;
pub(crate) mod agent;
pub(crate) mod agent_host;
pub(crate) mod context;
pub(crate) mod gate;
pub(crate) mod limit_hit;
pub(crate) mod test_run;
