//! Breakpoints of Anthropic's prompt cache: the ends of what a later request is likely to repeat.
//!
//! The provider caches a prompt up to each breakpoint, in the order tools, system, messages. A write costs a quarter more than
//! plain input and a read a tenth, so only parts that repeat are marked: the instructions, which every call of a plugin
//! begins with; the last two blocks of the first turn's common part, which calls with different questions share; and the last
//! turn of a conversation, which its next request repeats. These are at most the four that a request may have. None is set on
//! a prompt too short for any model's cache.
//!
//! Two blocks, because an agent puts what other agents send as well (task and artifacts) before its own rules: a second gate
//! reads from the cache what the first one wrote before its rules. A further breakpoint costs nothing: what is written ends at
//! the last one.

use serde_json::{Value, json};

use super::format::text;

/// The least bytes that are marked: 1,024 tokens of four bytes, the least that any model caches. A model that needs more
/// ignores the breakpoint.
const LEAST_BYTES: usize = 4 * 1024;

/// Sets the breakpoints; returns the system prompt, as text if it has none, and `None` if it is empty.
pub(super) fn set(tool_bytes: usize, system: String, turns: &mut [Value]) -> Option<Value> {
    let before = tool_bytes + system.len();
    let system = match system.as_str() {
        "" => None,
        text if before < LEAST_BYTES => Some(json!(text)),
        text => Some(json!([{"type": "text", "text": text, "cache_control": ephemeral()}])),
    };
    // A plugin may have set breakpoints of its own, in blocks that are passed through.
    let blocks = || turns.iter().filter_map(|turn| turn.get("content").and_then(Value::as_array)).flatten();
    if blocks().any(|block| block.get("cache_control").is_some()) {
        return system;
    }
    let total = before + blocks().map(block_bytes).sum::<usize>();
    let is_conversation = turns.len() > 1;
    if let Some(blocks) = blocks_of(turns.first_mut()) {
        let common = if is_conversation { blocks.len() } else { blocks.len().saturating_sub(1) };
        for end in [common.saturating_sub(1), common] {
            mark_last(blocks.get_mut(..end).unwrap_or_default(), before);
        }
    }
    if is_conversation && let Some(blocks) = blocks_of(turns.last_mut()) {
        let earlier = total - blocks.iter().map(block_bytes).sum::<usize>();
        mark_last(blocks, earlier);
    }
    system
}

/// Marks the last block that can be marked, if the prompt is long enough up to its end.
fn mark_last(blocks: &mut [Value], before: usize) {
    let bytes = before + blocks.iter().map(block_bytes).sum::<usize>();
    let is_markable = |block: &&mut Value| ["text", "tool_result", "tool_use"].contains(&text(block, "type"));
    if bytes >= LEAST_BYTES
        && let Some(block) = blocks.iter_mut().rev().find(is_markable).and_then(Value::as_object_mut)
    {
        block.insert("cache_control".to_owned(), ephemeral());
    }
}

fn blocks_of(turn: Option<&mut Value>) -> Option<&mut Vec<Value>> {
    turn?.get_mut("content")?.as_array_mut()
}

fn block_bytes(block: &Value) -> usize {
    ["text", "content", "input"].iter().filter_map(|field| block.get(field)).map(value_bytes).sum()
}

fn value_bytes(value: &Value) -> usize {
    value.as_str().map_or_else(|| value.to_string().len(), str::len)
}

fn ephemeral() -> Value {
    json!({"type": "ephemeral"})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn user(texts: &[&str]) -> Value {
        let blocks: Vec<Value> = texts.iter().map(|text| json!({"type": "text", "text": text})).collect();
        json!({"role": "user", "content": blocks})
    }

    fn is_marked(block: &Value) -> bool {
        block.get("cache_control").is_some()
    }

    #[test]
    fn marks_what_the_next_request_repeats() {
        let long = "x".repeat(LEAST_BYTES);
        let answer = json!({"role": "assistant", "content": [{"type": "text", "text": "ok"}]});
        let mut turns = [user(&[&long]), answer, user(&["and now?"])];
        let system = set(0, "short".to_owned(), &mut turns);
        assert_eq!(system, Some(json!("short")));
        assert!(is_marked(&turns[0]["content"][0]) && is_marked(&turns[2]["content"][0]));
        assert!(!is_marked(&turns[1]["content"][0]));
    }

    #[test]
    fn marks_the_common_part_of_single_questions() {
        let long = "x".repeat(LEAST_BYTES);
        let mut turns = [user(&[&long, "question"])];
        let system = set(LEAST_BYTES, "short".to_owned(), &mut turns);
        assert_eq!(system, Some(json!([{"type": "text", "text": "short", "cache_control": {"type": "ephemeral"}}])));
        assert!(is_marked(&turns[0]["content"][0]) && !is_marked(&turns[0]["content"][1]));
        let mut turns = [user(&[&long])];
        assert_eq!(set(0, String::new(), &mut turns), None);
        assert!(!is_marked(&turns[0]["content"][0]));
    }

    #[test]
    fn marks_artifacts_before_the_rules_of_an_agent() {
        let long = "x".repeat(LEAST_BYTES);
        let answer = json!({"role": "assistant", "content": [{"type": "text", "text": "ok"}]});
        let mut turns = [user(&["task", &long, "rules", "question"]), answer, user(&["and now?"])];
        let marks = |turn: &Value| turn["content"].as_array().map(|blocks| blocks.iter().map(is_marked).collect());
        let system = set(LEAST_BYTES, "short".to_owned(), &mut turns[..1]);
        assert_eq!(marks(&turns[0]), Some(vec![false, true, true, false]));
        let mut turns = turns.map(|mut turn| {
            turn["content"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut).for_each(|block| {
                block.remove("cache_control");
            });
            turn
        });
        set(LEAST_BYTES, "short".to_owned(), &mut turns);
        assert_eq!(marks(&turns[0]), Some(vec![false, false, true, true]), "one of them is marked in both");
        let all = system.iter().chain(turns.iter()).map(|it| it.to_string().matches("cache_control").count());
        assert_eq!(all.sum::<usize>(), 4, "the most that a request may have");
    }

    #[test]
    fn marks_nothing_in_short_prompts() {
        let mut turns = [user(&["a", "b"]), user(&["c"])];
        assert_eq!(set(10, "s".to_owned(), &mut turns), Some(json!("s")));
        assert!(!turns.iter().any(|turn| is_marked(&turn["content"][0])));
    }
}
