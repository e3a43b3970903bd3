//! Files that a repository or another account may have prepared.
//!
//! One module for each kind of access:
//!
//! - `input` reads files that a person, a flag or a configuration names: regular files of bounded size.
//! - `private` opens and replaces the program's own files: never through a link, and only files of this account.
//! - `beneath` writes and reads files of an output folder, and never leaves it.
//! - `inspect` checks files that another library opens, and files of other accounts that are only read.
//! - `holder` names the process that has locked a file.
//! - `open_files` raises the limit of open files.
//! - `owner` tells whether another account owns or can change a file or a folder.
//! - `search` finds a file or folder upwards, and stops at one that another account controls.
//!
//! Failures are [`std::io::Error`]s whose text is one clause in plain words, for a message that names the file.

mod beneath;
mod holder;
mod input;
mod inspect;
mod open_files;
mod owner;
mod private;
mod search;

pub use beneath::{Folder, NEW_FILE};
pub use holder::{Process, lock_holder};
pub use input::{MAX_TEXT_BYTES, check_input, describe, open_input, read, read_text};
pub use inspect::{check_folder, check_private, check_readable, check_regular, is_own, narrow, open_regular};
pub use open_files::allow_open_files;
pub use owner::{Distrust, check_owner, check_path};
pub use private::{Access, NewFile, check_output, create_private_folder, open_private, replace};
pub use search::{TrustedFolders, Untrusted, Wanted, check_control, find_upwards, quote};
