//! The machine and the versions of this repository's programs.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Returns a description of the machine: pairs of what and which.
pub fn describe(root: &Path) -> Vec<(String, String)> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kilobytes: u64 = field(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse().unwrap_or_default();
    let mut pairs = vec![
        ("CPU".to_owned(), format!("{}, {cores} cores", field(&read("/proc/cpuinfo"), "model name"))),
        ("memory".to_owned(), format!("{} GB", kilobytes.div_ceil(1 << 20))),
        ("kernel".to_owned(), read("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("filesystem of temporary files".to_owned(), filesystem(&std::env::temp_dir())),
        ("rustc".to_owned(), output(Command::new("rustc").arg("--version"))),
        ("commit".to_owned(), output(Command::new("git").args(["rev-parse", "--short", "HEAD"]).current_dir(root))),
    ];
    pairs.retain(|(_, value)| !value.is_empty());
    pairs
}

/// Returns the type of the filesystem that a folder is on.
fn filesystem(folder: &Path) -> String {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (place, kind) = (fields.next()?, fields.next()?);
        folder.starts_with(place).then_some((place.len(), kind))
    });
    mounts.max_by_key(|(length, _)| *length).map(|(_, kind)| kind.to_owned()).unwrap_or_default()
}

fn output(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}
