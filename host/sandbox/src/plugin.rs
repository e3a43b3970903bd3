//! A loaded plugin and its calls. Each call has a fresh store and instance with limits.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use phasegate_process::feedback::{Decision, GateFailure};
use phasegate_process::limits::Limits;
use phasegate_process::testing::{BenchError, File, Probe, TestRun};
use phasegate_process::{Assignment, Digest, Failure, PluginName, Submission};
use serde_json::Value;
use wasmtime::Store;
use wasmtime::component::Instance;

use crate::bindings::exports::phasegate::plugin::runner;
use crate::call_log::{CallLog, LogTarget};
use crate::capabilities::{Capabilities, LogSink};
use crate::compiled::{Compiled, Exports};
use crate::convert;
use crate::cpu_meter::CpuMeter;
use crate::engine::Engine;
use crate::error::{CallError, CallErrorKind, LoadError};
use crate::inspect::Inspection;
use crate::ordered_call::{OrderedCall, Stuck};
use crate::quota::FatalError;
use crate::state::State;
use crate::store::{classify, new_store, wrong_world};
use crate::test_progress::TestProgress;
use crate::world::World;

/// A loaded plugin. Cheap to clone.
#[derive(Clone)]
pub struct Plugin {
    name: PluginName,
    engine: Engine,
    compiled: Arc<Compiled>,
}

/// Parameters of a call that are not passed to the guest.
#[derive(Clone)]
pub struct Call {
    /// What the plugin is doing, for messages: `phase design, attempt 2`.
    pub doing: String,
    /// Seed of the virtual random numbers. A run uses the same seed when it is resumed or replayed.
    pub seed: u64,
    /// Limits of the call.
    pub limits: Limits,
    /// Counts the computing time of the call.
    pub cpu: CpuMeter,
    /// Receives log lines and output. Ignored for agents, whose capabilities receive them.
    pub log: Option<LogSink>,
    /// Receives what a test runner says while it runs tests.
    pub progress: TestProgress,
}

/// The largest environment description of a test runner, in bytes. Every run stores it, and each assignment contains it.
const MAX_ENVIRONMENT_BYTES: usize = 64 << 10;

type GuestFuture<'a, R> = Pin<Box<dyn Future<Output = wasmtime::Result<R>> + Send + 'a>>;

impl Engine {
    /// Loads a plugin and compiles it if necessary. Blocks the thread. Concurrent loads of the same digest compile once.
    /// `bytes` is called only if the component is neither loaded nor cached.
    pub fn load(
        &self,
        name: &PluginName,
        digest: &Digest,
        bytes: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Plugin, LoadError> {
        let compiled = self.load_compiled(name, digest, bytes)?;
        Ok(Plugin { name: name.clone(), engine: self.clone(), compiled })
    }
}

impl Plugin {
    /// Returns its name in the pipeline.
    pub fn name(&self) -> &PluginName {
        &self.name
    }

    /// Returns the world that it implements.
    pub fn world(&self) -> World {
        self.compiled.exports.world()
    }

    /// Returns the properties of its component.
    pub fn inspection(&self) -> &Inspection {
        &self.compiled.inspection
    }

    /// Returns the default limits for its kind of plugin.
    pub fn usual_limits(&self) -> Limits {
        let limits = match self.world() {
            World::Agent | World::AgentBlocking => Limits::default(),
            World::Feedback => Limits::strategy(),
            World::Runner => Limits::runner(),
        };
        Limits { stack_bytes: self.compiled.stack, ..limits }
    }

    /// Runs an agent on an assignment. The outer error is the sandbox's, the inner one the agent's own.
    ///
    /// Returns when the agent has finished and all its model calls and test runs are completed, including those that it
    /// dropped.
    pub async fn run_agent(
        &self,
        assignment: &Assignment,
        capabilities: Arc<dyn Capabilities>,
        call: &Call,
    ) -> Result<Result<Submission, Failure>, CallError> {
        let assignment = convert::work::assignment(assignment);
        let log = CallLog::new(LogTarget::Agent(Arc::clone(&capabilities)), &call.limits, self.caller(call));
        let state = State::new(call.limits, log, Some(capabilities), call.seed);
        let artifact_quota = state.artifact_quota.clone();
        let result = self
            .run(call, state, move |store, instance, compiled| {
                Box::pin(async move {
                    match &compiled.exports {
                        Exports::Agent(indices) => {
                            let guest = indices.load(&mut *store, &instance)?;
                            store.run_concurrent(async |store| guest.call_run(store, assignment).await).await?
                        }
                        Exports::AgentBlocking(indices) => {
                            let guest = indices.load(&mut *store, &instance)?;
                            guest.call_run(store, &assignment).await
                        }
                        other => Err(wrong_world(other.world(), World::Agent)),
                    }
                })
            })
            .await?;
        match result {
            Ok(submission) => {
                for artifact in &submission.artifacts {
                    let size = artifact.content.len();
                    let taken = artifact_quota
                        .check_size(size)
                        .map_or_else(|| artifact_quota.charge(size), |kind| Err(FatalError(kind)));
                    taken.map_err(|FatalError(kind)| self.error(call, kind))?;
                }
                self.check_output_size(call, convert::work::size(&submission))?;
                convert::work::submission(submission).map(Ok).map_err(|text| self.bad_answer(call, text))
            }
            Err(failure) => Ok(Err(convert::work::failure(failure))),
        }
    }

