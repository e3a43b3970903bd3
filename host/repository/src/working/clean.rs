//! The content that a file of the working tree would have in a commit.

use gix::bstr::ByteSlice;
use gix::objs::{Kind, compute_hash};
use phasegate_files::Folder;

use super::attributes::{Attributes, Conversion};
use crate::config::GitConfig;
use crate::kind::has_nul;
use crate::tree::TreeFile;

pub(super) struct Cleaner {
    attributes: Attributes,
    hash: gix::hash::Kind,
    /// Whether git converts CRLF in files without attributes.
    converts_all: bool,
}

impl Cleaner {
    pub(super) fn new(attributes: Attributes, hash: gix::hash::Kind, config: &GitConfig) -> Self {
        let converts_all = matches!(config.text("core.autocrlf").as_deref(), Some("true" | "input"));
        Self { attributes, hash, converts_all }
    }

    /// Whether the bytes are the content of a file of the commit.
    pub(super) fn is_same(&self, bytes: &[u8], base: &TreeFile) -> bool {
        bytes.len() as u64 == base.size && compute_hash(self.hash, Kind::Blob, bytes).is_ok_and(|id| id == base.id)
    }

    /// Returns the content for a commit: the old one if only line ends differ. Fails with a reason if git would run a command or
    /// convert an encoding.
    pub(super) fn clean(
        &self,
        folder: &Folder,
        path: &str,
        bytes: Vec<u8>,
        old: Option<&[u8]>,
    ) -> Result<Vec<u8>, &'static str> {
        let Some(conversion) = self.attributes.of(folder, path) else {
            return Err("the .gitattributes files that apply to it cannot be read or are too large");
        };
        let Conversion { has_filter, has_encoding, has_id, is_text } = conversion;
        match () {
            () if has_filter => return Err("a git filter converts it, and filters are not run"),
            () if has_encoding => return Err("git converts its encoding (working-tree-encoding)"),
            () if has_id => return Err("git replaces `$Id$` in it (ident)"),
            () => {}
        }
        if has_nul(&bytes) || is_text == Some(false) {
            return Ok(bytes);
        }
        let plain = bytes.replace(b"\r\n", b"\n");
        match old {
            Some(old) if old.replace(b"\r\n", b"\n") == plain => Ok(old.to_vec()),
            // git leaves the line ends of a file alone that has CRLF in the commit.
            Some(old) if old.contains_str(b"\r\n") => Ok(bytes),
            _ if self.converts_all || is_text == Some(true) => Ok(plain),
            _ => Ok(bytes),
        }
    }
}
