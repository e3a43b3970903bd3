//! Time and memory from opening a repository of 50,000 files to its map: first without parsed definitions, then with them.
//!
//! Each measurement is a process of its own, so that its peak memory is its own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use phasegate_files::TrustedFolders;
use phasegate_repository::{MapCache, MapRequest, Repository, Sources, map_repository};

const FILES: usize = 50_000;
/// Set in the processes that measure: the repository and the cache folder.
const MEASURE: &str = "PHASEGATE_BENCH_MAP";

fn main() {
    if let Ok(folder) = std::env::var(MEASURE) {
        measure(Path::new(&folder));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    make_repository(&dir.path().join("repository"));
    for name in ["first map", "second map", "third map"] {
        let exe = std::env::current_exe().unwrap();
        let output = Command::new(exe).env(MEASURE, dir.path()).output().unwrap();
        println!("{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

fn measure(folder: &Path) {
    let start = Instant::now();
    let trusted = TrustedFolders::default();
    let repository = Repository::open(&folder.join("repository"), &trusted).unwrap();
    let base = repository.resolve(None).unwrap();
    let opened = start.elapsed();
    let tree = repository.files(&base.tree).unwrap();
    let listed = start.elapsed();
    let reader = repository.reader();
    let sources = Sources { files: tree.files(), read: &|file| reader.read(file, 1 << 20).ok() };
    let modules = ["json".to_owned()];
    let request = MapRequest {
        commit: &base.commit,
        tree: &base.tree,
        task: "The invoice parser must accept amounts with thousands separators",
        budget_tokens: NonZeroU32::new(8_000).unwrap(),
        python_modules: Some(&modules),
        cache: Some(MapCache { folder: &folder.join("cache"), repository: "/repository" }),
    };
    let map = map_repository(&sources, &request);
    let mapped = start.elapsed();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default().trim().to_owned();
    println!(
        "open {} ms, list {} ms, map {} ms, in all {} ms; peak {peak}; {} files, {} listed, {} with definitions",
        opened.as_millis(),
        (listed - opened).as_millis(),
        (mapped - listed).as_millis(),
        mapped.as_millis(),
        map.files,
        map.paths.len(),
        map.paths.iter().filter(|file| !file.definitions.is_empty()).count(),
    );
}

/// Makes a bare repository with one commit, by `git fast-import`.
fn make_repository(path: &Path) {
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.args(args).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command
    };
    let path = path.to_str().unwrap();
    assert!(git(&["init", "-q", "--bare", "-b", "main", path]).status().unwrap().success());
    let mut import = git(&["-C", path, "fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = std::io::BufWriter::new(import.stdin.take().unwrap());
    writeln!(input, "commit refs/heads/main\ncommitter a <a@example.com> 1700000000 +0000\ndata 1\nm").unwrap();
    for number in 0..FILES {
        let (name, text) = file(number);
        writeln!(input, "M 100644 inline {name}\ndata {}\n{text}", text.len()).unwrap();
    }
    drop(input);
    assert!(import.wait().unwrap().success());
}

/// The path and text of a file: mostly code, in folders of a hundred files.
fn file(number: usize) -> (String, String) {
    const WORDS: [&str; 12] = [
        "invoice", "parser", "cart", "order", "price", "user", "session", "report", "storage", "queue", "mail",
        "search",
    ];
    let word = |n: usize| WORDS[n % WORDS.len()];
    let folder = format!("packages/{}_{}/{}", word(number / 1_000), number / 1_000, word(number / 100));
    let mut text = String::new();
    let (extension, functions) = match number % 10 {
        0..=4 => ("py", 12),
        5 => ("ts", 12),
        6 => ("rs", 12),
        7 => ("md", 0),
        8 => ("json", 0),
        _ => ("txt", 0),
    };
    for n in 0..functions {
        let (name, other) = (format!("{}_{}_{n}", word(number + n), number), format!("{}_{}", word(n), number / 2));
        let body = match extension {
            "py" => format!(
                "def {name}(value, other=None):\n    \"\"\"Returns the {other}.\"\"\"\n    result = {other}(value, [1, 2, other])\n    return {{'a': result, 'b': len(other or ())}}\n\n"
            ),
            "ts" => format!(
                "export function {name}(value: string, other?: number): number {{\n  const result = {other}(value, [1, 2]);\n  return result.length + (other ?? 0);\n}}\n\n"
            ),
            _ => format!(
                "pub fn {name}(value: &str, other: Option<u32>) -> u32 {{\n    let result = {other}(value, &[1, 2]);\n    result + other.unwrap_or(0)\n}}\n\n"
            ),
        };
        text.push_str(&body);
    }
    if functions == 0 {
        for n in 0..20 {
            writeln!(text, "{} {} {number} {n}", word(n), word(number)).unwrap();
        }
    }
    (format!("{folder}/{}_{number}.{extension}", word(number)), text)
}
