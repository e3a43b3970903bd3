//! Answers as models write them, for one type, with and without its schema.
#![allow(clippy::unwrap_used)]

use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
struct Paint {
    colour: String,
    #[serde(default)]
    coats: u32,
}

fn no_mud(paint: &Paint, _: &str) -> Vec<String> {
    if paint.colour == "mud" || paint.coats > 9 { vec![format!("{} is no colour", paint.colour)] } else { vec![] }
}

fn colour(answer: &str) -> Result<String, Vec<String>> {
    choose(answer, &[], &no_mud).map(|paint: Paint| paint.colour)
}

fn fault(answer: &str) -> String {
    colour(answer).unwrap_err().join("; ")
}

#[test]
fn finds_the_answer_wherever_it_stands() {
    let red = "{\"colour\": \"red\"}";
    for answer in [
        red.to_owned(),
        format!("<think>Red or {{\"colour\": \"blue\"}}?</think>{red}"),
        format!("Red or blue.</think>\n\n{red}"),
        format!("Sure, [as asked], the set {{red}}: {red} Enjoy!"),
        format!("```json\n{{\"colour\": 1}}\n```\nCorrected:\n{red}"),
        format!("```\n{{\"colour\": \n```\n```json\n{red}\n```"),
        format!("{{\"colour\": \"mud\"}} no, {red}"),
        format!("{{\"answer\": {red}}}"),
        format!("{{\"response\": {{\"result\": {red}}}}}"),
        format!("{{\"name\": \"give_answer\", \"arguments\": {red}}}"),
        "{\"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": \"{\\\"colour\\\": \\\"red\\\"}\"}}"
            .to_owned(),
        "\"{\\\"colour\\\": \\\"red\\\"}\"".to_owned(),
        "{\"answer\": \"{\\\"colour\\\": \\\"red\\\"}\"}".to_owned(),
        format!("{red}\n{red}"),
        format!("{red} {{ \"colour\" : \"red\" }}"),
        format!("[{red}]"),
        format!("[ {red}, {red} ]"),
        "{\"colour\": \"red\",}".to_owned(),
        format!("<think>I answer {red}</think>"),
    ] {
        assert_eq!(colour(&answer), Ok("red".to_owned()), "{answer}");
    }
}

#[test]
fn asks_which_of_several_values_is_meant() {
    let both = "the answer contains 2 different JSON values that could be meant, among them `{\"colour\":\"red\"}` and \
                `{\"colour\":\"blue\"}`; give exactly one";
    assert_eq!(fault("{\"colour\": \"red\"} or {\"colour\": \"blue\"}"), both);
    assert_eq!(fault("[{\"colour\": \"red\"}, {\"colour\": \"blue\"}]"), both);
}

#[test]
fn describes_each_kind_of_fault() {
    assert_eq!(fault("Sorry."), "the answer contains no JSON; it begins with `Sorry.`");
    assert_eq!(fault(" \n"), "the answer is empty");
    assert_eq!(fault("{\"colour\": }"), "the answer is not valid JSON: expected value at line 1 column 12");
    assert_eq!(fault("{\"color\": \"red\"}"), "missing field `colour` at line 1 column 16");
    assert_eq!(
        fault("{\"colour\": \"red\", \"coats\": \"two\"}"),
        "coats: invalid type: string \"two\", expected u32 at line 1 column 32"
    );
    assert_eq!(fault("[\"red\"]"), "the answer is a list; it must be one JSON object");
    assert_eq!(fault("{\"colour\": \"mud\"}"), "mud is no colour");
    assert_eq!(fault("<think>{\"colour\": \"red\"}</think>{\"colour\": \"mud\"}"), "mud is no colour");
}

#[test]
fn does_not_search_an_answer_with_faults() {
    #[derive(Debug, Deserialize)]
    struct Tree {
        name: String,
        #[serde(default)]
        children: Vec<Tree>,
    }
    let check = |tree: &Tree, _: &str| match (tree.name.as_str(), tree.children.len()) {
        ("root", _) => vec!["not the root".to_owned()],
        _ => vec![],
    };
    let answer = "{\"name\": \"root\", \"children\": [{\"name\": \"leaf\"}]}";
    assert_eq!(choose(answer, &[], &check).map(|_: Tree| ()), Err(vec!["not the root".to_owned()]));
}

#[test]
fn members_of_the_schema_tell_wrappers_apart() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(default)]
    struct Notes {
        lines: Vec<String>,
    }
    impl Default for Notes {
        fn default() -> Self {
            Self { lines: vec!["default".to_owned()] }
        }
    }
    let members = member_names(r#"{"type": "object", "properties": {"lines": {"type": "array"}}}"#);
    let chosen = |answer: &str| choose(answer, &members, &|_: &Notes, _: &str| vec![]).map(|notes: Notes| notes.lines);
    assert_eq!(chosen("{\"notes\": {\"lines\": [\"a\"]}}"), Ok(vec!["a".to_owned()]));
    assert_eq!(chosen("{\"verdict\": \"fine\"}"), Err(vec!["the object has none of the members `lines`".to_owned()]));
}

#[test]
fn accepts_lists_where_the_type_is_one() {
    let list = |answer: &str| choose(answer, &[], &|_: &Vec<u32>, _: &str| vec![]).map(|list: Vec<u32>| list);
    assert_eq!(list("[1, 2]"), Ok(vec![1, 2]));
    assert_eq!(list("{\"list\": [1, 2]}"), Ok(vec![1, 2]));
}
