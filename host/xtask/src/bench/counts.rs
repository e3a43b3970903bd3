//! Counts the instructions of hot paths, which depend on the code and hardly on the machine, and compares them with the
//! expected ones.
//!
//! A path is executed few and many times under valgrind, and the difference is divided by the number of times more: what the
//! program does before and after is not counted. Fails if a path takes more than [`MARGIN`] above its expected count.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::statistics::short;

const FILE: &str = "benches/results/instructions.json";

/// The share by which a count may differ: compilers and CPUs choose different instructions for the same code.
const MARGIN: f64 = 0.10;

/// Names of hot paths of the program `measure`, with the smaller number of times and the larger.
const PATHS: [(&str, u64, u64); 6] = [
    ("run", 2, 12),
    ("create", 10, 60),
    ("fold", 20, 120),
    ("validate", 20, 120),
    ("append", 20, 120),
    ("store", 10, 60),
];

/// Counts the instructions of all paths with the programs in `target/release`. `accept` writes them as the expected ones.
pub fn check(root: &Path, accept: bool) -> Result<()> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let program = target.join("release/measure");
    let file = root.join(FILE);
    let expected: BTreeMap<String, u64> = match fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).context(FILE)?,
        Err(_) => BTreeMap::new(),
    };
    let folder = target.join("bench/counts");
    fs::create_dir_all(&folder)?;
    // Compiles the components, which is not counted, for the processor that valgrind shows. What the first process leaves
    // behind in the background, the second finishes.
    for _ in 0..2 {
        count(&program, "run", 2, &folder)?;
    }
    let mut counted = BTreeMap::new();
    let mut above = Vec::new();
    for (name, few, many) in PATHS {
        let (less, more) = (count(&program, name, few, &folder)?, count(&program, name, many, &folder)?);
        let count = more.saturating_sub(less) / (many - few);
        let known = expected.get(name).copied();
        let change = known.map_or(0.0, |known| count as f64 / known as f64 - 1.0);
        eprintln!("{name:<8} {:>12} instructions, {:+.1} %", short(count as f64), change * 100.0);
        match known {
            None if !accept => above.push(format!("{name} has no expected count")),
            Some(_) if change > MARGIN => above.push(format!("{name} takes {:.0} % more instructions", change * 100.0)),
            Some(_) if change < -MARGIN => {
                eprintln!("note: fewer than expected; `cargo xtask bench counts --accept` keeps it so")
            }
            _ => {}
        }
        counted.insert(name, count);
    }
    if accept {
        fs::create_dir_all(file.parent().context(FILE)?)?;
        return fs::write(&file, serde_json::to_string_pretty(&counted)? + "\n").context(FILE);
    }
    if !above.is_empty() {
        bail!("{}\nhint: if that is intended, run `cargo xtask bench counts --accept`", above.join("; "));
    }
    Ok(())
}

/// Returns the instructions of a whole process.
fn count(program: &Path, name: &str, times: u64, folder: &Path) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(program).args(["hot", name, &times.to_string()]).arg(folder);
    let output = valgrind.stdin(Stdio::null()).output().context("`valgrind` cannot be started")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    match collected {
        Some(count) if output.status.success() => Ok(count),
        _ => bail!("valgrind {name}: {}\n{text}", output.status),
    }
}
