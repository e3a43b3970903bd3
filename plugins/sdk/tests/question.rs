//! How a question to a model copes with what models do: truncation, broken JSON, missing fields, refusals.
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

fn words(failure: Failure) -> String {
    match failure {
        Failure::Failed(words) => words,
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
fn a_good_answer_takes_one_call() {
    let (answer, activity) =
        MockHost::new().answer("paint", "```json\n{\"colour\": \"red\"}\n```").run_with(|_| colour());
    assert_eq!(answer.unwrap().colour, "red");
    let [request] = activity.requests.as_slice() else { panic!("{:?}", activity.requests) };
    assert_eq!((request.tier.as_str(), request.max_output_tokens), ("default", 100));
    assert_eq!((text(request, 0), text(request, 1)), ("You paint.", "Which colour?"));
}

#[test]
fn a_truncated_answer_is_continued_from_where_it_stopped() {
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
fn an_answer_that_never_ends_is_a_failure_in_words() {
    let mut host = MockHost::new().truncated_answer("paint", "[1, ");
    for _ in 0..3 {
        host = host.truncated_answer("paint/continue", "1, ");
    }
    let (answer, _) = host.run_with(|_| colour());
    assert_eq!(words(answer.unwrap_err()), "`paint`: the answer is longer than 4 times 100 tokens and was cut off");
}

#[test]
fn an_invalid_answer_gets_one_repair_question_with_its_faults_and_itself() {
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
fn the_callers_own_check_asks_for_repair_too() {
    let host = MockHost::new().answer("paint", "{\"colour\": \"mud\"}").answer("paint/repair", "{\"colour\": \"mud\"}");
    let (answer, _) = host.run_with(|_| colour());
    assert_eq!(
        words(answer.unwrap_err()),
        "the model's answer to `paint` is unusable, also when asked again: mud is no colour"
    );
}

#[test]
fn a_truncated_repair_is_continued_under_its_own_label() {
    let host = MockHost::new()
        .answer("paint", "no")
        .truncated_answer("paint/repair", "{\"colour\":")
        .answer("paint/repair/continue", " \"blue\"}");
    assert_eq!(host.run_with(|_| colour()).0.unwrap().colour, "blue");
}

#[test]
fn a_refusal_and_a_spent_budget_are_failures_in_words() {
    let (answer, _) = MockHost::new().response("paint", "I would rather not.", "refusal").run_with(|_| colour());
    assert_eq!(words(answer.unwrap_err()), "`paint`: the model test:mock refused: I would rather not.");
    let (answer, _) =
        MockHost::new().model_error("paint", ModelError::Budget("0 of 5 USD left".into())).run_with(|_| colour());
    assert_eq!(words(answer.unwrap_err()), "`paint`: the budget is used up: 0 of 5 USD left");
}

#[test]
fn questions_can_be_joined() {
    let host = MockHost::new().answer("a", "{\"colour\": \"red\"}").answer("b", "{\"colour\": \"blue\"}");
    let (answers, _) = host.run_with(|_| async {
        let ask = |label: &str| Question::new(label, "s", "u");
        let (a, b) = (ask("a"), ask("b"));
        join_all([&a, &b].map(|ask| ask.json(|_: &Answer, _| vec![]))).await
    });
    let colours: Vec<String> = answers.into_iter().map(|answer| answer.unwrap().colour).collect();
    assert_eq!(colours, ["red", "blue"]);
}
