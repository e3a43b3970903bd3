//! The page is whole, and names cannot add to it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use phasegate_process::experiment::{CellId, RunCost};

use super::*;

fn cell(variant: &str, task: &str, repetition: u32, standing: CellStatus, usd: f64) -> Cell {
    let run = format!("{}-{repetition}", task.to_lowercase()).parse().unwrap();
    let id = CellId { variant: variant.to_owned(), task: task.parse().unwrap(), repetition, run };
    let cost = RunCost { usd: Some(usd), tokens: 1000, calls: 3, elapsed_ms: 60_000, ..RunCost::default() };
    Cell { standing, cost, reason: "every gate passed".into(), ..Cell::not_started(id) }
}

/// Two variants on two tasks, six times.
fn results(variants: [&str; 2]) -> Results {
    let cells = (1..=6).flat_map(|repetition| {
        ["TASK-1", "TASK-2"].into_iter().flat_map(move |task| {
            variants.into_iter().enumerate().map(move |(place, variant)| {
                let passes = place == 1 || (task == "TASK-1" && repetition % 3 > 0);
                let standing = if passes { CellStatus::Passed } else { CellStatus::Failed };
                cell(variant, task, repetition, standing, 0.1 * f64::from(repetition))
            })
        })
    });
    Results::new("x & y", None, cells.collect())
}

/// Checks that every element is closed in its place. Returns the names of the elements in order.
fn elements(page: &str) -> Vec<String> {
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    for part in page.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("`<` without `>`: {part}"));
        assert!(!text.contains('>') || tag == "style" || tag == "/style", "`>` without `<`: {part}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        match tag {
            "!DOCTYPE html" => continue,
            _ if tag.starts_with('/') => assert_eq!(open.pop(), Some(name), "at </{name}>"),
            _ if tag.ends_with('/') => seen.push(name.to_owned()),
            _ => {
                open.push(name);
                seen.push(name.to_owned());
            }
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    assert_eq!(open, Vec::<&str>::new());
    seen
}

#[test]
fn page_is_well_formed_and_complete() {
    let results = results(["phase-aware", "nearest"]);
    let page = render(&results, &["Intervals are 95 % intervals."]);
    let names = elements(&page);
    let count = |name: &str| names.iter().filter(|it| *it == name).count();
    assert_eq!((count("svg"), count("table"), count("tr")), (3, 2, 42), "no gate was judged");
    // A dot for each variant and task, one for the difference; one for each run in two pictures.
    assert_eq!(count("circle"), 4 + 1 + 2 * 24);
    assert!(page.contains(&escape(&results.answer[0])), "{page}");
    assert!(page.contains("<a href=\"runs/task-1-1/report.md\">task-1-1</a>"), "{page}");
    assert!(!page.contains("scripted") && page.contains("<h2>Methods</h2>"), "{page}");
    assert!(["<script", "http://", "https://", "@import", "url("].iter().all(|it| !page.contains(it)), "{page}");
}

#[test]
fn hostile_names_are_escaped() {
    let hostile = "</td></title><script>alert('1')</script>";
    let mut results = results([hostile, "\" onload=\"alert(1)"]);
    results.cells[0].standing = CellStatus::Failed;
    results.cells[0].reason = hostile.to_owned();
    results.scripted = true;
    let page = render(&results, &[]);
    elements(&page);
    assert!(!page.contains("<script") && !page.contains("\" onload") && page.contains("&lt;script&gt;"), "{page}");
    assert!(page.contains("<strong>Answers were scripted.</strong>"), "{page}");
}

#[test]
fn experiments_without_runs_have_a_page() {
    let id = |variant: &str| CellId {
        variant: variant.to_owned(),
        task: "TASK-1".parse().unwrap(),
        repetition: 1,
        run: "task-1-1".parse().unwrap(),
    };
    let results = Results::new("x", None, vec![Cell::not_started(id("a")), Cell::not_started(id("b"))]);
    let page = render(&results, &[]);
    assert!(!elements(&page).contains(&"svg".to_owned()) && page.contains("0 of 2 runs ended."), "{page}");
}
