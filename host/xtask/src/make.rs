//! Builds components and writes them into the repository.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use wit_component::ComponentEncoder;
use zstd::stream::write::Encoder;

use crate::dist::Component;
use crate::member::{Member, Recipe};
use crate::sources;
use crate::toolchain::Toolchain;

/// The largest window that a decoder accepts without options.
const WINDOW_LOG: u32 = 25;
const LEVEL: i32 = 21;

/// Builds the component of a member, in memory.
pub fn compile(root: &Path, member: &Member, toolchain: Option<&Toolchain>) -> Result<Vec<u8>> {
    match (&member.recipe, toolchain) {
        (Recipe::Crate { package, library }, Some(toolchain)) => {
            let module = toolchain.build(root, &member.folder, package, library)?;
            let core = fs::read(&module).with_context(|| format!("cargo did not write {}", module.display()))?;
            wrap(&core).with_context(|| format!("{}: its module cannot become a component", member.name))
        }
        (Recipe::Crate { .. }, None) => bail!("{}: no toolchain", member.name),
        (Recipe::Script, _) => run_script(root, member),
    }
}

/// Writes a component to its file, compressed where the file name says so, and returns its entry in `dist.toml`.
pub fn store(root: &Path, member: &Member, component: &[u8]) -> Result<Component> {
    let path = root.join(&member.file);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let compressed = member.file.extension().is_some_and(|extension| extension == "zst");
    let bytes = if compressed { &compress(component)? } else { component };
    fs::write(&path, bytes).with_context(|| format!("{} cannot be written", member.file.display()))?;
    Ok(Component {
        name: member.name.clone(),
        file: member.file.to_string_lossy().replace('\\', "/"),
        digest: sources::digest_bytes(component),
        size: component.len() as u64,
        sources: sources::digest(root, &member.sources)?,
    })
}

fn wrap(core: &[u8]) -> Result<Vec<u8>> {
    ComponentEncoder::default().validate(true).module(core)?.encode()
}

fn run_script(root: &Path, member: &Member) -> Result<Vec<u8>> {
    let folder = root.join(&member.folder);
    let build = folder.join("build");
    fs::create_dir_all(&build)?;
    let out = build.join("component.wasm");
    let status =
        Command::new("sh").arg("build.sh").arg(&out).current_dir(&folder).status().context("there is no `sh`")?;
    if !status.success() {
        bail!("{}/build.sh failed, see its output above", member.folder.display());
    }
    fs::read(&out).with_context(|| format!("{}/build.sh did not write a component", member.folder.display()))
}

fn compress(component: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = Encoder::new(Vec::new(), LEVEL)?;
    encoder.window_log(WINDOW_LOG)?;
    encoder.long_distance_matching(true)?;
    encoder.include_checksum(true)?;
    encoder.set_pledged_src_size(Some(component.len() as u64))?;
    std::io::Write::write_all(&mut encoder, component)?;
    Ok(encoder.finish()?)
}
