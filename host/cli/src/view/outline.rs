//! JSON documents as an outline for people: names and values, lists with dashes.

use serde_json::Value;

/// Renders a document. Text of several lines keeps them.
pub fn render_outline(document: &Value) -> String {
    let mut text = String::new();
    add(&mut text, document, 0);
    text
}

fn add(text: &mut String, value: &Value, indent: usize) {
    let gap = " ".repeat(indent);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let name = name.replace('_', " ");
                match one_line(value) {
                    Some(line) => text.push_str(&format!("{gap}{name}: {line}\n")),
                    None => {
                        text.push_str(&format!("{gap}{name}:\n"));
                        add(text, value, indent + 2);
                    }
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut part = String::new();
                add(&mut part, item, indent + 2);
                // The dash stands in the indentation of the first line.
                text.push_str(&format!("{gap}- {}", part.trim_start_matches(' ')));
            }
        }
        Value::String(long) if one_line(value).is_none() => {
            long.trim_end().lines().for_each(|line| text.push_str(&format!("{gap}{line}\n")));
        }
        simple => text.push_str(&format!("{gap}{}\n", one_line(simple).unwrap_or_default())),
    }
}

/// Renders a value on one line; `None` if it needs lines of its own.
fn one_line(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.trim_end().contains('\n')).then(|| text.trim_end().to_owned()),
        Value::Null => Some("none".to_owned()),
        Value::Array(items) if items.is_empty() => Some("none".to_owned()),
        Value::Object(fields) if fields.is_empty() => Some("none".to_owned()),
        Value::Array(_) | Value::Object(_) => None,
        number => Some(number.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::render_outline;

    #[test]
    fn names_lists_and_lines_are_indented() {
        let document = json!({
            "components": [{ "name": "a", "logical_branches": 3 }, { "name": "b" }],
            "risks": [],
            "notes": "one\ntwo\n",
            "words": ["x", ["y"]],
        });
        let expected = "components:\n  - logical branches: 3\n    name: a\n  - name: b\n\
                        notes:\n  one\n  two\nrisks: none\nwords:\n  - x\n  - - y\n";
        assert_eq!(render_outline(&document), expected);
    }
}
