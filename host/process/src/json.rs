//! Bounds on untrusted JSON: seven bytes of JSON may take hundreds in memory.

/// The weight of a list or an object without its items.
const CONTAINER: usize = 20;

/// Returns the weight of a JSON document, without parsing it. The unit is one number in a list; text does not count. A
/// document of weight 5,000,000 takes a few hundred megabytes.
pub fn weight(text: &str) -> usize {
    let (mut quoted, mut escaped, mut weight) = (false, false, 0_usize);
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

/// Whether the [`weight`] of a document exceeds a limit. Looks only at documents that are long enough for it.
pub fn is_heavier(text: &str, limit: usize) -> bool {
    text.len().saturating_mul(CONTAINER) > limit && weight(text) > limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighs_parts_and_ignores_text() {
        assert_eq!(weight(r#"{"a": [1, 2], "b": "[{,\\\"[{,"}"#), 2 * CONTAINER + 2);
    }

    #[test]
    fn the_limit_itself_is_not_exceeded() {
        for text in ["[[[[[", "[[1,[2,", "[\"[[[[[[[\"]"] {
            assert!(is_heavier(text, weight(text) - 1), "{text}");
            assert!(!is_heavier(text, weight(text)), "{text}");
        }
    }
}
