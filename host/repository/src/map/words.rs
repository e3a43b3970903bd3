//! Words of texts, paths and identifiers, in a form in which they can be compared.

use std::collections::BTreeSet;

const MIN_LETTERS: usize = 3;
/// The most words of a task that count.
const MAX_WORDS: usize = 300;
/// Words that say nothing about a file.
const COMMON: [&str; 92] = [
    "about",
    "add",
    "after",
    "again",
    "all",
    "also",
    "and",
    "any",
    "are",
    "because",
    "been",
    "before",
    "being",
    "both",
    "but",
    "can",
    "cannot",
    "change",
    "code",
    "could",
    "does",
    "each",
    "else",
    "every",
    "file",
    "fix",
    "for",
    "from",
    "function",
    "get",
    "given",
    "gives",
    "had",
    "has",
    "have",
    "how",
    "implement",
    "instead",
    "into",
    "its",
    "let",
    "like",
    "make",
    "may",
    "method",
    "more",
    "most",
    "must",
    "need",
    "new",
    "not",
    "now",
    "one",
    "only",
    "other",
    "our",
    "out",
    "over",
    "own",
    "python",
    "same",
    "self",
    "set",
    "shall",
    "should",
    "some",
    "such",
    "support",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "use",
    "used",
    "was",
    "were",
    "when",
    "where",
    "which",
    "while",
    "will",
    "with",
    "without",
    "would",
    "you",
];

/// Returns the words of a task that say something, stemmed.
pub(super) fn task_words(task: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for_each_word(task, &mut |word| {
        if words.len() < MAX_WORDS && !COMMON.contains(&word) && !word.chars().all(|c| c.is_ascii_digit()) {
            words.insert(stem(word).to_owned());
        }
    });
    words
}

/// Calls `each` with every word in lower case: texts are split where other characters than letters and digits are, and inside
/// of `snake_case` and `camelCase`. Words of fewer than three characters are left out.
pub(super) fn for_each_word(text: &str, each: &mut dyn FnMut(&str)) {
    let mut word = String::new();
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let starts = c.is_uppercase()
            && (before.is_lowercase()
                || before.is_ascii_digit()
                || characters.peek().is_some_and(|next| next.is_lowercase()));
        if starts || !c.is_alphanumeric() {
            end_word(&mut word, each);
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    end_word(&mut word, each);
}

fn end_word(word: &mut String, each: &mut dyn FnMut(&str)) {
    if word.chars().count() >= MIN_LETTERS {
        each(word);
    }
    word.clear();
}

/// Returns a word of English without common endings, so that `parser`, `parsing` and `parsed` are the same.
pub(super) fn stem(word: &str) -> &str {
    let without = |ending: &str| word.strip_suffix(ending).filter(|rest| rest.len() > MIN_LETTERS);
    let plural = |word: &'_ str| word.ends_with("ss") || word.ends_with("us") || word.ends_with("is");
    ["ations", "ation", "ings", "ing", "ers", "er", "ies", "ied", "ed", "es"]
        .iter()
        .find_map(|ending| without(ending))
        .or_else(|| without("s").filter(|_| !plural(word)))
        .or_else(|| without("e"))
        .or_else(|| without("y"))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_split_into_words() {
        let mut words = Vec::new();
        for_each_word("src/HTTPServer_utils.py parseJSON2Text größeÄndern x1", &mut |word| {
            words.push(word.to_owned())
        });
        assert_eq!(words, ["src", "http", "server", "utils", "parse", "json2", "text", "größe", "ändern"]);
    }

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            vec!["parser", "parsing", "parsed", "parse"],
            vec!["carts", "cart"],
            vec!["retries", "retry"],
            vec!["class"],
        ] {
            let stems: BTreeSet<&str> = forms.iter().map(|word| stem(word)).collect();
            assert_eq!(stems.len(), 1, "{stems:?}");
        }
        assert_eq!(task_words("Add the retries to the parser, and add 42"), ["pars", "retr"].map(String::from).into());
    }
}
