//! Builds a plugin in Rust: `cargo build` for a target of WebAssembly.

use std::path::{Path, PathBuf};

use phasegate_runtime::ErrorCode;
use serde_json::Value;

use super::tool::{Tool, missing};
use crate::exit::Failure;
use crate::terminal::printer::Printer;

const INSTALL: &str = "install Rust with rustup";

/// Returns the module or component that cargo wrote.
pub fn build(dir: &Path, target: &str, printer: &Printer) -> Result<PathBuf, Failure> {
    let cargo = Tool::from_environment("CARGO", "cargo", dir, INSTALL)?;
    check_target(dir, target)?;
    cargo.run(|command| command.args(["build", "--release", "--target", target]), dir, printer)?;
    let metadata = cargo.output(&["metadata", "--format-version", "1", "--no-deps", "--offline"], dir);
    let metadata: Option<Value> = metadata.and_then(|text| serde_json::from_str(&text).ok());
    let made = metadata.and_then(|metadata| find_library(&metadata, dir, target));
    made.ok_or_else(|| {
        Failure::check_failed("the package has no library of crate type `cdylib`")
            .with_code(ErrorCode::BuildFailed)
            .with_hint("add [lib] with crate-type = [\"cdylib\"] to Cargo.toml")
    })
}

/// Fails if the standard library for the target is not installed, unless `CARGO_UNSTABLE_BUILD_STD` makes cargo compile it.
fn check_target(dir: &Path, target: &str) -> Result<(), Failure> {
    if std::env::var_os("CARGO_UNSTABLE_BUILD_STD").is_some() {
        return Ok(());
    }
    let rustc = Tool::from_environment("RUSTC", "rustc", dir, INSTALL)?;
    let libraries = rustc.output(&["--print", "target-libdir", "--target", target], dir);
    match libraries.is_some_and(|folder| Path::new(&folder).is_dir()) {
        true => Ok(()),
        false => Err(missing(
            &format!("the Rust compiler has no standard library for {target}"),
            &format!("rustup target add {target}\nwithout rustup, see docs/plugins/rust.md"),
        )),
    }
}

/// Returns the path of the `cdylib` of the package in this folder.
fn find_library(metadata: &Value, dir: &Path, target: &str) -> Option<PathBuf> {
    let manifest = std::fs::canonicalize(dir.join("Cargo.toml")).ok()?;
    let is_here = |package: &&Value| {
        let path = package.get("manifest_path").and_then(Value::as_str);
        path.and_then(|path| std::fs::canonicalize(path).ok()).is_some_and(|path| path == manifest)
    };
    let is_library = |target: &&Value| {
        let types = target.get("crate_types").and_then(Value::as_array);
        types.is_some_and(|types| types.iter().any(|one| one == "cdylib"))
    };
    let package = metadata.get("packages")?.as_array()?.iter().find(is_here)?;
    let library = package.get("targets")?.as_array()?.iter().find(is_library)?;
    let name = library.get("name")?.as_str()?.replace('-', "_");
    let folder = PathBuf::from(metadata.get("target_directory")?.as_str()?);
    Some(folder.join(target).join("release").join(format!("{name}.wasm")))
}
