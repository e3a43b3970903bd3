//! Keys of the files that users write: each must be documented.

use std::collections::BTreeSet;
use std::fs;

use phasegate_process::limits::Limits;

use super::{Page, Reader, pages};

/// A command that reads `FILE`, the page that documents its keys, and files with an unknown key in each table.
const FILES: [(&str, &str, &[&str]); 4] = [
    (
        "phasegate pipeline show tsp --config FILE",
        "docs/configuration.md",
        &[
            "qqq = 1",
            "[models]\nqqq = 1",
            "[providers.local]\nqqq = 1",
            "[prices.\"local:m\"]\nqqq = 1",
            "[budget]\nqqq = 1",
            "[sandbox]\nqqq = 1",
            "[feedback]\nqqq = 1",
            "[plugins.code]\nqqq = 1",
            "[plugins.code]\ngrants = { qqq = 1 }",
            "[plugins.code]\nlimits = { qqq = 1 }",
            "[phases.code]\nqqq = 1",
            "[phases.test.gate]\nqqq = 1",
        ],
    ),
    (
        "phasegate pipeline check FILE",
        "docs/pipelines.md",
        &[
            "qqq = 1",
            "[[phase]]\nqqq = 1",
            "[[phase]]\nname = \"code\"\ngate = { qqq = 1 }",
            "[[phase]]\nname = \"code\"\nproduces = [{ qqq = 1 }]",
            "[[phase]]\nname = \"code\"\ngate = { tests = { qqq = 1 } }",
            "[feedback]\nqqq = 1",
            "[plugins.code]\nqqq = 1",
            "[[kind]]\nqqq = 1",
        ],
    ),
    ("phasegate run --task FILE", "docs/configuration.md", &["qqq = 1"]),
    ("phasegate experiment FILE", "docs/experiments.md", &["qqq = 1", "[[variant]]\nqqq = 1"]),
];

/// The keys that a rejection lists, as in: hint: choose from a, b
fn expected_keys(rejection: &str) -> Vec<String> {
    assert!(rejection.contains("unknown key `qqq`"), "{rejection}");
    let listed = rejection.lines().find_map(|line| line.strip_prefix("hint: choose from "));
    listed.unwrap_or_else(|| panic!("{rejection}")).split(", ").map(str::to_owned).collect()
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
            let keys = expected_keys(&output.stderr);
            assert!(!keys.is_empty(), "{text}");
            missing.extend(
                keys.into_iter().filter(|key| !known.contains(key)).map(|key| format!("{page}: {key} ({text})")),
            );
        }
    }
    assert!(missing.is_empty(), "keys that are not documented:\n{}", missing.join("\n"));
}

/// A number as the tables write it: `30,000`, `20.0`, `8 MiB`.
fn number(cell: &str) -> Option<f64> {
    let (digits, unit) = cell.split_once(' ').unwrap_or((cell, ""));
    let factor = match unit {
        "" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    digits.replace(',', "").parse::<f64>().ok().map(|number| number * factor)
}

#[test]
fn documented_defaults_of_limits_are_right() {
    let page = pages().into_iter().find(|page| page.name == "docs/configuration.md").unwrap();
    let (_, section) = page.text.split_once("### Limits of a plugin").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    for (limit, default) in serde_json::to_value(Limits::default()).unwrap().as_object().unwrap() {
        let row = section.lines().find(|line| line.starts_with(&format!("| `{limit}` |")));
        let row = row.unwrap_or_else(|| panic!("no row for `{limit}`"));
        assert_eq!(number(row.split('|').nth(2).unwrap().trim()), default.as_f64(), "{row}");
    }
}
