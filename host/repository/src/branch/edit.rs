//! Applies changes to a tree, and writes the trees that change.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::objs::tree::{self, EntryKind};
use gix::objs::{Kind, Tree, WriteTo};

use super::change::{Change, NewContent};
use super::store::Store;
use super::text::fit_text;
use crate::error::RepositoryError;
use crate::tree::{Entry, check_new_path, entries, path_fault};

/// The limit of a text that is changed, in bytes.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// A change, with the rest of its path below the folder that is being edited.
#[derive(Clone, Copy)]
struct Step<'a> {
    rest: &'a str,
    change: &'a Change,
}

/// Returns the tree with the changes applied.
pub(super) fn apply(store: &Store<'_>, root: ObjectId, changes: &[Change]) -> Result<ObjectId, RepositoryError> {
    let mut paths = BTreeSet::new();
    for change in changes {
        if let Some(why) = change.path.split('/').find_map(|name| path_fault(name.as_bytes())) {
            return Err(refused(change, why));
        }
        if !paths.insert(&change.path) {
            return Err(refused(change, "it is changed twice"));
        }
    }
    let steps: Vec<_> = changes.iter().map(|change| Step { rest: &change.path, change }).collect();
    match apply_to_folder(store, Some(root), "", &steps)? {
        Some(tree) => Ok(tree),
        None => store.write(Kind::Tree, b""),
    }
}

/// Returns the folder's tree with the changes applied; `None` if no file is left.
fn apply_to_folder(
    store: &Store<'_>,
    folder: Option<ObjectId>,
    path: &str,
    steps: &[Step<'_>],
) -> Result<Option<ObjectId>, RepositoryError> {
    let found = folder.map(|id| entries(store.objects, id, path.as_bytes())).transpose()?.unwrap_or_default();
    let mut found: BTreeMap<BString, Entry> = found.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
    let mut names: BTreeMap<&str, (Option<&Change>, Vec<Step<'_>>)> = BTreeMap::new();
    for step in steps {
        match step.rest.split_once('/') {
            Some((name, rest)) => names.entry(name).or_default().1.push(Step { rest, ..*step }),
            None => names.entry(step.rest).or_default().0 = Some(step.change),
        }
    }
    for (name, (own, below)) in names {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        let old = found.remove(name.as_bytes().as_bstr());
        let new = change_entry(store, &path, old, own, &below)?;
        if let Some((kind, id)) = new {
            let name = BString::from(name);
            found.insert(name.clone(), Entry { name, mode: kind, id });
        }
    }
    write_tree(store, found.into_values())
}

/// Returns mode and id of one entry after the changes to it and below it; `None` if it is gone.
fn change_entry(
    store: &Store<'_>,
    path: &str,
    old: Option<Entry>,
    own: Option<&Change>,
    below: &[Step<'_>],
) -> Result<Option<(tree::EntryMode, ObjectId)>, RepositoryError> {
    let is_deleted = own.is_some_and(|change| change.content == NewContent::Deleted);
    let old_kind = old.as_ref().map(|entry| entry.mode.kind());
    let mut left = old;
    if let Some(first) = below.first() {
        let folder = match old_kind {
            None => None,
            Some(EntryKind::Tree) => left.as_ref().map(|entry| entry.id),
            Some(EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link) if is_deleted => None,
            Some(kind) => return Err(refused(first.change, &format!("`{path}` is {}", name_of(kind)))),
        };
        let folder = apply_to_folder(store, folder, path, below)?;
        if is_deleted && old_kind == Some(EntryKind::Tree) {
            return Err(own.map_or_else(|| unknown(path), |change| refused(change, "it is a folder")));
        }
        left = folder.map(|id| Entry { name: path.into(), mode: EntryKind::Tree.into(), id });
        if is_deleted && old_kind.is_some() {
            return Ok(left.map(|entry| (entry.mode, entry.id)));
        }
    }
    let Some(change) = own else { return Ok(left.map(|entry| (entry.mode, entry.id))) };
    match (&left, &change.content) {
        (None, NewContent::Deleted) => Err(refused(change, "there is no such file")),
        (Some(entry), _) if matches!(entry.mode.kind(), EntryKind::Tree | EntryKind::Commit) => {
            Err(refused(change, &format!("it is {}", name_of(entry.mode.kind()))))
        }
        (Some(_), NewContent::Deleted) => Ok(None),
        (Some(entry), _) if entry.mode.kind() == EntryKind::Link => Err(refused(change, "it is a symbolic link")),
        (left, NewContent::Bytes(bytes)) => write_file(store, change, left.as_ref(), bytes).map(Some),
        (None, NewContent::Text(text)) => write_file(store, change, None, text.as_bytes()).map(Some),
        (Some(entry), NewContent::Text(text)) => {
            let what = || format!("the file `{path}`");
            let base = store.objects.read(entry.id, Kind::Blob, MAX_TEXT_BYTES, &what)?;
            let text =
                fit_text(text, &base).map_err(|why| RepositoryError::Encoding { path: change.path.clone(), why })?;
            write_file(store, change, left.as_ref(), &text).map(Some)
        }
    }
}

fn write_file(
    store: &Store<'_>,
    change: &Change,
    old: Option<&Entry>,
    bytes: &[u8],
) -> Result<(tree::EntryMode, ObjectId), RepositoryError> {
    if let (None, Some(why)) = (old, check_new_path(&change.path)) {
        return Err(refused(change, why));
    }
    let mode = match (change.executable, old) {
        (None, Some(old)) => old.mode,
        (Some(true), _) => EntryKind::BlobExecutable.into(),
        (Some(false) | None, _) => EntryKind::Blob.into(),
    };
    Ok((mode, store.write(Kind::Blob, bytes)?))
}

fn write_tree(store: &Store<'_>, entries: impl Iterator<Item = Entry>) -> Result<Option<ObjectId>, RepositoryError> {
    let entries = entries.map(|entry| tree::Entry { mode: entry.mode, filename: entry.name, oid: entry.id });
    let mut entries: Vec<_> = entries.collect();
    if entries.is_empty() {
        return Ok(None);
    }
    // git sorts a folder as if its name ended in `/`.
    entries.sort();
    let mut bytes = Vec::new();
    Tree { entries }.write_to(&mut bytes).map_err(|why| RepositoryError::Invalid {
        what: "tree",
        value: String::new(),
        why: why.to_string(),
    })?;
    store.write(Kind::Tree, &bytes).map(Some)
}

fn name_of(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Tree => "a folder",
        EntryKind::Blob | EntryKind::BlobExecutable => "a file",
        EntryKind::Link => "a symbolic link",
        EntryKind::Commit => "a submodule",
    }
}

fn refused(change: &Change, why: &str) -> RepositoryError {
    let action = if change.content == NewContent::Deleted { "deleted" } else { "written" };
    RepositoryError::Change { path: change.path.clone(), action, why: why.to_owned() }
}

fn unknown(path: &str) -> RepositoryError {
    RepositoryError::NoFile(path.to_owned())
}
