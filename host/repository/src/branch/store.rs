//! Writes objects, and brings them to the disk.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use gix::ObjectId;
use gix::objs::{Exists, Kind, Write, compute_hash};

use crate::error::RepositoryError;
use crate::layout::Layout;
use crate::objects::{Objects, cause};

/// The objects of a branch that is being written.
pub(super) struct Store<'a> {
    pub(super) objects: &'a Objects,
    layout: &'a Layout,
    /// Objects that the branch needs and that may not be on the disk yet.
    unflushed: RefCell<BTreeSet<ObjectId>>,
}

impl<'a> Store<'a> {
    pub(super) fn new(objects: &'a Objects, layout: &'a Layout) -> Self {
        Self { objects, layout, unflushed: RefCell::default() }
    }

    /// Writes an object unless it exists. An existing one is read, so that the branch needs no damaged object.
    pub(super) fn write(&self, kind: Kind, bytes: &[u8]) -> Result<ObjectId, RepositoryError> {
        let repo = self.objects.repo();
        let id = compute_hash(repo.object_hash(), kind, bytes).map_err(|why| self.unwritten(&why))?;
        match repo.objects.exists(&id) {
            true => drop(self.objects.read(id, kind, u64::MAX, &|| "of the new branch".to_owned())?),
            false => drop(repo.objects.write_buf(kind, bytes).map_err(|why| self.unwritten(&why))?),
        }
        self.unflushed.borrow_mut().insert(id);
        Ok(id)
    }

    /// Waits until the objects are on the disk.
    pub(super) fn flush(&self) -> Result<(), RepositoryError> {
        let objects = self.layout.common_dir.join("objects");
        let mut folders = BTreeSet::from([objects.clone()]);
        for id in self.unflushed.borrow_mut().iter().map(ToString::to_string) {
            let Some((folder, name)) = id.split_at_checked(2) else { continue };
            let folder = objects.join(folder);
            // Objects in packs are on the disk.
            if folder.join(name).exists() {
                sync(&folder.join(name))?;
                folders.insert(folder);
            }
        }
        folders.iter().rev().try_for_each(|folder| sync(folder))
    }

    fn unwritten(&self, error: &gix::Error) -> RepositoryError {
        let why = match error.downcast_any_ref::<io::Error>() {
            Some(why) => io::Error::new(why.kind(), why.to_string()),
            None => io::Error::other(cause(error)),
        };
        RepositoryError::Io { path: self.layout.common_dir.join("objects"), action: "written", why }
    }
}

/// Waits until a file or the entries of a folder are on the disk.
pub(super) fn sync(path: &Path) -> Result<(), RepositoryError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|why| unwritten(path, why))
}

pub(super) fn unwritten(path: &Path, why: io::Error) -> RepositoryError {
    RepositoryError::Io { path: path.to_owned(), action: "written", why }
}
