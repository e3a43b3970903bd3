//! `docs/schemas`: every `--json` output has a schema, and every schema describes each of its keys.
//!
//! Tests that have an output call [`check`]; `json_output` does so for every command.

mod csv;
mod files;
mod rejected_files;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use jsonschema::Validator;
use phasegate_process::EVENT_FORMAT;
use phasegate_test::{parse_strictly, repository};
use serde_json::{Value, json};

pub use csv::{columns, documented_columns};

/// Keys whose values have a form of their own: artifacts, JSON Schemas, and events inside of a comparison.
const FREE: [&str; 5] = ["content", "kinds", "settings", "before", "after"];

/// A row of the table in `docs/schemas/README.md`.
struct Row {
    schema: String,
    format: u64,
}

/// The rows by their command.
fn rows() -> BTreeMap<String, Row> {
    let text = fs::read_to_string(repository().join("docs/schemas/README.md")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let (command, rest) = line.strip_prefix("| `")?.split_once("` | [")?;
        let schema = rest.split_once(".json](")?.0.to_owned();
        let format = rest.rsplit('|').nth(1)?.trim().split(',').next()?.parse().ok()?;
        Some((command.to_owned(), Row { schema, format }))
    });
    rows.collect()
}

fn load(name: &str) -> Value {
    let text = fs::read_to_string(repository().join(format!("docs/schemas/{name}.json"))).unwrap();
    parse_strictly(&text).unwrap()
}

fn faults(schema: &Validator, value: &Value) -> Vec<String> {
    schema.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

/// Asserts that a value follows a schema, and that the schema rejects it with another type in the place of any value.
pub fn check(name: &str, value: &Value) {
    let schema = jsonschema::validator_for(&load(name)).unwrap();
    assert_eq!(faults(&schema, value), [""; 0], "{name}: {value:#}");
    let mut places = Vec::new();
    collect_places(value, String::new(), false, &mut places);
    let accepted = places.into_iter().filter(|(place, wrong)| {
        let mut changed = value.clone();
        *changed.pointer_mut(place).unwrap() = wrong.clone();
        schema.is_valid(&changed)
    });
    assert_eq!(accepted.collect::<Vec<_>>(), [], "{name} accepts any type in these places");
}

/// Checks what a command printed to stdout, as one document or as lines.
pub fn check_output(command: &str, stdout: &str) {
    let Row { schema, .. } = rows().remove(command).unwrap_or_else(|| panic!("`{command}` has no schema"));
    match parse_strictly(stdout) {
        Some(document) if schema != "event" => check(&schema, &document),
        _ => stdout.lines().for_each(|line| check(&schema, &parse_strictly(line).unwrap())),
    }
}

/// Collects the place of each value, with a value of another type.
fn collect_places(value: &Value, place: String, free: bool, places: &mut Vec<(String, Value)>) {
    let other = if value.is_object() || free { json!(0) } else { json!({ "wrong": 0 }) };
    places.push((place.clone(), other));
    match value {
        Value::Object(fields) if !free => {
            for (key, value) in fields {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                collect_places(value, format!("{place}/{escaped}"), FREE.contains(&key.as_str()), places);
            }
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| collect_places(item, format!("{place}/{index}"), free, places));
        }
        _ => {}
    }
}

#[test]
fn every_json_output_has_a_schema() {
    let mut commands = crate::json_output::documented();
    commands.insert("experiment --dry-run".to_owned());
    let rows = rows();
    assert_eq!(rows.keys().cloned().collect::<BTreeSet<_>>(), commands);
    let files = fs::read_dir(repository().join("docs/schemas")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let schemas: BTreeSet<String> = files.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect();
    assert_eq!(rows.into_values().map(|row| row.schema).collect::<BTreeSet<_>>(), schemas);
}

#[test]
fn every_form_requires_its_version() {
    for (command, Row { schema: name, format }) in rows() {
        let schema = load(&name);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
        let object = match schema["type"].as_str() {
            Some("array") => &schema["items"],
            _ => &schema,
        };
        let required = object["required"].as_array().unwrap();
        if name == "event" {
            assert_eq!(format, u64::from(EVENT_FORMAT), "{command}");
            assert!(!required.contains(&json!("format")));
            assert!(schema["$defs"]["run_created"]["required"].as_array().unwrap().contains(&json!("format")));
        } else {
            assert!(required.contains(&json!("format")), "{name}");
            assert_eq!(object["properties"]["format"]["const"], format, "{command}");
        }
    }
}

/// Collects the keys below `properties` that have neither a description nor a reference to a schema with one.
fn collect_undescribed(schema: &Value, whole: &Value, keys: &mut Vec<String>) {
    let is_described = |key: &Value| {
        let referred = key["$ref"].as_str().and_then(|place| whole.pointer(place.trim_start_matches('#')));
        [Some(key), referred].into_iter().flatten().any(|schema| schema["description"].is_string())
    };
    match schema {
        Value::Object(fields) => {
            let properties = fields.get("properties").and_then(Value::as_object).into_iter().flatten();
            // The condition of an event names its kind, and describes nothing.
            let undescribed =
                properties.filter(|(_, key)| key.get("const").is_none_or(|_| key.as_object().unwrap().len() > 1));
            keys.extend(undescribed.filter(|(_, key)| !is_described(key)).map(|(name, _)| name.clone()));
            fields.values().for_each(|inner| collect_undescribed(inner, whole, keys));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect_undescribed(inner, whole, keys)),
        _ => {}
    }
}

#[test]
fn every_key_has_a_description() {
    for Row { schema: name, .. } in rows().into_values() {
        let (schema, mut keys) = (load(&name), Vec::new());
        collect_undescribed(&schema, &schema, &mut keys);
        assert!(keys.is_empty(), "{name}: {keys:?}");
        assert!(schema["title"].is_string() && schema["description"].is_string(), "{name}");
    }
}

#[test]
fn wrong_events_are_rejected() {
    let schema = jsonschema::validator_for(&load("event")).unwrap();
    let golden = fs::read_to_string(repository().join("tests/golden/events-2.jsonl")).unwrap();
    let first = parse_strictly(golden.lines().next().unwrap()).unwrap();
    assert_eq!(faults(&schema, &first), [""; 0]);
    for (key, wrong) in [("event", json!("run_begun")), ("number", json!(0)), ("pipeline", json!("sha256:0"))] {
        let mut changed = first.clone();
        changed[key] = wrong;
        assert_eq!(faults(&schema, &changed).len(), 1, "{changed:#}");
    }
    for key in ["run", "number", "at_ms", "event", "format", "settings"] {
        let mut changed = first.clone();
        changed.as_object_mut().unwrap().remove(key);
        assert!(!schema.is_valid(&changed), "{key} can be left out");
    }
}
