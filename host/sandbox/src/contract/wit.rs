//! The WIT files of a contract, parsed.

use std::path::Path;

use wit_parser::{PackageId, Resolve, SourceMap};

/// Version of the contract that this host implements.
pub const CONTRACT: &str = "0.1.0";
/// Name of the WIT package of the contract.
pub(crate) const PACKAGE: &str = "phasegate:plugin";

pub(crate) const HOST_FILES: [(&str, &str); 4] = [
    ("types.wit", include_str!("../../../../wit/types.wit")),
    ("models.wit", include_str!("../../../../wit/models.wit")),
    ("host.wit", include_str!("../../../../wit/host.wit")),
    ("plugin.wit", include_str!("../../../../wit/plugin.wit")),
];

/// A contract that cannot be parsed.
#[derive(Debug, thiserror::Error)]
#[error("the contract cannot be read: {0}")]
pub struct ContractError(pub(crate) String);

/// A parsed contract.
pub(crate) struct Contract {
    pub(crate) resolve: Resolve,
    pub(crate) package: PackageId,
}

impl Contract {
    /// Parses the contract of this host.
    pub(crate) fn host() -> Result<Self, ContractError> {
        Self::parse(&HOST_FILES)
    }

    /// Parses WIT files, given as name and text.
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

    /// Returns the interface with this name.
    pub(crate) fn interface(&self, name: &str) -> Option<&wit_parser::Interface> {
        let id = self.resolve.packages.get(self.package)?.interfaces.get(name)?;
        self.resolve.interfaces.get(*id)
    }
}
