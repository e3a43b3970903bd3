//! JSON Schemas that strangers wrote: a plugin's settings, and the kinds of artifacts that it brings.
//!
//! Promises: neither making a schema ready nor holding a value against it takes more of the host's time, memory or stack
//! than the sizes of both warrant, and together they are bounded. A schema refers only to places within itself; with its
//! references followed it is of bounded size and depth; it contains itself in one way only; patterns match in linear time.
//! Fails in words.

use std::collections::BTreeMap;

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value};

/// The most that a schema may amount to, each reference counted as all that it leads to.
const MOST_PARTS: u64 = 50_000;
/// The deepest that it may be nested, references included: each level takes of the host's stack.
const DEEPEST: usize = 120;
/// How many patterns it may have, and how large one may be when it is ready to match, in bytes.
const MOST_PATTERNS: u64 = 256;
const LARGEST_PATTERN: usize = 256 << 10;

/// The most work that one value may be, in comparisons of one part of it with one of the schema: some seconds.
const MOST_WORK: u64 = 200_000_000;
/// What it is to look for a pattern at one place of a text.
const PATTERN_WORK: u64 = 20;

/// A schema that is ready to hold values against.
pub(crate) struct Ready {
    pub(crate) validator: Validator,
    whole: Sum,
}

impl Ready {
    /// Whether holding this value against it is no more work than one value may be.
    pub(crate) fn takes(&self, value: &Value) -> bool {
        let size = Size::of(value);
        let Sum { parts, patterns, unique, .. } = self.whole;
        let searched = size.text.saturating_mul(patterns).saturating_mul(PATTERN_WORK);
        // Who wrote both can make different items look the same until they are compared.
        let compared = if unique { size.pairs } else { 0 };
        size.parts.saturating_mul(parts).saturating_add(searched).saturating_add(compared) <= MOST_WORK
    }
}

/// How large a value is.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    parts: u64,
    /// Bytes of its texts and names.
    text: u64,
    /// Items times items, over all lists.
    pairs: u64,
}

impl Size {
    fn of(value: &Value) -> Self {
        let mut size = Self::default();
        size.add(value);
        size
    }

    fn add(&mut self, value: &Value) {
        self.parts += 1;
        match value {
            Value::String(text) => self.text += text.len() as u64,
            Value::Array(items) => {
                self.pairs = self.pairs.saturating_add((items.len() as u64).saturating_pow(2));
                items.iter().for_each(|item| self.add(item));
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    self.text += name.len() as u64;
                    self.add(field);
                }
            }
            _ => {}
        }
    }
}

/// Makes a schema ready to hold values against.
pub(crate) fn ready(schema: &Value) -> Result<Ready, String> {
    let whole = Walk { schema, known: BTreeMap::new(), inside: Vec::new() }.part(schema, 0)?;
    if whole.patterns > MOST_PATTERNS {
        return Err(format!("it has more than {MOST_PATTERNS} patterns"));
    }
    let patterns = PatternOptions::regex().size_limit(LARGEST_PATTERN);
    let built = jsonschema::draft202012::options().with_pattern_options(patterns).build(schema);
    Ok(Ready { validator: built.map_err(|error| error.to_string())?, whole })
}

/// What a part of a schema amounts to.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    parts: u64,
    patterns: u64,
    height: usize,
    /// In how many ways a value that is held against it is held against something around it again.
    ways: u64,
    /// Whether items have to differ from each other.
    unique: bool,
}

impl Sum {
    const ONE: Self = Self { parts: 1, patterns: 0, height: 1, ways: 0, unique: false };

    fn and(self, other: Self) -> Self {
        Self { ways: self.ways.saturating_add(other.ways), ..self.beside(other) }
    }

    /// The same for parts that are never about the same value.
    fn beside(self, other: Self) -> Self {
        Self {
            parts: self.parts.saturating_add(other.parts),
            patterns: self.patterns.saturating_add(other.patterns),
            height: self.height.max(other.height),
            ways: self.ways.max(other.ways),
            unique: self.unique || other.unique,
        }
    }
}

