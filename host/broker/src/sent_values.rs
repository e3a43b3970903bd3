//! What a provider's table has requests carry besides the prompt: the header of the key, further headers and the query.
//!
//! Guarantees: a value from the environment is secret, and a header that usually holds a secret takes its value from there
//! only. Headers that the host needs for itself are refused. Faults name the key of the table, never a value.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::config::{ProviderConfig, SentValue};
use crate::key::{Secret, looks_like_key};

/// Headers that follow from the request itself, or would change how the connection is used.
const RESERVED: [&str; 9] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "transfer-encoding",
];

/// Parts of the names of headers and parameters that hold secrets.
const SECRET_NAMES: [&str; 7] = ["auth", "cookie", "credential", "key", "password", "secret", "token"];

/// The longest value that is written in a table, so that all of it can be shown.
const MAX_PLAIN_CHARS: usize = 200;

/// The key of a table, what is wrong with it, and what to do about it.
pub(crate) type Fault = (&'static str, String, &'static str);

/// Checks names and values.
pub(crate) fn check(table: &ProviderConfig) -> Result<(), Fault> {
    if let Some(name) = &table.key_header {
        check_header("key_header", name)?;
    }
    for (name, value) in &table.headers {
        check_header("headers", name)?;
        check_value("headers", name, value)?;
        if let SentValue::Plain(text) = value
            && HeaderValue::from_str(text).is_err()
        {
            let problem = format!("the value of `{name}` has characters that no header takes");
            return Err(("headers", problem, "write printable ASCII"));
        }
    }
    for (name, value) in &table.query {
        if !is_token(name) {
            return Err((
                "query",
                "a name in it is not that of a parameter".to_owned(),
                "use letters, digits, `-`, `_` and `.`",
            ));
        }
        check_value("query", name, value)?;
    }
    Ok(())
}

/// Describes them in words, without secrets. Text of the table is quoted, so that it cannot pass for words around it.
pub(crate) fn describe(table: &ProviderConfig) -> Vec<String> {
    let value = |value: &SentValue| match value {
        SentValue::Plain(text) => format!("= {text:?}"),
        SentValue::Secret(secret) => format!("from {}", secret.env),
    };
    let all = |what: &'static str, values: &BTreeMap<String, SentValue>| -> Vec<String> {
        values.iter().map(|(name, sent)| format!("{what} `{name}` {}", value(sent))).collect()
    };
    let key_header = table.key_header.iter().map(|name| format!("the key in header `{name}`"));
    key_header.chain(all("header", &table.headers)).chain(all("query", &table.query)).collect()
}

/// Returns the configured headers, and the address with the configured query. `variable` reads an environment variable; `secret`
/// gets each value that came from one. Fails if a variable is not set or its value cannot be sent.
pub(crate) fn resolve(
    table: &ProviderConfig,
    mut url: Url,
    variable: impl Fn(&str) -> Option<Secret>,
    mut secret: impl FnMut(Arc<Secret>),
) -> Result<(HeaderMap, Url), Fault> {
    let mut read = |key, value: &SentValue| match value {
        SentValue::Plain(text) => Ok((Arc::new(Secret::new(text)), false)),
        SentValue::Secret(place) => {
            let problem = || format!("the environment variable {} is not set", place.env);
            let value = Arc::new(variable(&place.env).ok_or_else(|| (key, problem(), "export it"))?);
            // A value such as `Bearer KEY` is also redacted in parts.
            value.expose().split_whitespace().for_each(|word| secret(Arc::new(Secret::new(word))));
            secret(Arc::clone(&value));
            Ok((value, true))
        }
    };
    let mut headers = HeaderMap::new();
    for (name, sent) in &table.headers {
        let (value, is_secret) = read("headers", sent)?;
        let unusable =
            |_| ("headers", format!("the value of `{name}` cannot be sent"), "give one line of printable ASCII");
        let mut header = HeaderValue::from_str(value.expose()).map_err(unusable)?;
        header.set_sensitive(is_secret);
        if let Ok(name) = HeaderName::try_from(name.as_str()) {
            headers.insert(name, header);
        }
    }
    for (name, sent) in &table.query {
        let (value, _) = read("query", sent)?;
        url.query_pairs_mut().append_pair(name, value.expose());
    }
    Ok((headers, url))
}

/// Whether a text can name an environment variable. A key in its place must be neither shown nor recorded.
pub(crate) fn is_variable_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn check_header(key: &'static str, name: &str) -> Result<(), Fault> {
    let lower = name.to_ascii_lowercase();
    if HeaderName::try_from(name).is_err() || name.len() > 60 {
        return Err((key, "it does not name a header".to_owned(), "write a name such as \"api-key\""));
    }
    match RESERVED.contains(&lower.as_str()) {
        true => Err((key, format!("the header `{lower}` follows from the request"), "remove it")),
        false => Ok(()),
    }
}

fn check_value(key: &'static str, name: &str, value: &SentValue) -> Result<(), Fault> {
    let lower = name.to_ascii_lowercase();
    match value {
        SentValue::Plain(_) if SECRET_NAMES.iter().any(|part| lower.contains(part)) => Err((
            key,
            format!("`{name}` may hold a secret, which does not belong in this file"),
            "export it, as in MY_KEY=…, and write { env = \"MY_KEY\" }",
        )),
        SentValue::Plain(text) if text.chars().count() > MAX_PLAIN_CHARS => {
            Err((key, format!("the value of `{name}` is longer than {MAX_PLAIN_CHARS} characters"), "shorten it"))
        }
        SentValue::Secret(place) if !is_variable_name(&place.env) || looks_like_key(&place.env) => Err((
            key,
            format!("the value of `{name}` is not the name of an environment variable"),
            "name a variable in capitals, as in { env = \"MY_KEY\" }",
        )),
        SentValue::Plain(_) | SentValue::Secret(_) => Ok(()),
    }
}

fn is_token(name: &str) -> bool {
    (1..=60).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
