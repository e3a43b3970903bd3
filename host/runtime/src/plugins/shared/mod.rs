//! Bundled components, kept once for all state folders of a user.
//!
//! A run needs its components as long as it exists, also when a newer program bundles others. They are large, so the journals
//! do not hold those that the program contains: a folder of the user holds them, compressed, under their digests.
//!
//! Guarantees: before a run that this process executes ends, waits or stops, its bundled components are durable in the folder
//! or in the journal; until then, and after a crash, this version of the program has them. The bytes are checked against their
//! digest on each read; files of other accounts are not used. Where the folder cannot be used, the journal holds the
//! components, as it does for those from files. Nothing here removes a component.

mod folder;
mod journal;
mod late_writes;

pub use folder::ComponentFolder;
pub use journal::ComponentJournal;
