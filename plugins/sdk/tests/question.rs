//! Questions to models: cut answers, full windows, broken JSON, missing fields, refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use phasegate_plugin::testing::MockHost;
use phasegate_plugin::types::{Content, Failure, ModelError, Request, Role};
use phasegate_plugin::{Question, Sections, SharedBy, join_all};
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
fn asks_for_a_cut_answer_with_more_room() {
    let host = MockHost::new()
        .truncated_answer("paint", "{\"colour\": \"dark ")
        .answer("paint/longer", "{\"colour\": \"dark olive green\"}");
    let (answer, activity) = host.run_with(|_| async {
        ask()
            .schema(r#"{"type": "object", "properties": {"colour": {"type": "string"}}}"#)
            .json(|_: &Answer, _| vec![])
            .await
    });
    assert_eq!(answer.unwrap().colour, "dark olive green");
    let [first, second] = activity.requests.as_slice() else { panic!("{:?}", activity.requests) };
    assert_eq!((first.max_output_tokens, second.max_output_tokens), (100, 400));
    assert_eq!(format!("{:?}", first.messages), format!("{:?}", second.messages));
    assert!(first.answer_schema.is_some() && first.answer_schema == second.answer_schema);
}

#[test]
fn uses_a_complete_answer_despite_a_cut() {
    let host = MockHost::new().truncated_answer("paint", "{\"colour\": \"red\"} Red, because it");
    assert_eq!(host.run_with(|_| colour()).0.unwrap().colour, "red");
}

#[test]
fn fails_if_the_longer_answer_is_cut_too() {
    let host = MockHost::new().truncated_answer("paint", "").truncated_answer("paint/longer", "{\"colour\": ");
    assert_eq!(reason(host.run_with(|_| colour()).0.unwrap_err()), "`paint`: the answer exceeds 400 tokens");
}

#[test]
fn a_full_window_is_not_asked_for_more() {
    let why = "`paint`: the model test:mock stopped after 1 of 100 tokens: its context window is full, or its own limit for an \
               answer is lower; use a model with a larger window, or give it less context";
    let (answer, activity) = MockHost::new().response("paint", "{\"colour\": ", "max-tokens").run_with(|_| colour());
    assert_eq!((reason(answer.unwrap_err()).as_str(), activity.requests.len()), (why, 1));
    let (text, activity) =
        MockHost::new().response("paint", "Once", "max-tokens").run_with(|_| async { ask().text().await });
    assert_eq!((reason(text.unwrap_err()).as_str(), activity.requests.len()), (why, 1));
}

/// An answer that the model cut off after this many tokens.
fn cut(host: MockHost, label: &str, text: &str, tokens: u64) -> MockHost {
    host.content(label, vec![Content::Text(text.to_owned())], "max-tokens", tokens)
}

#[test]
fn asks_within_the_limit_of_the_model() {
    for limit in [4096, 6000] {
        let host = cut(MockHost::new(), "paint", "{\"colour\": \"dark ", limit)
            .answer("paint/longer", "{\"colour\": \"olive\"}");
        let (answer, activity) =
            host.run_with(|_| async { ask().max_output_tokens(16_000).json(|_: &Answer, _| vec![]).await });
        assert_eq!(answer.unwrap().colour, "olive");
        let [first, second] = activity.requests.as_slice() else { panic!("{:?}", activity.requests) };
        assert_eq!((first.max_output_tokens, u64::from(second.max_output_tokens)), (16_000, limit));
        assert_eq!(text(second, 1), text(first, 1), "the prompts begin alike");
        let Content::Text(more) = &second.messages[1].content[1] else { panic!("{:?}", second.messages) };
        assert!(more.starts_with(&format!("Your first answer was cut off at {limit} tokens")), "{more}");
    }
    let host = cut(MockHost::new(), "paint", "{", 4096);
    let host = cut(host, "paint/longer", "{", 4096);
    let (answer, _) = host.run_with(|_| async { ask().max_output_tokens(16_000).json(|_: &Answer, _| vec![]).await });
    assert_eq!(reason(answer.unwrap_err()), "`paint`: the answer exceeds 4096 tokens");
}

#[test]
fn continues_at_the_limit_of_the_model() {
    let host = cut(MockHost::new(), "paint", "dark ", 4096);
    let host = cut(host, "paint/continue", "olive ", 4096).answer("paint/continue", "green");
    let (answer, activity) = host.run_with(|_| async { ask().max_output_tokens(16_000).text().await });
    assert_eq!(answer.unwrap(), "dark olive green");
    let limits: Vec<u32> = activity.requests.iter().map(|request| request.max_output_tokens).collect();
    assert_eq!(limits, [16_000, 4096, 4096]);
}

#[test]
fn repeats_reasoning_in_follow_up_questions() {
    let reasoning = |text: &str| Content::Opaque(format!("{{\"reasoning_content\":\"{text}\"}}"));
    let answer = |thought: &str, text: &str| vec![reasoning(thought), Content::Text(text.to_owned())];
    let host = MockHost::new()
        .content("paint", answer("{\\\"colour\\\": 1}", "Red."), "end", 1)
        .answer("paint/repair", "{\"colour\": \"red\"}");
    let (painted, activity) = host.run_with(|_| colour());
    assert_eq!(painted.unwrap().colour, "red");
    let repeated = format!("{:?}", activity.requests[1].messages[2].content);
    assert_eq!(repeated, format!("{:?}", answer("{\\\"colour\\\": 1}", "Red.")));
    let host = MockHost::new()
        .content("paint", answer("a", "dark "), "max-tokens", 100)
        .content("paint/continue", answer("b", "olive "), "max-tokens", 100)
        .answer("paint/continue", "green");
    let (text, activity) = host.run_with(|_| async { ask().text().await });
    assert_eq!(text.unwrap(), "dark olive green");
    let repeated = format!("{:?}", activity.requests[2].messages[2].content);
    let expected = vec![reasoning("a"), reasoning("b"), Content::Text("dark olive ".to_owned())];
    assert_eq!(repeated, format!("{expected:?}"));
}

#[test]
fn continues_a_truncated_text() {
    let host = MockHost::new()
        .truncated_answer("paint", "dark ")
        .truncated_answer("paint/continue", "olive ")
        .answer("paint/continue", "green");
    let (answer, activity) = host.run_with(|_| async { ask().text().await });
    assert_eq!(answer.unwrap(), "dark olive green");
    assert_eq!(text(&activity.requests[2], 2), "dark olive ");
    assert!(matches!(activity.requests[2].messages[2].role, Role::Assistant));
    assert!(text(&activity.requests[2], 3).starts_with("Your answer was cut off"));
}

#[test]
fn fails_if_the_text_never_ends() {
    let mut host = MockHost::new().truncated_answer("paint", "on and ");
    for _ in 0..3 {
        host = host.truncated_answer("paint/continue", "on and ");
    }
    let (answer, _) = host.run_with(|_| async { ask().text().await });
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
fn repair_questions_contain_the_schema() {
    let schema = r#"{"type":"object","properties":{"colour":{"type":"string"}}}"#;
    let host = MockHost::new().answer("paint", "Red.").answer("paint/repair", "{\"colour\": \"red\"}");
    let (answer, activity) = host.run_with(|_| async { ask().schema(schema).json(|_: &Answer, _| Vec::new()).await });
    assert_eq!(answer.unwrap().colour, "red");
    let repair = text(&activity.requests[1], 3);
    assert!(repair.contains("- the answer contains no JSON; it begins with `Red.`"), "{repair}");
    assert!(repair.contains(&format!("The answer must satisfy this JSON Schema:\n\n{schema}\n")), "{repair}");
}

#[test]
fn asks_for_a_cut_repair_with_more_room() {
    let host = MockHost::new()
        .answer("paint", "no")
        .truncated_answer("paint/repair", "{\"colour\":")
        .answer("paint/repair/longer", "{\"colour\": \"blue\"}");
    assert_eq!(host.run_with(|_| colour()).0.unwrap().colour, "blue");
}

#[test]
fn sends_sections_as_parts_of_one_message() {
    let sections = Sections::new().add(SharedBy::Call, "Which colour?").add(SharedBy::Run, "A house.");
    let host = MockHost::new().answer("paint", "red");
    let (_, activity) = host.run_with(|_| async { Question::new("paint", "You paint.", sections).text().await });
    let parts = format!("{:?}", activity.requests[0].messages[1].content);
    assert!(parts.ends_with(r#"Text("A house.\n\n"), Content::Text("Which colour?")]"#), "{parts}");
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
