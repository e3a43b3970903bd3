//! An entry of `[hitl]`: a word, or a table with rules about the people who decide.

use std::borrow::Cow;
use std::fmt;

use phasegate_process::pipeline::{ApprovalKeys, ApprovalPolicy};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The keys of a gate about people. A word stands for `{ ask = WORD }`.
#[derive(Debug, Clone, Default)]
pub(crate) struct HitlEntry(pub(crate) ApprovalKeys);

impl<'de> Deserialize<'de> for HitlEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrTable)
    }
}

impl JsonSchema for HitlEntry {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HitlEntry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let word = generator.subschema_for::<ApprovalPolicy>();
        json_schema!({ "anyOf": [word, generator.subschema_for::<ApprovalKeys>()] })
    }
}

struct WordOrTable;

impl<'de> Visitor<'de> for WordOrTable {
    type Value = HitlEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word such as \"always\", or a table")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<HitlEntry, E> {
        let ask = ApprovalPolicy::deserialize(word.into_deserializer())?;
        Ok(HitlEntry(ApprovalKeys { ask: Some(ask), ..ApprovalKeys::default() }))
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<HitlEntry, A::Error> {
        ApprovalKeys::deserialize(MapAccessDeserializer::new(table)).map(HitlEntry)
    }
}
