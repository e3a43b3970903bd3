//! Links between pages, and paths that pages mention.

use std::fs;

use phasegate_process::source::Reference;
use phasegate_test::repository;

use super::{Page, pages};

/// Code spans that begin with one of these are paths in the repository.
const TOP: [&str; 9] =
    [".ci/", "docs/", "examples/", "fuzz/", "host/", "plugins/", "tests/", "wit/", "ARCHITECTURE.md"];

/// Paths that appear only when a reader follows the page.
const CREATED: [&str; 1] = ["plugins/dist/haiku.wasm"];

/// The targets of links on a line.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// A heading's anchor, as Git hosts make it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.trim().to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn has_anchor(text: &str, wanted: &str) -> bool {
    let page = Page { name: String::new(), text: text.to_owned() };
    let headings = page.prose().into_iter().filter_map(|(_, line)| line.strip_prefix('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).any(|anchor| anchor == wanted)
}

#[test]
fn relative_links_resolve() {
    let mut faults = Vec::new();
    for page in pages() {
        let file = repository().join(&page.name);
        for (line, text) in page.prose() {
            for target in targets(text).filter(|target| !target.contains("://")) {
                let (path, wanted) = target.split_once('#').unwrap_or((target, ""));
                let linked = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
                let found =
                    linked.exists() && (wanted.is_empty() || has_anchor(&fs::read_to_string(&linked).unwrap(), wanted));
                if !found {
                    faults.push(format!("{}:{line}: {target}", page.name));
                }
            }
        }
    }
    assert!(faults.is_empty(), "links that lead nowhere:\n{}", faults.join("\n"));
}

#[test]
fn messages_name_sections_that_exist() {
    for reference in Reference::ALL {
        for address in reference.tables.iter().map(|(_, address)| *address).chain([reference.top]) {
            let (page, section) = address.split_once('#').unwrap_or((address, ""));
            let text = fs::read_to_string(repository().join(page)).unwrap();
            assert!(section.is_empty() || has_anchor(&text, section), "{address}");
        }
    }
}

#[test]
fn mentioned_paths_exist() {
    let is_path = |span: &str| span.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c));
    let is_placeholder = |span: &str| span.split(['/', '.']).any(|part| part == "NAME" || part == "RUN");
    let mut faults = Vec::new();
    for page in pages() {
        for (line, span) in page.code_spans() {
            let in_repository = TOP.iter().any(|top| span.starts_with(top)) && is_path(&span) && !is_placeholder(&span);
            if in_repository && !CREATED.contains(&span.as_str()) && !repository().join(&span).exists() {
                faults.push(format!("{}:{line}: {span}", page.name));
            }
        }
    }
    assert!(faults.is_empty(), "paths that do not exist:\n{}", faults.join("\n"));
}

/// Rows such as: | `host/journal` | purpose | `sqlite/`, `chain.rs` |
#[test]
fn architecture_lists_every_crate() {
    let page = pages().into_iter().find(|page| page.name == "ARCHITECTURE.md").unwrap();
    let rows: Vec<&str> = page.text.lines().filter(|line| line.starts_with("| `host/")).collect();
    for entry in fs::read_dir(repository().join("host")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let row = rows.iter().find(|row| row.starts_with(&format!("| `host/{name}` |")));
        let row = row.unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for host/{name}"));
        let spans = row.split('`').skip(1).step_by(2).filter(|span| span.ends_with('/') || span.ends_with(".rs"));
        for span in spans.filter(|span| !span.starts_with("plugins/dist")) {
            assert!(repository().join("host").join(&name).join("src").join(span).exists(), "host/{name}: no `{span}`");
        }
    }
}

#[test]
fn readme_stays_short_and_keeps_its_commands() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 90, "{} lines", readme.lines().count());
    assert!(readme.contains("\ncargo run --release -- run --task examples/first-task/task.toml\n"));
    assert!(readme.contains("\ncargo test --release\n"));
}
