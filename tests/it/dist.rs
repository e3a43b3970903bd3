//! What is committed under `plugins/dist` is made of the sources beside it, and says of itself what the host says of it.

use std::path::Path;
use std::process::Command;

fn dist(file: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist").join(file).display().to_string()
}

#[test]
fn committed_components_match_their_sources() {
    assert_eq!(xtask::stale(&xtask::root()).unwrap(), Vec::<String>::new());
}

#[test]
fn python_environment_file_matches_the_runner() {
    let state = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_phasegate"))
        .args(["plugin", "inspect", "--environment", &dist("runner-python.wasm.zst"), "--state"])
        .arg(state.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let message: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let kept = std::fs::read_to_string(dist("runner-python.environment.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(
        message, kept,
        "write the output of `phasegate plugin inspect --environment plugins/dist/runner-python.wasm.zst` to \
         plugins/dist/runner-python.environment.json"
    );
}
