//! The imports of the contract, implemented with [`Capabilities`].
//!
//! Parameters are converted to the host's types first. A request that cannot be converted is answered with an error without
//! reaching `Capabilities::complete` or `run_tests`, but it is still a numbered call, and its answer waits for its turn.

use std::future::Future;
use std::sync::Arc;

use phasegate_process::budget::BudgetExceeded;
use phasegate_process::model::Answer;
use phasegate_process::testing::{BenchError, TestRun};
use wasmtime::AsContextMut;
use wasmtime::component::{Accessor, HasSelf, Linker};

use crate::bindings::phasegate::plugin::{
    artifacts, log, model_types, models, models_blocking, test_bench, test_bench_blocking, types,
};
use crate::capabilities::{Capabilities, LogLevel};
use crate::convert::{bench, model as convert_model, repository, work};
use crate::cpu_meter::CpuMeter;
use crate::error::CallErrorKind;
use crate::pending_calls::{PendingAnswer, in_own_task};
use crate::quota::FatalError;
use crate::state::State;

/// Links every interface of the contract.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    models::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    models_blocking::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    artifacts::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    test_bench::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    test_bench_blocking::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    log::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    types::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    model_types::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

/// Result of a model call; an error ends the guest's run.
type ModelOutcome = Result<Answer, BudgetExceeded>;

/// Converts an answer for the guest. Fails, and so ends the guest's run, if a limit is exceeded.
fn answer_for_guest(
    outcome: ModelOutcome,
    limit: u64,
) -> Result<Result<model_types::Response, model_types::Error>, FatalError> {
    let answer = outcome.map_err(|exceeded| FatalError(CallErrorKind::BudgetExceeded(exceeded)))?;
    let size = convert_model::answer_size(&answer);
    if size > limit {
        return Err(FatalError(CallErrorKind::Answer { size, limit }));
    }
    Ok(convert_model::answer(answer))
}

impl types::Host for State {}
impl model_types::Host for State {}
impl models::Host for State {}
impl test_bench::Host for State {}

impl State {
    fn capabilities(&self) -> wasmtime::Result<Arc<dyn Capabilities>> {
        self.capabilities.clone().ok_or_else(|| wasmtime::format_err!("this call has no capabilities"))
    }

    fn ask_model(&self, call: u32, request: model_types::Request) -> wasmtime::Result<PendingAnswer<ModelOutcome>> {
        let capabilities = self.capabilities()?;
        let request = convert_model::request(request);
        Ok(self.calls.start(call, async move {
            match request {
                Ok(request) => capabilities.complete(call, request).await,
                Err(error) => {
                    capabilities.call_rejected(call).await;
                    Ok(Err(error))
                }
            }
        }))
    }

    fn try_tests(
        &self,
        call: u32,
        language: String,
        code: types::Subject,
        tests: Vec<types::File>,
    ) -> wasmtime::Result<PendingAnswer<Result<TestRun, BenchError>>> {
        let capabilities = self.capabilities()?;
        let code = bench::subject(code);
        let tests = bench::files(tests);
        Ok(self.calls.start(call, async move {
            match code {
                // Test runs of one agent compute beside each other.
                Ok(code) => in_own_task(async move { capabilities.run_tests(call, language, code, tests).await }).await,
                Err(error) => {
                    capabilities.call_rejected(call).await;
                    Err(error)
                }
            }
        }))
    }

    /// Counts bytes that the guest reads. Fails if the limit is exceeded.
    fn charge_read(&self, bytes: usize) -> Result<(), FatalError> {
        match self.read_bytes.charge(bytes) {
            true => Ok(()),
            false => Err(FatalError(CallErrorKind::Read { limit: self.read_bytes.limit })),
        }
    }

    /// Runs [`Capabilities::before_answer`]. Meanwhile the guest counts as blocked, so that no other answer is released.
    fn before_answer(&self, call: u32) -> wasmtime::Result<impl Future<Output = ()> + Send + use<>> {
        let (capabilities, blocked) = (self.capabilities()?, self.calls.order.block());
        Ok(async move {
            capabilities.before_answer(call).await;
            drop(blocked);
        })
    }
}

/// Starts a numbered call and waits until its answer may go to the guest. The time spent waiting does not count as
/// computing time, so the epoch deadline is set again.
async fn in_order<A: Send + 'static>(
    accessor: &Accessor<State, HasSelf<State>>,
    bytes: usize,
    start: impl FnOnce(&State, u32) -> wasmtime::Result<PendingAnswer<A>>,
) -> wasmtime::Result<A> {
    let (call, pending, turn, _open) = accessor.with(|mut access| {
        let state = access.get();
        let (call, open) = state.calls.begin(bytes)?;
        let turn = state.calls.wait_for(call);
        wasmtime::error::Ok((call, start(state, call)?, turn, open))
    })?;
    turn.await;
    accessor.with(|mut access| access.get().before_answer(call))?.await;
    accessor.with(|mut access| access.as_context_mut().set_epoch_deadline(1));
    Ok(pending.take()?)
}

