//! `phasegate.lock` beside the configuration: read before a run is made, written when a plugin is named for the first time
//! and when a person agrees to a change.
//!
//! It is about the plugins that come from files. Those of the binary are the host's own and change with it; a component
//! that a command line names was named by the person who typed it. What nobody agreed to gets no further than being read:
//! it is neither kept nor compiled. Where the configuration is `locked`, nothing is taken for the first time, and what was
//! typed has to be in the file too. Fails with [`Error::NotAgreed`] and [`Error::NotKnown`], one paragraph a plugin, and then
//! no run was made.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use phasegate_journal::{Blob, Journal};
use phasegate_process::lock::{Acceptance, LOCK_FILE, Lock, LockStatus, Pin};
use phasegate_process::pipeline::Pipeline;
use phasegate_process::source::{Source, did_you_mean};
use phasegate_process::{Digest, PluginName};
use phasegate_sandbox::{LoadError, inspect, manifest};

use crate::config::file::Config;
use crate::config::pipeline::LoadedPipeline;
use crate::error::Error;
use crate::error::config::ConfigFault;
use crate::plugins::source::ComponentSource;
use crate::store::blobs::read_blob;

/// What a plugin of this pipeline is now; it has to come from a file.
pub fn compute_pin(pipeline: &LoadedPipeline, plugin: &PluginName) -> Result<Pin, Error> {
    let LoadedPipeline { pipeline, dir, .. } = pipeline;
    let from_files = pipeline.plugins.iter().filter(|(_, used)| used.path.is_some()).map(|(name, _)| name.as_str());
    let known: Vec<&str> = from_files.collect();
    if !known.contains(&plugin.as_str()) {
        let hint = match known.is_empty() {
            true => "all its plugins are the host's own".to_owned(),
            false => did_you_mean(plugin.as_str(), &known),
        };
        let name = &pipeline.name;
        return Err(Error::NotNow(format!("pipeline `{name}` takes no plugin `{plugin}` from a file\nhint: {hint}")));
    }
    let blob = ComponentSource::from_pipeline(pipeline, plugin, dir).read(plugin)?;
    let inspection = inspect(&blob.bytes).map_err(|source| LoadError::Inspect { plugin: plugin.clone(), source })?;
    inspection.effective_grants(plugin, &pipeline.grants(plugin))?;
    Ok(pin(pipeline, plugin, blob.digest, &blob.bytes))
}

/// What a component is as this plugin, by what it says of itself. What cannot be read says nothing; it is refused where it
/// is loaded.
fn pin(pipeline: &Pipeline, plugin: &PluginName, digest: Digest, component: &[u8]) -> Pin {
    let (manifest, grants) = (manifest(component).ok().flatten(), pipeline.grants(plugin));
    let given = manifest.as_ref().map_or_else(|| grants.clone(), |manifest| manifest.granted(&grants));
    Pin::new(digest, manifest.as_ref(), given)
}

/// Those of these components that come from files and were never named before; an error if one is not what was agreed to.
/// Their bytes are in `blobs` or in the journal. Those that were typed are let pass, unless only what is known may run.
pub(crate) fn check_components<'a>(
    config: &Config,
    pipeline: &Pipeline,
    components: &BTreeMap<PluginName, Digest>,
    typed: impl IntoIterator<Item = &'a PluginName>,
    blobs: &[Blob],
    journal: &dyn Journal,
) -> Result<Vec<(PluginName, Pin)>, Error> {
    let typed: Vec<&PluginName> = typed.into_iter().collect();
    let from_file = |name: &PluginName| pipeline.plugins.get(name).is_some_and(|plugin| plugin.path.is_some());
    let mut pins = Vec::new();
    let is_asked_for = |name: &PluginName| from_file(name) && (config.locked || !typed.contains(&name));
    for (name, digest) in components.iter().filter(|(name, _)| is_asked_for(name)) {
        let pin = match blobs.iter().find(|blob| blob.digest == *digest) {
            Some(blob) => pin(pipeline, name, digest.clone(), &blob.bytes),
            None => pin(pipeline, name, digest.clone(), &read_blob(journal, digest)?),
        };
        pins.push((name.clone(), pin));
    }
    let new = find_new(&load_lock(config)?, pins)?;
    if config.locked && !new.is_empty() { Err(Error::NotKnown(new)) } else { Ok(new) }
}

/// What was agreed to; nothing, where there is no file yet.
pub fn load_lock(config: &Config) -> Result<Lock, ConfigFault> {
    match std::fs::read_to_string(&config.lock) {
        Ok(text) => Ok(Lock::parse(Source { file: LOCK_FILE, text: &text })?),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(Lock::default()),
        Err(why) => {
            let hint = "make it readable, or take it away to agree to all anew";
            Err(ConfigFault::Io { file: config.lock.display().to_string(), reason: why.to_string(), hint })
        }
    }
}

/// Those that were never named before; an error if one is not what was agreed to.
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

/// Notes that a person agreed to these.
pub fn accept(config: &Config, pins: Vec<(PluginName, Pin)>, by: &str) -> Result<(), Error> {
    update(config, by, true, |_| Ok(pins))
}

/// Notes plugins that were named for the first time; without any, nothing is written.
pub(crate) fn record_first_use(config: &Config, pins: Vec<(PluginName, Pin)>, by: &str) -> Result<(), Error> {
    if pins.is_empty() { Ok(()) } else { update(config, by, false, |lock| find_new(lock, pins)) }
}

/// Notes whatever of it is chosen. From the reading to the writing nobody else writes the file.
fn update(
    config: &Config,
    by: &str,
    in_words: bool,
    choose: impl FnOnce(&Lock) -> Result<Vec<(PluginName, Pin)>, Error>,
) -> Result<(), Error> {
    let unwritable = |why: std::io::Error| {
        let file = config.lock.display();
        let hint = "the plugins of a run are pinned there; make the folder writable, or put a written file there";
        Error::NotNow(format!("{file} cannot be written: {why}\nhint: {hint}"))
    };
    let draft = Draft::open(&config.lock).map_err(unwritable)?;
    let mut lock = load_lock(config)?;
    let pins = choose(&lock)?;
    if pins.is_empty() {
        return Ok(());
    }
    let at = httpdate::fmt_http_date(SystemTime::now());
    for (plugin, pin) in pins {
        lock.accept(plugin, pin, Acceptance { by: by.to_owned(), at: at.clone(), in_words });
    }
    draft.publish(&lock.to_string(), &config.lock).map_err(unwritable)
}

/// The file that is to take the place of another, under one name for all processes. Only who has locked it may write, rename
/// or remove it; what a killed process left of one is taken over.
struct Draft {
    path: PathBuf,
    file: File,
    published: bool,
}

impl Draft {
    /// Waits until nobody else has it.
    fn open(target: &Path) -> std::io::Result<Self> {
        let path = target.with_added_extension("new");
        loop {
            let file = File::options().write(true).create(true).truncate(false).open(&path)?;
            file.lock()?;
            // Whoever had it before has renamed or removed it.
            let (ours, there) = (file.metadata()?, std::fs::metadata(&path));
            if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
                return Ok(Self { path, file, published: false });
            }
        }
    }

    fn publish(mut self, text: &str, target: &Path) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all(text.as_bytes())?;
        // Else a power cut could leave an empty file under the name of the full one.
        self.file.sync_all()?;
        std::fs::rename(&self.path, target)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn who_agrees_at_the_same_time_loses_nothing_of_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::parse("phasegate.toml", "", dir.path()).unwrap();
        // What a process left that was killed while it wrote.
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
