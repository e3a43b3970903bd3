//! Which process has locked a file.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// A process, as people find it in a list of processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The name of its program, where the system tells it.
    pub name: Option<String>,
}

impl Process {
    /// Returns the process with this number.
    pub fn new(pid: u32) -> Self {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok();
        Self { pid, name: name.map(|name| name.trim_end().escape_debug().to_string()).filter(|name| !name.is_empty()) }
    }
}

impl Process {
    /// Returns when it started, in Unix milliseconds, where the system tells it.
    pub fn started_ms(&self) -> Option<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        let system = std::fs::read_to_string("/proc/stat").ok()?;
        let booted: u64 = system.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        Some(booted * 1_000 + parse_start(&stat)? * 1_000 / rustix::param::clock_ticks_per_second())
    }
}

/// Parses `/proc/PID/stat`: the clock ticks between the start of the system and that of the process. The name of the program,
/// in parentheses, may contain anything.
fn parse_start(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "process {} ({name})", self.pid),
            None => write!(f, "process {}", self.pid),
        }
    }
}

/// Returns another process that holds a lock on the file, of any kind; prefers one that locks it exclusively. `None` where
/// the system does not tell, as all but Linux.
pub fn lock_holder(metadata: &Metadata) -> Option<Process> {
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let device = metadata.dev();
    let inode = format!("{:02x}:{:02x}:{}", rustix::fs::major(device), rustix::fs::minor(device), metadata.ino());
    let mut holders = locks.lines().filter_map(|line| parse_holder(line, &inode)).collect::<Vec<_>>();
    holders.sort();
    holders.first().map(|(_, pid)| Process::new(*pid))
}

/// Parses `1: FLOCK  ADVISORY  WRITE 123 08:01:456 0 EOF`. A line with `->` is of a process that waits.
fn parse_holder(line: &str, inode: &str) -> Option<(Share, u32)> {
    let mut parts = line.split_whitespace().skip(1);
    let (kind, _, share, pid, file) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let share = if share == "WRITE" { Share::Exclusive } else { Share::Shared };
    let pid = pid.parse().ok().filter(|pid| *pid != 0 && *pid != std::process::id())?;
    (kind != "->" && file == inode).then_some((share, pid))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Share {
    Exclusive,
    Shared,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_the_process_of_a_lock() {
        let line = |text| parse_holder(text, "fe:00:77").map(|(share, pid)| (share == Share::Exclusive, pid));
        assert_eq!(line("7: FLOCK  ADVISORY  WRITE 4100200 fe:00:77 0 EOF"), Some((true, 4_100_200)));
        assert_eq!(line("8: POSIX  ADVISORY  READ  4100201 fe:00:77 120 120"), Some((false, 4_100_201)));
        assert_eq!(line("7: -> FLOCK  ADVISORY  WRITE 4100200 fe:00:77 0 EOF"), None);
        assert_eq!(line("7: FLOCK  ADVISORY  WRITE 4100200 fe:00:78 0 EOF"), None);
        assert_eq!(line("7: FLOCK"), None);
    }

    #[test]
    fn knows_when_a_process_started() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194304 10 0 0 0 1 2 0 0 20 0 1 0 4321 1000 10 18446744073709551615";
        assert_eq!((parse_start(stat), parse_start("7 (x")), (Some(4_321), None));
        let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let started = Process::new(std::process::id()).started_ms().map(u128::from);
        assert!(
            started.is_none_or(|started| started <= before + 1_000 && started + 86_400_000 > before),
            "{started:?}"
        );
    }

    #[test]
    fn processes_are_shown_with_their_program() {
        let unknown = Process { pid: 7, name: None };
        let known = Process { pid: 7, name: Some("phasegate".to_owned()) };
        assert_eq!((unknown.to_string(), known.to_string()), ("process 7".into(), "process 7 (phasegate)".into()));
        assert_eq!(Process::new(std::process::id()).pid, std::process::id());
    }
}
