//! The map of a repository: which files there are and what they define, ranked by their relevance to a task.
//!
//! Guarantees: the map of a tree and a task is always the same, unless a file takes the parser too long. Its JSON takes at
//! most the bytes of its budget, unless the notes alone exceed it. Time and memory are bounded whatever the repository holds:
//! at most 4 MiB in files of at most 256 KiB are parsed, the best paths first. Nothing is executed. A file that cannot be read
//! is listed without definitions.

mod content;
mod importance;
mod rank;
mod select;
#[cfg(test)]
mod tests;
mod types;
mod words;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use phasegate_process::repository::{FileKind, GitId};

use self::rank::{PathRanks, Ranked, TaskWords};
use self::select::{Candidate, select};
pub use self::types::{MappedFile, RepositoryMap};
use crate::outline::{Job, Outline, OutlineCache, Surveyed, language_of, survey};
use crate::project::{PythonFile, requirement_notes};
use crate::sources::Sources;

const MAX_PARSED_FILE_BYTES: u64 = 256 << 10;
const MAX_PARSED_BYTES: u64 = 4 << 20;
/// Usual repositories take a small part of it.
const MAX_PARSING: Duration = Duration::from_secs(10);
const MAX_NOTES: usize = 24;

/// What a map is made for.
#[derive(Debug, Clone, Copy)]
pub struct MapRequest<'a> {
    /// The commit.
    pub commit: &'a GitId,
    /// The tree of the commit.
    pub tree: &'a GitId,
    /// The text of the task: its description and requirements.
    pub task: &'a str,
    /// The most tokens that the map may take, at four bytes a token.
    pub budget_tokens: NonZeroU32,
    /// The modules that the test runner of Python code offers; `None` without such a runner.
    pub python_modules: Option<&'a [String]>,
    /// Where parsed definitions are kept between runs.
    pub cache: Option<MapCache<'a>>,
}

/// A folder of the user for parsed definitions, created if necessary.
#[derive(Debug, Clone, Copy)]
pub struct MapCache<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// The path of the repository, which keeps repositories apart.
    pub repository: &'a str,
}

/// Makes the map of the files of a tree.
pub fn map_repository(sources: &Sources<'_>, request: &MapRequest<'_>) -> RepositoryMap {
    let files = sources.files;
    let task = TaskWords::new(request.task);
    let ranks = PathRanks::new(files, &task);
    let parsed = parse_best(sources, request, &ranks, &task);
    let outline = |place: usize| parsed.outlines.get(&place).map(Arc::as_ref);
    let ranked: Vec<Ranked<'_>> = (0..files.len()).map(|place| Ranked { outline: outline(place) }).collect();
    let scores = ranks.scores(&ranked, &task);
    let mut order: Vec<usize> = (0..files.len()).collect();
    let score = |place: &usize| scores.get(*place).copied().unwrap_or_default();
    order.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.cmp(b)));

    let is_small = content::is_small(files);
    let kinds: Vec<FileKind> = files
        .iter()
        .enumerate()
        .map(|(place, file)| match outline(place) {
            Some(outline) => outline.kind.unwrap_or(FileKind::Text),
            None if is_small => content::kind_by_content(sources, file),
            None => file.likely_kind(),
        })
        .collect();
    let mut map = RepositoryMap {
        commit: request.commit.clone(),
        tree: request.tree.clone(),
        files: files.len() as u64,
        text_bytes: 0,
        languages: BTreeMap::new(),
        paths: Vec::new(),
        left_out: 0,
        notes: Vec::new(),
        budget_tokens: request.budget_tokens.get(),
    };
    for (file, _) in files.iter().zip(&kinds).filter(|(_, kind)| **kind == FileKind::Text) {
        map.text_bytes += file.size;
        if let Some(language) = language_of(&file.path) {
            *map.languages.entry(language.name.to_owned()).or_default() += 1;
        }
    }
    map.notes = notes(sources, request, &kinds, &parsed);
    let candidates = order.iter().filter_map(|place| {
        let file = files.get(*place)?;
        let outline = outline(*place);
        let kind = match (kinds.get(*place)?, outline) {
            (FileKind::Text, None) if !is_small => content::kind_by_content(sources, file),
            (kind, _) => *kind,
        };
        let mapped = MappedFile {
            path: file.path.clone(),
            size: file.size,
            kind: Some(kind).filter(|kind| *kind != FileKind::Text),
            language: language_of(&file.path).filter(|_| kind == FileKind::Text).map(|it| it.name.to_owned()),
            definitions: Vec::new(),
            definitions_left_out: 0,
        };
        let definitions = outline.map(|outline| task.order(&outline.definitions)).unwrap_or_default();
        Some(Candidate { file: mapped, definitions })
    });
    select(map, candidates)
}

