//! Files that a repository or another account may have prepared.
//!
//! Three kinds of access, one module each:
//!
//! - `input` reads files that a person, a flag or a configuration names: regular files of bounded size.
//! - `private` opens and replaces the program's own files: never through a link, and only files of this account.
//! - `owner` tells whether another account owns or can change a file or a folder.
//!
//! Failures are [`std::io::Error`]s whose text is one clause in plain words, for a message that names the file.

mod input;
mod owner;
mod private;

pub use input::{open_input, read, read_text};
pub use owner::{Distrust, check_owner, check_path};
pub use private::{Access, create_private_folder, open_private, replace};
