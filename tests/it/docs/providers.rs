//! `docs/providers.md`: its tests exist, and its sizes of prompts are those of the first example.

use std::collections::BTreeMap;
use std::fs;

use phasegate_test::{Output, repository};

use super::{Page, pages};

fn page() -> Page {
    pages().into_iter().find(|page| page.name == "docs/providers.md").unwrap()
}

#[test]
fn named_tests_of_providers_exist() {
    let page = page();
    let named: Vec<String> =
        page.code_spans().into_iter().map(|(_, span)| span).filter(|span| span.contains(".rs::")).collect();
    assert!(named.len() > 10, "{named:?}");
    for test in named {
        let (file, name) = test.split_once("::").unwrap();
        let text = fs::read_to_string(repository().join(file)).unwrap_or_else(|why| panic!("{test}: {why}"));
        assert!(text.contains(&format!("fn {name}(")), "{test} does not exist");
    }
}

#[test]
fn documented_prompts_are_those_of_the_example() {
    let page = page();
    let rows = page.text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let documented: BTreeMap<&str, u64> =
        rows.filter_map(|(phase, tokens)| Some((phase, tokens.replace(',', "").parse().ok()?))).collect();
    let output = Output::from_command(crate::scenario("first-task").first_task_command(&[]));
    let mut measured: BTreeMap<&str, u64> = BTreeMap::new();
    for event in output.events_named("model_answered") {
        let largest = measured.entry(event["phase"].as_str().unwrap()).or_default();
        *largest = event["usage"]["input_tokens"].as_u64().unwrap().max(*largest);
    }
    assert_eq!(documented.keys().collect::<Vec<_>>(), measured.keys().collect::<Vec<_>>());
    for (phase, tokens) in measured {
        let most = documented[phase];
        assert!(tokens <= most && tokens + 2_000 > most, "{phase}: {tokens} tokens, the page says at most {most}");
    }
}
