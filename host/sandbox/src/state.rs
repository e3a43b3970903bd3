//! The host's data in a store: limits and what is left of them, log, open calls and virtual WASI.

use std::sync::Arc;

use phasegate_process::limits::Limits;
use wasmtime::ResourceLimiter;
use wasmtime_wasi::{WasiCtxView, WasiView};

use crate::call_log::CallLog;
use crate::capabilities::Capabilities;
use crate::error::CallErrorKind;
use crate::pending_calls::PendingCalls;
use crate::quota::{ArtifactQuota, FatalError, Quota};
use crate::wasi::{HasWasi, VirtualWasi};

/// The data of one store.
pub(crate) struct State {
    pub(crate) limits: Limits,
    pub(crate) log: CallLog,
    pub(crate) calls: PendingCalls,
    pub(crate) artifact_quota: ArtifactQuota,
    pub(crate) read_bytes: Quota,
    /// `None` for feedback strategies and test runners.
    pub(crate) capabilities: Option<Arc<dyn Capabilities>>,
    pub(crate) wasi: VirtualWasi,
    pub(crate) ticks: u64,
    memory: u64,
    /// The last denied growth: `memory` or `table`, the wanted size, the limit.
    pub(crate) denied_growth: Option<(&'static str, u64, u64)>,
}

impl State {
    pub(crate) fn new(limits: Limits, log: CallLog, capabilities: Option<Arc<dyn Capabilities>>, seed: u64) -> Self {
        Self {
            limits,
            calls: PendingCalls::new(&limits),
            artifact_quota: ArtifactQuota::new(&limits),
            read_bytes: Quota::new(limits.read_bytes),
            capabilities,
            wasi: VirtualWasi::new(seed, log.clone()),
            log,
            ticks: 0,
            memory: 0,
            denied_growth: None,
        }
    }

    /// Counts the host's work on `bytes` from the guest as computing time, about 1 ms per MiB. The epoch callback sees
    /// only one tick for a host call, however long it takes. Fails if the limit on computing time is exceeded.
    pub(crate) fn charge_copy(&mut self, bytes: usize) -> Result<(), FatalError> {
        self.charge_cpu((bytes >> 20) as u64)
    }

    /// Adds computing time in ms. Fails if the limit on computing time is exceeded.
    pub(crate) fn charge_cpu(&mut self, ms: u64) -> Result<(), FatalError> {
        self.ticks = self.ticks.saturating_add(ms);
        let limit_ms = self.limits.cpu_ms.get();
        match self.ticks > limit_ms {
            true => Err(FatalError(CallErrorKind::CpuTime { limit_ms })),
            false => Ok(()),
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.view()
    }
}

impl HasWasi for State {
    fn wasi(&mut self) -> &mut VirtualWasi {
        &mut self.wasi
    }
}

// A denied growth does not trap: an interpreter turns it into its own out-of-memory error and continues. If the guest traps
// afterwards, `denied_growth` explains the trap.
impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.memory.saturating_add((desired.saturating_sub(current)) as u64);
        if wanted > self.limits.memory_bytes {
            self.denied_growth = Some(("memory", wanted, self.limits.memory_bytes));
            return Ok(false);
        }
        self.memory = wanted;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let limit = u64::from(self.limits.table_elements);
        if desired as u64 > limit {
            self.denied_growth = Some(("table", desired as u64, limit));
            return Ok(false);
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.instances as usize
    }

    fn tables(&self) -> usize {
        self.limits.instances as usize
    }

    fn memories(&self) -> usize {
        self.limits.instances as usize
    }
}
