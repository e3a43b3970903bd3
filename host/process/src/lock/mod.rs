//! `phasegate.lock`: what each plugin from a file was when somebody agreed to it, so that another component, or one that
//! wants more, does not slip into a run unseen.
//!
//! A plugin that is named for the first time is taken as it is: a person has just written down its path and its grants.
//! From then on [`Lock::check`] tells every new digest, and whatever it asks for or would be given beyond what was agreed
//! to. Asking for less is no change. Fails with [`SourceError`], which says the line.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::manifest::Manifest;
use crate::pipeline::Grants;
use crate::source::{self, Source, SourceError};
use crate::{Digest, PluginName};

/// The file's name; it lies beside the configuration.
pub const LOCK_FILE: &str = "phasegate.lock";
/// The version of the file that this host writes and reads.
const FORMAT: u32 = 1;
const HEADER: &str = "\
# Written by phasegate; worth committing. A run in which one of these plugins is another component, or asks for more,
# stops until `phasegate plugin accept NAME` agrees to it.
";

/// All that was agreed to, by the name that the pipeline has for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock(BTreeMap<PluginName, (Pin, Acceptance)>);

/// What a plugin is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Its version, where its manifest says one.
    pub version: Option<String>,
    /// Its component.
    pub digest: Digest,
    /// What it asks of the operator.
    pub asks: Grants,
    /// What it is given of that.
    pub grants: Grants,
}

/// Who agreed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// A person's name; of a plugin that was named for the first time, who ran it.
    pub by: String,
    /// When, as that person's machine tells the time.
    pub at: String,
    /// Whether a person agreed in so many words; else it was taken as it was when it was first named.
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
    digest: Digest,
    asks: Grants,
    grants: Grants,
    agreed: Acceptance,
}

impl Pin {
    /// What a component with this manifest is, given so much. Without a manifest it asks for what it is given.
    pub fn new(digest: Digest, manifest: Option<&Manifest>, grants: Grants) -> Self {
        let asks = manifest.map_or_else(|| grants.clone(), |manifest| manifest.asks.clone());
        Self { version: manifest.map(|manifest| manifest.version.clone()), digest, asks, grants }
    }
}

/// How a plugin stands to what was agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockStatus {
    /// It was never named before.
    New,
    /// It is what was agreed to, or asks for less.
    Accepted,
    /// It is something else.
    Changed(Box<Change>),
}

/// A plugin that is not what was agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The plugin.
    pub plugin: PluginName,
    /// What was agreed to.
    pub was: Pin,
    /// Who agreed to that.
    pub agreed: Acceptance,
    /// What it is now.
    pub now: Pin,
}

impl Lock {
    /// Reads the file.
    pub fn parse(source: Source<'_>) -> Result<Self, SourceError> {
        let raw: Raw = source::parse(source)?;
        if raw.version != FORMAT {
            let message = format!("this is version {} of the file, and this phasegate knows {FORMAT}", raw.version);
            return Err(source.error_at_top(message, "use the phasegate that wrote it, or a newer one"));
        }
        let pinned = raw.plugins.into_iter().map(|(name, raw)| {
            let RawPin { version, digest, asks, grants, agreed } = raw;
            (name, (Pin { version, digest, asks, grants }, agreed))
        });
        Ok(Self(pinned.collect()))
    }

    /// How a plugin stands to what was agreed to.
    pub fn check(&self, plugin: &PluginName, now: &Pin) -> LockStatus {
        let Some((was, agreed)) = self.0.get(plugin) else { return LockStatus::New };
        let wider =
            !grants_beyond(&now.asks, &was.asks).is_empty() || !grants_beyond(&now.grants, &was.grants).is_empty();
        if was.digest == now.digest && !wider {
            return LockStatus::Accepted;
        }
        let (plugin, was, agreed, now) = (plugin.clone(), was.clone(), agreed.clone(), now.clone());
        LockStatus::Changed(Box::new(Change { plugin, was, agreed, now }))
    }

    /// Notes that somebody agreed to it.
    pub fn accept(&mut self, plugin: PluginName, pin: Pin, agreed: Acceptance) {
        self.0.insert(plugin, (pin, agreed));
    }
}

impl fmt::Display for Lock {
    /// The file's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        writeln!(f, "{HEADER}version = {FORMAT}")?;
        for (name, (pin, agreed)) in &self.0 {
            writeln!(f, "\n[plugins.{name}]")?;
            if let Some(version) = &pin.version {
                writeln!(f, "version = {}", quoted(version))?;
            }
            writeln!(f, "digest = {}\nasks = {}\ngrants = {}", quoted(pin.digest.as_str()), pin.asks, pin.grants)?;
            let Acceptance { by, at, in_words } = agreed;
            writeln!(f, "agreed = {{ by = {}, at = {}, in_words = {in_words} }}", quoted(by), quoted(at))?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    /// A paragraph: from what to what, and what is wider, as `models.deep`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plugin, was, agreed, now } = self;
        write!(f, "plugin `{plugin}` is not what {} agreed to on {}: ", agreed.by, agreed.at)?;
        let version = |pin: &Pin| pin.version.clone().unwrap_or_else(|| pin.digest.short().to_owned());
        if was.digest != now.digest {
            let (from, to) = match version(was) == version(now) {
                true => (was.digest.short().to_owned(), now.digest.short().to_owned()),
                false => (version(was), version(now)),
            };
            write!(f, "{from} → {to} ")?;
        }
        let told = |asked: Vec<String>| asked.join(", ");
        let (asks, given) = (grants_beyond(&now.asks, &was.asks), grants_beyond(&now.grants, &was.grants));
        match (asks.is_empty(), given.is_empty()) {
            (true, true) => write!(f, "asks for no more than before")?,
            (true, false) => write!(f, "would now be given: {}", told(given))?,
            (false, true) => write!(f, "now asks for: {} (of which it would be given nothing new)", told(asks))?,
            (false, false) if asks == given => write!(f, "now asks for: {}", told(asks))?,
            (false, false) => write!(f, "now asks for: {}; it would be given: {}", told(asks), told(given))?,
        }
        let less = grants_beyond(&was.asks, &now.asks);
        if !less.is_empty() {
            write!(f, "; no longer for: {}", told(less))?;
        }
        Ok(())
    }
}

/// What is in `these` and not in `those`, a word each.
fn grants_beyond(these: &Grants, those: &Grants) -> Vec<String> {
    let models = these.models.iter().filter(|tier| !those.models.contains(tier));
    let models = models.map(|tier| format!("models.{}", tier.as_str()));
    let benches = these.test_bench.iter().filter(|language| !those.test_bench.contains(language));
    models.chain(benches.map(|language| format!("test-bench.{language}"))).collect()
}

#[cfg(test)]
mod tests;
