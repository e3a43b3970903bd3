//! `phasegate.lock`: the plugin files that were accepted, with digest, version and grants.
//!
//! The file is checked before a run is created. It is written when a plugin file is used for the first time, and when a
//! person accepts a change. Bundled plugins are part of the binary and are not listed. A file named on the command line is
//! accepted by that act. With `locked`, every plugin file must be listed, also those from the command line.
//!
//! Guarantees: a component that was not accepted is read, and neither stored nor compiled. Fails with [`Error::NotAgreed`]
//! if a plugin changed and with [`Error::NotLocked`] if `locked` rejects one, before a run is created.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use phasegate_files::replace;
use phasegate_journal::{Blob, Journal};
use phasegate_process::lock::{Acceptance, Lock, LockStatus, Pin};
use phasegate_process::pipeline::Pipeline;
use phasegate_process::source::did_you_mean;
use phasegate_process::{Digest, PluginName};
use phasegate_registry::SignatureState;
use phasegate_sandbox::{LoadError, inspect};

use crate::config::file::Config;
use crate::config::packages::judge_signature;
use crate::config::pipeline::LoadedPipeline;
use crate::config::read_lock::{load_lock, read_lock};
use crate::config::search::check_lock_file;
use crate::config::write_lock::{WriteLock, unwritable};
use crate::error::{Error, ErrorCode};
use crate::plugins::manifests::manifest_of;
use crate::plugins::source::ComponentSource;
use crate::store::blobs::read_blob;

/// Computes the pin of a plugin as its file is now, and judges its signature. Fails if the pipeline does not take this plugin
/// from a file.
pub fn compute_pin(
    config: &Config,
    pipeline: &LoadedPipeline,
    plugin: &PluginName,
) -> Result<(Pin, SignatureState), Error> {
    let LoadedPipeline { pipeline, dir, .. } = pipeline;
    let from_files = pipeline.plugins.iter().filter(|(_, used)| used.path.is_some()).map(|(name, _)| name.as_str());
    let known: Vec<&str> = from_files.collect();
    if !known.contains(&plugin.as_str()) {
        let hint = match known.is_empty() {
            true => "all its plugins are bundled".to_owned(),
            false => did_you_mean(plugin.as_str(), &known),
        };
        let name = &pipeline.name;
        let message = format!("pipeline `{name}` loads no plugin `{plugin}` from a file");
        return Err(Error::rejected(ErrorCode::InvalidCommandLine, message, hint));
    }
    let blob = ComponentSource::from_pipeline(pipeline, plugin, dir).read(plugin)?;
    let inspection = inspect(&blob.bytes).map_err(|source| LoadError::Inspect { plugin: plugin.clone(), source })?;
    inspection.effective_grants(plugin, &pipeline.grants(plugin))?;
    pin(config, pipeline, dir, plugin, &blob.digest, || Ok(&blob.bytes))
}

/// Computes the pin of a component from its manifest and its signature. An unreadable component has a pin without version and
/// is rejected when it is loaded.
fn pin<B: AsRef<[u8]>>(
    config: &Config,
    pipeline: &Pipeline,
    dir: &Path,
    plugin: &PluginName,
    digest: &Digest,
    component: impl Fn() -> Result<B, Error>,
) -> Result<(Pin, SignatureState), Error> {
    let (manifest, grants) = (manifest_of(digest, &component)?, pipeline.grants(plugin));
    let given = manifest.as_ref().map_or_else(|| grants.clone(), |manifest| manifest.granted(&grants));
    let path = pipeline.plugins.get(plugin).and_then(|plugin| plugin.path.as_ref());
    let file = path.map(|path| dir.join(path)).unwrap_or_default();
    let (package, signature) = judge_signature(config, plugin, &file, component)?;
    let signer = signature.signer().map(str::to_owned);
    Ok((Pin { package, signer, ..Pin::new(digest.clone(), manifest.as_deref(), given) }, signature))
}

/// Components that were checked against the lock file.
pub(crate) struct CheckedComponents {
    /// Those that the lock file does not list yet.
    pub(crate) first_named: Vec<(PluginName, Pin)>,
    /// The publishers who signed them.
    pub(crate) signers: BTreeMap<PluginName, String>,
}

