//! The name of the key that a place of a file belongs to, and the texts of a file with their places.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A parsed file whose keys and values have places.
pub(super) struct Document<'a>(Spanned<DeTable<'a>>);

impl<'a> Document<'a> {
    /// Parses the file; `None` if it is not TOML.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        DeTable::parse(text).ok().map(Self)
    }

    /// Returns the parts of the name of the innermost key whose name or value covers a place.
    pub(super) fn key_at(&self, place: &Range<usize>) -> Vec<String> {
        let mut best = (usize::MAX, Vec::new());
        if place.end == 0 {
            // The file as a whole.
            return best.1;
        }
        visit_table(self.0.get_ref(), &mut Vec::new(), &mut |path, span, _| {
            let covers = span.start <= place.start && place.end <= span.end;
            if covers && span.len() <= best.0 {
                best = (span.len(), path.to_vec());
            }
        });
        best.1
    }

    /// Returns the first text that `wanted` accepts, with its place and the name of its key.
    pub(super) fn find_text(&self, wanted: impl Fn(&str) -> bool) -> Option<(Vec<String>, Range<usize>)> {
        let mut found: Option<(Vec<String>, Range<usize>)> = None;
        visit_table(self.0.get_ref(), &mut Vec::new(), &mut |path, span, text| {
            let is_first = found.as_ref().is_none_or(|(_, known)| span.start < known.start);
            if text.is_some_and(&wanted) && is_first {
                found = Some((path.to_vec(), span));
            }
        });
        found
    }
}

type Visitor<'v> = dyn FnMut(&[String], Range<usize>, Option<&str>) + 'v;

fn visit_table(table: &DeTable<'_>, path: &mut Vec<String>, visit: &mut Visitor<'_>) {
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        visit(path, key.span(), None);
        visit_value(value, path, visit);
        path.pop();
    }
}

fn visit_value(value: &Spanned<DeValue<'_>>, path: &mut Vec<String>, visit: &mut Visitor<'_>) {
    let text = match value.get_ref() {
        DeValue::String(text) => Some(text.as_ref()),
        _ => None,
    };
    visit(path, value.span(), text);
    match value.get_ref() {
        DeValue::Table(table) => visit_table(table, path, visit),
        DeValue::Array(list) => list.iter().for_each(|item| visit_value(item, path, visit)),
        _ => {}
    }
}

/// Writes the name of a key with dots, and with quotes where TOML needs them.
pub(super) fn dotted(path: &[String]) -> String {
    let is_bare = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let quoted = |part: &String| if is_bare(part) { part.clone() } else { format!("{part:?}") };
    path.iter().map(quoted).collect::<Vec<_>>().join(".")
}
