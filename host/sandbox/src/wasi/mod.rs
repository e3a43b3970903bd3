//! A virtual implementation of WASI 0.2 for interpreters, without access to the system.
//!
//! Clocks start at a constant. Each reading advances them by a fixed step, and so does sleeping, which takes no real time.
//! Random numbers come from a seed. There are no arguments, environment variables, input or files; output goes to the log of
//! the call. Creating a socket or resolving a name is denied. So a guest that reads the clock, sleeps or uses random numbers
//! does the same in every run.

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

/// Data of a store that contains virtual WASI.
pub(crate) trait HasWasi: WasiView + 'static {
    fn wasi(&mut self) -> &mut VirtualWasi;
}

/// The WASI interfaces that a component may import.
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

    // There are no preopened folders, so a guest can open no file. Interpreters only need the functions to link.
    filesystem::types::add_to_linker::<T, WasiFilesystem>(l, T::filesystem)?;
    filesystem::preopens::add_to_linker::<T, WasiFilesystem>(l, T::filesystem)?;

    // Creating a socket is denied, so its methods are unreachable. The context denies resolving names.
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
