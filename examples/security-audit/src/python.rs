//! Distinguishes Python code from comments and strings. Cannot fail: unrecognized text counts as code.

/// Replaces the content of comments and strings by spaces. Keeps every line and byte position.
pub fn blank_text(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut state = State::Code;
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let (length, is_code, next_state) = step(rest, next, state);
        let (text, tail) = rest.split_at(length);
        for letter in text.chars() {
            if is_code || letter == '\n' {
                out.push(letter);
            } else {
                out.extend(std::iter::repeat_n(' ', letter.len_utf8()));
            }
        }
        rest = tail;
        state = next_state;
    }
    out
}

#[derive(Clone, Copy)]
enum State {
    Code,
    Comment,
    String(&'static str),
}

/// Returns the number of bytes to consume, whether they are code, and the next state.
fn step(rest: &str, next: char, state: State) -> (usize, bool, State) {
    let width = next.len_utf8();
    match state {
        State::Code if next == '#' => (width, false, State::Comment),
        State::Code => match ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote)) {
            Some(quote) => (quote.len(), true, State::String(quote)),
            None => (width, true, State::Code),
        },
        State::Comment if next == '\n' => (width, true, State::Code),
        State::Comment => (width, false, State::Comment),
        State::String(_) if next == '\\' => (width + rest.chars().nth(1).map_or(0, char::len_utf8), false, state),
        State::String(quote) if rest.starts_with(quote) => (quote.len(), true, State::Code),
        // An unterminated single-line string: continue with the next line.
        State::String(quote) if next == '\n' && quote.len() == 1 => (width, true, State::Code),
        State::String(_) => (width, false, state),
    }
}

/// Returns whether the line contains `name` as a whole, unqualified word: not `eval(` in `x.eval(` or `retrieval(`.
pub fn uses(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == '.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_comments_and_strings_in_place() {
        let source = "a = 'eval(1)'  # eval(2)\n\"\"\"doc\neval(3)\"\"\"\neval(4)\n";
        let code = blank_text(source);
        assert_eq!(code.len(), source.len());
        let lines: Vec<bool> = code.lines().map(|line| uses(line, "eval(")).collect();
        assert_eq!(lines, [false, false, false, true]);
    }

    #[test]
    fn handles_escaped_quotes_and_unterminated_strings() {
        assert!(!uses(&blank_text(r#"x = "a\"eval(1)""#), "eval("));
        assert!(uses(&blank_text("x = 'open\neval(1)"), "eval("));
        assert!(!uses(&blank_text("x = 'ü\\'eval('"), "eval("));
        assert_eq!(blank_text("x = 'ü'"), "x = '  '");
    }

    #[test]
    fn does_not_match_longer_or_qualified_names() {
        assert!(!uses("retrieval(x)", "eval("));
        assert!(!uses("model.eval()", "eval("));
        assert!(uses("return eval(x)", "eval("));
    }
}
