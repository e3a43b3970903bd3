//! `plugin.toml` in the folder of a plugin.

use std::path::{Path, PathBuf};

use phasegate_files::MAX_TEXT_BYTES;
use phasegate_process::manifest::Manifest;
use phasegate_process::plugin_file::PluginFile;
use phasegate_runtime::ErrorCode;

use crate::exit::Failure;
use crate::paths::display_path;
use crate::terminal::format::describe_read_error;

/// The name of the file.
pub const PLUGIN_FILE: &str = "plugin.toml";

/// The beginning of hints to operators, who did not write the manifest. Left out for its author.
const TO_OTHERS: &str = "its author has to correct plugin.toml; ";

/// Reads and checks the file, so that faults have the lines of the author's own text.
pub fn read_plugin_file(dir: &Path) -> Result<PluginFile, Failure> {
    let file = dir.join(PLUGIN_FILE);
    let name = display_path(&file);
    let text = phasegate_files::read_text(&file, MAX_TEXT_BYTES).map_err(|why| {
        Failure::usage(format!("{name} cannot be read: {}", describe_read_error(&why)))
            .with_code(ErrorCode::UnreadableFile)
            .with_hint("name the folder of a plugin, or begin one with `phasegate plugin new NAME --lang rust`")
    })?;
    let plugin = PluginFile::parse(&name, &text)?;
    if plugin.manifest.is_some() {
        Manifest::parse(&text).map_err(|bad| {
            let place = bad.to_string().replacen("manifest:", &format!("{name}:"), 1);
            invalid_manifest(&place, bad.hint.trim_start_matches(TO_OTHERS).to_owned())
        })?;
    }
    Ok(plugin)
}

/// Returns where the component of a plugin is written, if the file names the plugin.
pub fn component_of(dir: &Path, plugin: &PluginFile) -> Option<PathBuf> {
    let manifest = Manifest::parse(plugin.manifest.as_deref()?).ok()?;
    Some(dir.join(component_name(&manifest)))
}

/// Returns the name of the component's file.
pub fn component_name(manifest: &Manifest) -> String {
    format!("{}.wasm", manifest.name)
}

/// The error about a manifest that components cannot have.
pub fn invalid_manifest(message: &str, hint: String) -> Failure {
    Failure::usage(message).with_code(ErrorCode::NotAPlugin).with_hints(Some(hint))
}
