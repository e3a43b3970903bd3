#![allow(clippy::unwrap_used)]
use super::*;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Sample {
    name: String,
    count: Option<u32>,
}

fn refusal(text: &str) -> String {
    let error = parse::<Sample>(Source { file: "a.toml", text }).unwrap_err();
    format!("{error}\nhint: {}", error.hint)
}

#[test]
fn suggests_the_nearest_field_name() {
    let text = refusal("name = \"x\"\ncuont = 1\n");
    assert_eq!(text, "a.toml:2: unknown field `cuont`, expected `name` or `count`\nhint: did you mean `count`?");
}

#[test]
fn names_missing_fields() {
    assert_eq!(refusal("count = 1\n"), "a.toml:1: missing field `name`\nhint: add it");
}

#[test]
fn wrong_types_have_a_line() {
    assert!(refusal("name = \"x\"\ncount = \"many\"\n").starts_with("a.toml:2: invalid type: string \"many\""));
    assert!(refusal("name = { x = 1 }\n").starts_with("a.toml:1: invalid type: table, expected a string\n"));
}

#[test]
fn long_values_are_not_repeated() {
    let text = refusal("name = \"x\"\ncount = \"sk-0123456789-0123456789\"\n");
    assert!(text.starts_with("a.toml:2: invalid type: a string, expected a whole number, 0 or more\n"), "{text}");
}
