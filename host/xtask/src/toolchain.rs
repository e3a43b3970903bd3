//! Finds a compiler for WebAssembly on this machine: the standard one with the wasm target, else a Linux distribution's
//! `rustc-web`, which builds the standard library from source. If there is none, the error says what to install.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The target of every plugin.
pub const TARGET: &str = "wasm32-unknown-unknown";

const INSTALL: &str = "no compiler for wasm32-unknown-unknown was found
hint: `rustup target add wasm32-unknown-unknown`; or, on Debian and without rustup's target:
      `apt-get install --no-install-recommends rustc-web cargo-web rust-web-src lld`
note: only building plugins needs this; the built ones are committed under plugins/dist";

/// A way to compile plugins.
#[derive(Debug, Clone)]
pub enum Toolchain {
    /// `cargo` with the wasm target installed.
    Standard {
        /// The folder that `rustc --print sysroot` prints.
        sysroot: PathBuf,
    },
    /// A distribution's compiler with the sources of its standard library.
    FromSource {
        /// The folder that `rustc --print sysroot` prints.
        sysroot: PathBuf,
        /// The path of `wasm-ld`.
        linker: PathBuf,
    },
}

/// Returns the first toolchain that exists on this machine.
pub fn find() -> Result<Toolchain> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    if let Some(sysroot) = sysroot(&rustc)
        && sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir()
    {
        return Ok(Toolchain::Standard { sysroot });
    }
    let linker = linker();
    match (sysroot("/usr/bin/rustc".as_ref()), linker) {
        (Some(sysroot), Some(linker)) if sysroot.join("lib/rustlib/src/rust/library").is_dir() => {
            Ok(Toolchain::FromSource { sysroot, linker })
        }
        _ => bail!(INSTALL),
    }
}

fn sysroot(rustc: &OsStr) -> Option<PathBuf> {
    let output = Command::new(rustc).args(["--print", "sysroot"]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(path.trim()))
}

fn linker() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.iter().map(|place| place.join("wasm-ld")).find(|file| file.is_file()).or_else(|| {
        let mut versioned: Vec<PathBuf> = std::fs::read_dir("/usr/bin")
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .filter(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("wasm-ld-")))
            .collect();
        versioned.sort();
        versioned.pop()
    })
}

impl Toolchain {
    /// Builds a package; returns the path of its core module.
    pub fn build(&self, root: &Path, folder: &Path, package: &str, library: &str) -> Result<PathBuf> {
        let target = root.join("plugins/target");
        let mut cargo = self.cargo();
        cargo
            .current_dir(root.join(folder))
            .args([
                "build",
                "--release",
                "--locked",
                "--quiet",
                "--target",
                TARGET,
                "--package",
                package,
                "--target-dir",
            ])
            .arg(&target)
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags(root)?);
        if let Self::FromSource { .. } = self {
            cargo.arg("-Zbuild-std=std,panic_abort");
        }
        let status = cargo.status().context("cargo could not be started")?;
        if !status.success() {
            bail!(
                "{}: `cargo build --target {TARGET} --package {package}` failed, see its output above\n\
                 hint: if the lock file is out of date, as for a new plugin, run `cargo check` in that folder",
                folder.display()
            );
        }
        Ok(target.join(TARGET).join("release").join(format!("{library}.wasm")))
    }

    fn cargo(&self) -> Command {
        let mut cargo = match self {
            Self::Standard { .. } => Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
            Self::FromSource { .. } => {
                let mut cargo = Command::new("/usr/bin/cargo");
                cargo.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1").env_remove("RUSTUP_TOOLCHAIN");
                cargo
            }
        };
        // These belong to the cargo that runs this program, not to the one that is started.
        cargo.env_remove("CARGO").env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
        cargo
    }

    /// Returns the compiler flags that keep the build folder out of the component, and the linker.
    fn flags(&self, root: &Path) -> Result<OsString> {
        let (sysroot, linker) = match self {
            Self::Standard { sysroot } => (sysroot, None),
            Self::FromSource { sysroot, linker } => (sysroot, Some(linker)),
        };
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).context("the home folder is unknown")?;
        let mut flags = Vec::new();
        // Cargo names these folders after the registry. Of two prefixes that match, the compiler uses the later one.
        let registries = std::fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
        let registries: Vec<PathBuf> = registries.map(|entry| entry.path()).collect();
        let usual = [(root, "/phasegate"), (home.as_path(), "/cargo"), (sysroot.as_path(), "/rust")];
        for (from, to) in usual.into_iter().chain(registries.iter().map(|folder| (folder.as_path(), "/crates"))) {
            flags.push(join(&["--remap-path-prefix=".as_ref(), from.as_os_str(), "=".as_ref(), to.as_ref()]));
        }
        flags.extend(linker.map(|linker| join(&["-Clinker=".as_ref(), linker.as_os_str()])));
        let flags: Vec<&OsStr> = flags.iter().map(OsString::as_os_str).collect();
        Ok(flags.join("\u{1f}".as_ref()))
    }
}

fn join(parts: &[&OsStr]) -> OsString {
    parts.iter().fold(OsString::new(), |mut whole, part| {
        whole.push(part);
        whole
    })
}
