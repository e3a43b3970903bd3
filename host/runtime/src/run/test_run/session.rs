//! A test run under way: its runner, the limits of each call and of the run as a whole.

use std::time::{Duration, Instant};

use phasegate_process::testing::TestRun;
use phasegate_sandbox::{Call, CallError, CallErrorKind, CpuMeter, Plugin, TestProgress};

use crate::run::limit_hit::LimitHit;

/// A test run may take this many times the `wall_ms` of one call of the runner: one hour with the default limits, like
/// an agent.
const SUITE_TIME_FACTOR: u32 = 12;

/// Receives the path and the result of each test file.
pub(crate) type OnFile<'a> = dyn Fn(&str, &TestRun) + Send + Sync + 'a;

/// A test run under way.
pub(crate) struct Session<'a> {
    pub(crate) runner: &'a Plugin,
    pub(crate) hit: &'a LimitHit,
    /// The computing time of all calls of the runner.
    pub(crate) cpu: CpuMeter,
    /// Whether the results of each file are checked by probes.
    pub(crate) probes: bool,
    /// Seed and limits of each call.
    template: Call,
    began: Instant,
    on_file: Option<&'a OnFile<'a>>,
}

impl<'a> Session<'a> {
    /// Starts a test run. `template` has the seed and the limits of the runner's calls.
    pub(crate) fn new(runner: &'a Plugin, template: Call, hit: &'a LimitHit) -> Self {
        Self { runner, hit, cpu: CpuMeter::default(), probes: false, template, began: Instant::now(), on_file: None }
    }

    /// Checks the results of each file by probes.
    pub(crate) fn with_probes(self) -> Self {
        Self { probes: true, ..self }
    }

    /// Calls this function with each file that has ended.
    pub(crate) fn with_observer(self, on_file: &'a OnFile<'a>) -> Self {
        Self { on_file: Some(on_file), ..self }
    }

    /// Returns the same test run under way, with another seed.
    pub(crate) fn with_seed(&self, seed: u64) -> Session<'_> {
        Session {
            runner: self.runner,
            hit: self.hit,
            cpu: self.cpu.clone(),
            probes: self.probes,
            template: Call { seed, ..self.template.clone() },
            began: self.began,
            on_file: self.on_file,
        }
    }

    /// Tells the observer that a file has ended.
    pub(crate) fn file_ended(&self, path: &str, run: &TestRun) {
        if let Some(on_file) = self.on_file {
            on_file(path, run);
        }
    }

    /// Returns a call of the runner for messages: `phase test, attempt 2, running tests/test_a.py`.
    pub(crate) fn call(&self, doing: &str) -> Call {
        Call {
            doing: format!("{}, {doing}", self.hit.attempt()),
            cpu: self.cpu.clone(),
            progress: TestProgress::default(),
            ..self.template.clone()
        }
    }

    /// Returns an error if the test run as a whole has taken too long.
    pub(crate) fn time_exceeded(&self) -> Option<CallError> {
        let doing = format!("{}, all its tests together", self.hit.attempt());
        let limit_ms = self.template.limits.wall_ms.get().saturating_mul(SUITE_TIME_FACTOR.into());
        let over = self.began.elapsed() > Duration::from_millis(limit_ms);
        over.then(|| CallError {
            plugin: self.runner.name().clone(),
            doing,
            kind: CallErrorKind::WallClock { limit_ms },
        })
    }
}
