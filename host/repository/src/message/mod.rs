//! Commit messages in the manner of a repository.
//!
//! The manner is judged from subjects of earlier commits. A message has a subject of at most 72 characters, a body that is
//! wrapped there, and trailers.

use std::collections::BTreeMap;

use phasegate_process::artifact::is_hidden;

/// The limit of a line, in characters.
const MAX_CHARS: usize = 72;
/// A manner counts if so many of the subjects have it, as numerator and denominator.
const SHARE: (usize, usize) = (1, 2);
/// Types of conventional commits.
const TYPES: [&str; 11] =
    ["build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test"];

/// What a commit message says, in no manner.
#[derive(Debug, Clone, Default)]
pub struct MessageDraft {
    /// What was asked or done, in one sentence or more. The first line becomes the subject.
    pub summary: String,
    /// Paragraphs below the subject.
    pub body: String,
    /// Names and values, as `("Phasegate-Run", "…")`.
    pub trailers: Vec<(&'static str, String)>,
    /// The paths that the commit changes. Scope and type are judged from them.
    pub paths: Vec<String>,
}

/// How a repository words its subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As `feat(parser): read dates`.
    Conventional {
        /// Whether most have a scope.
        scoped: bool,
    },
    /// As `parser: read dates`.
    Area,
    /// As `Read dates`.
    Capitalised,
    /// As `read dates`.
    LowerCase,
}

impl Manner {
    /// Judges earlier subjects. Merges and reverts do not count.
    pub fn of(subjects: &[String]) -> Self {
        let own: Vec<_> = subjects.iter().map(|subject| subject.trim()).filter(|subject| is_own(subject)).collect();
        let has = |holds: &dyn Fn(&str) -> bool| {
            let count = own.iter().filter(|subject| holds(subject)).count();
            count > 0 && count * SHARE.1 >= own.len() * SHARE.0
        };
        let scoped = |subject: &str| split_type(subject).is_some_and(|(_, scope)| scope.is_some());
        match () {
            () if has(&|subject| split_type(subject).is_some()) => Self::Conventional {
                scoped: own.iter().filter(|subject| scoped(subject)).count() * 2
                    >= own.iter().filter(|subject| split_type(subject).is_some()).count(),
            },
            () if has(&|subject| split_area(subject).is_some()) => Self::Area,
            () if own.is_empty() || has(&|subject| subject.starts_with(char::is_uppercase)) => Self::Capitalised,
            () => Self::LowerCase,
        }
    }
}

impl MessageDraft {
    /// Returns the message in the manner of these subjects, the newest first.
    pub fn render(&self, subjects: &[String]) -> String {
        let manner = Manner::of(subjects);
        let (summary, body) = (visible(&self.summary), visible(&self.body));
        let summary = summary.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("Change files");
        let summary = summary.split_whitespace().collect::<Vec<_>>().join(" ");
        let sentence = summary.strip_suffix('.').filter(|rest| !rest.ends_with('.')).unwrap_or(&summary);
        let prefix = match manner {
            Manner::Conventional { scoped } => self.conventional_prefix(subjects, scoped),
            Manner::Area => self.area(&areas(subjects)).map(|area| format!("{area}: ")).unwrap_or_default(),
            Manner::Capitalised | Manner::LowerCase => String::new(),
        };
        let sentence = match manner {
            Manner::Capitalised => with_first(sentence, |first| first.to_uppercase().collect()),
            _ => with_first(sentence, |first| first.to_lowercase().collect()),
        };
        let full = format!("{prefix}{sentence}");
        let subject = shorten(&full);
        let mut parts = vec![subject.clone()];
        if subject != full {
            parts.push(wrap(&summary));
        }
        let body = body.trim();
        if !body.is_empty() {
            parts.push(body.split("\n\n").map(wrap_paragraph).collect::<Vec<_>>().join("\n\n"));
        }
        let trailers = self.trailers.iter().map(|(name, value)| {
            let value = visible(value);
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("{name}: {value}")
        });
        let trailers: Vec<_> = trailers.collect();
        if !trailers.is_empty() {
            parts.push(trailers.join("\n"));
        }
        parts.join("\n\n") + "\n"
    }

    fn conventional_prefix(&self, subjects: &[String], scoped: bool) -> String {
        let kind = self.commit_type();
        let mut scopes = BTreeMap::new();
        for scope in subjects.iter().filter_map(|subject| split_type(subject)?.1) {
            *scopes.entry(scope.to_owned()).or_default() += 1;
        }
        // A scope that the repository has not used would be invented.
        let scope = self.area(&scopes).filter(|area| scoped && scopes.contains_key(area));
        scope.map_or(format!("{kind}: "), |scope| format!("{kind}({scope}): "))
    }

