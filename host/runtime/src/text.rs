//! Limits the size of texts that come from plugins.

/// The most bytes of one text of a plugin that are stored in an event or a prompt.
const MAX_WORDS: usize = 8 << 10;

/// Cuts a text that is too long, and marks the cut.
pub(crate) fn truncate_text(mut words: String) -> String {
    if words.len() > MAX_WORDS {
        words.truncate(words.floor_char_boundary(MAX_WORDS));
        words.push_str(" … (cut)");
    }
    words
}
