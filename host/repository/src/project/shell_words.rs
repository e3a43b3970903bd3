//! Splits text into words as a shell does: at blanks, except in quotes.

/// Returns the words. A quote that is not closed ends with the text.
pub(super) fn shell_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(characters.next()),
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                word.get_or_insert_default();
                quote = Some(c);
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_blanks() {
        assert_eq!(
            shell_words(" -q  '--ignore=a b'\n\"c\\\"d\"e \\ f '' 'open"),
            ["-q", "--ignore=a b", "c\"de", " f", "", "open"]
        );
        assert!(shell_words(" \n ").is_empty());
    }
}
