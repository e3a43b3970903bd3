//! One store's virtual world: what answers the interfaces of WASI that are not wasmtime's own.

use std::sync::Arc;

use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::io;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::p2::bindings::sockets::{network, tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{DynPollable, SocketError, SocketResult, TcpSocket, UdpSocket, subscribe};
use wasmtime_wasi::{WasiCtx, WasiCtxView};

use crate::capabilities::LogLevel;
use crate::log_book::LogBook;
use crate::wasi::clock::{Alarm, START, STEP, Time};
use crate::wasi::output::Printed;
use crate::wasi::seeded_random::Lots;

/// 2026-01-01 00:00:00 UTC, in seconds.
const WALL_START: u64 = 1_767_225_600;

/// One store's virtual world.
pub(crate) struct Virtual {
    time: Arc<Time>,
    lots: Lots,
    pub(crate) table: ResourceTable,
    /// Made when first needed: most plugins import no WASI at all.
    rest: Option<WasiCtx>,
    log: LogBook,
}

impl Virtual {
    pub(crate) fn new(seed: u64, log: LogBook) -> Self {
        Self { time: Arc::default(), lots: Lots(seed), table: ResourceTable::new(), rest: None, log }
    }

    /// As wasmtime's own implementations of WASI want it.
    pub(crate) fn view(&mut self) -> WasiCtxView<'_> {
        let Self { rest, table, log, .. } = self;
        let ctx = rest.get_or_insert_with(|| {
            WasiCtx::builder()
                .stdout(Printed { log: log.clone(), level: LogLevel::Info })
                .stderr(Printed { log: log.clone(), level: LogLevel::Warn })
                .allow_tcp(false)
                .allow_udp(false)
                .allow_ip_name_lookup(false)
                .build()
        });
        WasiCtxView { ctx, table }
    }
}

impl monotonic_clock::Host for Virtual {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.time.read())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(STEP)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let alarm = self.table.push(Alarm { time: Arc::clone(&self.time), when })?;
        subscribe(&mut self.table, alarm)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let now = self.time.read();
        self.subscribe_instant(now.saturating_add(duration))
    }
}

impl wall_clock::Host for Virtual {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        let nanos = self.time.read().saturating_sub(START);
        Ok(wall_clock::Datetime {
            seconds: WALL_START + nanos / 1_000_000_000,
            nanoseconds: u32::try_from(nanos % 1_000_000_000).unwrap_or_default(),
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds: STEP as u32 })
    }
}

impl random::Host for Virtual {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.lots.bytes(len)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.lots.draw())
    }
}

impl insecure::Host for Virtual {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.lots.bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.lots.draw())
    }
}

impl insecure_seed::Host for Virtual {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        Ok((self.lots.draw(), self.lots.draw()))
    }
}

impl network::Host for Virtual {
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

impl network::HostNetwork for Virtual {
    fn drop(&mut self, network: Resource<network::Network>) -> wasmtime::Result<()> {
        self.table.delete(network)?;
        Ok(())
    }
}

impl tcp_create_socket::Host for Virtual {
    fn create_tcp_socket(&mut self, _family: network::IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        Err(SocketError::from(network::ErrorCode::AccessDenied))
    }
}

impl udp_create_socket::Host for Virtual {
    async fn create_udp_socket(&mut self, _family: network::IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        Err(SocketError::from(network::ErrorCode::AccessDenied))
    }
}
