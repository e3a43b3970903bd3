//! `plugin dev`: a build and a trial after each change.

use std::io::{BufRead, BufReader};
use std::process::Child;

use phasegate_test::{Workspace, fixture};

use crate::PATHS;

const CASE: &str = "[failure]\nmay_revise = [\"design\"]\n[expect]\n";

/// A plugin that is built by copying a component of this repository.
fn plugin() -> Workspace {
    let copy = format!("command = [\"/bin/cp\", \"{}\", \"made.wasm\"]", fixture("strategy.wasm").display());
    let file = format!("name = \"mine\"\nversion = \"0.1.0\"\n[build]\n{copy}\nmakes = \"made.wasm\"\n");
    Workspace::with_shared_home(PATHS, "home-of-plugin-cases")
        .with_files(&[("plugin.toml", &file), ("cases/a.toml", CASE)])
}

#[test]
fn once_ends_with_the_exit_of_the_trial() {
    let workspace = plugin();
    let output = workspace.call(&["plugin", "dev", "--once"]);
    assert_eq!((output.code, output.stdout.as_str()), (0, "passed cases/a.toml\n1 case passed\n"), "{}", output.stderr);
    workspace.write("cases/a.toml", CASE.replace("[expect]", "[expect]\ngive_up = \"never\""));
    assert_eq!(workspace.call(&["plugin", "dev", "--once"]).code, 1);
}

/// A process that is ended with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn failed_trials_do_not_end_the_loop() {
    let workspace = plugin();
    workspace.write("plugin.toml", "name = 7\n");
    let mut dev = Running(workspace.command(&["plugin", "dev"]).spawn().unwrap());
    let mut errors = BufReader::new(dev.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(errors.next().unwrap().contains("plugin.toml:1"));
    errors.find(|line| line.starts_with("waiting for changes in ")).unwrap();
    workspace.write(
        "plugin.toml",
        "name = \"mine\"\nversion = \"0.1.0\"\n[build]\ncommand = [\"/bin/false\"]\nmakes = \"x\"\n",
    );
    errors.find(|line| line.contains("`/bin/false` failed")).unwrap();
}
