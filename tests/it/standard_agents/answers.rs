//! Answers as models write them, in whole runs of the standard agents: which of them are used, and which are asked for again.

use std::fs;

use insta::assert_snapshot;
use phasegate_test::{Output, Scenario, examples};
use toml::{Table, Value};

use crate::standard_agents::{message_text, requests};

/// An answer of the first example.
fn example(name: &str) -> String {
    fs::read_to_string(examples().join("first-task/answers").join(name)).unwrap().trim().to_owned()
}

fn answer(label: &str, text: &str) -> Table {
    [("label", label), ("text", text)].map(|(name, text)| (name.to_owned(), Value::from(text))).into_iter().collect()
}

/// An answer that the model stopped after this many tokens.
fn cut(label: &str, text: &str, output_tokens: i64) -> Table {
    let mut answer = answer(label, text);
    answer.insert("stop".to_owned(), "max-tokens".into());
    answer.insert("output_tokens".to_owned(), output_tokens.into());
    answer
}

fn design_and_reviews() -> Vec<Table> {
    let reviews = ["security", "performance", "maintainability", "api-design", "data-integrity-2", "architecture-2"];
    let review = |name: &&str| {
        let label = format!("design-review/{}", name.trim_end_matches("-2"));
        answer(&label, &example(&format!("design-review/{name}.json")))
    };
    let design = answer("design", &example("design-2.json"));
    std::iter::once(design).chain(reviews.iter().map(review)).collect()
}

/// Runs planning, design and its review on the task of the first example.
fn run(answers: Vec<Table>) -> (Scenario, Output) {
    let scenario = crate::scenario("first-task");
    let answers: Value = answers.into_iter().map(Value::from).collect::<Vec<_>>().into();
    let script = Table::from_iter([("answer".to_owned(), answers)]);
    fs::write(scenario.path("answers.toml"), script.to_string()).unwrap();
    fs::write(scenario.path("models.toml"), "[models]\ndefault = \"scripted:answers.toml\"\n").unwrap();
    let config = scenario.path("models.toml").display().to_string();
    let command = scenario.first_task_command(&["--pipeline", "planning-design", "--config", &config]);
    let output = Output::from_command(command);
    (scenario, output)
}

fn labels(output: &Output) -> Vec<&str> {
    output.events_named("model_asked").map(|event| event["label"].as_str().unwrap()).collect()
}

#[test]
fn json_is_found_wherever_it_stands() {
    let plan = example("plan.json");
    let mut answers = design_and_reviews();
    for answer in &mut answers {
        let text = answer["text"].as_str().unwrap().to_owned();
        let written = match answer["label"].as_str().unwrap() {
            "design" => {
                format!("A draft:\n```json\n{{\"architecture_overview\": \n```\nThe design:\n```json\n{text}\n```")
            }
            "design-review/security" => format!("Is input checked? Yes.\n</think>\n{text}"),
            "design-review/performance" => format!("{{\"answer\": {text}}}"),
            "design-review/data-integrity" => serde_json::to_string(&text).unwrap(),
            "design-review/maintainability" => format!("{text}\n\n{text}"),
            "design-review/architecture" => format!("[\n{text}\n]"),
            _ => format!("{},\n}}", text.strip_suffix('}').unwrap()),
        };
        answer.insert("text".to_owned(), written.into());
    }
    answers.push(answer(
        "planning",
        &format!("<think>One unit, {{\"semantic_units\": []}}? No.</think>\nThe plan: {plan}"),
    ));
    let (_, output) = run(answers);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(labels(&output).iter().all(|label| !label.ends_with("/repair")), "{:?}", labels(&output));
    assert_eq!(labels(&output).len(), 8);
}

#[test]
fn several_plans_are_asked_about_once() {
    let plan = example("plan.json");
    let other = plan.replace("\"novelty\": 1.5", "\"novelty\": 1.2");
    assert_ne!(plan, other);
    let mut answers = design_and_reviews();
    answers.push(answer("planning", &format!("{plan}\nOr:\n{other}")));
    answers.push(answer("planning/repair", &plan));
    let (scenario, output) = run(answers);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let requests = requests(&scenario, &output);
    let (first, repair) = (&requests[0].1, &requests[1].1);
    assert!(message_text(repair).starts_with(&message_text(first)));
    let asked = repair["messages"][3]["content"][0]["text"].as_str().unwrap();
    let schema = repair["answer_schema"].as_str().unwrap();
    assert!(asked.contains("the answer contains 2 different JSON values that could be meant"), "{asked}");
    assert!(asked.contains(schema), "the schema is not in the words of the question: {asked}");
}

#[test]
fn cut_answers_are_asked_for_with_more_room() {
    let plan = example("plan.json");
    let mut answers = design_and_reviews();
    answers.push(cut("planning", &plan[..200], 8_000));
    answers.push(answer("planning/longer", &plan));
    let (scenario, output) = run(answers);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let requests = requests(&scenario, &output);
    let [(_, first), (label, second)] = &requests[..2] else { panic!("{requests:?}") };
    assert_eq!(label, "planning/longer");
    assert_eq!(
        (first["max_output_tokens"].as_u64(), second["max_output_tokens"].as_u64()),
        (Some(8_000), Some(32_000))
    );
    assert_eq!(first["messages"], second["messages"]);
    assert_eq!(first["answer_schema"], second["answer_schema"]);
}

#[test]
fn full_windows_and_endless_answers_are_explained() {
    let start = &example("plan.json")[..200];
    let full = run(vec![cut("planning", start, 700)]).1;
    assert!(labels(&full).iter().all(|label| *label == "planning"), "{:?}", labels(&full));
    assert_snapshot!(failure(&full), @"planning#1 attempt failed: `planning`: the model scripted:answers.toml stopped after 700 of 8000 tokens: its context window is full, or its own limit for an answer is lower; use a model with a larger window, or give it less context");
    let endless = run(vec![cut("planning", start, 8_000), cut("planning/longer", start, 32_000)]).1;
    assert_snapshot!(failure(&endless), @"planning#1 attempt failed: `planning`: the answer exceeds 32000 tokens");
}

/// What the first failed attempt says.
fn failure(output: &Output) -> &str {
    assert_eq!(output.code, 1, "{}", output.stderr);
    output.stderr.lines().find(|line| line.contains("attempt failed")).unwrap()
}
