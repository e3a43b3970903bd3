//! The virtual world behind WASI: what interpreters expect to find, and nothing real.
//!
//! Clocks start at a constant and move a fixed step at each reading and by sleeping, which takes no time. Randomness comes
//! from a seed. There are no arguments, no environment, no input and no files; what is printed goes into the bounded log.
//! Sockets exist as words only: making one, or asking for a name, is denied. So a run that reads the clock, sleeps or
//! draws lots is the same run each time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::p2::bindings::sockets::{
    instance_network, ip_name_lookup, network, tcp, tcp_create_socket, udp, udp_create_socket,
};
use wasmtime_wasi::p2::bindings::{cli, filesystem, io};
use wasmtime_wasi::p2::{
    DynPollable, OutputStream, Pollable, SocketError, SocketResult, StreamError, StreamResult, TcpSocket, UdpSocket,
    subscribe,
};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::capabilities::LogLevel;
use crate::log_book::LogBook;
use crate::mutex::lock;

/// 2026-01-01 00:00:00 UTC, in seconds.
const WALL_START: u64 = 1_767_225_600;
/// The monotonic clock's first reading.
const START: u64 = 1_000_000_000;
/// How far each reading moves the clocks, in nanoseconds.
const STEP: u64 = 10_000;
/// The most randomness that one call hands out, which is what a tick of computing time makes.
const MOST_RANDOM: u64 = 1 << 20;

/// One store's virtual world.
pub(crate) struct Virtual {
    time: Arc<Time>,
    lots: Lots,
    table: ResourceTable,
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

/// What has a virtual world: the data of a store.
pub(crate) trait HasWorld: WasiView + 'static {
    fn world(&mut self) -> &mut Virtual;
}

/// The interfaces of WASI that a component may import.
pub(crate) const INTERFACES: [&str; 27] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// Links exactly [`INTERFACES`].
pub(crate) fn link<T: HasWorld>(l: &mut Linker<T>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<T, Io>(l, |state| &mut state.world().table)?;
    io::poll::add_to_linker::<T, Io>(l, |state| &mut state.world().table)?;
    io::streams::add_to_linker::<T, Io>(l, |state| &mut state.world().table)?;

    monotonic_clock::add_to_linker::<T, Here>(l, |state| state.world())?;
    wall_clock::add_to_linker::<T, Here>(l, |state| state.world())?;
    random::add_to_linker::<T, Here>(l, |state| state.world())?;
    insecure::add_to_linker::<T, Here>(l, |state| state.world())?;
    insecure_seed::add_to_linker::<T, Here>(l, |state| state.world())?;
    tcp_create_socket::add_to_linker::<T, Here>(l, |state| state.world())?;
    udp_create_socket::add_to_linker::<T, Here>(l, |state| state.world())?;

    cli::environment::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::exit::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::stdin::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::stdout::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::stderr::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(l, T::cli)?;

    // No folder is ever given, so no file can be named; the methods are there to be linked.
    filesystem::types::add_to_linker::<T, WasiFilesystem>(l, T::filesystem)?;
    filesystem::preopens::add_to_linker::<T, WasiFilesystem>(l, T::filesystem)?;

    // No socket can be made, so these methods are never reached; looking up a name is denied by the context.
    network::add_to_linker::<T, WasiSockets>(l, &network::LinkOptions::default(), T::sockets)?;
    instance_network::add_to_linker::<T, WasiSockets>(l, T::sockets)?;
    ip_name_lookup::add_to_linker::<T, WasiSockets>(l, T::sockets)?;
    tcp::add_to_linker::<T, WasiSockets>(l, T::sockets)?;
    udp::add_to_linker::<T, WasiSockets>(l, T::sockets)
}

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

struct Here;

impl HasData for Here {
    type Data<'a> = &'a mut Virtual;
}

/// The virtual clock, and who sleeps until when.
struct Time {
    now: AtomicU64,
    alarms: Mutex<BTreeMap<u64, usize>>,
}

impl Default for Time {
    fn default() -> Self {
        Self { now: AtomicU64::new(START), alarms: Mutex::default() }
    }
}

impl Time {
    fn read(&self) -> u64 {
        self.now.fetch_add(STEP, Ordering::Relaxed)
    }

    fn alarms(&self) -> MutexGuard<'_, BTreeMap<u64, usize>> {
        lock(&self.alarms)
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

/// A sleep. Ready at once, unless somebody in the same poll wakes earlier or is ready without sleeping.
struct Alarm {
    time: Arc<Time>,
    when: u64,
}

#[async_trait::async_trait]
impl Pollable for Alarm {
    async fn ready(&mut self) {
        let set = Set::new(&self.time, self.when);
        loop {
            // Once round, so that whoever is ready or sleeps in the same poll has shown itself.
            yield_once().await;
            let first = self.time.alarms().first_key_value().map(|(when, _)| *when);
            if first.is_none_or(|first| self.when <= first) {
                break;
            }
        }
        drop(set);
        self.time.now.fetch_max(self.when, Ordering::Relaxed);
    }
}

/// An alarm that is set; unset when dropped.
struct Set<'a> {
    time: &'a Time,
    when: u64,
}

impl<'a> Set<'a> {
    fn new(time: &'a Time, when: u64) -> Self {
        *time.alarms().entry(when).or_default() += 1;
        Self { time, when }
    }
}

impl Drop for Set<'_> {
    fn drop(&mut self) {
        let mut alarms = self.time.alarms();
        if let Some(count) = alarms.get_mut(&self.when) {
            *count -= 1;
            if *count == 0 {
                alarms.remove(&self.when);
            }
        }
    }
}

async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if yielded {
            return std::task::Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// SplitMix64: a public, fixed sequence per seed. Not for secrets; there are none here.
struct Lots(u64);

impl Lots {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        wasmtime::ensure!(
            len <= MOST_RANDOM,
            "{len} random bytes were asked for at once, at most {MOST_RANDOM} are given"
        );
        let mut bytes = Vec::with_capacity(len as usize);
        while (bytes.len() as u64) < len {
            bytes.extend_from_slice(&self.draw().to_le_bytes());
        }
        bytes.truncate(len as usize);
        Ok(bytes)
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

/// Standard output or error: whole lines go into the log.
struct Printed {
    log: LogBook,
    level: LogLevel,
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Lines { log: self.log.clone(), level: self.level, line: Vec::new() })
    }
}

const LONGEST_LINE: usize = 8 << 10;
/// What may be printed at once.
const MOST_PRINTED: usize = 64 << 10;

struct Lines {
    log: LogBook,
    level: LogLevel,
    line: Vec<u8>,
}

impl Lines {
    fn end(&mut self) {
        if !self.line.is_empty() {
            self.log.write(self.level, &String::from_utf8_lossy(&self.line));
            self.line.clear();
        }
    }
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        if bytes.len() > MOST_PRINTED {
            return Err(StreamError::trap("more was printed at once than may be"));
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            self.line.extend_from_slice(text.get(..room.min(text.len())).unwrap_or_default());
            if part.ends_with(b"\n") {
                self.end();
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MOST_PRINTED)
    }
}

#[async_trait::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.end();
    }
}
