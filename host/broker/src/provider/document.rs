//! Parses untrusted JSON within a bound on memory: seven bytes of JSON may take hundreds in memory. Error texts continue a
//! sentence that begins with a noun.

use serde_json::Value;

/// The largest weight of a document. The unit is one number in a list; the maximum takes a few hundred megabytes.
pub(super) const MAX_WEIGHT: usize = 5_000_000;
/// The weight of a list or an object without its items.
const CONTAINER: usize = 20;

/// The error for a document above [`MAX_WEIGHT`].
pub(super) const TOO_HEAVY: &str = "has more parts than are taken";

/// Parses a document within [`MAX_WEIGHT`].
pub(super) fn parse(text: &str) -> Result<Value, String> {
    if weight(text) > MAX_WEIGHT {
        return Err(TOO_HEAVY.to_owned());
    }
    serde_json::from_str(text).map_err(|why| format!("is no JSON: {why}"))
}

/// Returns the weight of a document. Text does not count.
pub(super) fn weight(text: &str) -> usize {
    let (mut quoted, mut escaped, mut weight) = (false, false, 0);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => weight += CONTAINER,
            b',' if !quoted => weight += 1,
            _ => {}
        }
    }
    weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighs_parts_and_ignores_text() {
        assert_eq!(weight(r#"{"a": [1, 2], "b": "[{,\\\"[{,"}"#), 2 * CONTAINER + 2);
    }

    #[test]
    fn rejects_small_documents_that_expand_to_gigabytes() {
        let maps = format!("[{}0]", "{\"\":0},".repeat(300_000));
        assert_eq!(parse(&maps), Err("has more parts than are taken".to_owned()));
        let words = Value::from("{[,".repeat(3_000_000)).to_string();
        assert!(parse(&words).is_ok());
    }
}
