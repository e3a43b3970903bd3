//! The modules of one crate, and the file that defines what a path names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::graph::Graph;
use super::source::{Import, Source, read_source};

/// A path through more re-exports than this is taken to be endless.
const MAX_STEPS: usize = 24;

/// Modules by their place in the list; the first is the root.
#[derive(Debug, Default)]
pub struct Crate {
    modules: Vec<Module>,
}

#[derive(Debug)]
struct Module {
    file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Module(usize),
    /// An item of this module.
    Item(usize),
}

impl Crate {
    /// Reads a crate from its root file. File names are relative to the folder of the root.
    pub fn read(root: &Path) -> Self {
        let folder = root.parent().unwrap();
        Self::from_files(root.file_name().unwrap().to_str().unwrap(), &|name| {
            std::fs::read_to_string(folder.join(name)).ok()
        })
    }

    /// The same with files from a function, which returns none for a file that does not exist.
    pub fn from_files(root: &str, load: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut read = Self::default();
        let source = read_source(&load(root).unwrap_or_else(|| panic!("{root} cannot be read")));
        read.add(root, None, Path::new(""), source, load);
        read
    }

    /// Adds a module, whose children are in `folder`.
    fn add(
        &mut self,
        file: &str,
        parent: Option<usize>,
        folder: &Path,
        mut source: Source,
        load: &dyn Fn(&str) -> Option<String>,
    ) -> usize {
        let id = self.modules.len();
        let inline = std::mem::take(&mut source.inline);
        let names = std::mem::take(&mut source.children);
        self.modules.push(Module { file: file.to_owned(), parent, children: BTreeMap::new(), source });
        for (name, source) in inline {
            let child = self.add(file, Some(id), &folder.join(&name), source, load);
            self.modules[id].children.insert(name, child);
        }
        for name in names {
            let candidates = [folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs")];
            let found = candidates.iter().find_map(|path: &PathBuf| Some((path.to_str()?, load(path.to_str()?)?)));
            let (path, text) = found.unwrap_or_else(|| panic!("{file}: no file for `mod {name};`"));
            let child = self.add(path, Some(id), &folder.join(&name), read_source(&text), load);
            self.modules[id].children.insert(name, child);
        }
        id
    }

    /// For each file the files that define what it names, with a path that does so.
    ///
    /// A path leads through re-exports to the file that defines the name. `pub use` is an arrow as `use` is; `mod name;` is
    /// none.
    pub fn imports(&self) -> Graph {
        let mut files = Graph::new();
        for (id, module) in self.modules.iter().enumerate() {
            let edges = files.entry(module.file.clone()).or_default();
            let mut add = |target: Option<Target>, path: &str| {
                if let Some(Target::Item(target)) = target
                    && self.modules[target].file != module.file
                {
                    edges.entry(self.modules[target].file.clone()).or_insert_with(|| path.to_owned());
                }
            };
            for Import { path, name } in &module.source.imports {
                let target = self.resolve(id, path, 0);
                add(target, &path.join("::"));
                if let (None, Some(Target::Module(all))) = (name, target) {
                    for word in self.names_of(module) {
                        add(self.look_up(all, word, 0), &format!("{}::{word}", path.join("::")));
                    }
                }
            }
            for path in &module.source.paths {
                add(self.resolve(id, path, 0), &path.join("::"));
            }
        }
        files
    }

    /// Names that may come from a `*` import: words that stand alone, and first segments.
    fn names_of<'a>(&self, module: &'a Module) -> BTreeSet<&'a str> {
        let firsts = module.source.paths.iter().filter_map(|path| path.first());
        module.source.words.iter().chain(firsts).map(String::as_str).collect()
    }

    /// What a path in a module names, or none outside of the crate. Segments behind an item are ignored.
    fn resolve(&self, module: usize, path: &[String], steps: usize) -> Option<Target> {
        let mut target = None;
        for segment in path {
            let here = match target {
                Some(Target::Item(_)) => return target,
                Some(Target::Module(here)) => here,
                None => module,
            };
            target = Some(match segment.as_str() {
                "crate" => Target::Module(0),
                "self" => Target::Module(here),
                "super" => Target::Module(self.modules[here].parent?),
                name => self.look_up(here, name, steps)?,
            });
        }
        target
    }

    fn look_up(&self, module: usize, name: &str, steps: usize) -> Option<Target> {
        if steps > MAX_STEPS {
            return None;
        }
        let here = &self.modules[module];
        if let Some(child) = here.children.get(name) {
            return Some(Target::Module(*child));
        }
        if here.source.items.contains(name) {
            return Some(Target::Item(module));
        }
        let named = here.source.imports.iter().filter(|import| import.name.as_deref() == Some(name));
        let found = named.filter(|it| it.path.len() > 1 || it.path[0] != name);
        found.map(|import| self.resolve(module, &import.path, steps + 1)).find(Option::is_some).flatten().or_else(
            || {
                let all = here.source.imports.iter().filter(|import| import.name.is_none());
                all.filter_map(|import| match self.resolve(module, &import.path, steps + 1)? {
                    Target::Module(other) if other != module => self.look_up(other, name, steps + 1),
                    _ => None,
                })
                .next()
            },
        )
    }
}
