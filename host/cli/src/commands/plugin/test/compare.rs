//! Compares what is expected with what a call returned.

use serde_json::Value;

/// Adds a fault for each place where `actual` differs. Objects may have more members than expected; lists have the same length.
pub fn compare(place: &str, expected: &Value, actual: &Value, faults: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(members), Value::Object(found)) => {
            for (name, expected) in members {
                let place = format!("{place}.{name}");
                match found.get(name) {
                    Some(actual) => compare(&place, expected, actual, faults),
                    None => faults.push(format!("{place}: expected {expected}, it is missing")),
                }
            }
        }
        (Value::Array(items), Value::Array(found)) if items.len() == found.len() => {
            for (number, (expected, actual)) in items.iter().zip(found).enumerate() {
                compare(&format!("{place}[{number}]"), expected, actual, faults);
            }
        }
        _ if expected == actual => {}
        _ => faults.push(format!("{place}: expected {expected}, it is {actual}")),
    }
}

/// Adds a fault unless `actual` contains the expected text.
pub fn compare_part(place: &str, expected: &str, actual: &str, faults: &mut Vec<String>) {
    if !actual.contains(expected) {
        faults.push(format!("{place}: expected a text with `{expected}`, it is `{actual}`"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(expected: &Value, actual: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        compare("x", expected, actual, &mut faults);
        faults
    }

    #[test]
    fn objects_may_have_more_members() {
        let actual = json!({ "a": 1, "b": [{ "c": 2, "d": 3 }], "e": null });
        assert_eq!(faults(&json!({ "a": 1, "b": [{ "c": 2 }] }), &actual), Vec::<String>::new());
        let expected = json!({ "a": 2, "b": [{ "c": 3, "f": "g" }], "h": true });
        let found = [
            "x.a: expected 2, it is 1",
            "x.b[0].c: expected 3, it is 2",
            "x.b[0].f: expected \"g\", it is missing",
            "x.h: expected true, it is missing",
        ];
        assert_eq!(faults(&expected, &actual), found);
    }

    #[test]
    fn lists_have_the_same_length() {
        assert_eq!(faults(&json!([1]), &json!([1, 2])), ["x: expected [1], it is [1,2]"]);
        assert_eq!(faults(&json!([]), &json!({})), ["x: expected [], it is {}"]);
    }
}
