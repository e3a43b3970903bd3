//! `phasegate.lock` beside the configuration: read before a run is made, written when a plugin is named for the first time
//! and when a person agrees to a change.
//!
//! It is about the plugins that come from files. Those of the binary are the host's own and change with it; a component
//! that a command line names was named by the person who typed it. What nobody agreed to gets no further than being read:
//! it is neither kept nor compiled. Fails with [`Error::NotAgreed`], one paragraph a plugin, and then no run was made.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use phasegate_journal::{Blob, Journal};
use phasegate_process::lock::{Agreed, Change, LOCK_FILE, Lock, Pin, Standing};
use phasegate_process::pipeline::Pipeline;
use phasegate_process::source::{Source, did_you_mean};
use phasegate_process::{Digest, PluginName};
use phasegate_sandbox::{LoadError, inspect, manifest};

use crate::Error;
use crate::components::Origin;
use crate::config::{Config, ConfigFault, LoadedPipeline};
use crate::writer::read_blob;

/// What a plugin of this pipeline is now; it has to come from a file.
pub fn pin_of(pipeline: &LoadedPipeline, plugin: &PluginName) -> Result<Pin, Error> {
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
    let blob = Origin::of(pipeline, plugin, dir).read(plugin)?;
    let inspection = inspect(&blob.bytes).map_err(|source| LoadError::Inspect { plugin: plugin.clone(), source })?;
    inspection.granted(plugin, &pipeline.grants(plugin))?;
    Ok(pin(pipeline, plugin, blob.digest, &blob.bytes))
}

/// What a component is as this plugin, by what it says of itself. What cannot be read says nothing; it is refused where it
/// is loaded.
fn pin(pipeline: &Pipeline, plugin: &PluginName, digest: Digest, component: &[u8]) -> Pin {
    let (manifest, grants) = (manifest(component).ok().flatten(), pipeline.grants(plugin));
    let given = manifest.as_ref().map_or_else(|| grants.clone(), |manifest| manifest.granted(&grants));
    Pin::of(digest, manifest.as_ref(), given)
}

/// Those of these components that come from files and were never named before; an error if one is not what was agreed to.
/// Their bytes are in `blobs` or in the journal. Those that were typed are let pass.
pub(crate) fn check<'a>(
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
    for (name, digest) in components.iter().filter(|(name, _)| from_file(name) && !typed.contains(name)) {
        let pin = match blobs.iter().find(|blob| blob.digest == *digest) {
            Some(blob) => pin(pipeline, name, digest.clone(), &blob.bytes),
            None => pin(pipeline, name, digest.clone(), &read_blob(journal, digest)?),
        };
        pins.push((name.clone(), pin));
    }
    LockFile::of(config)?.check(pins)
}

/// The file, and what is in it.
pub struct LockFile {
    path: PathBuf,
    lock: Lock,
}

impl LockFile {
    /// The one of this configuration; an empty one where there is none yet.
    pub fn of(config: &Config) -> Result<Self, ConfigFault> {
        let path = config.lock.clone();
        let lock = match std::fs::read_to_string(&path) {
            Ok(text) => Lock::parse(Source { file: LOCK_FILE, text: &text })?,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Lock::default(),
            Err(why) => return Err(unusable(&path, &why, "make it readable, or take it away to agree to all anew")),
        };
        Ok(Self { path, lock })
    }

    /// Those of these plugins that were never named before; an error if one is not what was agreed to.
    fn check(&self, pins: Vec<(PluginName, Pin)>) -> Result<Vec<(PluginName, Pin)>, Error> {
        let mut new = Vec::new();
        let mut changes = Vec::new();
        for (plugin, pin) in pins {
            match self.lock.check(&plugin, &pin) {
                Standing::New => new.push((plugin, pin)),
                Standing::Agreed => {}
                Standing::Changed(change) => changes.push(*change),
            }
        }
        if changes.is_empty() { Ok(new) } else { Err(Error::NotAgreed(changes)) }
    }

    /// How a plugin stands to what was agreed to.
    pub fn standing(&self, plugin: &PluginName, pin: &Pin) -> Standing {
        self.lock.check(plugin, pin)
    }

    /// Notes that a person agreed to these, and writes the file.
    pub fn accept(&mut self, pins: Vec<(PluginName, Pin)>, by: &str) -> Result<(), ConfigFault> {
        self.note(pins, by, true)
    }

    fn note(&mut self, pins: Vec<(PluginName, Pin)>, by: &str, in_words: bool) -> Result<(), ConfigFault> {
        let at = httpdate::fmt_http_date(SystemTime::now());
        for (plugin, pin) in pins {
            self.lock.agree(plugin, pin, Agreed { by: by.to_owned(), at: at.clone(), in_words });
        }
        let hint = "the plugins of a run are pinned there; make the folder writable, or put a written file there";
        self.write().map_err(|why| unusable(&self.path, &why, hint))
    }

    /// Whole, by renaming.
    fn write(&self) -> std::io::Result<()> {
        let new = self.path.with_extension(format!("lock.{}", std::process::id()));
        let mut file = std::fs::File::create(&new)?;
        let written = file.write_all(self.lock.to_string().as_bytes()).and_then(|()| std::fs::rename(&new, &self.path));
        if written.is_err() {
            let _ = std::fs::remove_file(&new);
        }
        written
    }
}

fn unusable(path: &Path, why: &std::io::Error, hint: &'static str) -> ConfigFault {
    ConfigFault::Io { file: path.display().to_string(), reason: why.to_string(), hint }
}

/// Notes plugins that were named for the first time; without any, nothing is written. Runs that begin at the same time in
/// one process do so one after the other.
pub(crate) fn note_first(config: &Config, pins: Vec<(PluginName, Pin)>, by: &str) -> Result<(), Error> {
    static WRITING: Mutex<()> = Mutex::new(());
    if pins.is_empty() {
        return Ok(());
    }
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut file = LockFile::of(config)?;
    let still_new = file.check(pins)?;
    if still_new.is_empty() { Ok(()) } else { Ok(file.note(still_new, by, false)?) }
}

/// All changes, a paragraph each.
pub(crate) fn told(changes: &[Change]) -> String {
    let names: Vec<&str> = changes.iter().map(|change| change.plugin.as_str()).collect();
    let words: Vec<String> = changes.iter().map(Change::to_string).collect();
    let accept = names.iter().map(|name| format!("`phasegate plugin accept {name}`")).collect::<Vec<_>>().join(", ");
    format!(
        "{}\nhint: look at what changed; {accept} agrees to it, with --config and --pipeline as here",
        words.join("\n")
    )
}
