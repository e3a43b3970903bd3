//! The tools of the languages that plugins are written in, as `.ci/plugin-tools` installs them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the folder of `.ci/plugin-tools`. Tests that need a tool fail without it if this variable is set.
const TOOLS: &str = "PHASEGATE_TEST_PLUGIN_TOOLS";

/// Returns the folder with `.venv`, `node_modules` and `rust.env`. Prints how to make it and returns `None` without one.
pub fn plugin_tools() -> Option<PathBuf> {
    let named = std::env::var_os(TOOLS).map(PathBuf::from);
    match &named {
        None => println!("skipped: `.ci/plugin-tools DIR` installs the tools; name the folder in {TOOLS}"),
        Some(folder) => assert!(folder.join("node_modules").is_dir(), "{TOOLS} is {}", folder.display()),
    }
    named
}

/// The variables with which `plugin build` and `cargo test` of a new plugin find this machine's toolchain. The folder also has
/// what cargo compiles, so that it is compiled once.
pub fn build_environment(tools: &Path) -> Vec<(&'static str, OsString)> {
    let home = |variable: &str, folder: &str| {
        let named = std::env::var_os(variable);
        named.unwrap_or_else(|| std::env::home_dir().unwrap().join(folder).into())
    };
    vec![
        ("CARGO_HOME", home("CARGO_HOME", ".cargo")),
        ("RUSTUP_HOME", home("RUSTUP_HOME", ".rustup")),
        ("CARGO_TARGET_DIR", tools.join("target").into()),
        // Tests need no small and fast components.
        ("CARGO_PROFILE_RELEASE_LTO", "off".into()),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0".into()),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16".into()),
    ]
}

/// The variables with which Debian's compiler builds the standard library itself, as docs/plugins/rust.md says; none if the
/// target is installed.
pub fn debian_compiler() -> Vec<(&'static str, OsString)> {
    let output =
        Command::new("rustc").args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]).output();
    if output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()) {
        return Vec::new();
    }
    let variables = [
        ("CARGO", "/usr/bin/cargo"),
        ("RUSTC", "/usr/bin/rustc"),
        ("RUSTC_BOOTSTRAP", "1"),
        ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort"),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld"),
    ];
    variables.map(|(name, value)| (name, value.into())).into()
}
