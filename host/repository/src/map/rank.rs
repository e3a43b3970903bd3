//! The order of the files of a map.
//!
//! The score of a file is (1 + words of the task that it has) × (1 + how often its definitions are referred to) × (1 + how near
//! it is to files that the task names), with a floor for files that explain a project. Files with the same score are ordered
//! by path, so that the order depends on the repository and the task only.

use std::collections::{BTreeSet, HashMap};

use phasegate_process::repository::FileKind;

use super::importance::{Importance, importance, subject};
use super::words::{for_each_word, stem, task_words};
use crate::outline::{Definition, DefinitionKind, Outline};
use crate::tree::TreeFile;

/// A name that more files define says nothing about one of them.
const MAX_DEFINERS: usize = 8;
/// Names that many unrelated files have.
const NO_SUBJECTS: [&str; 6] = ["__init__", "__main__", "index", "lib", "main", "mod"];
const WEIGHT_OF_NAME: f64 = 3.0;
const WEIGHT_OF_FOLDER: f64 = 1.5;
const WEIGHT_OF_DEFINITION: f64 = 2.0;
const FACTOR_WITHOUT_TEXT: f64 = 0.1;
const GENERATED_FACTOR: f64 = 0.05;
const WEIGHT_OF_REFERENCES: f64 = 0.4;

/// What the task says about files.
pub(super) struct TaskWords {
    words: Vec<String>,
    places: HashMap<String, usize>,
    /// The tokens of the task that look like paths or module names, in lower case.
    tokens: BTreeSet<String>,
}

impl TaskWords {
    pub(super) fn new(task: &str) -> Self {
        let words: Vec<String> = task_words(task).into_iter().collect();
        let places = words.iter().enumerate().map(|(place, word)| (word.clone(), place)).collect();
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
        let tokens = task.split(|c| !is_part(c)).map(|token| token.trim_matches(['.', '/', '-']).to_lowercase());
        Self { words, places, tokens: tokens.filter(|token| token.contains(['.', '/'])).collect() }
    }

    /// Whether the task names the file: by its path, its name, or as a module of Python.
    fn names(&self, path: &str) -> bool {
        if self.tokens.is_empty() {
            return false;
        }
        let lower = path.to_lowercase();
        let name = lower.rsplit('/').next().unwrap_or(&lower);
        if self.tokens.contains(&lower) || (name.contains('.') && self.tokens.contains(name)) {
            return true;
        }
        let Some(module) = lower.strip_suffix(".py") else { return false };
        let module = module.strip_suffix("/__init__").unwrap_or(module).replace('/', ".");
        let module = module.strip_prefix("src.").unwrap_or(&module);
        module.contains('.') && self.tokens.iter().any(|token| token == module)
    }

    /// Returns definitions in the order of their importance for the task: those with its words, then types and functions, then
    /// members, then constants.
    pub(super) fn order<'d>(&self, definitions: &'d [Definition]) -> Vec<&'d Definition> {
        let mut ordered: Vec<&Definition> = definitions.iter().collect();
        ordered.sort_by_cached_key(|definition| {
            let mut matches = 0u32;
            self.for_each_match(definition.own_name(), &mut |_| matches += 1);
            let is_member = definition.name.contains('.');
            let rank = u8::from(is_member) + 2 * u8::from(definition.kind == DefinitionKind::Constant);
            (matches == 0, rank, definition.line)
        });
        ordered
    }

    /// Calls `each` with the place of each word of the task that the text has.
    fn for_each_match(&self, text: &str, each: &mut dyn FnMut(usize)) {
        for_each_word(text, &mut |word| {
            if let Some(place) = self.places.get(stem(word)) {
                each(*place);
            }
        });
    }
}

/// One file, with what the ranking needs.
pub(super) struct Ranked<'a> {
    pub(super) outline: Option<&'a Outline>,
}

/// The part of the ranking that needs paths only.
pub(super) struct PathRanks {
    importance: Vec<Importance>,
    /// For each file the places of the words in its name, and in its folders.
    names: Vec<(Vec<usize>, Vec<usize>)>,
    nearness: Vec<f64>,
}

impl PathRanks {
    pub(super) fn new(files: &[TreeFile], task: &TaskWords) -> Self {
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let importance = files.iter().map(|file| {
            let mut importance = importance(&file.path);
            if file.likely_kind() != FileKind::Text {
                importance.factor *= FACTOR_WITHOUT_TEXT;
            }
            importance
        });
        let names = paths.iter().map(|path| {
            let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
            let (mut in_name, mut in_folders) = (Vec::new(), Vec::new());
            task.for_each_match(name, &mut |place| in_name.push(place));
            task.for_each_match(folders, &mut |place| in_folders.push(place));
            (in_name, in_folders)
        });
        Self { importance: importance.collect(), names: names.collect(), nearness: nearness(&paths, task) }
    }

    /// Whether the file at this place is worth parsing.
    pub(super) fn is_foreign(&self, place: usize) -> bool {
        self.importance.get(place).is_some_and(|it| it.is_foreign)
    }

