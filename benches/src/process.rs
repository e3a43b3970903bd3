//! Figures of this process, from the files of the kernel. Zero where the kernel has none.

use std::time::Duration;

/// Memory of the process, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Resident now.
    pub now: u64,
    /// The most that was resident since the start.
    pub peak: u64,
}

/// Returns the resident memory of this process.
pub fn memory() -> Memory {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let bytes = |key| kilobytes(key).unwrap_or_default() * 1024;
    Memory { now: bytes("VmRSS:"), peak: bytes("VmHWM:") }
}

/// Returns the CPU time of this process so far: in its own code and in the kernel.
pub fn cpu() -> (Duration, Duration) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    // Fields 14 and 15 of the line, in hundredths of a second.
    let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    (Duration::from_millis(ticks(11) * 10), Duration::from_millis(ticks(12) * 10))
}
