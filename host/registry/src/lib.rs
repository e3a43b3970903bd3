//! Plugins in OCI registries, and signatures of plugins.
//!
//! A package is a manifest with one layer, the component, as the tools of the WebAssembly ecosystem lay it out. [`Registry`]
//! pulls and pushes packages; [`PulledFolder`] keeps those of this machine, so that runs fetch nothing; [`Publishers`]
//! verifies signatures by public keys, without a network.
//!
//! Guarantees: nothing that a registry sends is kept before its digest was computed and found right; every answer has a limit
//! of size and time; credentials go only to the registry that they belong to, or to the login service that it names. Fails
//! with [`RegistryError`] and [`KeyError`], whose hints say what to do.

mod error;
mod http;
mod layout;
mod pulled_folder;
mod registry;
mod signature;

pub use error::{RegistryError, RegistryErrorKind};
pub use layout::Described;
pub use pulled_folder::{PulledFolder, PulledPackage};
pub use registry::{Package, Pushed, Registry};
pub use signature::{KeyError, NewKey, Publishers, SignatureState, SigningKey, bundle_path, sign_file, verify_file};