    /// Returns the scores of the files, in their order.
    pub(super) fn scores(&self, files: &[Ranked<'_>], task: &TaskWords) -> Vec<f64> {
        let defined: Vec<BTreeSet<usize>> = files.iter().map(|file| words_of_definitions(file.outline, task)).collect();
        let weights = self.weights(&defined, task.words.len());
        let references = references(files);
        let weigh = |places: &mut dyn Iterator<Item = usize>| -> f64 { places.filter_map(|at| weights.get(at)).sum() };
        let by_path = self.names.iter().zip(&self.importance).zip(&self.nearness);
        let by_content = files.iter().zip(defined.iter().zip(references));
        let scores = by_path.zip(by_content).map(
            |((((in_name, in_folders), importance), near), (file, (defined, references)))| {
                let in_name: BTreeSet<usize> = in_name.iter().copied().collect();
                let in_folders: BTreeSet<usize> = in_folders.iter().copied().collect();
                let words = WEIGHT_OF_NAME * weigh(&mut in_name.iter().copied())
                    + WEIGHT_OF_FOLDER * weigh(&mut in_folders.difference(&in_name).copied())
                    + WEIGHT_OF_DEFINITION * weigh(&mut defined.iter().copied());
                let referred = WEIGHT_OF_REFERENCES * references.ln_1p();
                let generated =
                    if file.outline.is_some_and(|outline| outline.generated) { GENERATED_FACTOR } else { 1.0 };
                generated * importance.factor * (1.0 + words) * (1.0 + referred) * (1.0 + near) + importance.floor
            },
        );
        scores.collect()
    }

    /// The weight of each word of the task: 1 for a rare word, less the more files have it.
    fn weights(&self, defined: &[BTreeSet<usize>], words: usize) -> Vec<f64> {
        let mut files = vec![0u32; words];
        for ((in_name, in_folders), defined) in self.names.iter().zip(defined) {
            let places: BTreeSet<&usize> = in_name.iter().chain(in_folders).chain(defined).collect();
            places.into_iter().for_each(|place| files.get_mut(*place).into_iter().for_each(|count| *count += 1));
        }
        let all = (self.names.len() as f64).ln_1p().max(1.0);
        files.iter().map(|count| 1.0 - f64::from(*count).ln_1p() / (all + 1.0)).collect()
    }
}

/// Returns the places of the words of the task that the names of a file's definitions have.
fn words_of_definitions(outline: Option<&Outline>, task: &TaskWords) -> BTreeSet<usize> {
    let mut places = BTreeSet::new();
    for definition in outline.iter().flat_map(|outline| &outline.definitions) {
        task.for_each_match(definition.own_name(), &mut |place| {
            places.insert(place);
        });
    }
    places
}

/// Returns for each file how many other files mention its definitions. A name that several files define is shared among them.
fn references(files: &[Ranked<'_>]) -> Vec<f64> {
    /// The files that define a name, and how many files mention it.
    #[derive(Default)]
    struct Name {
        definers: Vec<usize>,
        mentions: u32,
    }
    let mut names: HashMap<&str, Name> = HashMap::new();
    for (place, file) in files.iter().enumerate() {
        for definition in file.outline.iter().flat_map(|outline| &outline.definitions) {
            let definers = &mut names.entry(definition.own_name()).or_default().definers;
            if definers.last() != Some(&place) {
                definers.push(place);
            }
        }
    }
    for identifier in files.iter().filter_map(|file| file.outline).flat_map(|outline| outline.identifiers.split(' ')) {
        if let Some(name) = names.get_mut(identifier) {
            name.mentions += 1;
        }
    }
    let mut counts = vec![0.0; files.len()];
    let mut sorted: Vec<(&str, Name)> =
        names.into_iter().filter(|(_, name)| name.definers.len() <= MAX_DEFINERS).collect();
    // Sums of floating-point numbers depend on their order.
    sorted.sort_unstable_by_key(|(name, _)| *name);
    for (_, Name { definers, mentions }) in sorted {
        // Each definer mentions the name itself.
        let others = f64::from(mentions).min(100.0) - definers.len() as f64;
        for place in &definers {
            counts.get_mut(*place).into_iter().for_each(|count| *count += others.max(0.0) / definers.len() as f64);
        }
    }
    counts
}

/// Returns for each file how near it is to the files that the task names.
fn nearness(paths: &[&str], task: &TaskWords) -> Vec<f64> {
    let named: Vec<&str> = paths.iter().copied().filter(|path| task.names(path)).collect();
    let folder = |path: &'_ str| path.rfind('/').map_or(0, |end| end);
    let folders: BTreeSet<&str> = named.iter().filter_map(|path| path.get(..folder(path))).collect();
    let subjects = named.iter().map(|path| subject(path));
    let subjects: BTreeSet<&str> = subjects.filter(|subject| !NO_SUBJECTS.contains(subject)).collect();
    let named: BTreeSet<&str> = named.into_iter().collect();
    let near = |path: &&str| match () {
        () if named.is_empty() => 0.0,
        () if named.contains(path) => 8.0,
        () if subjects.contains(subject(path)) => 3.0,
        () if path.get(..folder(path)).is_some_and(|it| folders.contains(it)) => 1.0,
        () => 0.0,
    };
    paths.iter().map(near).collect()
}