impl models::HostWithStore<State> for HasSelf<State> {
    async fn complete(
        accessor: &Accessor<State, Self>,
        request: model_types::Request,
    ) -> wasmtime::Result<Result<model_types::Response, model_types::Error>> {
        let bytes = convert_model::size(&request);
        let outcome = in_order(accessor, bytes, |state, call| state.ask_model(call, request)).await?;
        Ok(answer_for_guest(outcome, accessor.with(|mut access| access.get().limits.answer_bytes))?)
    }
}

impl test_bench::HostWithStore<State> for HasSelf<State> {
    async fn run_tests(
        accessor: &Accessor<State, Self>,
        language: String,
        code: types::Subject,
        tests: Vec<types::File>,
    ) -> wasmtime::Result<Result<types::TestRun, types::BenchError>> {
        Ok(bench::result(
            in_order(accessor, bench::subject_size(&code, &tests), |state, call| {
                state.try_tests(call, language, code, tests)
            })
            .await?,
        ))
    }
}

impl models_blocking::Host for State {
    async fn complete(
        &mut self,
        request: model_types::Request,
    ) -> wasmtime::Result<Result<model_types::Response, model_types::Error>> {
        let _blocked = self.calls.order.block();
        let (call, _open) = self.calls.begin(convert_model::size(&request))?;
        let outcome = self.ask_model(call, request)?.wait().await?;
        self.before_answer(call)?.await;
        Ok(answer_for_guest(outcome, self.limits.answer_bytes)?)
    }

    async fn complete_all(
        &mut self,
        requests: Vec<model_types::Request>,
    ) -> wasmtime::Result<Vec<Result<model_types::Response, model_types::Error>>> {
        let _blocked = self.calls.order.block();
        let started: Vec<_> = requests
            .into_iter()
            .map(|request| {
                let (call, open) = self.calls.begin(convert_model::size(&request))?;
                wasmtime::error::Ok(((call, self.ask_model(call, request)?), open))
            })
            .collect::<wasmtime::Result<_>>()?;
        let (started, _open): (Vec<_>, Vec<_>) = started.into_iter().unzip();
        let mut answers = Vec::with_capacity(started.len());
        for (call, pending) in started {
            let outcome = pending.wait().await?;
            self.before_answer(call)?.await;
            answers.push(answer_for_guest(outcome, self.limits.answer_bytes)?);
        }
        Ok(answers)
    }
}

impl test_bench_blocking::Host for State {
    async fn run_tests(
        &mut self,
        language: String,
        code: types::Subject,
        tests: Vec<types::File>,
    ) -> wasmtime::Result<Result<types::TestRun, types::BenchError>> {
        let _blocked = self.calls.order.block();
        let (call, _open) = self.calls.begin(bench::subject_size(&code, &tests))?;
        let result = self.try_tests(call, language, code, tests)?.wait().await?;
        self.before_answer(call)?.await;
        Ok(bench::result(result))
    }
}

impl artifacts::Host for State {
    fn inputs(&mut self) -> wasmtime::Result<Vec<types::ArtifactRef>> {
        Ok(work::artifact_refs(self.capabilities()?.inputs()))
    }

    async fn read(&mut self, name: String) -> wasmtime::Result<Result<Vec<u8>, artifacts::Error>> {
        self.charge_copy(name.len())?;
        let _blocked = self.calls.order.block();
        let content = self.capabilities()?.read(name).await;
        self.charge_read(content.as_ref().map_or(0, Vec::len))?;
        Ok(content.map_err(repository::error))
    }

    async fn list_files(&mut self, folder: String) -> wasmtime::Result<Result<artifacts::FileList, artifacts::Error>> {
        self.charge_copy(folder.len())?;
        let _blocked = self.calls.order.block();
        let list = self.capabilities()?.list_files(folder).await;
        self.charge_read(list.as_ref().map_or(0, repository::list_size))?;
        Ok(list.map(repository::list).map_err(repository::error))
    }

    async fn search_text(
        &mut self,
        text: String,
        folder: String,
    ) -> wasmtime::Result<Result<artifacts::MatchList, artifacts::Error>> {
        self.charge_copy(text.len() + folder.len())?;
        let _blocked = self.calls.order.block();
        let found = self.capabilities()?.search_text(text, folder).await;
        self.charge_read(found.as_ref().map_or(0, repository::matches_size))?;
        Ok(found.map(repository::matches).map_err(repository::error))
    }

    async fn check(&mut self, kind: String, content: Vec<u8>) -> wasmtime::Result<Result<(), Vec<String>>> {
        self.charge_copy(kind.len() + content.len())?;
        let _blocked = self.calls.order.block();
        self.artifact_quota.charge(content.len())?;
        match self.artifact_quota.check_size(content.len()) {
            Some(why) => Ok(Err(vec![why.to_string()])),
            None => {
                let cpu = CpuMeter::default();
                let found = self.capabilities()?.check(kind, content, &cpu).await;
                self.charge_cpu(cpu.ms())?;
                Ok(found)
            }
        }
    }
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, line: String) -> wasmtime::Result<()> {
        self.charge_copy(line.len())?;
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        self.log.write(level, &line);
        Ok(())
    }

    fn progress(&mut self, what: String, fraction: Option<f32>) -> wasmtime::Result<()> {
        self.charge_copy(what.len())?;
        self.log.progress(&what, fraction);
        Ok(())
    }
}
