//! Just enough of Python's grammar to tell code from comments and strings. Never fails: what it cannot make sense of is code.

/// The source with the insides of comments and strings blanked, line for line and byte for byte.
pub fn without_text(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut state = State::Code;
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let (taken, visible, after) = step(rest, next, state);
        let (text, tail) = rest.split_at(taken);
        for letter in text.chars() {
            if visible || letter == '\n' {
                out.push(letter);
            } else {
                out.extend(std::iter::repeat_n(' ', letter.len_utf8()));
            }
        }
        rest = tail;
        state = after;
    }
    out
}

#[derive(Clone, Copy)]
enum State {
    Code,
    Comment,
    String(&'static str),
}

/// How many bytes to take, whether they are code, and what comes after them.
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
        // A string of one line that nobody closed: the file is broken, go on with the next line.
        State::String(quote) if next == '\n' && quote.len() == 1 => (width, true, State::Code),
        State::String(_) => (width, false, state),
    }
}

/// Is this name used in the line as a whole word that nothing qualifies? `eval(` in `x.eval(` or `retrieval(` is not.
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
    fn comments_and_strings_are_blanked_and_lines_keep_their_places() {
        let source = "a = 'eval(1)'  # eval(2)\n\"\"\"doc\neval(3)\"\"\"\neval(4)\n";
        let code = without_text(source);
        assert_eq!(code.len(), source.len());
        let lines: Vec<bool> = code.lines().map(|line| uses(line, "eval(")).collect();
        assert_eq!(lines, [false, false, false, true]);
    }

    #[test]
    fn an_escaped_quote_closes_nothing_and_an_open_string_ends_with_its_line() {
        assert!(!uses(&without_text(r#"x = "a\"eval(1)""#), "eval("));
        assert!(uses(&without_text("x = 'open\neval(1)"), "eval("));
        assert!(!uses(&without_text("x = 'ü\\'eval('"), "eval("));
        assert_eq!(without_text("x = 'ü'"), "x = '  '");
    }

    #[test]
    fn a_longer_or_qualified_name_is_another_name() {
        assert!(!uses("retrieval(x)", "eval("));
        assert!(!uses("model.eval()", "eval("));
        assert!(uses("return eval(x)", "eval("));
    }
}