    fn commit_type(&self) -> &'static str {
        let all = |holds: &dyn Fn(&str) -> bool| !self.paths.is_empty() && self.paths.iter().all(|path| holds(path));
        let summary = self.summary.to_lowercase();
        let words: Vec<_> = summary.split(|char: char| !char.is_alphanumeric()).collect();
        let says = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
        match () {
            () if all(&|path| path.starts_with("docs/") || path.ends_with(".md") || path.ends_with(".rst")) => "docs",
            () if all(&|path| is_test(path)) => "test",
            () if says(&["fix", "fixes", "fixed", "bug", "crash", "crashes", "error", "wrong", "regression"]) => "fix",
            () if says(&["refactor", "simplify", "rename", "restructure"]) => "refactor",
            () if says(&["faster", "speed", "performance", "optimise", "optimize"]) => "perf",
            () => "feat",
        }
    }

    /// Returns the area of the changed paths: the most used of the known ones that most paths contain, or else the folder or
    /// file that they have in common.
    fn area(&self, known: &BTreeMap<String, usize>) -> Option<String> {
        let code: Vec<_> = self.paths.iter().filter(|path| !is_test(path)).collect();
        let paths = if code.is_empty() { self.paths.iter().collect() } else { code };
        let holds = |area: &str| paths.iter().filter(|path| segments(path).any(|segment| segment == area)).count();
        let fitting = known.iter().filter(|(area, _)| holds(area) * 2 > paths.len());
        let fitting = fitting.max_by_key(|(area, count)| (holds(area), **count));
        if let Some((area, _)) = fitting {
            return Some(area.clone());
        }
        let first: Vec<_> = segments(paths.first()?).collect();
        let common =
            |depth: usize| paths.iter().all(|path| segments(path).take(depth).eq(first.iter().copied().take(depth)));
        let depth = (1..=first.len()).take_while(|depth| common(*depth)).last()?;
        first.get(depth - 1).map(|area| (*area).to_owned())
    }
}

/// Returns a text without control characters and invisible ones; line ends and tabs stay. Git refuses a NUL in a message, and
/// the others hide what a terminal or a review displays.
fn visible(text: &str) -> String {
    text.chars().filter(|char| matches!(char, '\n' | '\t') || !(char.is_control() || is_hidden(*char))).collect()
}

/// Counts the areas of subjects.
fn areas(subjects: &[String]) -> BTreeMap<String, usize> {
    let mut areas = BTreeMap::new();
    for area in subjects.iter().filter_map(|subject| split_area(subject)) {
        *areas.entry(area.to_owned()).or_default() += 1;
    }
    areas
}

/// The folders of a path and the stem of its file, without folders that say nothing.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let stem = |segment: &'_ str| segment.split('.').find(|part| !part.is_empty()).map_or(0, str::len);
    let segments = path.split('/').map(move |segment| match segment.strip_prefix('.') {
        Some(_) => segment,
        None => segment.get(..stem(segment)).unwrap_or(segment),
    });
    segments.filter(|segment| !["src", "lib", "__init__", "mod", "index", ""].contains(segment))
}

fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.split('/').any(|segment| segment == "tests" || segment == "test") || name.starts_with("test_")
}

fn is_own(subject: &str) -> bool {
    !subject.is_empty() && !["Merge ", "Revert ", "fixup!", "squash!"].iter().any(|start| subject.starts_with(start))
}

/// Returns type and scope of `feat(parser)!: …`.
fn split_type(subject: &str) -> Option<(&str, Option<&str>)> {
    let (head, rest) = subject.split_once(':')?;
    let head = head.strip_suffix('!').unwrap_or(head);
    let (kind, scope) = match head.split_once('(') {
        Some((kind, scope)) => (kind, Some(scope.strip_suffix(')')?)),
        None => (head, None),
    };
    (TYPES.contains(&kind) && rest.starts_with(' ')).then_some((kind, scope))
}

/// Returns the area of `area: …`.
fn split_area(subject: &str) -> Option<&str> {
    let (area, rest) = subject.split_once(": ")?;
    let is_plain = |char: char| char.is_alphanumeric() || "/._-".contains(char);
    let fits = !area.is_empty() && area.chars().all(is_plain) && area.len() <= 30 && !rest.is_empty();
    (fits && split_type(subject).is_none()).then_some(area)
}

/// Changes the first character, unless the first word is a name such as `HTTP` or `readFile`.
fn with_first(sentence: &str, change: impl Fn(char) -> String) -> String {
    let word = sentence.split(' ').next().unwrap_or_default();
    let mut chars = sentence.chars();
    match chars.next() {
        Some(first) if !word.chars().skip(1).any(|char| char.is_uppercase() || "_./`(".contains(char)) => {
            change(first) + chars.as_str()
        }
        _ => sentence.to_owned(),
    }
}

/// Cuts a subject at a space.
fn shorten(subject: &str) -> String {
    if subject.chars().count() <= MAX_CHARS {
        return subject.to_owned();
    }
    let cut: String = subject.chars().take(MAX_CHARS).collect();
    let whole = match subject.chars().nth(MAX_CHARS) {
        Some(' ') => cut.as_str(),
        _ => cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole),
    };
    whole.trim_end_matches([',', ';', ':', ' ', '-']).to_owned()
}

/// Wraps a paragraph, unless its lines are items of a list or indented.
fn wrap_paragraph(paragraph: &str) -> String {
    let is_kept = |line: &str| line.starts_with(['-', '*', ' ', '\t', '#', '>']);
    match paragraph.lines().any(is_kept) {
        true => paragraph.trim_end().to_owned(),
        false => wrap(paragraph),
    }
}

fn wrap(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= MAX_CHARS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
