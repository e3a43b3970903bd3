//! Git configuration read as data.
//!
//! Guarantees: includes are never followed, and no value is executed or used as the path of a file that is opened.

use std::io::ErrorKind;
use std::path::Path;

use gix::bstr::ByteSlice;
use gix::config::file::{Metadata, init::Options};

/// The limit of a configuration file, in bytes.
const MAX_CONFIG_BYTES: u64 = 4 << 20;

/// The values of one configuration file.
#[derive(Debug, Clone)]
pub(crate) struct GitConfig(gix::config::File);

impl GitConfig {
    /// Reads a file. An absent file has no values.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        match phasegate_files::read(path, MAX_CONFIG_BYTES) {
            Ok(bytes) => Self::parse(&bytes).map_err(|why| format!("`{}` cannot be read: {why}", path.display())),
            Err(why) if why.kind() == ErrorKind::NotFound => Self::parse(b""),
            Err(why) => Err(format!("`{}` cannot be read: {why}", path.display())),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let options = Options { lossy: true, ..Options::default() };
        let parsed = gix::config::File::from_bytes_no_includes(bytes, Metadata::api(), options);
        parsed.map(Self).map_err(|_| "it is not a git configuration".to_owned())
    }

    /// Returns the last value of a key such as `user.name`, if it is text.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.0.string(key).map(|value| value.to_str_lossy().into_owned())
    }

    /// Returns the last value of a key; a value that is not a boolean counts as absent.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.0.boolean(key).ok().flatten()
    }

    /// Whether objects are left to a remote repository.
    pub(crate) fn has_promisor(&self) -> bool {
        let mut remotes = self.0.sections_by_name("remote").into_iter().flatten();
        remotes.any(|remote| remote.value_names().any(|name| name.eq_ignore_ascii_case("promisor")))
    }

    /// Returns the names of the values in the sections `[extensions]`, in lower case.
    pub(crate) fn extensions(&self) -> Vec<String> {
        let sections = self.0.sections_by_name("extensions").into_iter().flatten();
        let names = sections.flat_map(|section| section.value_names().collect::<Vec<_>>());
        names.map(|name| name.to_ascii_lowercase()).collect()
    }
}
