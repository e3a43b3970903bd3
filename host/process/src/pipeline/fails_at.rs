//! The JSON Schema of `fails_at`, whose keys are severities.

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::work::Severity;

/// Returns the schema of a table from severities to numbers of issues.
pub(super) fn fails_at_schema(_: &mut SchemaGenerator) -> Schema {
    let number = |severity: &Severity| {
        let description = format!("The number of issues of severity `{}` at which the gate fails.", severity.as_str());
        let schema = serde_json::json!({ "description": description, "type": "integer", "minimum": 1 });
        (severity.as_str().to_owned(), schema)
    };
    let properties: serde_json::Map<_, _> = Severity::WORST_FIRST.iter().map(number).collect();
    json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
}
