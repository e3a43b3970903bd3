//! Figures of processes and folders, from the files of the kernel. Zero where the kernel has none.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Resident now.
    pub now: u64,
    /// The most that was resident since the start.
    pub peak: u64,
}

/// Returns the resident memory of this process.
pub fn memory() -> Memory {
    let status = read("/proc/self/status");
    let bytes = |key| field(&status, key) * 1024;
    Memory { now: bytes("VmRSS:"), peak: bytes("VmHWM:") }
}

/// Returns the CPU time of this process so far: in its own code and in the kernel.
pub fn cpu() -> (Duration, Duration) {
    let stat = read("/proc/self/stat");
    let fields: Vec<&str> =
        stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    // Fields 14 and 15 of the line, in hundredths of a second.
    let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    (Duration::from_millis(ticks(11) * 10), Duration::from_millis(ticks(12) * 10))
}

/// What threads have done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Activity {
    /// Time on a CPU.
    pub cpu: Duration,
    /// How often a thread began to run again after it had waited.
    pub wake_ups: u64,
}

/// What each thread of a process has done so far, by the path of its folder.
#[derive(Debug)]
pub struct Threads(HashMap<PathBuf, Activity>);

impl Threads {
    /// Returns what happened since an earlier moment. The share of threads that ended since then is missing.
    pub fn since(&self, earlier: &Self) -> Activity {
        let mut sum = Activity::default();
        for (thread, now) in &self.0 {
            let before = earlier.0.get(thread).copied().unwrap_or_default();
            sum.cpu += now.cpu.saturating_sub(before.cpu);
            sum.wake_ups += now.wake_ups.saturating_sub(before.wake_ups);
        }
        sum
    }
}

/// Returns the activity of the threads of a process; none for one that does not exist.
pub fn activity(process: u32) -> Threads {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let of_thread = |thread: PathBuf| {
        let on_cpu = read(thread.join("schedstat"));
        let nanoseconds = on_cpu.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or_default();
        let wake_ups = field(&read(thread.join("status")), "voluntary_ctxt_switches:");
        (thread, Activity { cpu: Duration::from_nanos(nanoseconds), wake_ups })
    };
    Threads(threads.map(|entry| of_thread(entry.path())).collect())
}

/// Whether a process has child processes.
pub fn has_children(process: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.into_iter().any(|thread| !read(thread.path().join("children")).trim().is_empty())
}

/// Returns the bytes of all files below a folder.
pub fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => folder_bytes(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.map(bytes).sum()
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn field(status: &str, key: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
