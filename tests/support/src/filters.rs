//! The one list of what snapshots leave out because it differs from run to run or from build to build.

use std::sync::LazyLock;

use regex::Regex;

/// Patterns and what takes their place, in the order in which they apply. Folders and names of runs are known only to a
/// test, which gives them to [`Output::render`](crate::Output::render).
const FILTERS: [(&str, &str); 11] = [
    // Digests, whole and short.
    ("sha256:[0-9a-f]+", "DIGEST"),
    (r"(?-u:\b)[0-9a-f]{32}(?-u:\b)", "DIGEST"),
    (r"(?-u:\b)[0-9a-f]{12}(?-u:\b)", "DIGEST"),
    // Sizes of components.
    ("(?m)^(size +)[0-9].*$", "${1}SIZE"),
    (r#"("size": )[0-9]+"#, "${1}SIZE"),
    // Times that were measured, and not those of limits.
    (r"(?-u:\b)in [0-9.]+ m?s(?-u:\b)", "in TIME"),
    (r"(?-u:\b)after [0-9.]+ m?s:", "after TIME:"),
    (r"(?m)^(  time  |\| time \|).*$", "${1} TIME"),
    // Dates, and times since the start of a run at the beginning of a line.
    (
        r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{5,8} UTC|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT",
        "DATE",
    ),
    (r"(?m)^[0-9]+:[0-9]{2}:[0-9.]+", "OFFSET"),
    // The configuration of a test at the end of a command that can be pasted.
    (r"(?m) --config /[^ `\n]*(`|$)", "${1}"),
];

/// A text without what differs.
pub fn filter(text: &str) -> String {
    static COMPILED: LazyLock<Vec<(Regex, &str)>> =
        LazyLock::new(|| FILTERS.map(|(pattern, by)| (Regex::new(pattern).unwrap(), by)).into());
    COMPILED.iter().fold(text.to_owned(), |text, (pattern, by)| pattern.replace_all(&text, *by).into_owned())
}
