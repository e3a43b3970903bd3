//! Starts that requests share, which providers charge less for: counted on the recorded requests of the first example.

use phasegate_test::Output;

use crate::standard_agents::{message_text, requests};

/// Limit of the characters of all messages outside of the start that the request shares with an earlier one.
const MAX_OUTSIDE: usize = 110_000;
/// The same where a provider puts the schema before the messages, so that only calls with equal schemas share anything.
const MAX_OUTSIDE_BEHIND_SCHEMAS: usize = 145_000;

#[test]
fn requests_of_one_run_share_their_starts() {
    let scenario = crate::scenario("first-task");
    let output = Output::from_command(scenario.first_task_command(&[]));
    let requests = requests(&scenario, &output);
    let messages: Vec<String> = requests.iter().map(|(_, request)| message_text(request)).collect();
    let behind_schemas: Vec<String> = requests
        .iter()
        .zip(&messages)
        .map(|((_, request), messages)| format!("{}{messages}", request["answer_schema"].as_str().unwrap_or_default()))
        .collect();
    check(&messages, MAX_OUTSIDE);
    check(&behind_schemas, MAX_OUTSIDE_BEHIND_SCHEMAS);
}

#[test]
fn reviewers_differ_only_in_their_last_part() {
    let scenario = crate::scenario("first-task");
    let output = Output::from_command(scenario.first_task_command(&[]));
    let requests = requests(&scenario, &output);
    for gate in ["design-review/", "code-review/"] {
        let mut parts: Vec<Vec<&str>> = Vec::new();
        for (_, request) in requests.iter().filter(|(label, _)| label.starts_with(gate)).take(6) {
            let content = request["messages"][1]["content"].as_array().unwrap();
            parts.push(content.iter().map(|part| part["text"].as_str().unwrap()).collect());
            assert_eq!(request["answer_schema"], requests[2].1["answer_schema"]);
            assert_eq!(request["messages"][0], requests[0].1["messages"][0]);
        }
        let shared = parts[0].len() - 1;
        assert!(shared >= 3 && parts.iter().all(|own| own[..shared] == parts[0][..shared]), "{gate}");
    }
}

#[test]
fn second_gate_begins_as_the_first() {
    let scenario = crate::scenario("first-task");
    let output = Output::from_command(scenario.first_task_command(&[]));
    let requests = requests(&scenario, &output);
    let parts = |label: &str| -> Vec<String> {
        let (_, request) = requests.iter().rfind(|(known, _)| known == label).unwrap();
        let content = request["messages"][1]["content"].as_array().unwrap();
        content.iter().map(|part| part["text"].as_str().unwrap().to_owned()).collect()
    };
    let (design, code) = (parts("design-review/security"), parts("code-review/security"));
    // The rules of the gate and the speciality come after what both share; the provider's cache has it up to there.
    let shared = design.len() - 2;
    assert_eq!(design[..shared], code[..shared]);
    assert_ne!(design[shared], code[shared]);
}

fn check(texts: &[String], max_outside: usize) {
    let shared = |at: usize| texts[..at].iter().map(|earlier| shared_start(earlier, &texts[at])).max().unwrap_or(0);
    let outside: usize = (0..texts.len()).map(|at| texts[at].chars().count() - shared(at)).sum();
    let total: usize = texts.iter().map(|text| text.chars().count()).sum();
    assert!(outside <= max_outside, "{outside} of {total} characters are in no shared start");
}

fn shared_start(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}
