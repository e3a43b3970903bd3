//! Whether stdout was closed when the process started.
//!
//! Rust's runtime opens `/dev/null` in place of a closed stream before `main`, and everything printed would be lost without an
//! error. So the stream is looked at before that. Always false on systems other than Linux and macOS.
#![allow(unsafe_code)]

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Returns true if the parent process closed stdout.
pub fn was_stdout_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

// SAFETY: functions of this section are called once, before `main` and on one thread. This one has their signature (it ignores
// the arguments), makes one system call and allocates nothing.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    // SAFETY: the number is only asked about; a descriptor that is not open is the answer that is looked for.
    let stdout = unsafe { BorrowedFd::borrow_raw(1) };
    CLOSED.store(rustix::io::fcntl_getfd(stdout) == Err(rustix::io::Errno::BADF), Ordering::Relaxed);
}
