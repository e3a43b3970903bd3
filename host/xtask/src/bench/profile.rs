//! `cargo xtask bench profile`: where the CPU time of a run goes, by `perf record`.
//!
//! A sample counts for the system call or the page fault that the kernel works for, or else for the part of the program whose
//! code runs. Inlined code counts for the function that contains it. Fails without `perf`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::build::Programs;
use super::results::PROFILE;

/// Name of a workload, and the arguments of the program `measure`.
const WORKLOADS: [(&str, &str, &str); 3] = [
    ("one run, in memory", "single mem 2000", "single mem 200"),
    ("one run, durable", "single disk 600", "single disk 60"),
    ("1,000 runs, 50 ms model, durable", "load disk 1000 50", "load disk 100 50"),
];

/// Parts of the kernel, by words in the names of its functions.
const KERNEL: [(&str, &[&str]); 6] = [
    ("kernel: page faults", &["exc_page_fault"]),
    ("kernel: memory of guests and of the allocator", &["mprotect", "madvise", "mmap", "munmap"]),
    ("kernel: syncs", &["fdatasync", "fsync"]),
    ("kernel: lock files and opened files", &["sys_open", "sys_unlink", "sys_flock", "sys_close", "sys_newfstat"]),
    (
        "kernel: reads, writes and locks of the journal",
        &["sys_write", "sys_pwrite", "sys_read", "sys_pread", "sys_fcntl"],
    ),
    ("kernel: waits and wake-ups", &["futex", "epoll", "sched", "schedule", "idle", "interrupt", "irq"]),
];

/// Parts of the program by words in the names of Rust functions; the first that fits counts.
const RUST: [(&str, &[&str]); 7] = [
    ("own code", &["phasegate"]),
    ("wasmtime", &["wasmtime", "cranelift"]),
    ("compression", &["zstd"]),
    ("digests", &["sha2"]),
    ("JSON and schemas", &["serde", "jsonschema", "fancy_regex", "regex", "zmij", "itoa"]),
    ("tokio and other tasks", &["tokio", "futures", "mio"]),
    ("standard library", &["core", "alloc", "std", "hashbrown"]),
];

/// The same by the beginnings of names of C functions. All others are SQLite's.
const C: [(&str, &[&str]); 4] = [
    ("allocator", &["mi_", "_mi_"]),
    ("compression", &["ZSTD_", "HUF_", "FSE_", "XXH"]),
    ("digests", &["sha"]),
    ("standard library", &["mem", "str", "__rust"]),
];

/// The shares of the parts in each workload, from 0 to 1.
pub type Shares = BTreeMap<String, BTreeMap<String, f64>>;

/// Profiles all workloads and stores the shares.
pub fn measure(root: &Path, programs: &Programs, quick: bool) -> Result<()> {
    let mut shares = Shares::new();
    for (name, args, short_args) in WORKLOADS {
        eprintln!("profile  {name}");
        let args = if quick { short_args } else { args };
        shares.insert(name.to_owned(), profile(programs, args)?);
    }
    if quick {
        return Ok(());
    }
    fs::write(root.join(PROFILE), serde_json::to_string_pretty(&shares)? + "\n").context(PROFILE)
}

