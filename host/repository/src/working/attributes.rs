//! The attributes of files that say how git converts them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use phasegate_files::Folder;

use super::patterns::read_patterns;

/// The limit of lines that count, in all files together.
const MAX_LINES: usize = 10_000;
/// The attributes that count.
const NAMES: [&str; 6] = ["filter", "working-tree-encoding", "ident", "text", "eol", "binary"];

/// How git converts a file between working tree and objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Conversion {
    /// A command converts it.
    pub(super) has_filter: bool,
    /// It has another encoding in the working tree.
    pub(super) has_encoding: bool,
    /// Git replaces `$Id$` in it.
    pub(super) has_id: bool,
    /// Whether line ends are converted, if an attribute says so.
    pub(super) is_text: Option<bool>,
}

/// The attributes of a working tree. Files are read when they are needed.
pub(super) struct Attributes {
    top: PathBuf,
    info: Lines,
    folders: RefCell<BTreeMap<String, Lines>>,
    /// The lines that may still be read.
    left: Cell<usize>,
}

/// The lines of one file, or none if it cannot be read or exceeds a limit.
type Lines = Option<Arc<Vec<Line>>>;

struct Line {
    pattern: Gitignore,
    attributes: Vec<String>,
}

impl Attributes {
    pub(super) fn new(top: &Path, common: &Folder) -> Self {
        let left = Cell::new(MAX_LINES);
        let info = read(common, "info/attributes", top, &left);
        Self { top: top.to_owned(), info, folders: RefCell::default(), left }
    }

    /// Returns how a file is converted; `None` if the attributes of its folders cannot be read or exceed a limit. Later lines
    /// count more, and those of deeper folders.
    pub(super) fn of(&self, folder: &Folder, path: &str) -> Option<Conversion> {
        let mut conversion = Conversion::default();
        let parents = path.match_indices('/').map(|(end, _)| path.get(..=end).unwrap_or_default());
        for prefix in std::iter::once("").chain(parents) {
            self.apply(self.lines(folder, prefix)?.as_slice(), path, &mut conversion);
        }
        self.apply(self.info.as_ref()?, path, &mut conversion);
        Some(conversion)
    }

    fn lines(&self, folder: &Folder, prefix: &str) -> Lines {
        let mut folders = self.folders.borrow_mut();
        let read = || read(folder, &format!("{prefix}.gitattributes"), &self.top.join(prefix), &self.left);
        folders.entry(prefix.to_owned()).or_insert_with(read).clone()
    }

    fn apply(&self, lines: &[Line], path: &str, conversion: &mut Conversion) {
        let path = self.top.join(path);
        let matching = lines.iter().filter(|line| line.pattern.matched(&path, false).is_ignore());
        for attribute in matching.flat_map(|line| &line.attributes) {
            conversion.apply(attribute);
        }
    }
}

impl Conversion {
    fn apply(&mut self, attribute: &str) {
        let (name, value) = attribute.split_once('=').map_or((attribute, None), |(name, value)| (name, Some(value)));
        let (name, is_set) = match name.strip_prefix(['-', '!']) {
            Some(name) => (name, false),
            None => (name, true),
        };
        match name {
            "filter" => self.has_filter = is_set,
            "working-tree-encoding" => self.has_encoding = is_set && value != Some("UTF-8"),
            "ident" => self.has_id = is_set,
            "text" if attribute.starts_with('!') => self.is_text = None,
            "text" => self.is_text = Some(is_set),
            "eol" if is_set => self.is_text = self.is_text.or(Some(true)),
            "binary" if is_set => self.is_text = Some(false),
            _ => {}
        }
    }
}

fn read(folder: &Folder, path: &str, root: &Path, left: &Cell<usize>) -> Lines {
    let text = read_patterns(folder, path).ok()?.unwrap_or_default();
    left.set(left.get().checked_sub(text.lines().count())?);
    Some(Arc::new(text.lines().filter_map(|line| parse(line.trim(), root)).collect()))
}

fn parse(line: &str, root: &Path) -> Option<Line> {
    if line.is_empty() || line.starts_with(['#', '!', '[']) {
        return None;
    }
    let (pattern, attributes) = match line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some((pattern, rest)) => (pattern, rest),
        None => line.split_once(char::is_whitespace)?,
    };
    let name =
        |attribute: &str| attribute.split('=').next().unwrap_or_default().trim_start_matches(['-', '!']).to_owned();
    let counts = |attribute: &&str| NAMES.contains(&name(attribute).as_str());
    let attributes: Vec<_> = attributes.split_whitespace().filter(counts).map(str::to_owned).collect();
    if attributes.is_empty() {
        return None;
    }
    let mut builder = GitignoreBuilder::new(root);
    builder.add_line(None, pattern).ok()?;
    Some(Line { pattern: builder.build().ok()?, attributes })
}
