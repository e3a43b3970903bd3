//! The contract of `wit/`, held against something else: a component that is to be loaded (`fit`), or the contract as it
//! was released (`guard`). Both rest on the same comparison of types (`compare`).
//!
//! Promises: what is not the same is named by its place, down to the field or case; the work is bounded by the number of
//! types, however often they are used. Nothing of a plugin runs.

mod compare;
mod fit;
mod guard;

use std::path::Path;

use wit_parser::{PackageId, Resolve, SourceMap};

pub use fit::{Difference, Misfit};
pub use guard::{ContractError, breaking_changes};

pub(crate) use fit::{Component, misfit, of_ours};

/// The contract that this host speaks.
pub const CONTRACT: &str = "0.1.0";
/// The package of `wit/`.
pub(crate) const PACKAGE: &str = "phasegate:plugin";

const FILES: [(&str, &str); 4] = [
    ("types.wit", include_str!("../../../../wit/types.wit")),
    ("models.wit", include_str!("../../../../wit/models.wit")),
    ("host.wit", include_str!("../../../../wit/host.wit")),
    ("plugin.wit", include_str!("../../../../wit/plugin.wit")),
];

/// A contract that was read from its texts.
pub(crate) struct Contract {
    pub(crate) resolve: Resolve,
    pub(crate) package: PackageId,
}

impl Contract {
    /// This host's own.
    pub(crate) fn of_the_host() -> Result<Self, ContractError> {
        Self::parse(&FILES)
    }

    /// From files, as name and text.
    pub(crate) fn parse(files: &[(&str, &str)]) -> Result<Self, ContractError> {
        let mut sources = SourceMap::new();
        for (name, text) in files {
            sources.push(Path::new(name), *text);
        }
        let group = sources.parse().map_err(|(_, error)| ContractError(error.to_string()))?;
        let mut resolve = Resolve::default();
        let package = resolve.push_group(group).map_err(|error| ContractError(error.to_string()))?;
        Ok(Self { resolve, package })
    }

    /// The interface of this name.
    pub(crate) fn interface(&self, name: &str) -> Option<&wit_parser::Interface> {
        let id = self.resolve.packages.get(self.package)?.interfaces.get(name)?;
        self.resolve.interfaces.get(*id)
    }
}
