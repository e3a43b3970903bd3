//! Untrusted JSON Schemas: of a plugin's settings, and of the kinds of artifacts that it adds.
//!
//! Guarantees: time, memory and stack for compiling a schema and for validating a value are bounded. A schema refers
//! only to itself. Its size and depth are bounded with references followed, it contains itself at most once for the
//! same value, and its patterns match in linear time. Fails with the reason as text.

use std::collections::BTreeMap;

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value};

/// The most parts of a schema. Each reference counts as all parts of its target.
const MAX_PARTS: u64 = 50_000;
/// The deepest nesting, references included. Each level takes stack space of the host.
const MAX_DEPTH: usize = 120;
/// The most patterns, and the largest compiled pattern in bytes.
const MAX_PATTERNS: u64 = 256;
const MAX_PATTERN_BYTES: usize = 256 << 10;

/// The most work to validate one value, in comparisons of a part of the value with a part of the schema. Takes some
/// seconds.
const MAX_WORK: u64 = 200_000_000;
/// The work to match a pattern at one position of a text.
const PATTERN_WORK: u64 = 20;

/// A compiled schema, and its size.
pub(crate) struct CompiledSchema {
    pub(crate) validator: Validator,
    whole: SchemaSize,
}

impl CompiledSchema {
    /// Whether validating this value stays within [`MAX_WORK`].
    pub(crate) fn is_affordable(&self, value: &Value) -> bool {
        let size = ValueSize::from_value(value);
        let SchemaSize { parts, patterns, unique, .. } = self.whole;
        let searched = size.text.saturating_mul(patterns).saturating_mul(PATTERN_WORK);
        // With `uniqueItems`, an attacker can force every pair of items to be compared.
        let compared = if unique { size.pairs } else { 0 };
        size.parts.saturating_mul(parts).saturating_add(searched).saturating_add(compared) <= MAX_WORK
    }
}

/// The size of a JSON value.
#[derive(Debug, Clone, Copy, Default)]
struct ValueSize {
    parts: u64,
    /// The bytes of its strings and field names.
    text: u64,
    /// The sum of the squared lengths of its lists.
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

/// Compiles an untrusted schema.
pub(crate) fn compile(schema: &Value) -> Result<CompiledSchema, String> {
    let whole = SchemaWalk { schema, known: BTreeMap::new(), inside: Vec::new() }.part(schema, 0)?;
    if whole.patterns > MAX_PATTERNS {
        return Err(format!("it has more than {MAX_PATTERNS} patterns"));
    }
    let patterns = PatternOptions::regex().size_limit(MAX_PATTERN_BYTES);
    let built = jsonschema::draft202012::options().with_pattern_options(patterns).build(schema);
    Ok(CompiledSchema { validator: built.map_err(|error| error.to_string())?, whole })
}

/// The size of a part of a schema, references followed.
#[derive(Debug, Clone, Copy, Default)]
struct SchemaSize {
    parts: u64,
    patterns: u64,
    height: usize,
    /// The number of ways in which validating a value leads back to an enclosing schema.
    ways: u64,
    /// Whether any list has `uniqueItems`.
    unique: bool,
}

impl SchemaSize {
    const ONE: Self = Self { parts: 1, patterns: 0, height: 1, ways: 0, unique: false };

    fn plus(self, other: Self) -> Self {
        Self { ways: self.ways.saturating_add(other.ways), ..self.max(other) }
    }

    /// Combines the sizes of parts that never apply to the same value.
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
            // Definitions count where they are referred to.
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

    /// Walks schemas by names that are not keywords, even if they look like keywords.
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

/// Renders a fault of a value with its place; longer texts than 400 characters are cut in the middle.
pub(crate) fn schema_fault(error: &jsonschema::ValidationError<'_>) -> String {
    let place = error.instance_path().to_string();
    let mut text = error.to_string();
    if text.chars().count() > 400 {
        text =
            text.chars().take(180).chain(" … ".chars()).chain(text.chars().skip(text.chars().count() - 180)).collect();
    }
    match place.is_empty() {
        true => text,
        false => format!("at {place}: {text}"),
    }
}

#[cfg(test)]
mod tests;
