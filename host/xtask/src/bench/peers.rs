//! Installs the peers into `target/bench`, from their package registries.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::side::Side;

/// The peers that are installed, each with the versions of its packages.
#[derive(Debug, Default)]
pub struct Peers(BTreeMap<&'static str, Vec<String>>);

/// Installs the peers that are wanted. Says on stderr which of them cannot be installed, and why.
pub fn install(root: &Path, is_wanted: impl Fn(Side) -> bool) -> Peers {
    let mut peers = Peers::default();
    for side in [Side::LangGraph, Side::PydanticAi, Side::Restate] {
        if !is_wanted(side) {
            continue;
        }
        eprintln!("installing {} into target/bench", side.name());
        let installed = match side {
            Side::Restate => install_node(root, side),
            _ => install_python(root, side),
        };
        match installed {
            Ok(versions) => {
                peers.0.insert(side.name(), versions);
            }
            Err(error) => eprintln!("left out: {}: {error:#}", side.name()),
        }
    }
    peers
}

impl Peers {
    /// Whether a peer is installed.
    pub fn has(&self, side: Side) -> bool {
        self.0.contains_key(side.name())
    }

    /// Returns the versions of all installed packages that the peers name.
    pub fn versions(&self) -> Vec<String> {
        self.0.values().flatten().cloned().collect()
    }

    /// Returns the command that measures a peer, without arguments.
    pub fn command(&self, root: &Path, side: Side) -> Command {
        let installed = folder(root, side);
        if side == Side::Restate {
            let mut node = Command::new("node");
            node.arg("measure.mjs").current_dir(installed);
            return node;
        }
        let mut python = Command::new(installed.join("bin/python"));
        python.arg("-B").arg(sources(root, side).join("measure.py"));
        python
    }
}

fn sources(root: &Path, side: Side) -> PathBuf {
    root.join("benches/peers").join(side.name())
}

fn folder(root: &Path, side: Side) -> PathBuf {
    root.join("target/bench").join(side.name())
}

fn install_python(root: &Path, side: Side) -> Result<Vec<String>> {
    let (environment, requirements) = (folder(root, side), sources(root, side).join("requirements.txt"));
    call(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let pip = || {
        let mut pip = Command::new(environment.join("bin/python"));
        pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]);
        pip
    };
    call(pip().arg("install").arg("--requirement").arg(&requirements))?;
    let version = Command::new(environment.join("bin/python")).arg("--version").output()?;
    let python = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let pinned = fs::read_to_string(requirements)?;
    let pinned = pinned.lines().map(|line| line.replace("==", " "));
    Ok(pinned.chain([python]).collect())
}

fn install_node(root: &Path, side: Side) -> Result<Vec<String>> {
    let folder = folder(root, side);
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json", "measure.mjs", "service.mjs"] {
        fs::copy(sources(root, side).join(file), folder.join(file))?;
    }
    call(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    let package: serde_json::Value = serde_json::from_str(&fs::read_to_string(folder.join("package.json"))?)?;
    let packages = package.get("dependencies").and_then(|it| it.as_object()).into_iter().flatten();
    let packages = packages.map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or_default()));
    let version = Command::new("node").arg("--version").output()?;
    let node = format!("Node {}", String::from_utf8_lossy(&version.stdout).trim());
    Ok(packages.chain([node]).collect())
}

/// Runs a command to its end; its errors become the error.
fn call(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("`{name}` cannot be started"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("`{name}` failed: {}", errors.lines().next_back().unwrap_or("without a word"));
    }
    Ok(())
}