/// The outlines of the files that were parsed, by their place in the tree.
struct Parsed {
    outlines: BTreeMap<usize, Arc<Outline>>,
    /// Files that could not be read.
    unread: Vec<usize>,
    late: usize,
}

/// Parses the files with the best paths, within the bounds.
fn parse_best(sources: &Sources<'_>, request: &MapRequest<'_>, ranks: &PathRanks, task: &TaskWords) -> Parsed {
    let files = sources.files;
    let unparsed: Vec<Ranked<'_>> = files.iter().map(|_| Ranked { outline: None }).collect();
    let scores = ranks.scores(&unparsed, task);
    let mut candidates: Vec<(usize, Job)> = Vec::new();
    for (place, file) in files.iter().enumerate() {
        let is_parsed =
            file.is_regular() && (1..=MAX_PARSED_FILE_BYTES).contains(&file.size) && !ranks.is_foreign(place);
        if let Some(grammar) = language_of(&file.path).and_then(|it| it.grammar).filter(|_| is_parsed) {
            candidates.push((place, Job { blob: String::new(), grammar }));
        }
    }
    let score = |place: usize| scores.get(place).copied().unwrap_or_default();
    candidates.sort_by(|(a, _), (b, _)| score(*b).total_cmp(&score(*a)).then(a.cmp(b)));
    let mut left = MAX_PARSED_BYTES;
    candidates.retain_mut(|(place, job)| {
        let Some((file, rest)) = files.get(*place).and_then(|file| Some((file, left.checked_sub(file.size)?))) else {
            return false;
        };
        left = rest;
        job.blob = file.id.to_string();
        true
    });
    let (places, jobs): (Vec<usize>, Vec<Job>) = candidates.into_iter().unzip();
    let mut cache = request.cache.map(|cache| OutlineCache::open(cache.folder, cache.repository));
    let read = |job: usize| files.get(*places.get(job)?).and_then(|file| (sources.read)(file));
    let Surveyed { outlines, late, unread } = survey(&jobs, &read, cache.as_mut(), MAX_PARSING);
    if let Some(cache) = cache {
        cache.save();
    }
    let unread = unread.into_iter().filter_map(|job| places.get(job).copied()).collect();
    let outlines = places.iter().zip(outlines).filter_map(|(place, outline)| Some((*place, outline?))).collect();
    Parsed { outlines, unread, late }
}

/// Returns what people and agents should know about the repository.
fn notes(sources: &Sources<'_>, request: &MapRequest<'_>, kinds: &[FileKind], parsed: &Parsed) -> Vec<String> {
    let files = sources.files;
    let of_kind = |wanted: FileKind| {
        let all = files.iter().zip(kinds).filter(move |(_, kind)| **kind == wanted);
        all.map(|(file, _)| file.path.as_str()).collect::<Vec<_>>()
    };
    let mut notes = Vec::new();
    if let Some(modules) = request.python_modules {
        let python = parsed.outlines.iter().filter_map(|(place, outline)| {
            let path = files.get(*place).map(|file| file.path.as_str())?;
            (language_of(path)?.name == "python").then_some(PythonFile { path, outline })
        });
        notes.extend(requirement_notes(sources, &python.collect::<Vec<_>>(), modules));
    }
    let submodules = of_kind(FileKind::Submodule);
    if !submodules.is_empty() {
        notes.push(format!("{}: the files of submodules are not part of the run.", describe(&submodules, "submodule")));
    }
    let pointers = of_kind(FileKind::Lfs);
    if !pointers.is_empty() {
        notes.push(format!(
            "{}: the contents are not in the repository and are not fetched.",
            describe(&pointers, "pointer of Git LFS")
        ));
    }
    let unread: Vec<&str> =
        parsed.unread.iter().filter_map(|place| files.get(*place)).map(|it| it.path.as_str()).collect();
    if !unread.is_empty() {
        notes.push(format!("{} could not be read.", describe(&unread, "file")));
    }
    if parsed.late > 0 {
        notes.push(format!("Parsing took too long: {} have no definitions here.", count(parsed.late, "file")));
    }
    notes.truncate(MAX_NOTES);
    notes
}

/// Returns a number and up to three paths: `2 submodules (`a`, `b`)`.
fn describe(paths: &[&str], noun: &str) -> String {
    let mut shown: Vec<String> = paths.iter().take(3).map(|path| format!("`{path}`")).collect();
    if paths.len() > shown.len() {
        shown.push("…".to_owned());
    }
    // The plural of `pointer of Git LFS` is in its first word.
    let (first, rest) = noun.split_once(' ').map_or((noun, String::new()), |(first, rest)| (first, format!(" {rest}")));
    format!("{}{rest} ({})", count(paths.len(), first), shown.join(", "))
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