fn profile(programs: &Programs, args: &str) -> Result<BTreeMap<String, f64>> {
    let folder = std::env::temp_dir().join(format!("phasegate-profile-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let data = folder.join("perf.data");
    let mut record = Command::new("perf");
    record.args(["record", "--quiet", "--call-graph", "fp", "--freq", "1999", "--output"]).arg(&data).arg("--");
    record.arg(programs.path("measure")).args(args.split(' '));
    let recorded = output(&mut record);
    let script = recorded.and_then(|_| {
        let mut script = Command::new("perf");
        script.args(["script", "--no-inline", "--fields", "ip,sym,dso", "--input"]).arg(&data);
        output(&mut script)
    });
    fs::remove_dir_all(&folder)?;
    count_shares(&script?)
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.context("`perf` cannot be started\nhint: install it, for instance as `linux-perf`")?;
    if !output.status.success() {
        bail!("`perf` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns the share of each part. Samples are divided by empty lines; each has a line for a frame, the innermost first.
fn count_shares(script: &str) -> Result<BTreeMap<String, f64>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let samples = script.split("\n\n").map(|sample| sample.lines().map(str::trim).filter(|line| !line.is_empty()));
    let parts: Vec<&str> = samples.filter_map(|frames| part_of(&frames.collect::<Vec<_>>())).collect();
    parts.iter().for_each(|part| *counts.entry(part).or_default() += 1);
    if parts.is_empty() {
        bail!("`perf` recorded no samples");
    }
    Ok(counts.into_iter().map(|(part, count)| (part.to_owned(), count as f64 / parts.len() as f64)).collect())
}

/// Returns the part that a sample counts for; `None` without frames. A frame is `ADDRESS FUNCTION (FILE)`.
fn part_of(frames: &[&str]) -> Option<&'static str> {
    let leaf = frames.first()?;
    let is_kernel = |frame: &str| frame.ends_with("kernel.kallsyms])");
    if is_kernel(leaf) {
        let kernel: Vec<&&str> = frames.iter().take_while(|frame| is_kernel(frame)).collect();
        let is_in = |words: &[&str]| kernel.iter().any(|frame| words.iter().any(|word| frame.contains(word)));
        return Some(KERNEL.iter().find(|(_, words)| is_in(words)).map_or("kernel: other", |(part, _)| part));
    }
    let (name, file) = leaf.split_once(' ')?.1.rsplit_once(" (")?;
    let is_program = file.starts_with('/') && !file.contains(".cwasm") && !file.contains("memfd");
    Some(match () {
        () if file.contains("/libc.so") => "standard library",
        () if !is_program || name == "[unknown]" => "guests",
        () if name.contains("::") => first_part(&RUST, "other", |word| name.contains(word)),
        () => first_part(&C, "SQLite", |word| name.starts_with(word)),
    })
}

fn first_part(parts: &[(&'static str, &[&str])], rest: &'static str, fits: impl Fn(&str) -> bool) -> &'static str {
    parts.iter().find(|(_, words)| words.iter().any(|word| fits(word))).map_or(rest, |(part, _)| part)
}

/// Renders a row for each part, the largest first, and a column for each workload.
pub fn render(shares: &Shares) -> String {
    let mut parts: Vec<&String> = shares.values().flat_map(BTreeMap::keys).collect();
    parts.sort();
    parts.dedup();
    let share = |workload: &str, part: &str| shares.get(workload).and_then(|parts| parts.get(part)).copied();
    let all = |part: &str| WORKLOADS.iter().filter_map(|(name, ..)| share(name, part)).sum::<f64>();
    parts.sort_by(|one, other| all(other).total_cmp(&all(one)));
    let heads: Vec<&str> = WORKLOADS.iter().map(|(name, ..)| *name).collect();
    let mut lines = vec![format!("| | {} |", heads.join(" | ")), format!("|---|{}", "---|".repeat(heads.len()))];
    for part in parts {
        let cells = heads.iter().map(|workload| match share(workload, part) {
            Some(share) => format!("{:.0} %", share * 100.0),
            None => "–".to_owned(),
        });
        lines.push(format!("| {part} | {} |", cells.collect::<Vec<_>>().join(" | ")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn samples_count_for_calls_and_parts() {
        let script = "\
            ffff native_write_msr ([kernel.kallsyms])\n  ffff x64_sys_futex ([kernel.kallsyms])\n  7f syscall (/lib/libc.so.6)\n\n\
            aaaa phasegate_process::state::State::apply (/target/release/measure)\n\n\
            aaaa _mi_page_malloc (/target/release/measure)\n\n\
            bbbb [unknown] (/memfd:wasm (deleted))\n\n";
        let shares = count_shares(script).unwrap();
        let quarter = |part: &str| (part.to_owned(), 0.25);
        let expected = ["kernel: waits and wake-ups", "own code", "allocator", "guests"].map(quarter);
        assert_eq!(shares, BTreeMap::from(expected));
    }

    #[test]
    fn table_has_a_column_per_workload() {
        let parts = BTreeMap::from([("guests".to_owned(), 0.25), ("allocator".to_owned(), 0.5)]);
        let shares = Shares::from([("one run, durable".to_owned(), parts)]);
        assert_eq!(
            render(&shares),
            "| | one run, in memory | one run, durable | 1,000 runs, 50 ms model, durable |\n\
             |---|---|---|---|\n\
             | allocator | – | 50 % | – |\n\
             | guests | – | 25 % | – |"
        );
    }
}
