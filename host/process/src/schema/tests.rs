#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use serde_json::json;

use super::*;

fn validator(schema: &Value) -> Result<Validator, String> {
    compile(schema).map(|compiled| compiled.validator)
}

fn refused(schema: Value) -> String {
    validator(&schema).err().unwrap_or_default()
}

/// Returns definitions, each made from the reference to the next.
fn chain(length: usize, make: impl Fn(Value) -> Value) -> Value {
    let next = |n: usize| make(json!({ "$ref": format!("#/$defs/{}", n + 1) }));
    let mut defs: Map<String, Value> = (0..length).map(|n| (n.to_string(), next(n))).collect();
    defs.insert(length.to_string(), json!({ "type": "string" }));
    json!({ "$ref": "#/$defs/0", "$defs": defs })
}

#[test]
fn accepts_trees_and_shared_definitions() {
    let tree = json!({ "type": "object", "properties": {
        "left": { "$ref": "#" }, "right": { "anyOf": [{ "type": "null" }, { "$ref": "#" }] },
        "name": { "$ref": "#/$defs/name" }, "other": { "$ref": "#/$defs/name" } },
        "$defs": { "name": { "type": "string", "pattern": "^[a-z]+$" } } });
    let ready = validator(&tree).unwrap();
    assert!(ready.is_valid(&json!({ "left": { "left": { "name": "a" } }, "right": null, "other": "b" })));
    assert!(!ready.is_valid(&json!({ "left": { "left": { "name": "A" } } })));
}

#[test]
fn rejects_exponentially_growing_schemas() {
    let doubled = chain(24, |next| json!({ "anyOf": [next.clone(), next] }));
    assert_eq!(refused(doubled), "it amounts to more than 50000 parts, references followed");
}

#[test]
fn rejects_deeply_nested_schemas() {
    let fault = "it is nested more than 120 deep, references included";
    assert_eq!(refused(chain(7000, |next| next)), fault);
    // With short steps from the end.
    let mut steps = chain(7000, |next| next);
    steps["allOf"] = (0..140).map(|n| json!({ "$ref": format!("#/$defs/{}", 7000 - 50 * n) })).collect();
    steps.as_object_mut().unwrap().remove("$ref");
    assert_eq!(refused(steps), fault);
}

#[test]
fn rejects_schemas_with_double_recursion() {
    let both = |inner: Value| json!({ "anyOf": [{ "properties": { "a": inner } }, { "properties": { "a": inner } }] });
    assert_eq!(refused(both(json!({ "$ref": "#" }))), "it refers to itself in more than one way for the same value");
    let through = json!({ "$ref": "#/$defs/a", "$defs": { "a": both(json!({ "$ref": "#/$defs/b" })),
        "b": { "items": { "$ref": "#/$defs/a" } } } });
    assert_eq!(refused(through), "it refers to itself in more than one way for the same value");
}

#[test]
fn counts_schemas_under_names_like_keywords() {
    let both = json!({ "anyOf": [{ "items": { "$ref": "#" } }, { "items": { "$ref": "#" } }] });
    for schema in [
        json!({ "patternProperties": { "$defs": both } }),
        json!({ "dependentSchemas": { "definitions": both, "properties": both } }),
        json!({ "properties": { "$defs": both, "pattern": true } }),
    ] {
        assert_eq!(refused(schema), "it refers to itself in more than one way for the same value");
    }
}

#[test]
fn limits_number_and_size_of_patterns() {
    assert!(refused(json!({ "pattern": "^(?=(a+)+b)(a|a)*\\1c$" })).contains("is not a \"regex\""));
    assert!(!refused(json!({ "pattern": "\\w{9000}" })).is_empty());
    let slow = validator(&json!({ "items": { "pattern": "^(a+)+$" } })).unwrap();
    assert!(!slow.is_valid(&json!(vec![format!("{}b", "a".repeat(10_000)); 10])));
    let many: Map<String, Value> = (0..300).map(|n| (n.to_string(), json!({ "pattern": "a" }))).collect();
    assert_eq!(refused(json!({ "properties": many })), "it has more than 256 patterns");
}

#[test]
fn rejects_values_that_take_too_much_work() {
    let is_affordable = |schema: Value, value: Value| compile(&schema).unwrap().is_affordable(&value);
    let wide = |parts: usize| json!({ "allOf": vec![json!({ "items": { "maxLength": 9 } }); parts] });
    assert!(is_affordable(wide(10), json!(vec!["a"; 100_000])) && is_affordable(wide(10_000), json!(vec!["a"; 100])));
    assert!(!is_affordable(wide(10_000), json!(vec!["a"; 100_000])));
    let searched = |patterns: usize| json!({ "allOf": vec![json!({ "pattern": "[ab]*a[ab]{90}c" }); patterns] });
    assert!(is_affordable(searched(2), json!("a".repeat(4 << 20))));
    assert!(!is_affordable(searched(200), json!("a".repeat(4 << 20))));
    // One long list in a list, and a longer one.
    let unique = json!({ "items": { "uniqueItems": true } });
    assert!(
        is_affordable(unique.clone(), json!([vec![0; 10_000]])) && !is_affordable(unique, json!([vec![0; 100_000]]))
    );
}

#[test]
fn references_stay_within_the_schema() {
    assert_eq!(
        refused(json!({ "$ref": "http://127.0.0.1:1/schema.json" })),
        "it refers to `http://127.0.0.1:1/schema.json`, which is no place in it, as `#/$defs/NAME` is"
    );
    assert!(refused(json!({ "$ref": "#name", "$defs": { "a": { "$anchor": "name" } } })).contains("no place in it"));
    assert_eq!(refused(json!({ "$dynamicRef": "#a" })), "`$dynamicRef` is not taken here");
}

#[test]
fn recursive_schemas_terminate() {
    let round = json!({
        "$ref": "#/$defs/a",
        "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/b" }] }, "b": { "allOf": [{ "$ref": "#/$defs/a" }] } }
    });
    for schema in [round, json!({ "$ref": "#" }), json!({ "anyOf": [{ "type": "string" }, { "$ref": "#" }] })] {
        if let Ok(validator) = validator(&schema) {
            let _ = validator.iter_errors(&json!({ "x": [1] })).count();
        }
    }
}
