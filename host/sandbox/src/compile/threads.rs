//! The threads that compile.

/// The compiler recurses into what it compiles.
pub(crate) const STACK: usize = 16 << 20;
/// How far compilers stand back: they get a third of what a thread that runs plugins gets.
const NICENESS: i32 = 5;

/// With helpers of its own, which recurse as deep and stand back as far.
pub(crate) fn on_all_cores<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let name = |n| format!("phasegate-compile-{n}");
    let pool = rayon::ThreadPoolBuilder::new().thread_name(name).stack_size(STACK).build();
    match pool {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Threads and processes that this thread starts inherit it.
pub(crate) fn lower_priority() {
    // Elsewhere this would be said of the whole process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICENESS);
}
