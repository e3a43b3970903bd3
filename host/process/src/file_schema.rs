//! JSON Schemas of the files that people write, for editors: made from the types that parse the files.
//!
//! Guarantees: a schema has no references, because some editors follow none, and knows no `null`, which TOML does not have.
//! Its descriptions are the comments of the types. A schema accepts every file that the parser accepts; rules that concern
//! several keys are left to the parser.

use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// Returns the schema of a type that a whole file is parsed into.
pub fn file_schema<T: JsonSchema>() -> Value {
    // Draft 7 is the newest one that editors of TOML know.
    let settings = schemars::generate::SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let settings = settings.with_transform(RecursiveTransform(tidy));
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// Removes what TOML has no use for: `null`, formats of Rust's numbers, and defaults that are whole tables.
fn tidy(schema: &mut Schema) {
    let Some(schema) = schema.as_object_mut() else { return };
    remove_null(schema);
    schema.remove("format");
    if schema.get("default").is_some_and(|value| value.is_null() || value.is_object() || value.is_array()) {
        schema.remove("default");
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = plain(text);
    }
}

fn remove_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(mut choices)) = schema.remove("anyOf") else { return };
    choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
    match choices.as_mut_slice() {
        // What the key says of itself comes before what its type says.
        [Value::Object(only)] => {
            for (key, value) in std::mem::take(only) {
                schema.entry(key).or_insert(value);
            }
            remove_null(schema);
        }
        _ => {
            schema.insert("anyOf".to_owned(), Value::Array(choices));
        }
    }
}

/// Returns the text of a comment in one line per paragraph, without links to other types.
fn plain(comment: &str) -> String {
    let paragraphs = comment.split("\n\n").map(|text| text.split('\n').collect::<Vec<_>>().join(" "));
    let text = paragraphs.collect::<Vec<_>>().join("\n\n");
    text.replace("[`", "`").replace("`]", "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file.
    #[derive(serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct File {
        /// The first
        /// number, see [`Inner`].
        number: Option<u32>,
        #[serde(default)]
        inner: Option<Inner>,
        name: String,
    }

    /// A table.
    #[derive(serde::Deserialize, serde::Serialize, JsonSchema)]
    enum Inner {
        /// The one.
        One,
        /// The other.
        Two,
    }

    #[test]
    fn schemas_hold_no_null_and_no_references() {
        let number =
            serde_json::json!({ "description": "The first number, see `Inner`.", "type": "integer", "minimum": 0 });
        let one = serde_json::json!({ "description": "The one.", "type": "string", "const": "One" });
        let two = serde_json::json!({ "description": "The other.", "type": "string", "const": "Two" });
        let expected = serde_json::json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "File",
            "description": "A file.",
            "type": "object",
            "required": ["name"],
            "additionalProperties": false,
            "properties": {
                "number": number,
                "inner": { "description": "A table.", "oneOf": [one, two] },
                "name": { "type": "string" },
            },
        });
        assert_eq!(file_schema::<File>(), expected);
    }
}