    /// Asks a feedback strategy for a decision about a failed gate.
    pub async fn decide(&self, failure: &GateFailure, call: &Call) -> Result<Decision, CallError> {
        let failure = convert::feedback::failure(failure);
        let decision = self
            .run(call, self.state_without_capabilities(call), move |store, instance, compiled| {
                Box::pin(async move {
                    let Exports::Feedback(indices) = &compiled.exports else {
                        return Err(wrong_world(compiled.exports.world(), World::Feedback));
                    };
                    let guest = indices.load(&mut *store, &instance)?;
                    guest.call_decide(store, &failure).await
                })
            })
            .await?;
        self.check_output_size(call, convert::feedback::size(&decision))?;
        convert::feedback::decision(decision).map_err(|text| self.bad_answer(call, text))
    }

    /// Returns what a test runner offers to code, as a JSON object.
    pub async fn environment(&self, call: &Call) -> Result<Value, CallError> {
        let text = self
            .run(call, self.state_without_capabilities(call), |store, instance, compiled| {
                Box::pin(async move {
                    let guest = runner_guest(store, &instance, compiled)?;
                    guest.call_environment(store).await
                })
            })
            .await?;
        self.check_output_size(call, text.len())?;
        if text.len() > MAX_ENVIRONMENT_BYTES {
            let text =
                format!("its environment has {} bytes, and at most {MAX_ENVIRONMENT_BYTES} are taken", text.len());
            return Err(self.bad_answer(call, text));
        }
        match serde_json::from_str(&text) {
            Ok(object @ Value::Object(_)) => Ok(object),
            Ok(_) => Err(self.bad_answer(call, "its environment is not a JSON object".to_owned())),
            Err(error) => Err(self.bad_answer(call, format!("its environment is not JSON: {error}"))),
        }
    }

    /// Returns the names of the tests, or the errors that prevent building the code.
    pub async fn collect(
        &self,
        code: &[File],
        tests: &[File],
        call: &Call,
    ) -> Result<Result<Vec<String>, Vec<String>>, CallError> {
        let (code, tests) = (convert::bench::to_files(code), convert::bench::to_files(tests));
        let found = self
            .run(call, self.state_without_capabilities(call), move |store, instance, compiled| {
                Box::pin(async move {
                    let guest = runner_guest(store, &instance, compiled)?;
                    guest.call_collect(store, &code, &tests).await
                })
            })
            .await?;
        let (Ok(lines) | Err(lines)) = &found;
        self.check_output_size(call, lines.iter().map(String::len).sum())?;
        Ok(found)
    }

    /// Runs the tests of the file at `path`. If the call is stopped, `call.progress` has the tests that had ended.
    pub async fn run_tests(
        &self,
        code: &[File],
        tests: &[File],
        path: &str,
        call: &Call,
    ) -> Result<Result<TestRun, BenchError>, CallError> {
        let (code, tests, path) = (convert::bench::to_files(code), convert::bench::to_files(tests), path.to_owned());
        let target = call.log.clone().map_or(LogTarget::None, LogTarget::Sink);
        let log = CallLog::new(target, &call.limits, self.caller(call)).with_progress(call.progress.clone());
        let state = State::new(call.limits, log, None, call.seed);
        let result = self
            .run(call, state, move |store, instance, compiled| {
                Box::pin(async move {
                    let guest = runner_guest(store, &instance, compiled)?;
                    guest.call_run_tests(store, &code, &tests, &path).await
                })
            })
            .await?;
        self.check_output_size(call, convert::bench::size(&result))?;
        Ok(convert::bench::from_result(result))
    }

