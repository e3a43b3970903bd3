//! The same component and calls in wasmtime, without limits, record and order of answers. The pool of instances is set up as
//! that of the sandbox.
#![allow(
    missing_docs,
    unsafe_code,
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use anyhow::{Result, anyhow};
use wasmtime::component::{Accessor, Component, HasSelf, InstancePre, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use self::bindings::AgentHost;
use self::bindings::exports::phasegate::plugin::agent::{Assignment, GuestIndices};
use self::bindings::phasegate::plugin::work::Expected;
use self::bindings::phasegate::plugin::{artifacts, log, model_types, models, test_bench, types, work};

mod bindings {
    wasmtime::component::bindgen!({
        inline: "
            package phasegate:bench;
            world agent-host {
                import phasegate:plugin/models@0.1.0;
                import phasegate:plugin/artifacts@0.1.0;
                import phasegate:plugin/test-bench@0.1.0;
                import phasegate:plugin/log@0.1.0;
                export phasegate:plugin/agent@0.1.0;
            }
        ",
        path: "../wit",
        world: "phasegate:bench/agent-host",
        exports: { default: async },
    });
}

/// A compiled agent.
pub struct WasmtimeAlone {
    engine: Engine,
    agent: InstancePre<State>,
    exports: GuestIndices,
    answer: String,
}

impl WasmtimeAlone {
    /// Compiles the agent. Each model call is answered with this text.
    pub fn new(component: &[u8], answer: &str) -> Result<Self> {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_tables(3_000).total_core_instances(16_000).table_keep_resident(8 << 10);
        if PoolingAllocationConfig::is_pagemap_scan_available() {
            pool.pagemap_scan(Enabled::Yes).linear_memory_keep_resident(256 << 10);
        }
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        config.wasm_component_model_async(true);
        let engine = Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        AgentHost::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        let agent = linker.instantiate_pre(&Component::new(&engine, component)?)?;
        let exports = GuestIndices::new(&agent)?;
        Ok(Self { engine, agent, exports, answer: answer.to_owned() })
    }

    /// Calls the agent and returns the size of its artifact.
    pub async fn call(&self) -> Result<usize> {
        let expected = Expected { name: "design".to_owned(), kind: "note".to_owned(), schema: "{}".to_owned() };
        let assignment = Assignment {
            run_id: "run-1".to_owned(),
            task_id: "TASK-001".to_owned(),
            phase: "design".to_owned(),
            attempt: 1,
            inputs: Vec::new(),
            expected: vec![expected],
            previous: Vec::new(),
            feedback: Vec::new(),
            environment: "{}".to_owned(),
            settings: "{\"ask\":\"x\"}".to_owned(),
        };
        let mut store = Store::new(&self.engine, State(self.answer.clone()));
        let instance = self.agent.instantiate_async(&mut store).await?;
        let guest = self.exports.load(&mut store, &instance)?;
        let submission = store.run_concurrent(async |store| guest.call_run(store, assignment).await).await??;
        let submission = submission.map_err(|failure| anyhow!("{failure:?}"))?;
        Ok(submission.artifacts.iter().map(|artifact| artifact.content.len()).sum())
    }
}

/// The answer to every model call.
struct State(String);

impl types::Host for State {}
impl work::Host for State {}
impl model_types::Host for State {}
impl models::Host for State {}
impl test_bench::Host for State {}

impl models::HostWithStore<State> for HasSelf<State> {
    async fn complete(
        accessor: &Accessor<State, Self>,
        _request: model_types::Request,
    ) -> Result<model_types::Response, model_types::Error> {
        Ok(model_types::Response {
            content: vec![model_types::Content::Text(accessor.with(|mut access| access.get().0.clone()))],
            stop: "end".to_owned(),
            model: "bench".to_owned(),
            usage: model_types::Usage { input_tokens: 0, output_tokens: 0, cached_input_tokens: 0, usd: None },
        })
    }
}

impl test_bench::HostWithStore<State> for HasSelf<State> {
    async fn run_tests(
        _accessor: &Accessor<State, Self>,
        language: String,
        _code: types::Subject,
        _tests: Vec<types::File>,
    ) -> Result<types::TestRun, types::BenchError> {
        Err(types::BenchError::NoRunner(language))
    }
}

impl artifacts::Host for State {
    fn inputs(&mut self) -> Vec<types::ArtifactRef> {
        Vec::new()
    }

    fn read(&mut self, name: String) -> Result<Vec<u8>, artifacts::Error> {
        Err(artifacts::Error::Unknown(name))
    }

    fn list_files(&mut self, folder: String) -> Result<artifacts::FileList, artifacts::Error> {
        Err(artifacts::Error::Unknown(folder))
    }

    fn search_text(&mut self, _text: String, folder: String) -> Result<artifacts::MatchList, artifacts::Error> {
        Err(artifacts::Error::Unknown(folder))
    }

    fn check(&mut self, _kind: String, _content: Vec<u8>) -> Result<(), Vec<String>> {
        Ok(())
    }
}

impl log::Host for State {
    fn write(&mut self, _level: log::Level, _line: String) {}

    fn progress(&mut self, _what: String, _fraction: Option<f32>) {}
}
