//! Extracts the JSON from a model's answer: the whole text, or its only fenced block. Errors are worded so that a model can
//! correct its answer. The JSON itself is never changed.

use serde_json::Value;
use serde_json::value::RawValue;

/// Returns the part of `text` that is JSON: an object or an array. Ignores surrounding tags and text around a fence.
pub fn extract_json(text: &str) -> Result<&str, String> {
    let bare = trim_tags(text);
    if bare.starts_with(['{', '[']) {
        return match leading_json(bare) {
            Ok((json, rest)) if trim_tags(rest).is_empty() => Ok(json),
            Ok((_, rest)) => Err(format!("there is text after the JSON: `{}`", start_of(rest.trim_start()))),
            Err(fault) => Err(format!("the answer is not valid JSON: {fault}")),
        };
    }
    extract_block(bare)
}

fn extract_block(text: &str) -> Result<&str, String> {
    let mut found = Vec::new();
    let mut fault = None;
    let mut rest = text;
    while let Some((body, closed)) = opening_fence(rest) {
        match leading_json(body.trim_start()) {
            Ok((json, after)) => {
                found.push(json);
                rest = after.split_once("```").map_or("", |(_, after)| after);
            }
            Err(error) => {
                fault = fault.or(Some(error));
                rest = closed;
            }
        }
    }
    match (found.as_slice(), fault) {
        ([json], _) => Ok(json),
        ([], Some(fault)) => Err(format!("the fenced block is not valid JSON: {fault}")),
        ([], None) => Err(format!("the answer contains no JSON; it begins with `{}`", start_of(text))),
        (several, _) => Err(format!("the answer contains {} JSON blocks instead of one", several.len())),
    }
}

/// Returns the text after the first opening fence, and the text after the end of that block.
fn opening_fence(text: &str) -> Option<(&str, &str)> {
    let (_, after) = text.split_once("```")?;
    let (_, body) = after.split_once('\n')?;
    let closed = body.split_once("```").map_or("", |(_, closed)| closed);
    Some((body, closed))
}

/// Returns the JSON object or array at the start of `text`, and the rest.
fn leading_json(text: &str) -> Result<(&str, &str), String> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    match values.next() {
        Some(Ok(raw)) if raw.get().starts_with(['{', '[']) => {
            let end = values.byte_offset();
            Ok((raw.get(), text.get(end..).unwrap_or_default()))
        }
        Some(Err(error)) => Err(error.to_string()),
        _ => Err("neither an object nor an array".to_owned()),
    }
}

/// Trims white space and tags such as `</answer>` that some models put around an answer.
fn trim_tags(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(rest) = text.strip_prefix('<').and_then(|tag| tag.split_once('>')).filter(|(tag, _)| is_tag(tag)) {
        text = rest.1.trim_start();
    }
    while let Some(rest) = text.strip_suffix('>').and_then(|tag| tag.rsplit_once('<')).filter(|(_, tag)| is_tag(tag)) {
        text = rest.0.trim_end();
    }
    text
}

fn is_tag(tag: &str) -> bool {
    let name = tag.strip_prefix('/').unwrap_or(tag);
    !name.is_empty()
        && name.len() <= 40
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-:".contains(&byte))
}

fn start_of(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Joins a truncated answer with its continuation. Removes an overlap of 20 to 400 bytes; if the continuation is a complete
/// JSON object of its own, it replaces the truncated answer.
pub fn join_continuation(truncated: &str, continuation: &str) -> String {
    let restarts = extract_json(continuation)
        .is_ok_and(|json| serde_json::from_str::<Value>(json).is_ok_and(|value| value.is_object()));
    if restarts && extract_json(&format!("{truncated}{continuation}")).is_err() {
        return continuation.to_owned();
    }
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn accepts_bare_json() {
        assert_eq!(extract_json(" {\"a\": 1}\n").unwrap(), "{\"a\": 1}");
        assert_eq!(extract_json("[1]").unwrap(), "[1]");
    }

    #[test]
    fn extracts_the_only_fenced_block() {
        assert_eq!(extract_json("Here it is:\n```json\n{\"a\": 1}\n```\nDone.").unwrap(), "{\"a\": 1}");
        assert_eq!(extract_json("```python\nprint()\n```\nand\n```\n{\"a\": 1}\n```").unwrap(), "{\"a\": 1}");
    }

    #[test]
    fn ignores_fences_inside_json_strings() {
        let text = "```json\n{\"doc\": \"```sh\\nls\\n```\"}\n```";
        assert_eq!(extract_json(text).unwrap(), "{\"doc\": \"```sh\\nls\\n```\"}");
    }

    #[test]
    fn strips_tags_only_outside_the_json() {
        assert_eq!(extract_json("{\"a\": \"</answer>\"}\n</answer>\n</x>").unwrap(), "{\"a\": \"</answer>\"}");
        assert_eq!(extract_json("<answer>{\"a\": 1}</answer>").unwrap(), "{\"a\": 1}");
        assert_eq!(extract_json("```json\n{\"a\": 1}\n```\n</answer>").unwrap(), "{\"a\": 1}");
    }

    #[test]
    fn describes_each_kind_of_fault() {
        assert_eq!(extract_json("Sorry.").unwrap_err(), "the answer contains no JSON; it begins with `Sorry.`");
        assert!(
            extract_json("{\"a\": }")
                .unwrap_err()
                .starts_with("the answer is not valid JSON: expected value at line 1")
        );
        assert!(extract_json("{} and so on").unwrap_err().contains("there is text after the JSON: `and so on`"));
        assert_eq!(
            extract_json("a\n```json\n{}\n```\n```json\n{}\n```").unwrap_err(),
            "the answer contains 2 JSON blocks instead of one"
        );
        assert!(extract_json("```json\n{\"a\": \n```").unwrap_err().starts_with("the fenced block is not valid JSON"));
    }

    #[test]
    fn joins_continuations_without_the_overlap() {
        assert_eq!(join_continuation("{\"text\": \"one two", " three\"}"), "{\"text\": \"one two three\"}");
        let cut = "{\"text\": \"a sentence that goes on and on";
        assert_eq!(join_continuation(cut, "a sentence that goes on and on for ever\"}"), format!("{cut} for ever\"}}"));
        assert_eq!(join_continuation("{\"a\": [1, ", "{\"a\": [1, 2]}"), "{\"a\": [1, 2]}");
        assert_eq!(join_continuation("[", "{\"a\": 1}]"), "[{\"a\": 1}]");
    }
}
