//! An open repository, and the commit that a run starts from.

use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::{CommitRefIter, Kind, TagRefIter};
use phasegate_files::TrustedFolders;
use phasegate_process::repository::{FileKind, GitId};

use crate::config::GitConfig;
use crate::error::RepositoryError;
use crate::inside::check_inside;
use crate::layout::Layout;
use crate::objects::{Completeness, MAX_NODE_BYTES, Objects, cause, corrupt};
use crate::pack_cache::PackCache;

/// The formats of repositories that are read, as `[extensions]` names them.
const EXTENSIONS: [&str; 7] =
    ["noop", "objectformat", "partialclone", "preciousobjects", "refstorage", "relativeworktrees", "worktreeconfig"];
/// No object of more bytes is decoded.
const MAX_ALLOCATION: &str = "gitoxide.objects.allocLimit=268435456";
const MAX_TAGS: usize = 16;

/// An open git repository. Cheap to share between threads.
#[derive(Debug)]
pub struct Repository {
    pub(crate) layout: Layout,
    pub(crate) config: GitConfig,
    inner: gix::ThreadSafeRepository,
    completeness: Completeness,
    /// The kinds of contents that were read for lists, so that each content is read once.
    pub(crate) kinds: Mutex<HashMap<ObjectId, FileKind>>,
    /// Contents that are in no object.
    pub(crate) overlay: Arc<HashMap<ObjectId, Vec<u8>>>,
}

/// The commit that a run starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The commit.
    pub commit: GitId,
    /// Its tree.
    pub tree: GitId,
    /// The full name of the reference that named the commit, as `refs/heads/main`.
    pub reference: Option<String>,
}

impl Repository {
    /// Opens the repository whose top folder, `.git` or bare folder is `path`. Reads the repository's configuration as data
    /// and no other configuration; executes nothing. A repository of another account is refused unless it is in one of the
    /// trusted folders.
    pub fn open(path: &Path, trusted: &TrustedFolders) -> Result<Self, RepositoryError> {
        let layout = Layout::find(path, trusted)?;
        check_inside(&layout)?;
        let unusable = |why, hint| RepositoryError::Unusable { path: layout.top.clone(), why, hint };
        let config = GitConfig::read(&layout.common_dir.join("config")).map_err(|why| unusable(why, None))?;
        check_format(&config).map_err(|(why, hint)| unusable(why, hint))?;
        let options = gix::open::Options::isolated()
            .open_path_as_is(true)
            .with(gix::sec::Trust::Full)
            .filter_config_section(|section| section.source == gix::config::Source::Api)
            .config_overrides(["core.useReplaceRefs=false", "core.logAllRefUpdates=false", MAX_ALLOCATION]);
        let inner = gix::ThreadSafeRepository::open_opts(&layout.git_dir, options)
            .map_err(|why| unusable(cause(&why), Some("run `git fsck` there")))?;
        let completeness = Completeness {
            is_partial: config.has_promisor() || config.extensions().iter().any(|name| name == "partialclone"),
            is_shallow: layout.common_dir.join("shallow").exists(),
        };
        Ok(Self { layout, config, inner, completeness, kinds: Mutex::default(), overlay: Arc::default() })
    }

    /// The working tree, or the bare repository: absolute, without symbolic links.
    pub fn top(&self) -> &Path {
        &self.layout.top
    }

    /// The git folder with the objects and references.
    pub fn git_folder(&self) -> &Path {
        &self.layout.common_dir
    }

    /// Whether the repository has no working tree.
    pub fn is_bare(&self) -> bool {
        self.layout.is_bare
    }

    /// Returns the commit that a revision names, or that of `HEAD`. References to the past (`@{…}`) are not supported.
    pub fn resolve(&self, revision: Option<&str>) -> Result<Base, RepositoryError> {
        let objects = self.objects();
        let (id, reference) = match revision {
            None => self.head(&objects)?,
            Some("HEAD" | "@") => self.head(&objects)?,
            Some(revision) => find_revision(&objects, revision)?,
        };
        let (commit, tree) = self.commit_and_tree(&objects, id)?;
        Ok(Base { commit: git_id(commit)?, tree: git_id(tree)?, reference })
    }

    /// The objects, for the current thread.
    pub(crate) fn objects(&self) -> Objects {
        let mut repo = self.inner.to_thread_local();
        repo.clear_namespace();
        repo.objects.set_pack_cache(|| Box::<PackCache>::default());
        Objects::new(repo, self.completeness, Arc::clone(&self.overlay))
    }