    /// Returns whether the runner offers probes.
    pub fn has_probe(&self) -> bool {
        matches!(&self.compiled.exports, Exports::Runner(_, Some(_)))
    }

    /// Returns the test file at `path` with one of the `passed` tests changed so that it must fail. `None` if no such change
    /// is certain, or if the runner offers no probes. The call's seed chooses the change.
    pub async fn probe(
        &self,
        tests: &[File],
        path: &str,
        passed: &[String],
        call: &Call,
    ) -> Result<Option<Probe>, CallError> {
        if !self.has_probe() {
            return Ok(None);
        }
        let (tests, path, passed) = (convert::bench::to_files(tests), path.to_owned(), passed.to_vec());
        let seed = call.seed;
        let probe = self
            .run(call, self.state_without_capabilities(call), move |store, instance, compiled| {
                Box::pin(async move {
                    let Exports::Runner(_, Some(indices)) = &compiled.exports else { return Ok(None) };
                    let guest = indices.load(&mut *store, &instance)?;
                    guest.call_probe(store, &tests, &path, &passed, seed).await
                })
            })
            .await?;
        let probe = probe.map(|probe| Probe { test: probe.test, content: probe.content });
        self.check_output_size(call, probe.as_ref().map_or(0, |probe| probe.test.len() + probe.content.len()))?;
        Ok(probe)
    }

    fn caller(&self, call: &Call) -> String {
        format!("plugin `{}` ({})", self.name, call.doing)
    }

    fn state_without_capabilities(&self, call: &Call) -> State {
        let target = call.log.clone().map_or(LogTarget::None, LogTarget::Sink);
        State::new(call.limits, CallLog::new(target, &call.limits, self.caller(call)), None, call.seed)
    }

    /// Makes one call in a fresh store and instance, and drops both.
    async fn run<R, B>(&self, call: &Call, state: State, body: B) -> Result<R, CallError>
    where
        R: Send,
        B: for<'a> FnOnce(&'a mut Store<State>, Instance, &'a Compiled) -> GuestFuture<'a, R> + Send,
    {
        let compiled = self.engine.variant_for(&self.compiled, &call.limits).await;
        let compiled = &*compiled.map_err(|kind| self.error(call, kind))?;
        let _entered = self.engine.enter(self.world(), compiled.pooled).await.map_err(|kind| self.error(call, kind))?;
        let calls = state.calls.clone();
        let mut store = new_store(compiled, state);
        let work = async {
            let instance = compiled.pre.instantiate_async(&mut store).await?;
            body(&mut store, instance, compiled).await
        };
        let wall_time = Duration::from_millis(call.limits.wall_ms.get());
        let deadline = tokio::time::Instant::now() + wall_time;
        let ordered = OrderedCall::new(work, &calls, &self.engine);
        // The timer comes first: if the runtime shuts down while an offloaded guest computes, the timer no longer exists.
        let ended = tokio::select! {
            biased;
            () = tokio::time::sleep_until(deadline) => None,
            ended = ordered => Some(ended),
        };
        let result = match ended {
            None => Err(CallErrorKind::WallClock { limit_ms: call.limits.wall_ms.get() }),
            Some(Err(Stuck)) => Err(CallErrorKind::Stuck),
            Some(Ok(Err(error))) => Err(classify(&error, store.data(), compiled.stack)),
            Some(Ok(Ok(result))) => Ok(result),
        };
        call.cpu.add(store.data().ticks);
        drop(store);
        // Host calls that are still in progress at the deadline are dropped with `calls`.
        let _ = tokio::time::timeout_at(deadline, calls.finish()).await;
        result.map_err(|kind| self.error(call, kind))
    }

    fn check_output_size(&self, call: &Call, size: usize) -> Result<(), CallError> {
        let (size, limit) = (size as u64, call.limits.output_bytes);
        match size > limit {
            true => Err(self.error(call, CallErrorKind::Output { size, limit })),
            false => Ok(()),
        }
    }

    fn bad_answer(&self, call: &Call, text: String) -> CallError {
        self.error(call, CallErrorKind::BadAnswer(text))
    }

    fn error(&self, call: &Call, kind: CallErrorKind) -> CallError {
        CallError { plugin: self.name.clone(), doing: call.doing.clone(), kind }
    }
}

fn runner_guest(store: &mut Store<State>, instance: &Instance, compiled: &Compiled) -> wasmtime::Result<runner::Guest> {
    match &compiled.exports {
        Exports::Runner(indices, _) => indices.load(store, instance),
        other => Err(wrong_world(other.world(), World::Runner)),
    }
}
