//! Questions to models: truncated answers, broken JSON, missing fields, refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use phasegate_plugin::testing::MockHost;
use phasegate_plugin::types::{Content, Failure, ModelError, Request, Role};
use phasegate_plugin::{Question, join_all};
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize)]
struct Answer {
    colour: String,
}

fn ask() -> Question {
    Question::new("paint", "You paint.", "Which colour?").max_output_tokens(100)
}

async fn colour() -> Result<Answer, Failure> {
    ask()
        .json(|answer: &Answer, _| if answer.colour == "mud" { vec!["mud is no colour".to_owned()] } else { vec![] })
        .await
}

fn reason(failure: Failure) -> String {
    match failure {
        Failure::Failed(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn text(request: &Request, message: usize) -> &str {
    match &request.messages[message].content[0] {
        Content::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_valid_answer_takes_one_call() {
    let (answer, activity) =
        MockHost::new().answer("paint", "```json\n{\"colour\": \"red\"}\n```").run_with(|_| colour());
    assert_eq!(answer.unwrap().colour, "red");
    let [request] = activity.requests.as_slice() else { panic!("{:?}", activity.requests) };
    assert_eq!((request.tier.as_str(), request.max_output_tokens), ("default", 100));
    assert_eq!((text(request, 0), text(request, 1)), ("You paint.", "Which colour?"));
}

#[test]
fn continues_a_truncated_answer() {
    let host = MockHost::new()
        .truncated_answer("paint", "{\"colour\": \"dark ")
        .truncated_answer("paint/continue", "olive ")
        .answer("paint/continue", "green\"}");
    let (answer, activity) = host.run_with(|_| colour());
    assert_eq!(answer.unwrap().colour, "dark olive green");
    assert_eq!(text(&activity.requests[2], 2), "{\"colour\": \"dark olive ");
    assert!(matches!(activity.requests[2].messages[2].role, Role::Assistant));
    assert!(text(&activity.requests[2], 3).starts_with("Your answer was cut off"));
}

#[test]
fn fails_if_the_answer_never_ends() {
    let mut host = MockHost::new().truncated_answer("paint", "[1, ");
    for _ in 0..3 {
        host = host.truncated_answer("paint/continue", "1, ");
    }
    let (answer, _) = host.run_with(|_| colour());
    assert_eq!(reason(answer.unwrap_err()), "`paint`: the answer exceeds 4 times 100 tokens");
}

#[test]
fn asks_for_repair_with_the_answer_and_faults() {
    let host = MockHost::new().answer("paint", "{\"color\": \"red\"}").answer("paint/repair", "{\"colour\": \"red\"}");
    let (answer, activity) = host.run_with(|_| colour());
    assert_eq!(answer.unwrap().colour, "red");
    assert_eq!(text(&activity.requests[1], 2), "{\"color\": \"red\"}");
    assert!(
        text(&activity.requests[1], 3).contains("- missing field `colour` at line 1 column 16"),
        "{}",
        text(&activity.requests[1], 3)
    );
}

#[test]
fn asks_for_repair_if_the_check_fails() {
    let host = MockHost::new().answer("paint", "{\"colour\": \"mud\"}").answer("paint/repair", "{\"colour\": \"mud\"}");
    let (answer, _) = host.run_with(|_| colour());
    assert_eq!(
        reason(answer.unwrap_err()),
        "the model's answer to `paint` is unusable, also after one repair: mud is no colour"
    );
}

#[test]
fn continues_a_truncated_repair_under_its_label() {
    let host = MockHost::new()
        .answer("paint", "no")
        .truncated_answer("paint/repair", "{\"colour\":")
        .answer("paint/repair/continue", " \"blue\"}");
    assert_eq!(host.run_with(|_| colour()).0.unwrap().colour, "blue");
}

#[test]
fn reports_refusals_and_exhausted_budgets() {
    let (answer, _) = MockHost::new().response("paint", "I would rather not.", "refusal").run_with(|_| colour());
    assert_eq!(reason(answer.unwrap_err()), "`paint`: the model test:mock refused: I would rather not.");
    let (answer, _) =
        MockHost::new().model_error("paint", ModelError::Budget("0 of 5 USD left".into())).run_with(|_| colour());
    assert_eq!(reason(answer.unwrap_err()), "`paint`: the budget is exhausted: 0 of 5 USD left");
}

#[test]
fn joins_several_questions() {
    let host = MockHost::new().answer("a", "{\"colour\": \"red\"}").answer("b", "{\"colour\": \"blue\"}");
    let (answers, _) = host.run_with(|_| async {
        let ask = |label: &str| Question::new(label, "s", "u");
        let (a, b) = (ask("a"), ask("b"));
        join_all([&a, &b].map(|ask| ask.json(|_: &Answer, _| vec![]))).await
    });
    let colours: Vec<String> = answers.into_iter().map(|answer| answer.unwrap().colour).collect();
    assert_eq!(colours, ["red", "blue"]);
}