    fn head(&self, objects: &Objects) -> Result<(ObjectId, Option<String>), RepositoryError> {
        let unusable = |why: String| RepositoryError::Unusable {
            path: self.layout.top.clone(),
            why: format!("its HEAD cannot be read: {why}"),
            hint: Some("run `git fsck` there"),
        };
        let mut head = objects.repo().head().map_err(|why| unusable(cause(&why)))?;
        let branch = head.referent_name().map(|name| (name.as_bstr().to_string(), name.shorten().to_string()));
        if let (true, Some((_, branch))) = (head.is_unborn(), &branch) {
            return Err(RepositoryError::Unborn { path: self.layout.top.clone(), branch: branch.clone() });
        }
        let id = match head.id() {
            Some(id) => id.detach(),
            None => match head.try_peel_to_id() {
                Ok(Some(id)) => id.detach(),
                Ok(None) => return Err(unusable("it names no object".to_owned())),
                Err(why) => return Err(unusable(cause(&why))),
            },
        };
        Ok((id, branch.map(|(full, _)| full)))
    }

    /// Returns the commit that an object is or that a tag leads to, and the commit's tree.
    fn commit_and_tree(&self, objects: &Objects, mut id: ObjectId) -> Result<(ObjectId, ObjectId), RepositoryError> {
        let hash = objects.repo().object_hash();
        for _ in 0..MAX_TAGS {
            let kind = match objects.repo().try_find_header(id) {
                Ok(Some(header)) => header.kind(),
                _ => Kind::Commit,
            };
            let what = || format!("the base {kind}");
            let damaged = |why: &gix::Error| corrupt(id, what(), cause(why));
            match kind {
                Kind::Commit => {
                    let data = objects.read(id, kind, MAX_NODE_BYTES, &what)?;
                    let tree = CommitRefIter::from_bytes(&data, hash).tree_id().map_err(|why| damaged(&why))?;
                    return Ok((id, tree));
                }
                Kind::Tag => {
                    let data = objects.read(id, kind, MAX_NODE_BYTES, &what)?;
                    id = TagRefIter::from_bytes(&data, hash).target_id().map_err(|why| damaged(&why))?;
                }
                Kind::Tree | Kind::Blob => break,
            }
        }
        Err(RepositoryError::NoCommit { revision: id.to_string(), why: "it is another object".to_owned() })
    }
}

fn find_revision(objects: &Objects, revision: &str) -> Result<(ObjectId, Option<String>), RepositoryError> {
    let none = |why: String| RepositoryError::NoCommit { revision: revision.to_owned(), why };
    if revision.contains("@{") || revision.is_empty() {
        return Err(none("revisions of this form are not supported".to_owned()));
    }
    let spec = objects.repo().rev_parse(revision.as_bytes().as_bstr()).map_err(|why| none(cause(&why)))?;
    let id = spec.single().ok_or_else(|| none("it names several commits".to_owned()))?.detach();
    let reference = spec.first_reference().map(|reference| reference.name.as_bstr().to_string());
    // Of `main~2`, the reference is where the search began.
    let is_whole = reference.as_ref().is_some_and(|name| name == revision || name.ends_with(&format!("/{revision}")));
    Ok((id, reference.filter(|_| is_whole)))
}

/// Checks that the repository has a format that is read here.
fn check_format(config: &GitConfig) -> Result<(), (String, Option<&'static str>)> {
    let version = config.text("core.repositoryformatversion").unwrap_or_else(|| "0".to_owned());
    if !["0", "1"].contains(&version.as_str()) {
        return Err((format!("its format version `{version}` is unknown"), None));
    }
    if version == "1"
        && let Some(name) = config.extensions().iter().find(|name| !EXTENSIONS.contains(&name.as_str()))
    {
        return Err((format!("its format extension `{name}` is unknown"), None));
    }
    match config.text("extensions.refstorage").filter(|kind| kind != "files") {
        Some(kind) => Err((
            format!("it keeps references in the format `{kind}`, which is not supported"),
            Some("convert it with `git refs migrate --ref-format=files`"),
        )),
        None => Ok(()),
    }
}

/// Converts an id of the library.
pub(crate) fn git_id(id: ObjectId) -> Result<GitId, RepositoryError> {
    let text = id.to_string();
    GitId::from_str(&text).map_err(|why| RepositoryError::Invalid {
        what: "object id",
        value: text,
        why: why.to_string(),
    })
}

/// Converts an id, which must be of the repository's kind.
pub(crate) fn object_id(id: &GitId) -> Result<ObjectId, RepositoryError> {
    let text = id.to_string();
    ObjectId::from_hex(text.as_bytes()).map_err(|why| RepositoryError::Invalid {
        what: "object id",
        value: text,
        why: why.to_string(),
    })
}
