//! `plugins/dist/dist.toml`: what is committed and what it was made of. Sorted by name, so that a change is a small diff.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::member::Member;
use crate::sources;

/// Where it lies, from the repository's root.
pub const PATH: &str = "plugins/dist/dist.toml";
const HEAD: &str =
    "# Written by `cargo xtask plugins`; `cargo xtask plugins --check` compares it with the sources.\n\n";

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dist {
    #[serde(default)]
    component: Vec<Component>,
}

/// One committed component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Its folder's name; of a fixture, `fixtures/NAME`.
    pub name: String,
    /// From the repository's root.
    pub file: String,
    /// Of the uncompressed component.
    pub digest: String,
    /// Of the uncompressed component, in bytes.
    pub size: u64,
    /// Digest of the sources that made it.
    pub sources: String,
}

impl Dist {
    /// What is committed; empty if there is no such file yet.
    pub fn load(root: &Path) -> Result<Self> {
        let path = root.join(PATH);
        if !path.is_file() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(&path).with_context(|| format!("{PATH} cannot be read"))?;
        toml::from_str(&text).with_context(|| format!("{PATH} is not what `cargo xtask plugins` writes"))
    }

    /// Changes what is committed, starting from what lies there now: another build may have written since.
    pub fn change(root: &Path, change: impl FnOnce(&mut Self)) -> Result<()> {
        let mut dist = Self::load(root)?;
        change(&mut dist);
        dist.save(root)
    }

    /// Writes it, sorted.
    pub fn save(&self, root: &Path) -> Result<()> {
        let text = format!("{HEAD}{}", toml::to_string(self)?);
        fs::create_dir_all(root.join("plugins/dist"))?;
        fs::write(root.join(PATH), text).with_context(|| format!("{PATH} cannot be written"))
    }

    /// Every component, by name.
    pub fn components(&self) -> &[Component] {
        &self.component
    }

    /// Adds or replaces one.
    pub fn put(&mut self, component: Component) {
        self.component.retain(|known| known.name != component.name);
        self.component.push(component);
        self.component.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Forgets what is no longer there.
    pub fn keep_only(&mut self, members: &[Member]) {
        self.component.retain(|known| members.iter().any(|member| member.name == known.name));
    }

    /// Why this member's committed component is not what its sources would make, in a sentence.
    pub fn fault(&self, root: &Path, member: &Member) -> Result<Option<String>> {
        let name = &member.name;
        let again = format!("run `cargo xtask plugins {name}` and commit plugins/dist");
        let Some(known) = self.component.iter().find(|known| known.name == *name) else {
            return Ok(Some(format!("{name}: was never built; {again}")));
        };
        if sources::digest(root, &member.made_of)? != known.sources {
            return Ok(Some(format!("{name}: {} is older than its sources; {again}", known.file)));
        }
        if !root.join(&known.file).is_file() {
            return Ok(Some(format!("{name}: {} is missing; {again}", known.file)));
        }
        if sources::digest_of(&read_component(root, &known.file)?) != known.digest {
            return Ok(Some(format!("{name}: {} is not the file that {PATH} describes; {again}", known.file)));
        }
        Ok(None)
    }
}

/// A component's bytes, uncompressed.
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
