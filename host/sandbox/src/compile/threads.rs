//! Threads for compilation: with large stacks and low priority.

/// Stack of a compiling thread, in bytes. The compiler recurses into its input.
pub(crate) const STACK: usize = 16 << 20;
/// Niceness of compiling threads: they get about a third of the processor time of a thread that runs plugins.
const NICENESS: i32 = 5;

/// Runs `work` in a thread pool with the stack and priority of this thread, so that it does not use the global pool.
pub(crate) fn on_all_cores<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let name = |n| format!("phasegate-compile-{n}");
    let pool = rayon::ThreadPoolBuilder::new().thread_name(name).stack_size(STACK).build();
    match pool {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Lowers the priority of this thread. Threads and processes that it starts inherit the priority.
pub(crate) fn lower_priority() {
    // Other systems would apply it to the whole process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICENESS);
}
