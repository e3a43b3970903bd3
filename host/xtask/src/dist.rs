//! `plugins/dist/dist.toml`: the committed components with the digests of their sources, sorted by name.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::member::Member;
use crate::sources;

/// The path of the file, relative to the root of the repository.
pub const PATH: &str = "plugins/dist/dist.toml";
const HEAD: &str =
    "# Written by `cargo xtask plugins`; `cargo xtask plugins --check` compares it with the sources.\n\n";

/// The content of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dist {
    #[serde(default)]
    component: Vec<Component>,
}

/// One committed component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// The name of the plugin's folder; for a fixture, `fixtures/NAME`.
    pub name: String,
    /// The path of the component, relative to the root of the repository.
    pub file: String,
    /// The SHA-256 of the uncompressed component, as `sha256:…`.
    pub digest: String,
    /// The size of the uncompressed component in bytes.
    pub size: u64,
    /// The digest of the sources that it was built from.
    pub sources: String,
}

impl Dist {
    /// Loads the file; empty if it does not exist.
    pub fn load(root: &Path) -> Result<Self> {
        let path = root.join(PATH);
        if !path.is_file() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(&path).with_context(|| format!("{PATH} cannot be read"))?;
        toml::from_str(&text).with_context(|| format!("{PATH} is not what `cargo xtask plugins` writes"))
    }

    /// Loads the file again, changes it and saves it: another build may have written it meanwhile.
    pub fn change(root: &Path, change: impl FnOnce(&mut Self)) -> Result<()> {
        let mut dist = Self::load(root)?;
        change(&mut dist);
        dist.save(root)
    }

    /// Writes the file.
    pub fn save(&self, root: &Path) -> Result<()> {
        let text = format!("{HEAD}{}", toml::to_string(self)?);
        fs::create_dir_all(root.join("plugins/dist"))?;
        fs::write(root.join(PATH), text).with_context(|| format!("{PATH} cannot be written"))
    }

    /// Returns all components, sorted by name.
    pub fn components(&self) -> &[Component] {
        &self.component
    }

    /// Adds a component, or replaces the one of the same name.
    pub fn put(&mut self, component: Component) {
        self.component.retain(|known| known.name != component.name);
        self.component.push(component);
        self.component.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Removes components that no member builds.
    pub fn retain_members(&mut self, members: &[Member]) {
        self.component.retain(|known| members.iter().any(|member| member.name == known.name));
    }

    /// Returns why the committed component of a member is missing, changed or stale, as a sentence; `None` if it is not.
    pub fn fault(&self, root: &Path, member: &Member) -> Result<Option<String>> {
        let name = &member.name;
        let remedy = format!("run `cargo xtask plugins {name}` and commit plugins/dist");
        let Some(known) = self.component.iter().find(|known| known.name == *name) else {
            return Ok(Some(format!("{name}: was never built; {remedy}")));
        };
        if sources::digest(root, &member.sources)? != known.sources {
            return Ok(Some(format!("{name}: {} is older than its sources; {remedy}", known.file)));
        }
        if !root.join(&known.file).is_file() {
            return Ok(Some(format!("{name}: {} is missing; {remedy}", known.file)));
        }
        if sources::digest_bytes(&read_component(root, &known.file)?) != known.digest {
            return Ok(Some(format!("{name}: {} is not the file that {PATH} describes; {remedy}", known.file)));
        }
        Ok(None)
    }
}

/// Reads a component and decompresses it.
fn read_component(root: &Path, file: &str) -> Result<Vec<u8>> {
    let bytes = fs::read(root.join(file)).with_context(|| format!("{file} cannot be read"))?;
    if !file.ends_with(".zst") {
        return Ok(bytes);
    }
    match zstd::decode_all(bytes.as_slice()) {
        Ok(bytes) => Ok(bytes),
        Err(error) => bail!("{file} cannot be decompressed: {error}"),
    }
}
