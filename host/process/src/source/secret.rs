//! Finds keys of providers in text that is shown: they are masked, whatever the error is about.
//!
//! A person who pastes a key into a file must not find it in a log of a terminal or of a build. Masking keeps the number of
//! characters, so that columns stay the same.

/// How keys of well-known services begin.
const PREFIXES: [&str; 16] = [
    "sk-",
    "sk_live_",
    "sk_test_",
    "pk-",
    "rk-",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AIza",
    "hf_",
    "gsk_",
    "xai-",
];

/// The fewest characters of a word with such a beginning that counts as a key.
const MIN_PREFIXED: usize = 12;
/// The fewest characters, letters and digits in one piece, of a word that counts as a key by its looks.
const MIN_RANDOM: usize = 16;

/// Names of keys whose values are secret.
const SECRET_NAMES: [&str; 8] = ["key", "apikey", "token", "secret", "password", "bearer", "authorization", "auth"];

/// Whether a key of a file names a secret, as `api_key` does. `key_env` and `key_file` do not: they say where the secret is.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.trim().trim_matches(['"', '\'']).to_lowercase().replace('-', "_");
    let name = name.rsplit('.').next().unwrap_or_default();
    let ends = ["_key", "_apikey", "_token", "_secret", "_password"];
    SECRET_NAMES.contains(&name) || ends.iter().any(|end| name.ends_with(end))
}

/// Whether a text, as a whole, is the key of a well-known service.
pub(super) fn is_known_key(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix("Bearer ").unwrap_or(text);
    let is_word = !text.is_empty() && text.chars().all(is_word_char);
    is_word && text.len() >= MIN_PREFIXED && PREFIXES.iter().any(|prefix| text.starts_with(prefix))
}

/// Replaces keys of well-known services in a text.
pub(super) fn mask_known_keys(text: &str) -> String {
    mask_words(text, is_known_key)
}

/// Replaces what may be a secret in a line of a file: the values of keys with such names, and words that look like one.
pub(super) fn mask_line(line: &str) -> String {
    let masked = mask_words(line, |word| is_known_key(word) || looks_random(word));
    let mut shown = String::with_capacity(masked.len());
    let mut name = String::new();
    let mut is_secret = false;
    for c in masked.chars() {
        match c {
            '=' if !is_secret => {
                is_secret = is_secret_name(&name);
                name.clear();
            }
            ',' | '{' | '}' | '[' | '#' => {
                is_secret = false;
                name.clear();
            }
            _ => name.push(c),
        }
        let is_structure = c.is_whitespace() || "=\"',{}[]#".contains(c);
        shown.push(if is_secret && !is_structure { '*' } else { c });
    }
    shown
}

fn mask_words(text: &str, is_secret: impl Fn(&str) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if is_word_char(c) => word.push(c),
            other => {
                match is_secret(&word) {
                    true => shown.extend(word.chars().map(|_| '*')),
                    false => shown.push_str(&word),
                }
                word.clear();
                shown.extend(other);
            }
        }
    }
    shown
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-+/~.".contains(c)
}

/// Whether a word has a long piece of letters and digits mixed. Names of models and files have short pieces.
fn looks_random(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_alphanumeric()).any(|piece| {
        piece.len() >= MIN_RANDOM
            && piece.bytes().any(|c| c.is_ascii_digit())
            && piece.bytes().any(|c| c.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_keys_and_keeps_columns() {
        for (line, shown) in [
            ("key = \"sk-ant-0123456789\"", "key = \"*****************\""),
            ("default = sk-proj-0123456789ab # mine", "default = ******************** # mine"),
            (
                "headers = { authorization = \"abc\", x = \"plain\" }",
                "headers = { authorization = \"***\", x = \"plain\" }",
            ),
            ("key_env = \"AZURE_KEY\"", "key_env = \"AZURE_KEY\""),
            ("query = { v = \"0123456789abcdef0123\" }", "query = { v = \"********************\" }"),
            (
                "default = \"anthropic:claude-3-5-sonnet-20241022\"",
                "default = \"anthropic:claude-3-5-sonnet-20241022\"",
            ),
            ("tokens = 2_000_000", "tokens = 2_000_000"),
            ("AZURE_API_KEY = \"short\"", "AZURE_API_KEY = \"*****\""),
        ] {
            assert_eq!(mask_line(line), shown);
        }
    }

    #[test]
    fn knows_keys_of_services_by_their_beginning() {
        assert!(is_known_key("sk-ant-0123456789") && is_known_key("Bearer sk-0123456789ab"));
        assert!(!is_known_key("sk-short") && !is_known_key("sk-0123456789 is a key") && !is_known_key("anthropic:x"));
        assert_eq!(mask_known_keys("`sk-0123456789` is not a model"), "`*************` is not a model");
    }
}
