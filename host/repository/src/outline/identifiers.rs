//! The identifiers that a file mentions, in code, comments and texts alike.

use std::collections::HashSet;

/// Shorter identifiers say nothing.
const MIN_BYTES: usize = 3;
const MAX_BYTES: usize = 60;
/// The most identifiers of one file.
const MAX_IDENTIFIERS: usize = 5_000;

/// Returns the identifiers in ASCII, each once, sorted and separated by spaces.
pub(super) fn identifiers(source: &[u8]) -> String {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let words = source.split(|byte| !is_part(byte));
    let words = words.filter(|word| (MIN_BYTES..=MAX_BYTES).contains(&word.len()));
    let words = words.filter(|word| !word.first().is_none_or(u8::is_ascii_digit));
    let mut known: HashSet<&[u8]> = HashSet::new();
    for word in words {
        if known.len() == MAX_IDENTIFIERS {
            break;
        }
        known.insert(word);
    }
    let mut sorted: Vec<&str> = known.into_iter().filter_map(|word| std::str::from_utf8(word).ok()).collect();
    sorted.sort_unstable();
    sorted.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identifier_is_named_once() {
        assert_eq!(
            identifiers(b"def total(cart): return cart.total_of(x1, 1abc, \xff\xfe)"),
            "cart def return total total_of"
        );
        let many: String = (0..9_000).map(|n| format!("name{n} ")).collect();
        assert_eq!(identifiers(many.as_bytes()).split(' ').count(), MAX_IDENTIFIERS);
    }
}
