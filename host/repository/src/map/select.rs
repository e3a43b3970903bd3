//! Fits ranked files into a budget of tokens.
//!
//! Entries are whole. Paths get half of the budget, so that the best files have definitions in a large repository as
//! well; definitions get the rest, and further paths what definitions leave. Of each file, the first eight definitions come
//! before further ones of the files above it.

use serde::Serialize;

use super::types::{MappedFile, RepositoryMap};
use crate::outline::Definition;

/// Bytes of JSON that count as one token.
const BYTES_PER_TOKEN: usize = 4;
/// The share of paths, in percent.
const PERCENT_FOR_PATHS: usize = 50;
/// The definitions that each file gets before any file gets more.
const FIRST_DEFINITIONS: usize = 8;
/// The bytes of the fields `definitions` and `definitions_left_out` without their values.
const BYTES_OF_FIELDS: usize = 50;

/// A file that may become part of the map. Its definitions are in the order of their importance.
pub(super) struct Candidate<'a> {
    pub(super) file: MappedFile,
    pub(super) definitions: Vec<&'a Definition>,
}

/// Returns the map with the files that fit. `map` has no paths yet; `ranked` is in order of relevance.
pub(super) fn select<'a>(mut map: RepositoryMap, ranked: impl Iterator<Item = Candidate<'a>>) -> RepositoryMap {
    let budget = (map.budget_tokens as usize).saturating_mul(BYTES_PER_TOKEN);
    let mut left = budget.saturating_sub(json_bytes(&map));
    // The number of files that are left out takes more bytes than its initial zero.
    left = left.saturating_sub(20);
    let mut for_paths = left * PERCENT_FOR_PATHS / 100;
    let mut chosen: Vec<Candidate<'a>> = Vec::new();
    let mut rest = ranked.peekable();
    while let Some(next) = rest.next_if(|next| json_bytes(&next.file) < for_paths) {
        let cost = json_bytes(&next.file) + 1;
        for_paths -= cost;
        left -= cost;
        chosen.push(next);
    }
    let mut taken: Vec<usize> = vec![0; chosen.len()];
    for limit in [FIRST_DEFINITIONS, usize::MAX] {
        for (candidate, taken) in chosen.iter().zip(&mut taken) {
            for definition in candidate.definitions.iter().take(limit).skip(*taken) {
                let cost = json_bytes(definition) + 1 + if *taken == 0 { BYTES_OF_FIELDS } else { 0 };
                let Some(rest) = left.checked_sub(cost) else { break };
                left = rest;
                *taken += 1;
            }
        }
    }
    for (candidate, taken) in chosen.iter_mut().zip(taken).filter(|(_, taken)| *taken > 0) {
        let mut definitions: Vec<Definition> = candidate.definitions.iter().take(taken).copied().cloned().collect();
        definitions.sort_by_key(|definition| definition.line);
        candidate.file.definitions = definitions;
        candidate.file.definitions_left_out = (candidate.definitions.len() - taken) as u64;
    }
    // What definitions did not need is for further paths.
    while let Some(next) = rest.next_if(|next| json_bytes(&next.file) < left) {
        left -= json_bytes(&next.file) + 1;
        chosen.push(next);
    }
    map.paths = chosen.into_iter().map(|candidate| candidate.file).collect();
    map.left_out = map.files.saturating_sub(map.paths.len() as u64);
    map
}

fn json_bytes(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}
