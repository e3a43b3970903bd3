//! JSON Schemas as models get them. Servers compile a schema to a grammar, and a large bound makes the grammar so large that
//! they refuse it or become slow.

use serde_json::Value;

/// The largest bound that is kept.
const MAX_BOUND: u64 = 100;
const BOUNDS: [&str; 4] = ["maxItems", "maxLength", "minItems", "minLength"];

/// Returns the schema without bounds above 100 and without `$schema`, as compact text with the same order of members. A text
/// that is not JSON is returned unchanged.
pub fn for_models(schema: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(schema) else { return schema.to_owned() };
    remove_bounds(&mut value);
    if let Some(object) = value.as_object_mut() {
        object.shift_remove("$schema");
    }
    value.to_string()
}

fn remove_bounds(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    object
        .retain(|key, value| !BOUNDS.contains(&key.as_str()) || value.as_u64().is_none_or(|bound| bound <= MAX_BOUND));
    for (key, value) in object {
        match (key.as_str(), value) {
            ("properties" | "patternProperties" | "$defs" | "definitions", Value::Object(schemas)) => {
                schemas.values_mut().for_each(remove_bounds);
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(remove_bounds);
            }
            ("items" | "additionalProperties" | "not" | "contains", schema) => remove_bounds(schema),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_large_bounds_and_keeps_the_order() {
        let schema = r#"{ "$schema": "x", "type": "object", "properties": {
            "zeta": {"type": "array", "maxItems": 2000, "items": {"type": "string", "minLength": 1, "maxLength": 200}},
            "alpha": {"anyOf": [{"type": "string", "maxLength": 5000}, {"type": "array", "maxItems": 15}]},
            "maxItems": {"type": "integer", "default": 2000} } }"#;
        assert_eq!(
            for_models(schema),
            r#"{"type":"object","properties":{"zeta":{"type":"array","items":{"type":"string","minLength":1}},"alpha":{"anyOf":[{"type":"string"},{"type":"array","maxItems":15}]},"maxItems":{"type":"integer","default":2000}}}"#
        );
        assert_eq!(for_models("no JSON"), "no JSON");
    }
}
