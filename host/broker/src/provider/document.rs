//! Parses untrusted JSON within a bound on memory: seven bytes of JSON may take hundreds in memory. Error texts continue a
//! sentence that begins with a noun.
//!
//! [`parse_answer`] and [`Surrogates`] also accept what servers write that is no JSON: numbers that are not finite, and half a
//! character at the end of a document, whose other half begins the next one.

use std::borrow::Cow;

use phasegate_process::json::is_heavier;
use serde_json::Value;

/// The largest weight of a document, see [`is_heavier`], which takes a few hundred megabytes.
pub(super) const MAX_WEIGHT: usize = 5_000_000;

/// The error for a document above [`MAX_WEIGHT`].
pub(super) const TOO_HEAVY: &str = "has more parts than are taken";

/// The bytes of an escape such as `\ud83d`.
const UNICODE_ESCAPE: usize = 6;

/// Parses a document within [`MAX_WEIGHT`].
pub(super) fn parse(text: &str) -> Result<Value, String> {
    if is_heavier(text, MAX_WEIGHT) {
        return Err(TOO_HEAVY.to_owned());
    }
    serde_json::from_str(text).map_err(|why| format!("is no JSON: {why}"))
}

/// Parses a document of a provider, in which numbers that are not finite are null.
pub(super) fn parse_answer(text: &str) -> Result<Value, String> {
    parse(text).or_else(|why| match text.contains("NaN") || text.contains("Infinity") {
        true => parse(&without_nonfinite(text)),
        false => Err(why),
    })
}

fn without_nonfinite(text: &str) -> String {
    let mut finite = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let is_string = rest.starts_with('"');
        let (part, after) = rest.split_at(if is_string { string_length(rest) } else { until_quote(rest) });
        match is_string {
            true => finite.push_str(part),
            false => finite.push_str(
                &["-Infinity", "Infinity", "NaN"]
                    .iter()
                    .fold(part.to_owned(), |part, number| part.replace(number, "null")),
            ),
        }
        rest = after;
    }
    finite
}

fn until_quote(text: &str) -> usize {
    text.find('"').unwrap_or(text.len())
}

/// Returns the bytes of the string that the text begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

/// Joins escaped surrogate pairs that are divided between two documents. A first half without a second is left out; a second
/// half without a first becomes U+FFFD.
#[derive(Debug, Default)]
pub(super) struct Surrogates {
    /// The escape of a first half whose second half has not come yet.
    first: Option<String>,
}

enum Half {
    First,
    Second,
}

impl Surrogates {
    /// Returns the next document, with whole characters only.
    pub(super) fn join<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        if !text.contains("\\ud") && !text.contains("\\uD") {
            return Cow::Borrowed(text);
        }
        let mut joined = String::with_capacity(text.len() + UNICODE_ESCAPE);
        let mut rest = text;
        while let Some((before, escape, after)) = split_at_escape(rest) {
            joined.push_str(before);
            rest = after;
            match (half(escape), split_at_escape(after)) {
                (Some(Half::First), Some(("", second, after))) if matches!(half(second), Some(Half::Second)) => {
                    joined.push_str(escape);
                    joined.push_str(second);
                    rest = after;
                }
                (Some(Half::First), _) => self.first = Some(escape.to_owned()),
                (Some(Half::Second), _) => match self.first.take() {
                    Some(first) => joined.push_str(&(first + escape)),
                    None => joined.push_str("\\ufffd"),
                },
                (None, _) => joined.push_str(escape),
            }
        }
        joined.push_str(rest);
        Cow::Owned(joined)
    }
}

/// Returns the text before the first escape, the escape, and the text after it.
fn split_at_escape(text: &str) -> Option<(&str, &str, &str)> {
    let (before, from) = text.split_at(text.find('\\')?);
    let length = if from.starts_with("\\u") { UNICODE_ESCAPE } else { 2 };
    // A backslash before a character of several bytes is no escape, and is left to the parser.
    let (escape, after) = from.split_at_checked(length).unwrap_or((from, ""));
    Some((before, escape, after))
}

fn half(escape: &str) -> Option<Half> {
    match u16::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()? {
        0xd800..0xdc00 => Some(Half::First),
        0xdc00..0xe000 => Some(Half::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn rejects_small_documents_that_expand_to_gigabytes() {
        let maps = format!("[{}0]", "{\"\":0},".repeat(300_000));
        assert_eq!(parse(&maps), Err("has more parts than are taken".to_owned()));
        let words = Value::from("{[,".repeat(3_000_000)).to_string();
        assert!(parse(&words).is_ok());
    }

    #[test]
    fn takes_numbers_that_are_not_finite() {
        let text = r#"{"a": NaN, "b": [-Infinity, Infinity], "NaN \" NaN": "NaN", "é": "\\"}"#;
        let expected = json!({"a": null, "b": [null, null], "NaN \" NaN": "NaN", "é": "\\"});
        assert_eq!(parse_answer(text), Ok(expected));
        assert!(parse_answer("{\"a\": NaNa}").is_err());
        assert!(parse_answer("{\"a\": \"NaN").is_err());
    }

    #[test]
    fn joins_surrogates_of_two_documents() {
        let mut surrogates = Surrogates::default();
        let mut text = |document: &str| parse(&surrogates.join(document)).unwrap().as_str().unwrap().to_owned();
        assert_eq!(text(r#""a\ud83d""#) + &text(r#""\uDE00b""#), "a😀b");
        assert_eq!(text(r#""\ud83d\ude00 \\ud83d \u00fc é""#), "😀 \\ud83d ü é");
        assert_eq!(text(r#""\ude00""#), "\u{fffd}");
        assert_eq!(text(r#""\ud83d\n""#), "\n");
    }
}
