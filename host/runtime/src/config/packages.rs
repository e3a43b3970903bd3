//! Plugins from registries: references in `path`, and the packages of this machine that stand for them.
//!
//! `phasegate.lock` says which manifest a reference stands for. A run reads the package with this manifest from the folder of
//! pulled packages and fetches nothing. Fails with [`ConfigFault::NotPulled`].

use std::collections::BTreeMap;
use std::path::Path;

use phasegate_process::lock::{Pin, PinnedPackage};
use phasegate_process::pipeline::{Grants, Pipeline};
use phasegate_process::registry_reference::RegistryReference;
use phasegate_process::{Digest, PluginName};
use phasegate_registry::{PulledPackage, SignatureState, verify_file};
use phasegate_sandbox::{LoadError, inspect};

use crate::config::file::Config;
use crate::config::read_lock::read_lock;
use crate::error::Error;
use crate::error::config::ConfigFault;
use crate::plugins::file::{file_digest, read_component};

/// A plugin that a configuration or a pipeline takes from a registry.
#[derive(Debug, Clone)]
pub struct PackageUse {
    /// The reference.
    pub reference: RegistryReference,
    /// The grants that it gets.
    pub grants: Grants,
}

impl Config {
    /// Returns the plugins that this configuration and its pipeline take from registries. `chosen` is relative to `cwd`;
    /// `bundled` are the plugins of the binary.
    pub fn package_uses(
        &self,
        chosen: Option<&str>,
        cwd: &Path,
        bundled: &[&str],
    ) -> Result<BTreeMap<PluginName, PackageUse>, ConfigFault> {
        let (_, pipeline, _) = self.parse_pipeline(chosen, cwd, bundled)?;
        let used = pipeline.plugins.iter().filter_map(|(name, plugin)| {
            let reference = plugin.path.as_ref()?.parse().ok()?;
            Some((name.clone(), PackageUse { reference, grants: plugin.grants.clone() }))
        });
        Ok(used.collect())
    }

    /// Replaces the references of the plugins that a pipeline uses by the component files of pulled packages.
    pub(super) fn resolve_packages(&self, pipeline: &mut Pipeline) -> Result<(), ConfigFault> {
        let is_reference = |path: &String| RegistryReference::is_meant(path);
        let used: Vec<PluginName> = pipeline.plugin_names().into_iter().cloned().collect();
        for (name, plugin) in pipeline.plugins.iter_mut().filter(|(name, _)| used.contains(name)) {
            let Some(path) = plugin.path.as_mut().filter(|path| is_reference(path)) else { continue };
            let lock = read_lock(self)?;
            let fault = |reason: String| ConfigFault::NotPulled { plugin: name.clone(), reason };
            let reference: RegistryReference =
                path.parse().map_err(|error| fault(format!("cannot be used: {error}")))?;
            let pinned = lock.pin(name).and_then(|pin| pin.package.as_ref());
            let pinned = pinned.ok_or_else(|| fault(format!("is not in phasegate.lock: {reference}")))?;
            if pinned.reference != reference {
                let reason = format!("is {} in phasegate.lock, and {reference} now", pinned.reference);
                return Err(fault(reason));
            }
            let found = match &self.pulled {
                Some(pulled) => {
                    pulled.find(&pinned.manifest).map_err(|error| fault(format!("cannot be read: {error}")))?
                }
                None => None,
            };
            let found = found.ok_or_else(|| fault(format!("is not on this machine: {reference}")))?;
            let digest = file_digest(&found.component);
            if !digest.is_ok_and(|digest| digest == found.digest) {
                return Err(fault(format!("is damaged on this machine, in {}", found.component.display())));
            }
            *path = found.component.display().to_string();
        }
        Ok(())
    }

    /// Describes where a component file comes from, and its signature: `oci://… (verified by acme)`. `path` stands for a file that
    /// was not pulled.
    pub fn describe_source(&self, plugin: &PluginName, file: &Path, path: &str) -> String {
        let component = || read_component(file).map_err(|why| Error::host_failed(why.to_string()));
        match judge_signature(self, plugin, file, component) {
            Ok((Some(package), signature)) => format!("{} ({})", package.reference, signature.describe()),
            Ok((None, signature)) => format!("{path} ({})", signature.describe()),
            Err(_) => path.to_owned(),
        }
    }

    /// Computes the pin of a pulled package, and judges its signature. Fails if this host does not take the component.
    pub fn pin_package(
        &self,
        plugin: &PluginName,
        used: &PackageUse,
        manifest: &Digest,
        package: &PulledPackage,
    ) -> Result<(Pin, SignatureState), Error> {
        let unreadable = |why: std::io::Error| Error::PluginFile {
            plugin: plugin.clone(),
            path: package.component.display().to_string(),
            why: why.to_string(),
        };
        let component = read_component(&package.component).map_err(unreadable)?;
        let inspection = inspect(&component).map_err(|source| LoadError::Inspect { plugin: plugin.clone(), source })?;
        if let Some(misfit) = inspection.misfit.clone() {
            return Err(LoadError::Misfit { plugin: plugin.clone(), misfit: Box::new(misfit) }.into());
        }
        let found = inspection.manifest.as_ref();
        let given = found.map_or_else(|| used.grants.clone(), |manifest| manifest.granted(&used.grants));
        let signature = package.signature(&used.reference, &inspection.digest, &self.publishers);
        let pin = Pin {
            package: Some(PinnedPackage { reference: used.reference.clone(), manifest: manifest.clone() }),
            signer: signature.signer().map(str::to_owned),
            ..Pin::new(inspection.digest.clone(), found, given)
        };
        Ok((pin, signature))
    }
}

/// Judges the signature of a component file. Returns it with the package that the file belongs to.
pub(super) fn judge_signature<B: AsRef<[u8]>>(
    config: &Config,
    plugin: &PluginName,
    file: &Path,
    component: impl FnOnce() -> Result<B, Error>,
) -> Result<(Option<PinnedPackage>, SignatureState), Error> {
    if let Some(pulled) = &config.pulled
        && let Some(manifest) = pulled.manifest_of(file)
        && let Some(package) = pulled.find(&manifest)?
    {
        let pinned = read_lock(config)?.pin(plugin).and_then(|pin| pin.package.clone());
        if let Some(pinned) = pinned.filter(|pinned| pinned.manifest == manifest) {
            let digest = Digest::from_content(component()?.as_ref());
            let signature = package.signature(&pinned.reference, &digest, &config.publishers);
            return Ok((Some(pinned), signature));
        }
    }
    let mut failure = None;
    let bytes = || {
        component().map_err(|error| {
            let text = std::io::Error::other(error.to_string());
            failure = Some(error);
            text
        })
    };
    match verify_file(file, bytes, &config.publishers) {
        Ok(state) => Ok((None, state)),
        Err(why) => Err(failure.unwrap_or_else(|| Error::host_failed(why.to_string()))),
    }
}