struct Walk<'a> {
    schema: &'a Value,
    known: BTreeMap<&'a str, Sum>,
    inside: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn part(&mut self, part: &'a Value, depth: usize) -> Result<Sum, String> {
        let too_deep = || format!("it is nested more than {DEEPEST} deep, references included");
        if depth > DEEPEST {
            return Err(too_deep());
        }
        let mut sum = Sum::default();
        match part {
            Value::Array(items) => {
                for item in items {
                    sum = sum.and(self.part(item, depth + 1)?);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    sum = sum.and(self.field(name, value, depth)?);
                }
            }
            _ => {}
        }
        let sum = Sum { parts: sum.parts.saturating_add(1), height: sum.height + 1, ..sum };
        match (sum.height > DEEPEST, sum.parts > MOST_PARTS, sum.ways > 1) {
            (true, ..) => Err(too_deep()),
            (_, true, _) => Err(format!("it amounts to more than {MOST_PARTS} parts, references followed")),
            (_, _, true) => Err("it refers to itself in more than one way for the same value".to_owned()),
            _ => Ok(sum),
        }
    }

    fn field(&mut self, name: &str, value: &'a Value, depth: usize) -> Result<Sum, String> {
        match (name, value) {
            ("$ref", Value::String(to)) => self.reference(to, depth),
            ("$id", Value::String(_)) if depth == 0 => Ok(Sum::ONE),
            ("$dynamicRef" | "$recursiveRef" | "$id", Value::String(_)) => Err(format!("`{name}` is not taken here")),
            // They count where they are referred to.
            ("$defs" | "definitions", Value::Object(_)) => Ok(Sum::ONE),
            ("pattern", Value::String(_)) => Ok(Sum { patterns: 1, ..Sum::ONE }),
            ("uniqueItems", Value::Bool(true)) => Ok(Sum { unique: true, ..Sum::ONE }),
            ("properties", Value::Object(fields)) => self.named(fields, depth, Sum::beside),
            ("dependentSchemas" | "dependencies", Value::Object(fields)) => self.named(fields, depth, Sum::and),
            ("patternProperties", Value::Object(fields)) => {
                let sum = self.named(fields, depth, Sum::and)?;
                Ok(Sum { patterns: sum.patterns.saturating_add(fields.len() as u64), ..sum })
            }
            _ => self.part(value, depth + 1),
        }
    }

    /// Schemas by names that are not words of JSON Schema, whatever they look like.
    fn named(&mut self, fields: &'a Map<String, Value>, depth: usize, add: fn(Sum, Sum) -> Sum) -> Result<Sum, String> {
        fields.values().try_fold(Sum::ONE, |sum, field| Ok(add(sum, self.part(field, depth + 1)?)))
    }

    fn reference(&mut self, to: &'a str, depth: usize) -> Result<Sum, String> {
        if self.inside.contains(&to) || to == "#" {
            return Ok(Sum { ways: 1, ..Sum::ONE });
        }
        if let Some(known) = self.known.get(to) {
            return Ok(*known);
        }
        let target = to.strip_prefix("#/").and_then(|_| self.schema.pointer(to.get(1..)?));
        let target =
            target.ok_or_else(|| format!("it refers to `{to}`, which is no place in it, as `#/$defs/NAME` is"))?;
        self.inside.push(to);
        let sum = self.part(target, depth + 1)?;
        self.inside.pop();
        self.known.insert(to, sum);
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::json;

    use super::*;

    fn validator(schema: &Value) -> Result<Validator, String> {
        ready(schema).map(|ready| ready.validator)
    }

    fn refused(schema: Value) -> String {
        validator(&schema).err().unwrap_or_default()
    }

    /// `of` definitions, each made from the reference to the next.
    fn chain(of: usize, make: impl Fn(Value) -> Value) -> Value {
        let next = |n: usize| make(json!({ "$ref": format!("#/$defs/{}", n + 1) }));
        let mut defs: Map<String, Value> = (0..of).map(|n| (n.to_string(), next(n))).collect();
        defs.insert(of.to_string(), json!({ "type": "string" }));
        json!({ "$ref": "#/$defs/0", "$defs": defs })
    }

    #[test]
    fn trees_and_shared_definitions_are_taken() {
        let tree = json!({ "type": "object", "properties": {
            "left": { "$ref": "#" }, "right": { "anyOf": [{ "type": "null" }, { "$ref": "#" }] },
            "name": { "$ref": "#/$defs/name" }, "other": { "$ref": "#/$defs/name" } },
            "$defs": { "name": { "type": "string", "pattern": "^[a-z]+$" } } });
        let ready = validator(&tree).unwrap();
        assert!(ready.is_valid(&json!({ "left": { "left": { "name": "a" } }, "right": null, "other": "b" })));
        assert!(!ready.is_valid(&json!({ "left": { "left": { "name": "A" } } })));
    }

    #[test]
    fn a_schema_that_grows_with_every_reference_is_refused() {
        let doubled = chain(24, |next| json!({ "anyOf": [next.clone(), next] }));
        assert_eq!(refused(doubled), "it amounts to more than 50000 parts, references followed");
    }

    #[test]
    fn a_schema_that_takes_the_stack_is_refused() {
        let words = "it is nested more than 120 deep, references included";
        assert_eq!(refused(chain(7000, |next| next)), words);
        // In steps from the end, each of them short.
        let mut steps = chain(7000, |next| next);
        steps["allOf"] = (0..140).map(|n| json!({ "$ref": format!("#/$defs/{}", 7000 - 50 * n) })).collect();
        steps.as_object_mut().unwrap().remove("$ref");
        assert_eq!(refused(steps), words);
    }

    #[test]
    fn a_schema_that_contains_itself_twice_for_one_value_is_refused() {
        let both =
            |inner: Value| json!({ "anyOf": [{ "properties": { "a": inner } }, { "properties": { "a": inner } }] });
        assert_eq!(
            refused(both(json!({ "$ref": "#" }))),
            "it refers to itself in more than one way for the same value"
        );
        let through = json!({ "$ref": "#/$defs/a", "$defs": { "a": both(json!({ "$ref": "#/$defs/b" })),
            "b": { "items": { "$ref": "#/$defs/a" } } } });
        assert_eq!(refused(through), "it refers to itself in more than one way for the same value");
    }

    #[test]
    fn a_name_that_looks_like_a_word_of_json_schema_hides_nothing() {
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
    fn patterns_match_in_linear_time_and_are_small_and_few() {
        assert!(refused(json!({ "pattern": "^(?=(a+)+b)(a|a)*\\1c$" })).contains("is not a \"regex\""));
        assert!(!refused(json!({ "pattern": "\\w{9000}" })).is_empty());
        let slow = validator(&json!({ "items": { "pattern": "^(a+)+$" } })).unwrap();
        assert!(!slow.is_valid(&json!(vec![format!("{}b", "a".repeat(10_000)); 10])));
        let many: Map<String, Value> = (0..300).map(|n| (n.to_string(), json!({ "pattern": "a" }))).collect();
        assert_eq!(refused(json!({ "properties": many })), "it has more than 256 patterns");
    }

    #[test]
    fn what_is_too_much_work_together_is_not_begun() {
        let takes = |schema: Value, value: Value| ready(&schema).unwrap().takes(&value);
        let wide = |parts: usize| json!({ "allOf": vec![json!({ "items": { "maxLength": 9 } }); parts] });
        assert!(takes(wide(10), json!(vec!["a"; 100_000])) && takes(wide(10_000), json!(vec!["a"; 100])));
        assert!(!takes(wide(10_000), json!(vec!["a"; 100_000])));
        let searched = |patterns: usize| json!({ "allOf": vec![json!({ "pattern": "[ab]*a[ab]{90}c" }); patterns] });
        assert!(takes(searched(2), json!("a".repeat(4 << 20))));
        assert!(!takes(searched(200), json!("a".repeat(4 << 20))));
        // Lists that are the same when nobody looks at where they begin and end.
        let unique = json!({ "items": { "uniqueItems": true } });
        assert!(takes(unique.clone(), json!([vec![0; 10_000]])) && !takes(unique, json!([vec![0; 100_000]])));
    }

    #[test]
    fn references_lead_to_a_place_within() {
        assert_eq!(
            refused(json!({ "$ref": "http://127.0.0.1:1/schema.json" })),
            "it refers to `http://127.0.0.1:1/schema.json`, which is no place in it, as `#/$defs/NAME` is"
        );
        assert!(
            refused(json!({ "$ref": "#name", "$defs": { "a": { "$anchor": "name" } } })).contains("no place in it")
        );
        assert_eq!(refused(json!({ "$dynamicRef": "#a" })), "`$dynamicRef` is not taken here");
    }

    #[test]
    fn a_schema_that_goes_round_about_one_value_comes_to_an_end() {
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
}
