//! What `plugin new` writes: its unit tests pass, it builds, its cases pass, it runs, and the run replays. Unchanged, for each
//! language with its real tools. Each language is one test, because its tools share their caches.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use phasegate_test::{Output, Workspace};

use super::KINDS;
use super::tools::{build_environment, debian_compiler, plugin_tools};
use crate::PATHS;

/// A new plugin, and the tools that it is made with.
struct Plugin {
    workspace: Workspace,
    name: String,
    kind: &'static str,
    tools: PathBuf,
}

impl Plugin {
    fn new(language: &str, kind: &'static str, tools: &Path) -> Self {
        let workspace = Workspace::with_shared_home(PATHS, "home-of-plugin-templates");
        let name = format!("my-{kind}");
        let output = workspace.call(&["plugin", "new", &name, "--lang", language, "--kind", kind]);
        assert_eq!(output.code, 0, "{}", output.stderr);
        for folder in [".venv", "node_modules"] {
            symlink(tools.join(folder), workspace.path(&name).join(folder)).unwrap();
        }
        Self { workspace, name, kind, tools: tools.to_owned() }
    }

    /// A command in the folder of the plugin, with this machine's programs.
    fn command(&self, mut command: Command) -> Command {
        command.current_dir(self.workspace.path(&self.name));
        command.env("PATH", std::env::var_os("PATH").unwrap()).envs(build_environment(&self.tools));
        command
    }

    fn unit_tests(&self, program: &str, args: &[&str]) {
        let mut command = Command::new(program);
        command.args(args);
        passes(self.command(command));
    }

    /// Calls `phasegate` in the folder of the plugin; it must succeed.
    fn call(&self, args: &[&str]) -> Output {
        passes(self.command(self.workspace.command(args)))
    }

    fn build(&self) {
        let mut command = self.command(self.workspace.command(&["plugin", "build"]));
        command.envs(debian_compiler());
        let built = passes(command);
        assert!(built.stdout.starts_with(&format!("wrote {}.wasm: ", self.name)), "{}", built.stdout);
    }

    /// Does what the README says after the build.
    fn try_out(&self) {
        let tested = self.call(&["plugin", "test"]);
        assert!(tested.stdout.ends_with(" passed\n"), "{}", tested.stdout);
        let component = format!("{}.wasm", self.name);
        match self.kind {
            "agent" | "gate" => {
                self.call(&["plugin", "check", &component]);
                self.call(&["run", "task.toml"]);
                self.call(&["replay"]);
            }
            "runner" => {
                let language = ["--language", &self.name, "--runner", &component];
                self.call(&[&["test", "--code", "example", "--tests", "example/tests"][..], &language].concat());
            }
            _ => {
                self.call(&["plugin", "check", &component]);
            }
        }
    }
}

fn passes(command: Command) -> Output {
    let told = format!("{command:?}");
    let output = Output::from_command(command);
    assert_eq!(output.code, 0, "{told}\n{}{}", output.stdout, output.stderr);
    output
}

#[test]
fn javascript_templates_work_unchanged() {
    let Some(tools) = plugin_tools() else { return };
    for kind in KINDS {
        let plugin = Plugin::new("javascript", kind, &tools);
        plugin.unit_tests("npm", &["test"]);
        plugin.build();
        plugin.try_out();
    }
}

/// Its reason names the author's line, and the traceback stays with the attempt.
#[test]
fn crash_in_javascript_says_where() {
    let Some(tools) = plugin_tools() else { return };
    let plugin = Plugin::new("javascript", "agent", &tools);
    let source = format!("{}/agent.js", plugin.name);
    let text =
        plugin.workspace.read(&source).replace("work.task().description", "work.task().description.missing.more");
    plugin.workspace.write(&source, &text);
    plugin.build();
    let line = text.lines().position(|line| line.contains("missing.more")).unwrap() + 1;
    let run = Output::from_command(plugin.command(plugin.workspace.command(&["run", "task.toml"])));
    let reason = format!("panicked: TypeError: cannot read property 'more' of undefined (agent.js:{line})");
    assert!(run.stderr.contains(&reason) || run.stdout.contains(&reason), "{}{}", run.stdout, run.stderr);
    let shown = plugin.call(&["show"]).stdout;
    assert!(
        shown.contains("log: TypeError: cannot read property") && shown.contains("log: at run (/agent.js"),
        "{shown}"
    );
}

