//! Hints about misspelt words: of phases, labels, kinds, plugins, keys and values alike.

/// Returns the known word nearest to a misspelt one, where the distance is small enough. Capitals, and `-` in place of `_`,
/// make no difference.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted = plain(word);
    let scored = known.into_iter().map(|candidate| (distance(&wanted, &plain(candidate)), candidate));
    let (score, candidate) = scored.min_by_key(|(score, _)| *score)?;
    (score <= (word.chars().count() / 3).max(1)).then_some(candidate)
}

/// Returns a hint: `did you mean …?`, or the list of known words.
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if known.is_empty() => "none are known".to_owned(),
        None => format!("choose from {}", known.join(", ")),
    }
}

/// Returns the number of characters to insert, remove, replace, or exchange with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (at(&row, j) + usize::from(x != y)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let is_exchanged = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if is_exchanged {
                best = best.min(at(&above, j - 1) + 1);
            }
            next.push(best);
        }
        above = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "ab"), 2);
        assert_eq!(distance("retires", "retries"), 1);
        assert_eq!(nearest("planing", ["planning", "design"]), Some("planning"));
        assert_eq!(nearest("max-Retries", ["retries", "max_retries"]), Some("max_retries"));
        assert_eq!(nearest("zzz", ["planning", "design"]), None);
        assert_eq!(nearest("phases", ["prices", "models"]), None);
        assert_eq!(nearest("max_retries", ["retries", "prices"]), None);
    }
}
