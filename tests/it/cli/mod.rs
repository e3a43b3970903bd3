//! The command line as a person meets it: whole outputs with their exit codes.
//!
//! What is different at each run (folders, digests, sizes) is replaced before it is compared. Runs of whole tasks are in
//! `scenarios.rs`; here nothing ever starts.

mod init;
mod pipelines;
mod plugin_inspect;
mod run;

use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use tempfile::TempDir;

const TASK: &str = "task_id = \"TASK-1\"\ndescription = \"Parse durations such as 1h30m\"\n";
const SCRIPTED: &str = "[models]\ndefault = \"scripted:answers.toml\"\n";

/// An empty folder to call `phasegate` in, with no key and no model anywhere.
struct Workspace(TempDir);

impl Workspace {
    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let workspace = Self::empty();
        for (name, text) in files {
            let path = workspace.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        workspace
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Exit code, stdout and stderr of a call.
    fn render(&self, args: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_phasegate"))
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("USER", "ada")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| self.plain(&String::from_utf8_lossy(bytes));
        let code = output.status.code().unwrap();
        format!("{}exit {code}\n{}", text(&output.stdout), text(&output.stderr))
    }

    /// Calls, and makes sure that nothing was recorded or written.
    fn reject(&self, args: &[&str]) -> String {
        let before = self.entries();
        let message = self.render(args);
        assert!(message.contains("exit 2\n"), "{message}");
        assert_eq!(self.entries(), before, "something was written");
        message
    }

    fn entries(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn plain(&self, text: &str) -> String {
        let here = std::fs::canonicalize(self.path()).unwrap();
        let fixtures = fixture("").display().to_string();
        let text = text.replace(here.to_str().unwrap(), "HERE").replace(&fixtures, "FIXTURES/");
        text.lines().map(|line| without_figures(line) + "\n").collect()
    }
}

/// Digests and sizes of components change whenever one is rebuilt.
fn without_figures(line: &str) -> String {
    match line.split_once(' ') {
        Some(("digest", rest)) => format!("digest{}…", " ".repeat(1 + rest.len() - rest.trim_start().len())),
        Some(("size", rest)) => format!("size{}…", " ".repeat(1 + rest.len() - rest.trim_start().len())),
        _ => line.to_owned(),
    }
}

fn fixture(name: &str) -> std::path::PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist/fixtures");
    std::fs::canonicalize(root).unwrap().join(name)
}

#[test]
fn suggests_the_command_for_a_misspelt_one() {
    assert_snapshot!(Workspace::empty().reject(&["rnu"]), @r"
    exit 2
    error: unrecognized subcommand 'rnu'

      tip: a similar subcommand exists: 'runs'

    Usage: phasegate [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn commands_without_runs_create_no_state_folder() {
    let workspace = Workspace::empty();
    assert_snapshot!(workspace.render(&["runs"]), @r"
    no runs in .phasegate
    exit 0
    ");
    assert_snapshot!(workspace.render(&["runs", "--json"]), @r"
    []
    exit 0
    ");
    assert_snapshot!(workspace.render(&["pip", "list"]), @r"
    no improvement proposals in .phasegate
    exit 0
    ");
    assert_snapshot!(workspace.reject(&["show", "task-1-abcdef"]), @r"
    exit 2
    error: there are no runs in .phasegate
    hint: `phasegate run` starts one; if yours are elsewhere, name the folder with --state DIR
    ");
    for command in ["resume", "cancel", "approve", "reject", "override", "abort"] {
        let message = workspace.reject(&[command, "task-1-abcdef"]);
        assert!(message.contains("error: there are no runs in .phasegate\nhint: "), "{message}");
    }
    assert_eq!(workspace.entries(), Vec::<String>::new());
}
