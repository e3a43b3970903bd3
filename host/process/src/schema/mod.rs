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

/// A fault of a value, with its place in it; long texts are cut in the middle.
pub(crate) fn schema_fault(error: &jsonschema::ValidationError<'_>) -> String {
    let place = error.instance_path().to_string();
    let mut words = error.to_string();
    if words.chars().count() > 400 {
        words = words
            .chars()
            .take(180)
            .chain(" … ".chars())
            .chain(words.chars().skip(words.chars().count() - 180))
            .collect();
    }
    match place.is_empty() {
        true => words,
        false => format!("at {place}: {words}"),
    }
}

#[cfg(test)]
mod tests;
