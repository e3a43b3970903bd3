//! Names in narrow columns: cut where they are too long, and still distinct.

use std::collections::BTreeSet;

use crate::terminal::format::{one_line, truncate};

/// Shortens the name at a place of the list.
type Way<'a> = &'a dyn Fn(usize, &str) -> String;

/// Returns the names in at most `most` characters: their beginnings where these differ, else beginning and end, else the beginning
/// and a number.
pub fn shorten_all(names: &[&str], most: usize) -> Vec<String> {
    let whole: Vec<String> = names.iter().map(|name| one_line(name)).collect();
    let ways: [Way<'_>; 2] = [&|_, name| truncate(name, most.saturating_sub(1)), &|_, name| cut_middle(name, most)];
    for way in ways {
        let cut: Vec<String> = whole.iter().enumerate().map(|(place, name)| fit(place, name, most, way)).collect();
        if cut.iter().collect::<BTreeSet<_>>().len() == cut.len() {
            return cut;
        }
    }
    let numbered = |place: usize, name: &str| {
        let number = format!("~{}", place + 1);
        format!("{}{number}", truncate(name, most.saturating_sub(number.len() + 1)))
    };
    whole.iter().enumerate().map(|(place, name)| fit(place, name, most, &numbered)).collect()
}

fn fit(place: usize, name: &str, most: usize, way: Way<'_>) -> String {
    if name.chars().count() <= most { name.to_owned() } else { way(place, name) }
}

fn cut_middle(name: &str, most: usize) -> String {
    let end = most.saturating_sub(1) / 2;
    let start: String = name.chars().take(most.saturating_sub(1) - end).collect();
    let rest: String = name.chars().skip(name.chars().count() - end).collect();
    format!("{start}…{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_names_stay_distinct() {
        assert_eq!(shorten_all(&["short", "a-long-variant"], 10), ["short", "a-long-va…"]);
        assert_eq!(shorten_all(&["a-long-variant-x", "a-long-variant-y"], 10), ["a-lon…nt-x", "a-lon…nt-y"]);
        let same_ends = ["a-long-variant-1-of-many", "a-long-variant-2-of-many"];
        assert_eq!(shorten_all(&same_ends, 10), ["a-long-…~1", "a-long-…~2"]);
    }
}
