//! Splits Rust source into words and signs, without comments and without the contents of literals.

/// The tokens of a file: identifiers, `::`, and every other sign on its own. A literal is the token `""`.
pub fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        at += match rest {
            ['/', '/', ..] => count(rest, |c| c != '\n'),
            ['/', '*', ..] => block_comment(rest),
            ['"', ..] => push(&mut tokens, "\"\"", string(rest)),
            ['\'', '\\', ..] => push(&mut tokens, "\"\"", 4 + count(&rest[3..], |c| c != '\'')),
            ['\'', _, '\'', ..] => push(&mut tokens, "\"\"", 3),
            // A lifetime.
            ['\'', ..] => 1 + count(&rest[1..], is_word),
            [first, ..] if is_word(*first) => match literal_prefix(rest) {
                Some(length) => push(&mut tokens, "\"\"", length),
                None => {
                    let length = count(rest, is_word);
                    push(&mut tokens, &rest[..length].iter().collect::<String>(), length)
                }
            },
            [':', ':', ..] => push(&mut tokens, "::", 2),
            [first, ..] if first.is_whitespace() => 1,
            [first, ..] => push(&mut tokens, &first.to_string(), 1),
            [] => 1,
        };
    }
    tokens
}

fn push(tokens: &mut Vec<String>, token: &str, length: usize) -> usize {
    tokens.push(token.to_owned());
    length
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The number of characters up to the first that is not accepted.
fn count(chars: &[char], accept: impl Fn(char) -> bool) -> usize {
    chars.iter().take_while(|c| accept(**c)).count()
}

/// Comments nest.
fn block_comment(chars: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < chars.len() {
        match &chars[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a string literal with its quotes.
fn string(chars: &[char]) -> usize {
    let mut at = 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The length of `b".."`, `r".."`, `r#".."#` and `b'..'`, if one starts here.
fn literal_prefix(chars: &[char]) -> Option<usize> {
    let prefix = count(chars, |c| matches!(c, 'b' | 'r' | 'c'));
    let hashes = count(&chars[prefix..], |c| c == '#');
    let start = prefix + hashes;
    if prefix == 0 || prefix > 2 {
        return None;
    }
    match chars.get(start) {
        Some('"') if chars[..prefix].contains(&'r') => {
            let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let body = &chars[start + 1..];
            let length = body.windows(end.len()).position(|window| window == end).unwrap_or(body.len());
            Some(start + 1 + length + end.len())
        }
        Some('"') if hashes == 0 => Some(start + string(&chars[start..])),
        Some('\'') if chars[..start] == ['b'] => {
            let escaped = usize::from(chars.get(start + 1) == Some(&'\\'));
            Some(start + 3 + escaped + count(&chars[start + 2 + escaped..], |c| c != '\''))
        }
        _ => None,
    }
}
