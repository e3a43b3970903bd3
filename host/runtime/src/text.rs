//! Texts of plugins, cut to a size that can be kept.

/// How many bytes of a plugin's own words go into events and prompts.
const MAX_WORDS: usize = 8 << 10;

/// A plugin's words, cut where they are too long to be kept and told.
pub(crate) fn truncate_text(mut words: String) -> String {
    if words.len() > MAX_WORDS {
        words.truncate(words.floor_char_boundary(MAX_WORDS));
        words.push_str(" … (cut)");
    }
    words
}
