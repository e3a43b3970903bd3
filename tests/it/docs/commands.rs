//! The commands in the documentation.

use std::collections::BTreeSet;
use std::process::Command;
use std::thread;

use super::{Page, Reader, pages, toml_blocks};
use crate::plugins::tools::plugin_tools;

/// Lines that do not run here, by how they begin, and why.
const SKIPPED: [(&str, &str); 10] = [
    ("cargo test --release", "runs this test"),
    ("cargo install --path host/cli", "compiles the program again"),
    ("export ANTHROPIC_API_KEY=", "needs a key"),
    ("phasegate run --task-id TASK-001", "asks a real model"),
    ("phasegate run --repo ~/src/shop", "needs the reader's own repository"),
    ("rustup target add", "changes the toolchain"),
    ("python3 -m venv .venv", "installs tools, which are there"),
    ("npm install", "installs tools, which are there"),
    ("apt-get install", "installs tools, which are there"),
    ("CARGO=/usr/bin/cargo", "needs Debian's compiler, which the tests of templates use"),
];

/// Pages whose commands build plugins, with the tools that `.ci/plugin-tools` installs.
const AUTHORS: [&str; 4] =
    ["docs/plugins/javascript.md", "docs/plugins/python.md", "docs/plugins/rust.md", "plugins/sdk/README.md"];

/// Examples whose commands build plugins. They run in `plugins::examples`, which also looks at what they make.
const EXAMPLES: [&str; 4] = [
    "examples/agent-javascript/README.md",
    "examples/agent-python/README.md",
    "examples/strategy-javascript/README.md",
    "examples/strategy-python/README.md",
];

/// The lines of [`SKIPPED`] that only those pages have.
const AUTHOR_LINES: [&str; 5] =
    ["rustup target add", "python3 -m venv .venv", "npm install", "apt-get install", "CARGO=/usr/bin/cargo"];

/// A line of shell with the exit code that the page promises.
fn promised(line: &str) -> (&str, i32) {
    match line.rsplit_once("# exit ") {
        Some((command, code)) => (command.trim_end(), code.trim().parse().unwrap()),
        None => (line, 0),
    }
}

/// Runs the blocks of a page in order. Returns the skipped lines, by how they begin, and the faults.
fn run(page: &Page) -> (BTreeSet<&'static str>, Vec<String>) {
    let reader = match AUTHORS.contains(&page.name.as_str()) {
        false => Reader::new(),
        true => match plugin_tools() {
            Some(tools) => Reader::with_tools(tools),
            None => return (AUTHOR_LINES.into(), Vec::new()),
        },
    };
    run_as(&reader, page)
}

/// Runs the commands of an example as a reader with the tools of its language. All must end as the page says.
pub fn run_example(reader: &Reader, name: &str) {
    let name = format!("examples/{name}/README.md");
    assert!(EXAMPLES.contains(&name.as_str()), "{name}");
    let page = pages().into_iter().find(|page| page.name == name).unwrap();
    reader.go_home();
    let (_, faults) = run_as(reader, &page);
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

fn run_as(reader: &Reader, page: &Page) -> (BTreeSet<&'static str>, Vec<String>) {
    let (mut skipped, mut faults) = (BTreeSet::new(), Vec::new());
    for block in page.blocks() {
        let place = format!("{}:{}", page.name, block.line);
        if block.info.first().is_some_and(|language| language == "toml") {
            faults.extend(toml_blocks::fault(&block, reader).map(|fault| format!("{place}: {fault}")));
        }
        if block.info.first().is_none_or(|language| language != "sh") {
            continue;
        }
        for line in block.text.replace("\\\n", " ").lines().filter(|line| !line.trim().is_empty()) {
            if let Some((start, _)) = SKIPPED.iter().find(|(start, _)| line.starts_with(start)) {
                skipped.insert(*start);
                continue;
            }
            let (command, code) = promised(line);
            let output = reader.run(&command.replace("cargo run --release -- ", "phasegate "));
            if output.code != code {
                faults.push(format!("{place}: `{command}` should end with exit code {code}\n{}", output.render(&[])));
            }
        }
    }
    (skipped, faults)
}

#[test]
fn commands_and_files_of_each_page_work() {
    let runs_here = |page: &Page| page.is_runnable() && !EXAMPLES.contains(&page.name.as_str());
    let pages: Vec<Page> = pages().into_iter().filter(runs_here).collect();
    let ran: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = pages.iter().map(|page| scope.spawn(move || run(page))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let faults: Vec<String> = ran.iter().flat_map(|(_, faults)| faults.clone()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    let skipped: BTreeSet<&str> = ran.into_iter().flat_map(|(skipped, _)| skipped).collect();
    let unused: Vec<_> = SKIPPED.iter().filter(|(start, _)| !skipped.contains(start)).collect();
    assert!(unused.is_empty(), "no page has these lines any more: {unused:?}");
}

#[test]
fn mentioned_subcommands_and_options_exist() {
    let mut faults = Vec::new();
    for page in pages() {
        for (line, span) in page.code_spans() {
            let Some(words) = span.strip_prefix("phasegate ") else { continue };
            let words: Vec<&str> = words.split_whitespace().collect();
            let is_name =
                |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
            let names: Vec<&str> = words.iter().take_while(is_name).copied().collect();
            let nouns = ["pip", "pipeline", "plugin", "trust"];
            let depth = if names.first().is_some_and(|first| nouns.contains(first)) { 2 } else { 1 };
            let names = names.get(..depth.min(names.len())).unwrap();
            let help = Command::new(crate::PATHS.binary).args(names).arg("--help").output().unwrap();
            let text = String::from_utf8_lossy(&help.stdout);
            let options = words.iter().filter(|word| word.starts_with("--"));
            let unknown: Vec<_> = options.filter(|option| !text.contains(**option)).collect();
            if !help.status.success() || !unknown.is_empty() {
                faults.push(format!("{}:{line}: `{span}` is no command, or has no {unknown:?}", page.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
