//! The components under `plugins/dist`: made of the sources beside them, and described as the host describes them.

use phasegate_test::repository;
use serde_json::Value;

use crate::workspace;

#[test]
fn committed_components_match_their_sources() {
    assert_eq!(xtask::stale(&xtask::root()).unwrap(), Vec::<String>::new());
}

#[test]
fn python_environment_file_matches_the_runner() {
    let dist = repository().join("plugins/dist");
    let runner = dist.join("runner-python.wasm.zst").display().to_string();
    let output = workspace().call(&["plugin", "inspect", "--environment", &runner, "--state", "state"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let file = std::fs::read_to_string(dist.join("runner-python.environment.json")).unwrap();
    assert_eq!(
        output.json(),
        serde_json::from_str::<Value>(&file).unwrap(),
        "write the output of `phasegate plugin inspect --environment plugins/dist/runner-python.wasm.zst` to \
         plugins/dist/runner-python.environment.json"
    );
}

#[test]
fn sdk_has_the_contract_of_the_host() {
    for file in ["host.wit", "models.wit", "plugin.wit", "types.wit"] {
        let read = |folder: &str| std::fs::read_to_string(repository().join(folder).join(file)).unwrap();
        assert_eq!(read("plugins/sdk/wit"), read("wit"), "copy wit/{file} to plugins/sdk/wit");
    }
    assert_eq!(std::fs::read_dir(repository().join("plugins/sdk/wit")).unwrap().count(), 4);
}
