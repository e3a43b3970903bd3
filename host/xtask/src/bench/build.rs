//! The measured programs: builds them and reads their figures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Figures of one measurement, by name.
pub type Figures = BTreeMap<String, f64>;

/// The programs of this repository.
#[derive(Debug)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Takes the programs from a folder, or builds them as they are released.
    pub fn find(root: &Path, folder: Option<&Path>) -> Result<Self> {
        let folder = match folder {
            Some(folder) => std::fs::canonicalize(folder).with_context(|| folder.display().to_string())?,
            None => build(root)?,
        };
        Ok(Self { folder })
    }

    /// Returns the path of a program.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn build(root: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The whole workspace, so that dependencies have the same features as everywhere.
    cargo.args(["build", "--profile", "dist", "--locked", "--workspace", "--bin", "phasegate", "--bin", "measure"]);
    let status = cargo.current_dir(root).status().context("cargo could not be started")?;
    if !status.success() {
        bail!("`cargo build --profile dist` failed, see its output above");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("dist"))
}

/// Runs a program that prints its figures as the last line of its output.
pub fn figures(command: &mut Command) -> Result<Figures> {
    let output = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).output();
    let output = output.with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = errors.lines().rev().take(5).collect();
        bail!("{}: {}", output.status, last.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("no figures in `{line}`"))
}
