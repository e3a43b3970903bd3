//! Finds JSON values in a model's answer, whatever stands around them: prose, fences, tags, reasoning, or the quotes of a JSON
//! string.
//!
//! A value is never changed, except that trailing commas are removed. The search takes linear time. It cannot fail; a fault
//! says why a text that looks like JSON is none, worded so that a model can correct it.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::Deserializer;
use serde_json::value::RawValue;

/// Marks at the end of a model's reasoning. Some servers send the reasoning, or only its end, as part of the answer.
const REASONING_ENDS: [&str; 6] = ["</think>", "</thinking>", "</thought>", "</reasoning>", "[/THINK]", "<|message|>"];
const FENCE: &str = "\n```";

/// The JSON objects and arrays of an answer, as text and in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FoundValues {
    /// The values outside of the reasoning.
    pub values: Vec<String>,
    /// The values inside of it.
    pub reasoning: Vec<String>,
    /// The fault of the first value that is broken.
    pub fault: Option<String>,
}

/// Finds all objects and arrays that are not part of another one. The parts of a broken one are not searched.
pub fn find_values(text: &str) -> FoundValues {
    if let Ok(inner) = serde_json::from_str::<String>(without_fence(text)) {
        return find_values(&inner);
    }
    let mut found = FoundValues::default();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[', '<']) {
        let here = rest.get(at..).unwrap_or_default();
        if let Some(end) = REASONING_ENDS.iter().find(|end| here.starts_with(**end)) {
            found.reasoning.append(&mut found.values);
            rest = here.get(end.len()..).unwrap_or_default();
            continue;
        }
        rest = match leading_value(here) {
            Leading::Value(json, after) => {
                found.values.push(json.into_owned());
                after
            }
            Leading::Broken(fault, after) => {
                found.fault.get_or_insert(fault);
                after
            }
            Leading::Prose => here.get(1..).unwrap_or_default(),
        };
    }
    found
}

/// Returns the text inside of a fence that surrounds the whole text, else the whole text.
fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let inside = text.strip_prefix("```").and_then(|body| body.strip_suffix("```")?.split_once('\n'));
    inside.map_or(text, |(_, body)| body.trim())
}

/// What stands at the start of a text that begins with `{`, `[` or `<`, and the text after it.
enum Leading<'a> {
    Value(Cow<'a, str>, &'a str),
    Broken(String, &'a str),
    /// A bracket that begins no JSON.
    Prose,
}

fn leading_value(text: &str) -> Leading<'_> {
    if text.starts_with('<') {
        return Leading::Prose;
    }
    let mut values = Deserializer::from_str(text).into_iter::<&RawValue>();
    let fault = match values.next() {
        Some(Ok(raw)) => {
            return Leading::Value(raw.get().into(), text.get(values.byte_offset()..).unwrap_or_default());
        }
        Some(Err(error)) => error.to_string(),
        None => return Leading::Prose,
    };
    if !begins_json(text) {
        return Leading::Prose;
    }
    let end = match find_end(text) {
        Ok(end) => end,
        Err(beyond) => return Leading::Broken(fault, text.get(beyond..).unwrap_or_default()),
    };
    let (json, after) = text.split_at(end);
    let cleaned = without_trailing_commas(json);
    match serde_json::from_str::<IgnoredAny>(&cleaned) {
        Ok(_) => Leading::Value(cleaned.into(), after),
        Err(error) => Leading::Broken(error.to_string(), after),
    }
}

/// Returns whether what follows the bracket can follow it in JSON.
fn begins_json(text: &str) -> bool {
    let next = text.get(1..).unwrap_or_default().trim_start().chars().next();
    match (text.starts_with('{'), next) {
        (_, None) => true,
        (true, Some(next)) => matches!(next, '"' | '}'),
        (false, Some(next)) => matches!(next, '"' | '{' | '[' | ']' | '-') || next.is_ascii_digit(),
    }
}

/// Returns the offset after the bracket that closes the first one. A value cannot go on beyond a fence, because a JSON string
/// holds no line break, or beyond the end of the reasoning: the error is the offset of the first of these, or of the end.
fn find_end(text: &str) -> Result<usize, usize> {
    let mut depth = 0_usize;
    let mut strings = Strings::default();
    for (at, byte) in text.bytes().enumerate() {
        let is_outside = strings.step(byte);
        match byte {
            b'\n' | b'<' | b'[' if ends_region(text.get(at..).unwrap_or_default()) => return Err(at),
            b'{' | b'[' if is_outside => depth += 1,
            b'}' | b']' if is_outside => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Ok(at + 1);
                }
            }
            _ => {}
        }
    }
    Err(text.len())
}

fn ends_region(text: &str) -> bool {
    text.starts_with(FENCE) || REASONING_ENDS.iter().any(|end| text.starts_with(end))
}

