//! Chooses, among the JSON values of an answer, the one that fits its type, its schema and the caller's check.
//!
//! Exactly one distinct value must fit. A value that does not have the type is unwrapped: a list, an object with one member, a
//! tool call written as text, JSON text in a string. Faults are worded so that a model can correct its answer.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use crate::answer::find_values;

const MAX_DEPTH: usize = 4;
const MAX_SHOWN: usize = 80;
/// Members that hold the arguments of a tool call.
const ARGUMENTS: [&str; 4] = ["arguments", "parameters", "input", "function"];

/// Returns the one value of the answer that reads as `T` and in which `check` finds no fault; `check` gets the value and its
/// JSON text. An object must have one of `members`, unless these are empty.
pub fn choose<T: DeserializeOwned>(
    answer: &str,
    members: &[String],
    check: &impl Fn(&T, &str) -> Vec<String>,
) -> Result<T, Vec<String>> {
    let found = find_values(answer);
    let mut choice = Choice { members, check, fitting: Vec::new(), faults: None };
    choice.try_all(&found.values, 0);
    // Values in the reasoning are drafts: they count only if nothing outside of it has the type.
    if choice.fitting.is_empty() && !matches!(choice.faults, Some(Faults::Found(_))) {
        choice.try_all(&found.reasoning, 0);
    }
    choice.result().unwrap_or_else(|| Err(vec![describe_absence(answer, found.fault)]))
}

/// The names of the members that a schema gives to an object; none if it describes another type or is unreadable.
pub fn member_names(schema: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

struct Choice<'a, T, C> {
    members: &'a [String],
    check: &'a C,
    /// Distinct values that fit.
    fitting: Vec<(Value, T)>,
    faults: Option<Faults>,
}

enum Faults {
    /// Why the last value does not have the type.
    Type(String),
    /// What the check found in the last value that has the type.
    Found(Vec<String>),
}

impl<T: DeserializeOwned, C: Fn(&T, &str) -> Vec<String>> Choice<'_, T, C> {
    fn try_all(&mut self, values: &[String], depth: usize) {
        for json in values {
            self.try_value(json, depth);
        }
    }

    fn try_value(&mut self, json: &str, depth: usize) {
        match self.read(json) {
            Ok(value) => self.judge(value, json),
            Err(why) => {
                if !matches!(self.faults, Some(Faults::Found(_))) {
                    self.faults = Some(Faults::Type(why));
                }
                if depth < MAX_DEPTH {
                    self.try_all(&unwrapped(json), depth + 1);
                }
            }
        }
    }

    fn read(&self, json: &str) -> Result<T, String> {
        if json.starts_with('[') && reads_objects::<T>() {
            return Err("the answer is a list; it must be one JSON object".to_owned());
        }
        if let Ok(Value::Object(object)) = serde_json::from_str(json)
            && !self.members.is_empty()
            && !self.members.iter().any(|member| object.contains_key(member))
        {
            return Err(format!("the object has none of the members `{}`", self.members.join("`, `")));
        }
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(json))
            .map_err(|error| error.to_string())
    }

    fn judge(&mut self, value: T, json: &str) {
        let faults = (self.check)(&value, json);
        if !faults.is_empty() {
            self.faults = Some(Faults::Found(faults));
            return;
        }
        let json: Value = serde_json::from_str(json).unwrap_or_default();
        if self.fitting.iter().all(|(known, _)| *known != json) {
            self.fitting.push((json, value));
        }
    }

    fn result(mut self) -> Option<Result<T, Vec<String>>> {
        match (self.fitting.pop(), self.fitting.first(), self.faults) {
            (Some((_, value)), None, _) => Some(Ok(value)),
            (Some((last, _)), Some((first, _)), _) => Some(Err(vec![format!(
                "the answer contains {} different JSON values that could be meant, among them `{}` and `{}`; give exactly one",
                self.fitting.len() + 1,
                start_of(&first.to_string()),
                start_of(&last.to_string())
            )])),
            (None, _, Some(Faults::Found(faults))) => Some(Err(faults)),
            (None, _, Some(Faults::Type(why))) => Some(Err(vec![why])),
            (None, _, None) => None,
        }
    }
}

/// Returns what a value may be wrapped around: the elements of a list, the only member of an object, or a tool call's arguments.
fn unwrapped(json: &str) -> Vec<String> {
    let inner = match serde_json::from_str(json) {
        Ok(Value::Array(elements)) => elements,
        Ok(Value::Object(object)) if object.len() == 1 => object.into_iter().map(|(_, member)| member).collect(),
        Ok(Value::Object(mut object)) if object.contains_key("name") || object.contains_key("type") => {
            ARGUMENTS.iter().filter_map(|name| object.remove(*name)).collect()
        }
        _ => Vec::new(),
    };
    let values = inner.into_iter().flat_map(|value| match value {
        Value::String(text) => find_values(&text).values,
        Value::Object(_) | Value::Array(_) => vec![value.to_string()],
        _ => Vec::new(),
    });
    values.collect()
}

fn describe_absence(answer: &str, fault: Option<String>) -> String {
    match fault {
        Some(fault) => format!("the answer is not valid JSON: {fault}"),
        None if answer.trim().is_empty() => "the answer is empty".to_owned(),
        None => format!("the answer contains no JSON; it begins with `{}`", start_of(answer.trim())),
    }
}

fn start_of(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Returns whether `T` is a struct. serde would also read a struct from a list, by the order of its fields.
fn reads_objects<T: DeserializeOwned>() -> bool {
    matches!(T::deserialize(TypeProbe), Err(Asked::ForStruct))
}

/// A deserializer that has no data. Its error says what the type asked for.
struct TypeProbe;

#[derive(Debug)]
enum Asked {
    ForStruct,
    ForOther,
}

impl fmt::Display for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("there is no data")
    }
}

impl std::error::Error for Asked {}

impl Error for Asked {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self::ForOther
    }
}

impl<'de> Deserializer<'de> for TypeProbe {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked::ForOther)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        Err(Asked::ForStruct)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