#[test]
fn missing_exports_of_javascript_are_named() {
    let Some(tools) = plugin_tools() else { return };
    let plugin = Plugin::new("javascript", "strategy", &tools);
    let entry = format!("{}/component.js", plugin.name);
    let text = plugin.workspace.read(&entry).replace("const feedback", "const decide2");
    plugin.workspace.write(&entry, text);
    let built = Output::from_command(plugin.command(plugin.workspace.command(&["plugin", "build"])));
    let told = "error[PG-0316]: component.js does not export `feedback`, as its world in wit/ says\n";
    assert!(built.code == 1 && built.stderr.contains(told), "{}", built.stderr);
}

#[test]
fn typescript_templates_work_unchanged() {
    let Some(tools) = plugin_tools() else { return };
    for kind in KINDS {
        let plugin = Plugin::new("typescript", kind, &tools);
        plugin.unit_tests("npm", &["test"]);
        plugin.build();
        plugin.try_out();
    }
}

/// The agent is tried in `languages_share_a_run_that_replays`: the host compiles 18 MB for each component in Python.
#[test]
fn python_templates_work_unchanged() {
    let Some(tools) = plugin_tools() else { return };
    for kind in ["gate", "strategy", "runner"] {
        let plugin = Plugin::new("python", kind, &tools);
        plugin.unit_tests("python3", &["-B", "-m", "unittest"]);
        plugin.build();
        if kind == "strategy" {
            plugin.try_out();
        }
    }
}

#[test]
fn rust_templates_work_unchanged() {
    let Some(tools) = plugin_tools() else { return };
    for kind in KINDS {
        let plugin = Plugin::new("rust", kind, &tools);
        plugin.unit_tests("cargo", &["test", "--quiet"]);
        plugin.build();
        plugin.try_out();
    }
}

const MIXED: &str = r#"name = "mixed"
[feedback]
strategy = "my-strategy"
settings = { patience = 1 }

[[phase]]
name = "my-agent"
agent = "my-agent"
reads = ["task_requirements"]
produces = [{ name = "my_agent", kind = "my_agent" }]

[[phase]]
name = "my-gate"
agent = "my-gate"
reads = ["task_requirements"]
[phase.gate]
report = "my_gate_report"
fails_at = { high = 1 }
may_revise = ["my-agent"]

[plugins.my-agent]
path = "my-agent.wasm"
grants = { models = ["default"] }
[plugins.my-gate]
path = "my-gate.wasm"
grants = { models = ["default"] }
[plugins.my-strategy]
path = "my-strategy.wasm"
"#;

const MIXED_ANSWERS: &str = r#"
[[answer]]
label = "summary"
text = '{"summary": "A median function.", "questions": []}'
[[answer]]
label = "unclear"
attempt = 1
text = '{"unclear": [{"quote": "quickly", "question": "In what time?", "blocks": true}]}'
[[answer]]
label = "unclear"
text = '{"unclear": []}'
"#;

/// An agent in Python, a gate and a strategy in JavaScript: the gate fails, and the strategy sends the agent back.
#[test]
fn languages_share_a_run_that_replays() {
    let Some(tools) = plugin_tools() else { return };
    let project = Workspace::with_shared_home(PATHS, "home-of-plugin-templates").with_files(&[
        ("pipeline.toml", MIXED),
        ("answers.toml", MIXED_ANSWERS),
        ("phasegate.toml", "pipeline = \"pipeline.toml\"\n[models]\ndefault = \"scripted:answers.toml\"\n"),
        ("task.toml", "task_id = \"MIXED-1\"\ndescription = \"Sort the list quickly.\"\n"),
    ]);
    for (language, kind) in [("python", "agent"), ("javascript", "gate"), ("javascript", "strategy")] {
        let plugin = Plugin::new(language, kind, &tools);
        plugin.build();
        if language == "python" {
            plugin.unit_tests("python3", &["-B", "-m", "unittest"]);
            plugin.try_out();
        }
        let component = format!("{}.wasm", plugin.name);
        let built = plugin.workspace.path(&plugin.name).join(&component);
        std::fs::copy(built, project.path(&component)).unwrap();
    }
    let run = project.call(&["run", "task.toml", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let reworked = run.events_named("feedback_decided").next().unwrap();
    let instructions = &reworked["decided"]["revise"]["rework"][0]["feedback"]["instructions"];
    assert!(instructions.as_str().unwrap().contains("A part of the task is unclear: In what time?"), "{reworked}");
    let replayed = project.call(&["replay", &run.run_id()]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
}