/// Replaces each comma before a closing bracket by a space, so that positions in faults stay right.
fn without_trailing_commas(json: &str) -> String {
    let mut bytes = json.as_bytes().to_vec();
    let mut comma = None;
    let mut strings = Strings::default();
    for (at, byte) in json.bytes().enumerate() {
        match byte {
            _ if !strings.step(byte) => {}
            b',' => comma = Some(at),
            b'}' | b']' => {
                if let Some(place) = comma.take().and_then(|at| bytes.get_mut(at)) {
                    *place = b' ';
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| json.to_owned())
}

/// Follows the strings of a JSON text, byte by byte.
#[derive(Default)]
struct Strings {
    is_inside: bool,
    is_escaped: bool,
}

impl Strings {
    /// Returns whether this byte is outside of strings; an opening quote is.
    fn step(&mut self, byte: u8) -> bool {
        let was_outside = !self.is_inside;
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' if self.is_inside => self.is_escaped = true,
            b'"' => self.is_inside = !self.is_inside,
            _ => {}
        }
        was_outside
    }
}

/// Joins a truncated text with its continuation, without an overlap of 20 to 400 bytes.
pub fn join_continuation(truncated: &str, continuation: &str) -> String {
    let longest = truncated.len().min(continuation.len()).min(400);
    let repeated = (20..=longest)
        .rev()
        .filter_map(|length| continuation.get(..length))
        .find(|head| truncated.ends_with(head))
        .map_or(0, str::len);
    format!("{truncated}{}", continuation.get(repeated..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        find_values(text).values
    }

    #[test]
    fn finds_values_in_prose_and_fences() {
        assert_eq!(values(" {\"a\": 1}\n"), ["{\"a\": 1}"]);
        assert_eq!(values("Here: {\"a\": 1}, as asked."), ["{\"a\": 1}"]);
        assert_eq!(values("The set {a, b}, see [the task]:\n```json\n[1]\n```"), ["[1]"]);
        assert_eq!(values("A { opens. <answer>{\"a\": 1}</answer>"), ["{\"a\": 1}"]);
        assert_eq!(values("{\"a\": 1}\n{\"a\": 2}"), ["{\"a\": 1}", "{\"a\": 2}"]);
    }

    #[test]
    fn ignores_fences_and_tags_inside_strings() {
        for json in ["{\"doc\": \"```sh\\nls\\n```\"}", "{\"doc\": \"</think> {\\\"a\\\": 1}\"}"] {
            assert_eq!(values(&format!("```json\n{json}\n```")), [json]);
            assert_eq!(values(json), [json]);
        }
    }

    #[test]
    fn separates_reasoning_from_the_answer() {
        for start in ["<think>", "", "<|channel|>analysis<|message|>"] {
            let found = find_values(&format!("{start}Perhaps {{\"a\": 1}}? No.</think>\n{{\"a\": 2}}"));
            assert_eq!((found.values, found.reasoning), (vec!["{\"a\": 2}".to_owned()], vec!["{\"a\": 1}".to_owned()]));
        }
        assert_eq!(values("<think>{\"a\": [1, </think>{\"a\": 2}"), ["{\"a\": 2}"]);
    }

    #[test]
    fn reads_json_text_in_a_string() {
        assert_eq!(values("\"{\\\"a\\\": \\\"x\\\"}\""), ["{\"a\": \"x\"}"]);
        assert_eq!(values("```json\n\"{\\\"a\\\": 1}\"\n```"), ["{\"a\": 1}"]);
    }

    #[test]
    fn removes_trailing_commas_only_outside_strings() {
        assert_eq!(values("{\"a\": [1, 2,],\n \"b\": \",}\",}"), ["{\"a\": [1, 2 ],\n \"b\": \",}\" }"]);
        assert_eq!(values("{\"a\": 1,,}"), Vec::<String>::new());
    }

    #[test]
    fn skips_broken_values_as_a_whole() {
        let found = find_values("{\"a\": red, \"b\": {\"a\": 1}} {\"a\": 2}");
        assert_eq!(found.values, ["{\"a\": 2}"]);
        assert_eq!(found.fault.as_deref(), Some("expected value at line 1 column 7"));
        assert_eq!(values("```\n{\"a\": [\n```\nOnce more:\n```\n{\"a\": 2}\n```"), ["{\"a\": 2}"]);
        let cut = find_values("{\"a\": {\"b\": 1}, \"c");
        assert_eq!(cut.values, Vec::<String>::new());
        assert_eq!(cut.fault.as_deref(), Some("EOF while parsing a string at line 1 column 18"));
    }

    #[test]
    fn hostile_brackets_take_linear_time() {
        for piece in ["{", "[", "{\"a\" ", "[1,", "{\"a\": [\n```\n", "<", "</think>", "{\"a\": 1,}"] {
            find_values(&piece.repeat(100_000));
        }
    }

    #[test]
    fn joins_continuations_without_the_overlap() {
        assert_eq!(join_continuation("one two", " three"), "one two three");
        let cut = "a sentence that goes on and on";
        assert_eq!(join_continuation(cut, "sentence that goes on and on for ever"), format!("{cut} for ever"));
    }
}
