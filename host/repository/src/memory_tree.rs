//! A tree in memory, for the tests of what is made from files.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::collections::BTreeMap;

use gix::ObjectId;
use gix::objs::Kind;

use crate::tree::{FileMode, TreeFile};

/// Files of a tree, and how often each was read.
#[derive(Default)]
pub(crate) struct MemoryTree {
    files: BTreeMap<String, (FileMode, Vec<u8>)>,
    forgotten: Vec<String>,
    reads: RefCell<BTreeMap<String, usize>>,
}

impl From<BTreeMap<String, Vec<u8>>> for MemoryTree {
    fn from(files: BTreeMap<String, Vec<u8>>) -> Self {
        let files = files.into_iter().map(|(path, bytes)| (path, (FileMode::File, bytes)));
        Self { files: files.collect(), ..Self::default() }
    }
}

impl MemoryTree {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect::<BTreeMap<_, _>>()
            .into()
    }

    pub(crate) fn add(&mut self, path: &str, bytes: &[u8]) {
        self.files.insert(path.to_owned(), (FileMode::File, bytes.to_vec()));
    }

    pub(crate) fn add_symlink(&mut self, path: &str, target: &str) {
        self.files.insert(path.to_owned(), (FileMode::Symlink, target.as_bytes().to_vec()));
    }

    pub(crate) fn add_submodule(&mut self, path: &str) {
        self.files.insert(path.to_owned(), (FileMode::Submodule, Vec::new()));
    }

    /// Lists the file, but fails to read it.
    pub(crate) fn forget(&mut self, path: &str) {
        self.forgotten.push(path.to_owned());
    }

    /// The files, sorted by path.
    pub(crate) fn files(&self) -> Vec<TreeFile> {
        let files = self.files.iter().map(|(path, (mode, bytes))| {
            let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, Kind::Blob, bytes);
            let id: ObjectId = id.unwrap();
            TreeFile { path: path.clone(), mode: *mode, size: bytes.len() as u64, id }
        });
        files.collect()
    }

    /// Reads a file and counts it.
    pub(crate) fn read(&self, file: &TreeFile) -> Option<Vec<u8>> {
        *self.reads.borrow_mut().entry(file.path.clone()).or_default() += 1;
        let is_known = !self.forgotten.contains(&file.path);
        self.files.get(&file.path).filter(|_| is_known).map(|(_, bytes)| bytes.clone())
    }

    /// How often a file was read.
    pub(crate) fn reads(&self, path: &str) -> usize {
        self.reads.borrow().get(path).copied().unwrap_or_default()
    }
}
