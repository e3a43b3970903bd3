//! Creates the reference of a branch, whole or not at all.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use gix::ObjectId;
use gix::bstr::ByteSlice;

use super::store::{sync, unwritten};
use crate::error::RepositoryError;
use crate::layout::Layout;
use crate::objects::{Objects, cause};
use crate::tree::check_new_path;

/// git tidies empty folders up, also while one is needed here.
const ATTEMPTS: usize = 4;

/// Returns the full name of a branch, if its name is valid on all systems.
pub(super) fn full_name(name: &str) -> Result<String, RepositoryError> {
    let full = format!("refs/heads/{name}");
    let invalid = |why: String| RepositoryError::Invalid { what: "branch", value: name.to_owned(), why };
    if let Some(why) = check_new_path(name) {
        return Err(invalid(why.to_owned()));
    }
    match gix::refs::FullName::try_from(full.as_str()) {
        Ok(_) => Ok(full),
        Err(why) => Err(invalid(why.to_string())),
    }
}

/// Creates the branch at this commit, or does nothing if it is already there. Returns when it is on the disk.
pub(super) fn create(layout: &Layout, objects: &Objects, name: &str, id: ObjectId) -> Result<(), RepositoryError> {
    let full = full_name(name)?;
    let place = layout.common_dir.join(&full);
    // In the git folder, where no name is taken for a reference.
    let new = layout.common_dir.join(format!("{}.new", name.replace('/', "-")));
    if !is_there(objects, name, &full, id)? {
        check_neighbours(objects, name)?;
        write_new(&new, id).map_err(|why| unwritten(&new, why))?;
        match link(&new, &place) {
            // Another process was faster.
            Err(why) if why.kind() == ErrorKind::AlreadyExists && is_there(objects, name, &full, id)? => {}
            linked => linked.map_err(|why| unwritten(&place, why))?,
        }
    }
    // Also one that an interrupted write left.
    remove(&new).map_err(|why| unwritten(&new, why))?;
    let mut folders = place.ancestors().skip(1).take_while(|folder| *folder != layout.common_dir);
    // git may have packed the reference, and removed its folder.
    folders.try_for_each(|folder| if folder.exists() { sync(folder) } else { Ok(()) })
}

/// Checks that a branch of this name can be created: the name is valid, and no other branch is in the way.
pub(super) fn check_name(objects: &Objects, name: &str) -> Result<(), RepositoryError> {
    full_name(name)?;
    check_neighbours(objects, name)
}

/// Whether the branch exists at this commit. Fails if it exists at another one.
fn is_there(objects: &Objects, name: &str, full: &str, id: ObjectId) -> Result<bool, RepositoryError> {
    let Some(found) = find(objects, full)? else { return Ok(false) };
    let wanted = id.to_string();
    match found == wanted {
        true => Ok(true),
        false => Err(RepositoryError::BranchExists { name: name.to_owned(), found, wanted }),
    }
}

/// Returns the target of a reference: an id, or the name of another reference.
fn find(objects: &Objects, full: &str) -> Result<Option<String>, RepositoryError> {
    let unusable = |why: &gix::Error| RepositoryError::Unusable {
        path: objects.repo().common_dir().to_owned(),
        why: format!("its reference `{full}` cannot be read: {}", cause(why)),
        hint: Some("run `git fsck` there"),
    };
    let found = objects.repo().refs.try_find(full).map_err(|why| unusable(&why))?;
    Ok(found.map(|found| match found.target {
        gix::refs::Target::Object(id) => id.to_string(),
        gix::refs::Target::Symbolic(name) => name.as_bstr().to_string(),
    }))
}

/// A branch cannot exist beside one whose name continues its own, because git keeps names as folders.
fn check_neighbours(objects: &Objects, name: &str) -> Result<(), RepositoryError> {
    let conflict = |other: &str| RepositoryError::BranchConflict { name: name.to_owned(), other: other.to_owned() };
    for (end, _) in name.match_indices('/') {
        let above = name.get(..end).unwrap_or_default();
        if find(objects, &format!("refs/heads/{above}"))?.is_some() {
            return Err(conflict(above));
        }
    }
    let below = format!("refs/heads/{name}/");
    let names = objects.repo().references();
    let names = names.as_ref().ok().and_then(|names| names.prefixed(below.as_str()).ok());
    match names.into_iter().flatten().find_map(Result::ok) {
        Some(other) => Err(conflict(&other.name().shorten().to_str_lossy())),
        None => Ok(()),
    }
}

/// Writes a file that holds the id, and waits until it is on the disk. A file that an interrupted write left is replaced.
fn write_new(path: &Path, id: ObjectId) -> std::io::Result<()> {
    remove(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(format!("{id}\n").as_bytes())?;
    file.sync_all()
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Gives a file a second name, unless that exists.
fn link(new: &Path, place: &Path) -> std::io::Result<()> {
    let mut linked = Ok(());
    for _ in 0..ATTEMPTS {
        if place.is_dir() {
            // Empty, or there would be a branch in it.
            std::fs::remove_dir(place)?;
        }
        place.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        linked = std::fs::hard_link(new, place);
        match &linked {
            Err(why) if why.kind() == ErrorKind::NotFound => {}
            _ => break,
        }
    }
    linked
}
