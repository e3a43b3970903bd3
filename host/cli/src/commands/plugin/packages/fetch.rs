//! Pulls a package, keeps it on this machine, and judges it.

use phasegate_process::Digest;
use phasegate_process::PluginName;
use phasegate_process::lock::Pin;
use phasegate_registry::{Registry, SignatureState};
use phasegate_runtime::{Config, Error, PackageUse};

use super::RegistryArgs;
use crate::context::Context;
use crate::exit::Failure;

/// A plugin that was pulled.
pub struct Fetched {
    pub plugin: PluginName,
    pub pin: Pin,
    pub signature: SignatureState,
}

/// Pulls the package of a plugin. With `pinned`, that manifest is pulled, whatever the tag names now. Fails if this host rejects
/// the component. The signature is judged and not enforced: see [`Fetched::check_signature`].
pub async fn fetch(
    context: &Context,
    config: &Config,
    plugin: &PluginName,
    used: &PackageUse,
    pinned: Option<&Digest>,
    args: &RegistryArgs,
) -> Result<Fetched, Failure> {
    let folder = config.pulled.as_ref().ok_or_else(|| {
        Failure::usage("there is no folder for packages").with_hint("set HOME or XDG_DATA_HOME to an absolute path")
    })?;
    context.printer.note(&format!("pulling {}\n", used.reference));
    let limit = context.trust.bounded_sandbox(&config.dir, &config.sandbox).0.max_component_bytes;
    let registry = Registry::open(&used.reference, args.timeout()).map_err(Error::from)?;
    let package = registry.pull(&used.reference, pinned, limit).await.map_err(Error::from)?;
    let kept = folder.keep(&package).map_err(Error::from)?;
    let (pin, signature) = config.pin_package(plugin, used, &package.manifest, &kept)?;
    Ok(Fetched { plugin: plugin.clone(), pin, signature })
}

impl Fetched {
    /// Fails if the signature of the plugin does not permit its use.
    pub fn check_signature(&self, config: &Config, unverified: bool) -> Result<(), Failure> {
        match &self.signature {
            SignatureState::Verified(_) => Ok(()),
            _ if config.requires_signatures() => {
                Err(Error::NotVerified(vec![(self.plugin.clone(), self.signature.clone())]).into())
            }
            SignatureState::Failed(_) if !unverified => {
                let failure = Failure::from(Error::NotVerified(vec![(self.plugin.clone(), self.signature.clone())]));
                Err(failure.with_hint("or take it as it is, with --unverified"))
            }
            SignatureState::NotSigned | SignatureState::Failed(_) => Ok(()),
        }
    }
}
