//! The virtual world behind WASI: what interpreters expect to find, and nothing real.
//!
//! Clocks start at a constant and move a fixed step at each reading and by sleeping, which takes no time. Randomness comes
//! from a seed. There are no arguments, no environment, no input and no files; what is printed goes into the bounded log.
//! Sockets exist as words only: making one, or asking for a name, is denied. So a run that reads the clock, sleeps or
//! draws lots is the same run each time.

mod clock;
mod output;
mod seeded_random;
mod virtual_wasi;

use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::p2::bindings::sockets::{
    instance_network, ip_name_lookup, network, tcp, tcp_create_socket, udp, udp_create_socket,
};
use wasmtime_wasi::p2::bindings::{cli, filesystem, io};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};

pub(crate) use virtual_wasi::VirtualWasi;

/// What has a virtual world: the data of a store.
pub(crate) trait HasWasi: WasiView + 'static {
    fn wasi(&mut self) -> &mut VirtualWasi;
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
pub(crate) fn link<T: HasWasi>(l: &mut Linker<T>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<T, Resources>(l, |state| &mut state.wasi().table)?;
    io::poll::add_to_linker::<T, Resources>(l, |state| &mut state.wasi().table)?;
    io::streams::add_to_linker::<T, Resources>(l, |state| &mut state.wasi().table)?;

    monotonic_clock::add_to_linker::<T, Wasi>(l, |state| state.wasi())?;
    wall_clock::add_to_linker::<T, Wasi>(l, |state| state.wasi())?;
    random::add_to_linker::<T, Wasi>(l, |state| state.wasi())?;
    insecure::add_to_linker::<T, Wasi>(l, |state| state.wasi())?;
    insecure_seed::add_to_linker::<T, Wasi>(l, |state| state.wasi())?;
    tcp_create_socket::add_to_linker::<T, Wasi>(l, |state| state.wasi())?;
    udp_create_socket::add_to_linker::<T, Wasi>(l, |state| state.wasi())?;

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

struct Resources;

impl HasData for Resources {
    type Data<'a> = &'a mut ResourceTable;
}

struct Wasi;

impl HasData for Wasi {
    type Data<'a> = &'a mut VirtualWasi;
}
