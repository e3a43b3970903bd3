//! The attributes of files that say how git converts them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use phasegate_files::Folder;

/// The limit of a `.gitattributes` file, in bytes.
const MAX_BYTES: u64 = 4 << 20;

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
    info: Arc<Vec<Line>>,
    folders: RefCell<BTreeMap<String, Arc<Vec<Line>>>>,
}

struct Line {
    pattern: Gitignore,
    attributes: Vec<String>,
}

impl Attributes {
    pub(super) fn new(top: &Path, common: &Folder) -> Self {
        let info = Arc::new(read(common, "info/attributes", top));
        Self { top: top.to_owned(), info, folders: RefCell::default() }
    }

    /// Returns how a file is converted. Later lines count more, and those of deeper folders.
    pub(super) fn of(&self, folder: &Folder, path: &str) -> Conversion {
        let mut conversion = Conversion::default();
        let parents = path.match_indices('/').map(|(end, _)| path.get(..=end).unwrap_or_default());
        for prefix in std::iter::once("").chain(parents) {
            self.apply(&self.lines(folder, prefix), path, &mut conversion);
        }
        self.apply(&self.info, path, &mut conversion);
        conversion
    }

    fn lines(&self, folder: &Folder, prefix: &str) -> Arc<Vec<Line>> {
        let mut folders = self.folders.borrow_mut();
        let read = || Arc::new(read(folder, &format!("{prefix}.gitattributes"), &self.top.join(prefix)));
        Arc::clone(folders.entry(prefix.to_owned()).or_insert_with(read))
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

fn read(folder: &Folder, path: &str, root: &Path) -> Vec<Line> {
    let Ok(bytes) = folder.read(path, MAX_BYTES) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.lines().filter_map(|line| parse(line.trim(), root)).collect()
}

fn parse(line: &str, root: &Path) -> Option<Line> {
    if line.is_empty() || line.starts_with(['#', '!', '[']) {
        return None;
    }
    let (pattern, attributes) = match line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some((pattern, rest)) => (pattern, rest),
        None => line.split_once(char::is_whitespace)?,
    };
    let mut builder = GitignoreBuilder::new(root);
    builder.add_line(None, pattern).ok()?;
    let attributes = attributes.split_whitespace().map(str::to_owned).collect();
    Some(Line { pattern: builder.build().ok()?, attributes })
}
