//! `phasegate.lock`: digest, requests and grants of each plugin from a file when a person accepted it. A changed
//! component, or one that asks for more, cannot run before it is accepted again.
//!
//! A plugin that is new to the file is accepted as it is, because a person has just written down its path and grants.
//! From then on [`Lock::check`] reports a new digest, requests or grants beyond the accepted ones, and a signature that the
//! accepted publisher did not make. Asking for less is not a change, and neither is a signature where there was none.
//! Failures are [`SourceError`]s.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::names::PluginName;
use crate::pipeline::Grants;
use crate::registry_reference::{InvalidReference, RegistryReference};
use crate::source::{self, Reference, Source, SourceError};

/// The name of the file, which lies beside the configuration.
pub const LOCK_FILE: &str = "phasegate.lock";
/// The version of the file format that this host writes and reads.
const FORMAT: u32 = 1;
const HEADER: &str = "\
# Written by phasegate; commit this file. When a plugin changes or asks for more, its runs stop until
# `phasegate plugin accept NAME` accepts it.
";

/// The accepted plugins, by their names in the pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock(BTreeMap<PluginName, (Pin, Acceptance)>);

/// The properties of a plugin that were accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The plugin's version, where it has a manifest.
    pub version: Option<String>,
    /// The digest of its component.
    pub digest: Digest,
    /// The grants that it asks for.
    pub asks: Grants,
    /// The grants that it gets.
    pub grants: Grants,
    /// The package that it was pulled from; `None` for a file.
    pub package: Option<PinnedPackage>,
    /// The publisher whose signature was verified.
    pub signer: Option<String>,
}

/// A package in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedPackage {
    /// The reference, as the configuration has it.
    pub reference: RegistryReference,
    /// The digest of its manifest.
    pub manifest: Digest,
}

/// The acceptance of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The person's name; for a new plugin, the user who ran it.
    pub by: String,
    /// The date, by the clock of that person's machine.
    pub at: String,
    /// Whether a person accepted it explicitly; otherwise it was accepted because it was new.
    pub in_words: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: u32,
    #[serde(default)]
    plugins: BTreeMap<PluginName, RawPin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPin {
    version: Option<String>,
    from: Option<String>,
    manifest: Option<Digest>,
    signer: Option<String>,
    digest: Digest,
    asks: Grants,
    grants: Grants,
    agreed: Acceptance,
}

impl Pin {
    /// Returns the pin of a component with these grants. Without a manifest it asks for exactly its grants.
    pub fn new(digest: Digest, manifest: Option<&Manifest>, grants: Grants) -> Self {
        let asks = manifest.map_or_else(|| grants.clone(), |manifest| manifest.asks.clone());
        let version = manifest.map(|manifest| manifest.version.clone());
        Self { version, digest, asks, grants, package: None, signer: None }
    }
}

/// The status of a plugin in the lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockStatus {
    /// The plugin is not in the file.
    New,
    /// The plugin is the accepted one, or asks for less.
    Accepted,
    /// The plugin has changed and must be accepted again.
    Changed(Box<Change>),
}

/// The difference between an accepted plugin and what it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The plugin.
    pub plugin: PluginName,
    /// The accepted pin.
    pub was: Pin,
    /// The acceptance of that pin.
    pub agreed: Acceptance,
    /// The pin that it would have now.
    pub now: Pin,
}

impl Lock {
    /// Parses the file. Fails on another version of the format.
    pub fn parse(source: Source<'_>) -> Result<Self, SourceError> {
        let raw: Raw = source::parse(source, &Reference::LOCK)?;
        if raw.version != FORMAT {
            let message = format!("this is version {} of the file, this phasegate reads version {FORMAT}", raw.version);
            return Err(source.error_at_top(message, "use a newer phasegate"));
        }
        let pinned = raw.plugins.into_iter().map(|(name, raw)| {
            let RawPin { version, from, manifest, signer, digest, asks, grants, agreed } = raw;
            let package = package(&name, from, manifest)
                .map_err(|(message, hint)| source.error_at_top(format!("plugin `{name}`: {message}"), hint))?;
            Ok((name, (Pin { version, digest, asks, grants, package, signer }, agreed)))
        });
        pinned.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the accepted pin of a plugin.
    pub fn pin(&self, plugin: &PluginName) -> Option<&Pin> {
        self.0.get(plugin).map(|(pin, _)| pin)
    }

    /// The status of a plugin in the lock file.
    pub fn check(&self, plugin: &PluginName, now: &Pin) -> LockStatus {
        let Some((was, agreed)) = self.0.get(plugin) else { return LockStatus::New };
        if was.digest == now.digest && !is_wider(was, now) && !signer_changed(was, now) {
            return LockStatus::Accepted;
        }
        let (plugin, was, agreed, now) = (plugin.clone(), was.clone(), agreed.clone(), now.clone());
        LockStatus::Changed(Box::new(Change { plugin, was, agreed, now }))
    }

    /// Records the acceptance of a plugin, replacing an earlier one.
    pub fn accept(&mut self, plugin: PluginName, pin: Pin, agreed: Acceptance) {
        self.0.insert(plugin, (pin, agreed));
    }
}

impl fmt::Display for Lock {
    /// Writes the text of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        writeln!(f, "{HEADER}version = {FORMAT}")?;
        for (name, (pin, agreed)) in &self.0 {
            writeln!(f, "\n[plugins.{name}]")?;
            if let Some(version) = &pin.version {
                writeln!(f, "version = {}", quoted(version))?;
            }
            if let Some(PinnedPackage { reference, manifest }) = &pin.package {
                writeln!(f, "from = {}\nmanifest = {}", quoted(&reference.to_string()), quoted(manifest.as_str()))?;
            }
            if let Some(signer) = &pin.signer {
                writeln!(f, "signer = {}", quoted(signer))?;
            }
            writeln!(f, "digest = {}\nasks = {}\ngrants = {}", quoted(pin.digest.as_str()), pin.asks, pin.grants)?;
            let Acceptance { by, at, in_words } = agreed;
            writeln!(f, "agreed = {{ by = {}, at = {}, in_words = {in_words} }}", quoted(by), quoted(at))?;
        }
        Ok(())
    }
}