/// Checks components against the lock file. Their bytes are in `blobs` or in the
/// journal; paths of the pipeline are relative to `dir`. Components in `typed` (from the command line) are compared only with
/// `locked`. Fails if one changed, or lacks a signature that the user requires.
pub(crate) fn check_components<'a>(
    config: &Config,
    pipeline: &Pipeline,
    dir: &Path,
    components: &BTreeMap<PluginName, Digest>,
    typed: impl IntoIterator<Item = &'a PluginName>,
    blobs: &[Blob],
    journal: &dyn Journal,
) -> Result<CheckedComponents, Error> {
    let typed: Vec<&PluginName> = typed.into_iter().collect();
    let from_file = |name: &PluginName| pipeline.plugins.get(name).is_some_and(|plugin| plugin.path.is_some());
    let (mut pins, mut signers, mut unverified) = (Vec::new(), BTreeMap::new(), Vec::new());
    for (name, digest) in components.iter().filter(|(name, _)| from_file(name)) {
        let component = || match blobs.iter().find(|blob| blob.digest == *digest) {
            Some(blob) => Ok(Cow::Borrowed(blob.bytes.as_ref())),
            None => read_blob(journal, digest).map(Cow::Owned),
        };
        let (pin, signature) = pin(config, pipeline, dir, name, digest, component)?;
        match signature.signer() {
            Some(signer) => {
                signers.insert(name.clone(), signer.to_owned());
            }
            None if config.require_signatures => unverified.push((name.clone(), signature)),
            None => {}
        }
        if config.locked || !typed.contains(&name) {
            pins.push((name.clone(), pin));
        }
    }
    if !unverified.is_empty() {
        return Err(Error::NotVerified(unverified));
    }
    let accepted = read_lock(config)?;
    let first_named = find_new(&accepted, pins)?;
    match config.locked && !first_named.is_empty() {
        true => Err(Error::NotLocked(first_named)),
        false => Ok(CheckedComponents { first_named, signers }),
    }
}

/// Returns the pins that `lock` does not list. Fails if one differs from its entry.
fn find_new(lock: &Lock, pins: Vec<(PluginName, Pin)>) -> Result<Vec<(PluginName, Pin)>, Error> {
    let mut new = Vec::new();
    let mut changes = Vec::new();
    for (plugin, pin) in pins {
        match lock.check(&plugin, &pin) {
            LockStatus::New => new.push((plugin, pin)),
            LockStatus::Accepted => {}
            LockStatus::Changed(change) => changes.push(*change),
        }
    }
    if changes.is_empty() { Ok(new) } else { Err(Error::NotAgreed(changes)) }
}

/// Records that the person `by` accepts these pins, also in place of earlier ones.
pub fn accept(config: &Config, pins: Vec<(PluginName, Pin)>, by: &str) -> Result<(), Error> {
    update(config, by, true, |_| Ok(pins))
}

/// Records the first use of these plugins by `by`. Writes nothing if there are none; fails if one was recorded differently
/// in the meantime.
pub(crate) fn record_first_use(config: &Config, pins: Vec<(PluginName, Pin)>, by: &str) -> Result<(), Error> {
    if pins.is_empty() { Ok(()) } else { update(config, by, false, |lock| find_new(lock, pins)) }
}

/// Adds the chosen pins to the lock file. Other processes are locked out from reading to writing.
fn update(
    config: &Config,
    by: &str,
    in_words: bool,
    choose: impl FnOnce(&Lock) -> Result<Vec<(PluginName, Pin)>, Error>,
) -> Result<(), Error> {
    check_lock_file(&config.lock, &config.trusted)?;
    let _held = WriteLock::take(&config.lock)?;
    let mut lock = load_lock(config)?;
    let pins = choose(&lock)?;
    if pins.is_empty() {
        return Ok(());
    }
    let at = httpdate::fmt_http_date(SystemTime::now());
    for (plugin, pin) in pins {
        lock.accept(plugin, pin, Acceptance { by: by.to_owned(), at: at.clone(), in_words });
    }
    // Other people of the project may read the file, whatever their accounts are.
    replace(&config.lock, lock.to_string().as_bytes(), 0o666).map_err(|why| unwritable(&config.lock, &why))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use phasegate_process::lock::LOCK_FILE;

    use super::*;

    #[test]
    fn keeps_entries_of_concurrent_writers() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::parse("phasegate.toml", "", dir.path()).unwrap();
        // The draft of a process that was killed while it wrote.
        std::fs::write(dir.path().join("phasegate.lock.new"), "version = 1\n[plugins.to").unwrap();
        let pin = || Pin::new(Digest::from_content(b""), None, Default::default());
        let names: Vec<PluginName> = (0..64).map(|number| format!("plugin-{number}").parse().unwrap()).collect();
        std::thread::scope(|threads| {
            for some in names.chunks(8) {
                let config = &config;
                threads.spawn(move || {
                    for name in some {
                        match name.as_str().ends_with('2') {
                            true => accept(config, vec![(name.clone(), pin())], "ann").unwrap(),
                            false => record_first_use(config, vec![(name.clone(), pin())], "ben").unwrap(),
                        }
                    }
                });
            }
        });
        let lock = load_lock(&config).unwrap();
        assert!(names.iter().all(|name| lock.check(name, &pin()) == LockStatus::Accepted), "{lock}");
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, [LOCK_FILE]);
    }
}
