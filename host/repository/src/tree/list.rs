//! Reads trees into a list of files.

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::objs::tree::{EntryKind, EntryMode};
use gix::objs::{Kind, TreeRefIter};

use super::file::{FileMode, SkippedFile, TreeFile};
use super::path::path_fault;

use crate::error::RepositoryError;
use crate::objects::{MAX_NODE_BYTES, Objects, cause, corrupt};
use crate::repository::Repository;

/// The limits of a tree. A tree that contains another one many times is small in objects and endless in paths.
const MAX_FILES: usize = 500_000;
const MAX_FOLDERS: usize = 200_000;
const MAX_PATH_BYTES: usize = 4096;
/// The limit of all paths together.
const MAX_PATHS_BYTES: usize = 64 << 20;
/// The limit of skipped entries that are kept; all are counted as files.
const MAX_SKIPPED: usize = 1000;
/// Below this number of files, one thread is faster.
const FILES_PER_THREAD: usize = 2000;

/// An entry of one tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: BString,
    pub(crate) mode: EntryMode,
    pub(crate) id: ObjectId,
}

/// Returns the entries of one tree, in its order. `folder` names the tree in errors.
pub(crate) fn entries(objects: &Objects, tree: ObjectId, folder: &[u8]) -> Result<Vec<Entry>, RepositoryError> {
    let what = || match folder.is_empty() {
        true => "the tree of the commit".to_owned(),
        false => format!("the folder `{}`", folder.as_bstr()),
    };
    let data = match tree.is_empty_tree() {
        true => Vec::new(),
        false => objects.read(tree, Kind::Tree, MAX_NODE_BYTES, &what)?,
    };
    let found = TreeRefIter::from_bytes(&data, objects.repo().object_hash()).map(|entry| {
        let entry = entry.map_err(|why| corrupt(tree, what(), cause(&why)))?;
        Ok(Entry { name: entry.filename.to_owned(), mode: entry.mode, id: entry.oid.to_owned() })
    });
    found.collect()
}

/// Lists the files of a tree and of those in it, without sizes.
pub(super) fn list(objects: &Objects, tree: ObjectId) -> Result<(Vec<TreeFile>, Vec<SkippedFile>), RepositoryError> {
    let (mut files, mut skipped) = (Vec::new(), Vec::new());
    let (mut folders, mut count, mut bytes) = (0_usize, 0_usize, 0_usize);
    let mut open = vec![(BString::default(), tree)];
    let exceeded = |what, limit| RepositoryError::TooManyFiles { tree: tree.to_string(), what, limit };
    while let Some((folder, id)) = open.pop() {
        folders += 1;
        if folders > MAX_FOLDERS {
            return Err(exceeded("too many folders", MAX_FOLDERS));
        }
        for entry in entries(objects, id, &folder)? {
            count += 1;
            if count > MAX_FILES {
                return Err(exceeded("too many files", MAX_FILES));
            }
            bytes += folder.len() + 1 + entry.name.len();
            if bytes > MAX_PATHS_BYTES {
                return Err(exceeded("too many bytes of paths", MAX_PATHS_BYTES));
            }
            let mut path = folder.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(&entry.name);
            let fault = match path.len() > MAX_PATH_BYTES {
                true => Some("the path is longer than 4096 bytes"),
                false => path_fault(&entry.name),
            };
            if let Some(why) = fault {
                if skipped.len() < MAX_SKIPPED {
                    skipped.push(SkippedFile { path: path.to_str_lossy().escape_debug().to_string(), why });
                }
                continue;
            }
            let mode = match entry.mode.kind() {
                EntryKind::Tree => {
                    open.push((path, entry.id));
                    continue;
                }
                EntryKind::Blob => FileMode::File,
                EntryKind::BlobExecutable => FileMode::Executable,
                EntryKind::Link => FileMode::Symlink,
                EntryKind::Commit => FileMode::Submodule,
            };
            let path = path.to_str_lossy().into_owned();
            files.push(TreeFile { path, mode, size: 0, id: entry.id });
        }
    }
    Ok((files, skipped))
}

/// Reads the size of each file from the header of its object.
pub(super) fn add_sizes(repository: &Repository, files: &mut [TreeFile]) -> Result<(), RepositoryError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let share = files.len().div_ceil(threads).max(FILES_PER_THREAD);
    std::thread::scope(|scope| {
        let chunks = files.chunks_mut(share);
        let workers: Vec<_> =
            chunks.map(|chunk| scope.spawn(move || add_sizes_of(&repository.objects(), chunk))).collect();
        let failed = || RepositoryError::Unusable {
            path: repository.top().to_owned(),
            why: "reading the sizes of its files failed".to_owned(),
            hint: Some("run `git fsck` there"),
        };
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(failed())))
    })
}

fn add_sizes_of(objects: &Objects, files: &mut [TreeFile]) -> Result<(), RepositoryError> {
    for file in files.iter_mut().filter(|file| file.mode != FileMode::Submodule) {
        let path = &file.path;
        file.size = objects.size(file.id, &|| format!("the file `{path}`"))?;
    }
    Ok(())
}
