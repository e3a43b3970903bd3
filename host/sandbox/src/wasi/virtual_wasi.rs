//! The state of virtual WASI in one store, and the interfaces that it implements itself: clocks, random numbers, sockets.

use std::sync::Arc;

use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::io;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::p2::bindings::sockets::{network, tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{DynPollable, SocketError, SocketResult, TcpSocket, UdpSocket, subscribe};
use wasmtime_wasi::{WasiCtx, WasiCtxView};

use crate::call_log::CallLog;
use crate::capabilities::LogLevel;
use crate::wasi::clock::{MONOTONIC_START_NANOS, STEP_NANOS, Sleep, VirtualClock};
use crate::wasi::output::LogOutput;
use crate::wasi::seeded_random::SplitMix64;

/// 2026-01-01 00:00:00 UTC, in seconds.
const WALL_START_SECONDS: u64 = 1_767_225_600;

/// Virtual WASI of one store.
pub(crate) struct VirtualWasi {
    clock: Arc<VirtualClock>,
    random: SplitMix64,
    pub(crate) table: ResourceTable,
    /// wasmtime's own context, created on first use: most plugins import no WASI.
    ctx: Option<WasiCtx>,
    log: CallLog,
}

impl VirtualWasi {
    pub(crate) fn new(seed: u64, log: CallLog) -> Self {
        Self { clock: Arc::default(), random: SplitMix64(seed), table: ResourceTable::new(), ctx: None, log }
    }

    /// Returns the context for the interfaces that wasmtime implements.
    pub(crate) fn view(&mut self) -> WasiCtxView<'_> {
        let Self { ctx, table, log, .. } = self;
        let ctx = ctx.get_or_insert_with(|| {
            WasiCtx::builder()
                .stdout(LogOutput { log: log.clone(), level: LogLevel::Info })
                .stderr(LogOutput { log: log.clone(), level: LogLevel::Warn })
                .allow_tcp(false)
                .allow_udp(false)
                .allow_ip_name_lookup(false)
                .build()
        });
        WasiCtxView { ctx, table }
    }
}

impl monotonic_clock::Host for VirtualWasi {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock.read())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(STEP_NANOS)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let sleep = self.table.push(Sleep { clock: Arc::clone(&self.clock), when })?;
        subscribe(&mut self.table, sleep)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let now = self.clock.read();
        self.subscribe_instant(now.saturating_add(duration))
    }
}

impl wall_clock::Host for VirtualWasi {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        let nanos = self.clock.read().saturating_sub(MONOTONIC_START_NANOS);
        Ok(wall_clock::Datetime {
            seconds: WALL_START_SECONDS + nanos / 1_000_000_000,
            nanoseconds: u32::try_from(nanos % 1_000_000_000).unwrap_or_default(),
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds: STEP_NANOS as u32 })
    }
}

impl random::Host for VirtualWasi {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.random.bytes(len)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.random.next_u64())
    }
}

impl insecure::Host for VirtualWasi {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.random.bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.random.next_u64())
    }
}

impl insecure_seed::Host for VirtualWasi {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        Ok((self.random.next_u64(), self.random.next_u64()))
    }
}

impl network::Host for VirtualWasi {
    fn network_error_code(
        &mut self,
        _error: Resource<io::error::Error>,
    ) -> wasmtime::Result<Option<network::ErrorCode>> {
        Ok(None)
    }

    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<network::ErrorCode> {
        error.downcast()
    }
}

impl network::HostNetwork for VirtualWasi {
    fn drop(&mut self, network: Resource<network::Network>) -> wasmtime::Result<()> {
        self.table.delete(network)?;
        Ok(())
    }
}

impl tcp_create_socket::Host for VirtualWasi {
    fn create_tcp_socket(&mut self, _family: network::IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        Err(SocketError::from(network::ErrorCode::AccessDenied))
    }
}

impl udp_create_socket::Host for VirtualWasi {
    async fn create_udp_socket(&mut self, _family: network::IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        Err(SocketError::from(network::ErrorCode::AccessDenied))
    }
}
