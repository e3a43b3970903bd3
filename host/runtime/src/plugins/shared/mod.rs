//! Bundled components, kept once for all state folders of a user.
//!
//! A run needs its components as long as it exists, also when a newer program bundles others. They are large, so the journals
//! do not hold those that the program contains: a folder of the user holds them, compressed, under their digests.
//!
//! Guarantees: before an event that names a bundled component is durable, the component is in the folder or in the journal;
//! the bytes are checked against their digest on each read; files of other accounts are not used. Where the folder cannot be
//! used, the journal holds the components, as it does for those from files. Nothing here removes a component.

mod folder;
mod journal;

pub use folder::ComponentFolder;
pub use journal::ComponentJournal;
