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
    let error = parse::<Sample>(Source { file: "a.toml", text }, &Reference::CONFIGURATION).unwrap_err();
    format!("{error}\nhint: {}", error.hint)
}

#[test]
fn suggests_the_nearest_field_name() {
    assert_eq!(refusal("name = \"x\"\ncuont = 1\n"), "a.toml:2: unknown key `cuont`\nhint: did you mean `count`?");
}

#[test]
fn unknown_keys_have_the_known_ones() {
    assert_eq!(
        refusal("name = \"x\"\nother = 1\n"),
        "a.toml:2: unknown key `other`\nhint: choose from name, count\nsee docs/configuration.md#top-level"
    );
}

#[test]
fn says_where_a_misplaced_key_belongs() {
    let text = refusal("name = \"x\"\nmax_retries = 1\n");
    assert_eq!(
        text,
        "a.toml:2: unknown key `max_retries`\nhint: `max_retries` belongs under [phases.NAME], as in [phases.code-review], or \
         to all phases with `run --max-retries N`\nsee docs/configuration.md#top-level"
    );
}

#[test]
fn names_missing_fields() {
    assert_eq!(
        refusal("count = 1\n"),
        "a.toml:1: `name` is missing\nhint: add it\nsee docs/configuration.md#top-level"
    );
}

#[test]
fn wrong_types_have_a_line() {
    assert!(refusal("name = \"x\"\ncount = \"many\"\n").starts_with(
        "a.toml:2: `count` must be a whole number, 0 or more, not \"many\"\nhint: see docs/configuration.md#top-level"
    ));
    assert!(refusal("name = { x = 1 }\n").starts_with("a.toml:1: `name` must be a text, not a table\n"));
    assert!(refusal("name = \"x\"\ncount = 99999999999999999999999\n").starts_with("a.toml:2: `count` must be "));
}

#[test]
fn long_values_are_not_repeated() {
    let text = refusal("name = \"x\"\ncount = \"a text that is longer than others\"\n");
    assert!(text.starts_with("a.toml:2: `count` must be a whole number, 0 or more, not a text\n"), "{text}");
}

#[test]
fn keys_of_providers_are_refused_and_masked() {
    for text in [
        "name = \"sk-ant-0123456789\"\n",
        "name = \"Bearer sk-ant-0123456789\"\n",
        "key = \"sk-ant-0123456789\"\n",
        "name = \"x\"\napi_key = \"short\"\n",
    ] {
        let error = parse::<Sample>(Source { file: "a.toml", text }, &Reference::CONFIGURATION).unwrap_err();
        let shown = format!("{error}\n{}\n{}", error.excerpt.as_deref().unwrap(), error.hint);
        assert!(shown.contains("keys never stand here") && shown.contains("key_env"), "{shown}");
        assert!(!shown.contains("0123") && !shown.contains("short"), "{shown}");
    }
    // Without quotes the file is not TOML, and the line is masked as well.
    let error =
        parse::<Sample>(Source { file: "a.toml", text: "name = sk-ant-0123456789" }, &Reference::TASK).unwrap_err();
    assert_eq!(error.message, "the text of `name` needs quotes");
    assert_eq!(error.excerpt.as_deref().unwrap().lines().next(), Some("  1 | name = *****************"));
}

#[test]
fn faults_show_the_line_with_a_caret() {
    let text = "name = \"x\"\ncuont = 1\n";
    let error = parse::<Sample>(Source { file: "a.toml", text }, &Reference::CONFIGURATION).unwrap_err();
    assert_eq!(error.excerpt.as_deref(), Some("  2 | cuont = 1\n    | ^^^^^"));
}

#[test]
fn wrong_syntax_is_named_in_plain_words() {
    for (text, said) in [
        ("name \"x\"\n", "a.toml:1: a key needs `=` and a value\n"),
        ("a b = 1\n", "a.toml:1: a key needs `=` and a value\n"),
        ("name =\n", "a.toml:1: `name` has no value\n"),
        ("count = 5 6\n", "a.toml:1: there is more than one value\n"),
        ("[[name]]\nx = 1\n", "a.toml:1: [[name]] is a list of tables, but `name` is one table\n"),
        ("name = x\n", "a.toml:1: the text of `name` needs quotes\n"),
        ("name = \"x\n", "a.toml:1: the text of `name` is not closed\n"),
        ("name = \"x\"\nname = \"y\"\n", "a.toml:2: the key is there twice\n"),
    ] {
        assert!(refusal(text).starts_with(said), "{text}{}", refusal(text));
    }
}