impl Change {
    /// Whether the plugin asks for no more, gets no more, has the same signer as before, and is not older than before.
    pub fn is_only_another_version(&self) -> bool {
        !is_wider(&self.was, &self.now) && !self.lost_its_signer() && !is_older(&self.was, &self.now)
    }

    /// Whether the publisher who was accepted is no longer the signer.
    pub fn lost_its_signer(&self) -> bool {
        signer_changed(&self.was, &self.now)
    }
}

impl fmt::Display for Change {
    /// Writes a sentence: the old and the new version, and the additional grants, as in `models.deep`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plugin, was, agreed, now } = self;
        match agreed.in_words {
            true => write!(f, "plugin `{plugin}` differs from what {} accepted on {}: ", agreed.by, agreed.at)?,
            false => write!(f, "plugin `{plugin}` differs from what its first run used on {}: ", agreed.at)?,
        }
        let version = |pin: &Pin| pin.version.clone().unwrap_or_else(|| pin.digest.short().to_owned());
        if was.digest != now.digest {
            let (from, to) = match version(was) == version(now) {
                true => (was.digest.short().to_owned(), now.digest.short().to_owned()),
                false => (version(was), version(now)),
            };
            write!(f, "{from} → {to}, ")?;
        }
        if is_older(was, now) {
            write!(f, "it is older than before, ")?;
        }
        let list = |asked: Vec<String>| asked.join(", ");
        let (asks, given) = (grants_beyond(&now.asks, &was.asks), grants_beyond(&now.grants, &was.grants));
        match (asks.is_empty(), given.is_empty()) {
            (true, true) => write!(f, "it asks for no more than before")?,
            (true, false) => write!(f, "would now get: {}", list(given))?,
            (false, true) => write!(f, "now asks for: {} (and would get nothing more)", list(asks))?,
            (false, false) if asks == given => write!(f, "now asks for: {}", list(asks))?,
            (false, false) => write!(f, "now asks for: {}; would get: {}", list(asks), list(given))?,
        }
        let less = grants_beyond(&was.asks, &now.asks);
        if !less.is_empty() {
            write!(f, "; no longer for: {}", list(less))?;
        }
        match (&was.signer, &now.signer) {
            (Some(before), Some(signer)) if before != signer => {
                write!(f, "; its signer changed: {before} before, {signer} now")
            }
            (Some(before), None) => write!(f, "; its signer changed: {before} before, no trusted publisher now"),
            _ => Ok(()),
        }
    }
}

fn is_wider(was: &Pin, now: &Pin) -> bool {
    !grants_beyond(&now.asks, &was.asks).is_empty() || !grants_beyond(&now.grants, &was.grants).is_empty()
}

/// Whether both versions are three numbers, and the present one is lower.
fn is_older(was: &Pin, now: &Pin) -> bool {
    let numbers = |pin: &Pin| -> Option<[u64; 3]> {
        let parts = pin.version.as_ref()?.split('.').map(|part| part.parse().ok());
        parts.collect::<Option<Vec<u64>>>()?.try_into().ok()
    };
    numbers(was).zip(numbers(now)).is_some_and(|(was, now)| now < was)
}

/// Whether the publisher who was accepted is no longer the signer.
fn signer_changed(was: &Pin, now: &Pin) -> bool {
    was.signer.is_some() && was.signer != now.signer
}

/// Returns the package of an entry. The error is a message with a hint.
fn package(
    plugin: &PluginName,
    from: Option<String>,
    manifest: Option<Digest>,
) -> Result<Option<PinnedPackage>, (String, String)> {
    match (from, manifest) {
        (None, None) => Ok(None),
        (Some(from), Some(manifest)) => {
            let reference =
                from.parse().map_err(|error: InvalidReference| (error.to_string(), error.hint().to_owned()))?;
            Ok(Some(PinnedPackage { reference, manifest }))
        }
        _ => Err((
            "`from` and `manifest` belong together".to_owned(),
            format!("remove [plugins.{plugin}], then run `phasegate plugin pull`"),
        )),
    }
}

/// Returns the grants that are in `these` and not in `those`, one word each.
fn grants_beyond(these: &Grants, those: &Grants) -> Vec<String> {
    let models = these.models.iter().filter(|tier| !those.models.contains(tier));
    let models = models.map(|tier| format!("models.{}", tier.as_str()));
    let benches = these.test_bench.iter().filter(|language| !those.test_bench.contains(language));
    models.chain(benches.map(|language| format!("test-bench.{language}"))).collect()
}

#[cfg(test)]
mod tests;
