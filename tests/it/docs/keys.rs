//! Keys of the files that users write: each must be documented.

use std::collections::BTreeSet;
use std::fs;

use super::{Page, Reader, pages};

/// A command that reads `FILE`, the page that documents its keys, and files with an unknown key in each table.
const FILES: [(&str, &str, &[&str]); 4] = [
    (
        "phasegate pipeline show tsp --config FILE",
        "docs/configuration.md",
        &[
            "unknown = 1",
            "[models]\nunknown = 1",
            "[providers.local]\nunknown = 1",
            "[prices.\"local:m\"]\nunknown = 1",
            "[budget]\nunknown = 1",
            "[sandbox]\nunknown = 1",
            "[feedback]\nunknown = 1",
            "[plugins.code]\nunknown = 1",
            "[plugins.code]\ngrants = { unknown = 1 }",
            "[plugins.code]\nlimits = { unknown = 1 }",
        ],
    ),
    (
        "phasegate pipeline check FILE",
        "docs/pipelines.md",
        &[
            "unknown = 1",
            "[[phase]]\nunknown = 1",
            "[[phase]]\nname = \"code\"\ngate = { unknown = 1 }",
            "[[phase]]\nname = \"code\"\nproduces = [{ unknown = 1 }]",
            "[[phase]]\nname = \"code\"\ngate = { tests = { unknown = 1 } }",
            "[feedback]\nunknown = 1",
            "[plugins.code]\nunknown = 1",
            "[[kind]]\nunknown = 1",
        ],
    ),
    ("phasegate run --task FILE", "docs/configuration.md", &["unknown = 1"]),
    ("phasegate experiment FILE", "docs/experiments.md", &["unknown = 1", "[[variant]]\nunknown = 1"]),
];

/// The keys that a rejection lists, as in: unknown field `x`, expected `a` or `b`
fn expected_keys(rejection: &str) -> Vec<String> {
    let line = rejection.lines().find(|line| line.contains("unknown field")).unwrap_or_else(|| panic!("{rejection}"));
    let (_, expected) = line.split_once("expected").unwrap_or_else(|| panic!("{rejection}"));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn documented_words(page: &Page) -> BTreeSet<String> {
    let is_separator = |c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c));
    let spans = page.code_spans().into_iter();
    spans.flat_map(|(_, span)| span.split(is_separator).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn every_key_is_documented() {
    let (reader, pages) = (Reader::new(), pages());
    let mut missing = Vec::new();
    for (command, page, texts) in FILES {
        let known = documented_words(pages.iter().find(|candidate| candidate.name == page).unwrap());
        for text in texts {
            fs::write(reader.path().join("x.toml"), text).unwrap();
            let output = reader.run(&command.replace("FILE", "x.toml"));
            let keys = expected_keys(&String::from_utf8_lossy(&output.stderr));
            assert!(!keys.is_empty(), "{text}");
            missing.extend(
                keys.into_iter().filter(|key| !known.contains(key)).map(|key| format!("{page}: {key} ({text})")),
            );
        }
    }
    assert!(missing.is_empty(), "keys that are not documented:\n{}", missing.join("\n"));
}
