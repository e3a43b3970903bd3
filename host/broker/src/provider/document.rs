//! JSON of strangers, read within bounds: seven bytes of it may take hundreds in memory. Fails in words that follow a noun.

use serde_json::Value;

/// How much one document may weigh: as much as a list of so many numbers, some hundred megabytes in memory.
pub(super) const MAX_WEIGHT: usize = 5_000_000;
/// What a list or an object weighs, empty or not.
const CONTAINER: usize = 20;

/// Why a document that is too heavy is not read.
pub(super) const TOO_HEAVY: &str = "has more parts than are taken";

/// The document, if it is one and not too heavy.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    if weight(text) > MAX_WEIGHT {
        return Err(TOO_HEAVY.to_owned());
    }
    serde_json::from_str(text).map_err(|why| format!("is no JSON: {why}"))
}

/// What it takes in memory, texts aside.
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
