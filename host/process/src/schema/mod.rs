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
const MAX_PARTS: u64 = 50_000;
/// The deepest that it may be nested, references included: each level takes of the host's stack.
const MAX_DEPTH: usize = 120;
/// How many patterns it may have, and how large one may be when it is ready to match, in bytes.
const MAX_PATTERNS: u64 = 256;
const MAX_PATTERN_BYTES: usize = 256 << 10;

/// The most work that one value may be, in comparisons of one part of it with one of the schema: some seconds.
const MAX_WORK: u64 = 200_000_000;
/// What it is to look for a pattern at one place of a text.
const PATTERN_WORK: u64 = 20;

/// A schema that is ready to hold values against.
pub(crate) struct CompiledSchema {
    pub(crate) validator: Validator,
    whole: SchemaSize,
}

impl CompiledSchema {
    /// Whether holding this value against it is no more work than one value may be.
    pub(crate) fn is_affordable(&self, value: &Value) -> bool {
        let size = ValueSize::from_value(value);
        let SchemaSize { parts, patterns, unique, .. } = self.whole;
        let searched = size.text.saturating_mul(patterns).saturating_mul(PATTERN_WORK);
        // Who wrote both can make different items look the same until they are compared.
        let compared = if unique { size.pairs } else { 0 };
        size.parts.saturating_mul(parts).saturating_add(searched).saturating_add(compared) <= MAX_WORK
    }
}

/// How large a value is.
#[derive(Debug, Clone, Copy, Default)]
struct ValueSize {
    parts: u64,
    /// Bytes of its texts and names.
    text: u64,
    /// Items times items, over all lists.
    pairs: u64,
}

impl ValueSize {
    fn from_value(value: &Value) -> Self {
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
pub(crate) fn compile(schema: &Value) -> Result<CompiledSchema, String> {
    let whole = SchemaWalk { schema, known: BTreeMap::new(), inside: Vec::new() }.part(schema, 0)?;
    if whole.patterns > MAX_PATTERNS {
        return Err(format!("it has more than {MAX_PATTERNS} patterns"));
    }
    let patterns = PatternOptions::regex().size_limit(MAX_PATTERN_BYTES);
    let built = jsonschema::draft202012::options().with_pattern_options(patterns).build(schema);
    Ok(CompiledSchema { validator: built.map_err(|error| error.to_string())?, whole })
}

/// What a part of a schema amounts to.
#[derive(Debug, Clone, Copy, Default)]
struct SchemaSize {
    parts: u64,
    patterns: u64,
    height: usize,
    /// In how many ways a value that is held against it is held against something around it again.
    ways: u64,
    /// Whether items have to differ from each other.
    unique: bool,
}

impl SchemaSize {
    const ONE: Self = Self { parts: 1, patterns: 0, height: 1, ways: 0, unique: false };

    fn plus(self, other: Self) -> Self {
        Self { ways: self.ways.saturating_add(other.ways), ..self.max(other) }
    }

    /// The same for parts that are never about the same value.
    fn max(self, other: Self) -> Self {
        Self {
            parts: self.parts.saturating_add(other.parts),
            patterns: self.patterns.saturating_add(other.patterns),
            height: self.height.max(other.height),
            ways: self.ways.max(other.ways),
            unique: self.unique || other.unique,
        }
    }
}

struct SchemaWalk<'a> {
    schema: &'a Value,
    known: BTreeMap<&'a str, SchemaSize>,
    inside: Vec<&'a str>,
}

impl<'a> SchemaWalk<'a> {
    fn part(&mut self, part: &'a Value, depth: usize) -> Result<SchemaSize, String> {
        let too_deep = || format!("it is nested more than {MAX_DEPTH} deep, references included");
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        let mut sum = SchemaSize::default();
        match part {
            Value::Array(items) => {
                for item in items {
                    sum = sum.plus(self.part(item, depth + 1)?);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    sum = sum.plus(self.field(name, value, depth)?);
                }
            }
            _ => {}
        }
        let sum = SchemaSize { parts: sum.parts.saturating_add(1), height: sum.height + 1, ..sum };
        match (sum.height > MAX_DEPTH, sum.parts > MAX_PARTS, sum.ways > 1) {
            (true, ..) => Err(too_deep()),
            (_, true, _) => Err(format!("it amounts to more than {MAX_PARTS} parts, references followed")),
            (_, _, true) => Err("it refers to itself in more than one way for the same value".to_owned()),
            _ => Ok(sum),
        }
    }

    fn field(&mut self, name: &str, value: &'a Value, depth: usize) -> Result<SchemaSize, String> {
        match (name, value) {
            ("$ref", Value::String(to)) => self.reference(to, depth),
            ("$id", Value::String(_)) if depth == 0 => Ok(SchemaSize::ONE),
            ("$dynamicRef" | "$recursiveRef" | "$id", Value::String(_)) => Err(format!("`{name}` is not taken here")),
            // They count where they are referred to.
            ("$defs" | "definitions", Value::Object(_)) => Ok(SchemaSize::ONE),
            ("pattern", Value::String(_)) => Ok(SchemaSize { patterns: 1, ..SchemaSize::ONE }),
            ("uniqueItems", Value::Bool(true)) => Ok(SchemaSize { unique: true, ..SchemaSize::ONE }),
            ("properties", Value::Object(fields)) => self.named(fields, depth, SchemaSize::max),
            ("dependentSchemas" | "dependencies", Value::Object(fields)) => self.named(fields, depth, SchemaSize::plus),
            ("patternProperties", Value::Object(fields)) => {
                let sum = self.named(fields, depth, SchemaSize::plus)?;
                Ok(SchemaSize { patterns: sum.patterns.saturating_add(fields.len() as u64), ..sum })
            }
            _ => self.part(value, depth + 1),
        }
    }

    /// Schemas by names that are not words of JSON Schema, whatever they look like.
    fn named(
        &mut self,
        fields: &'a Map<String, Value>,
        depth: usize,
        add: fn(SchemaSize, SchemaSize) -> SchemaSize,
    ) -> Result<SchemaSize, String> {
        fields.values().try_fold(SchemaSize::ONE, |sum, field| Ok(add(sum, self.part(field, depth + 1)?)))
    }

    fn reference(&mut self, to: &'a str, depth: usize) -> Result<SchemaSize, String> {
        if self.inside.contains(&to) || to == "#" {
            return Ok(SchemaSize { ways: 1, ..SchemaSize::ONE });
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
