//! JSON as prompt text: values that fit on a line stay on one line, because white space costs tokens.

use serde::Serialize;
use serde_json::Value;

const MAX_LINE: usize = 110;

/// Renders a value with one space of indentation for each level.
pub fn render<T: Serialize>(value: &T) -> String {
    let mut text = String::new();
    // Cannot fail: the artifact types have only string keys.
    write(&serde_json::to_value(value).unwrap_or_default(), 0, &mut text);
    text
}

fn write(value: &Value, depth: usize, text: &mut String) {
    let line = value.to_string();
    match value {
        Value::Array(elements) if depth + line.len() > MAX_LINE => {
            let elements = elements.iter().map(|element| (String::new(), element));
            write_block(['[', ']'], elements, depth, text);
        }
        Value::Object(members) if depth + line.len() > MAX_LINE => {
            let members = members.iter().map(|(name, member)| (format!("{}: ", Value::from(name.as_str())), member));
            write_block(['{', '}'], members, depth, text);
        }
        _ => text.push_str(&line),
    }
}

fn write_block<'a>(
    [open, close]: [char; 2],
    parts: impl Iterator<Item = (String, &'a Value)>,
    depth: usize,
    text: &mut String,
) {
    text.push(open);
    for (at, (name, value)) in parts.enumerate() {
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        text.push_str(&" ".repeat(depth + 1));
        text.push_str(&name);
        write(value, depth + 1, text);
    }
    text.push('\n');
    text.push_str(&" ".repeat(depth));
    text.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_short_values_on_one_line() {
        let long = "x".repeat(MAX_LINE);
        let value = serde_json::json!({"name": "a", "list": [1, 2], "parts": [{"text": long, "n": null}, {}]});
        let expected = format!(
            "{{\n \"name\": \"a\",\n \"list\": [1,2],\n \"parts\": [\n  {{\n   \"text\": \"{long}\",\n   \"n\": null\n  }},\n  {{}}\n ]\n}}"
        );
        assert_eq!(render(&value), expected);
        assert_eq!(serde_json::from_str::<Value>(&render(&value)).unwrap_or_default(), value);
    }
}
