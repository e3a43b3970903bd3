//! Parses untrusted JSON within a bound on memory: seven bytes of JSON may take hundreds in memory. Error texts continue a
//! sentence that begins with a noun.

use phasegate_process::json::weight;
use serde_json::Value;

/// The largest [`weight`] of a document, which takes a few hundred megabytes.
pub(super) const MAX_WEIGHT: usize = 5_000_000;

/// The error for a document above [`MAX_WEIGHT`].
pub(super) const TOO_HEAVY: &str = "has more parts than are taken";

/// Parses a document within [`MAX_WEIGHT`].
pub(super) fn parse(text: &str) -> Result<Value, String> {
    if weight(text) > MAX_WEIGHT {
        return Err(TOO_HEAVY.to_owned());
    }
    serde_json::from_str(text).map_err(|why| format!("is no JSON: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_small_documents_that_expand_to_gigabytes() {
        let maps = format!("[{}0]", "{\"\":0},".repeat(300_000));
        assert_eq!(parse(&maps), Err("has more parts than are taken".to_owned()));
        let words = Value::from("{[,".repeat(3_000_000)).to_string();
        assert!(parse(&words).is_ok());
    }
}
