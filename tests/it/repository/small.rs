//! A small repository, and a pipeline whose agent changes it without a model.

use std::path::PathBuf;
use std::process::Command;

use phasegate_test::{Output, Workspace, fixture};

/// A workspace whose folder `project` is a repository.
pub struct Small {
    pub workspace: Workspace,
}

/// The files that the agent hands in, as TOML.
pub const CHANGE: &str = r#"
files = [
    { path = "app.lines", content = "answer = 42\n", purpose = "the answer" },
    { path = "docs/new.txt", content = "new\n", purpose = "documents it" },
]
deleted = ["old.txt"]
language = "lines"
dependencies = []
notes = ""
"#;

impl Small {
    /// A repository with one commit on `main`.
    pub fn new() -> Self {
        let small = Self { workspace: Workspace::with_shared_home(crate::PATHS, "repository") };
        small.write("app.lines", "answer = 41\r\n");
        small.write("old.txt", "old\n");
        small.write("docs/guide.txt", "The ANSWER is in app.lines.\n");
        small.git(&["init", "--quiet", "--initial-branch=main"]);
        small.git(&["config", "user.name", "Ann"]);
        small.git(&["config", "user.email", "ann@example.org"]);
        small.commit("docs: describe the answer");
        small.workspace.write("answers.toml", "# Written by hand; no model was asked.\n[[answer]]\ntext = \"yes\"\n");
        small.workspace.write("phasegate.toml", "[models]\ndefault = \"scripted:answers.toml\"\n");
        small.set_change("", CHANGE);
        small
    }

    /// Writes a file of the repository's working tree.
    pub fn write(&self, path: &str, content: &str) {
        self.workspace.write(&format!("project/{path}"), content);
    }

    pub fn path(&self) -> PathBuf {
        self.workspace.path("project")
    }

    /// Sets what the agent does, as settings, and what it hands in.
    pub fn set_change(&self, settings: &str, change: &str) {
        let agent = fixture("agent.wasm").display().to_string();
        let text = format!(
            "name = \"change\"\n[feedback]\nstrategy = \"nearest-phase\"\n\n[[phase]]\nname = \"code\"\nagent = \"fixture\"\n\
             reads = [\"task_requirements\", \"repository_map?\", \"repository/*\"]\nmax_retries = 2\n\
             produces = [{{ name = \"generated_code\", kind = \"generated_code\" }}]\n\n[phase.settings]\n{settings}\n\
             [phase.settings.artifacts.generated_code]{change}\n[plugins.fixture]\npath = \"{agent}\"\n\
             grants = {{ models = [\"default\"], test-bench = [\"python\"] }}\n"
        );
        self.workspace.write("pipeline.toml", text);
    }

    /// Commits everything.
    pub fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Calls git in the repository and returns what it prints. Its own configuration only.
    pub fn git(&self, args: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(args).current_dir(self.path()).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", "/nonexistent");
        git.env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z").env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z");
        let output = git.output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The arguments of a run of the pipeline.
    pub fn args<'a>(&self, more: &[&'a str]) -> Vec<&'a str> {
        let all = ["run", "--pipeline", "pipeline.toml", "--locked", "--out", "out", "--force"];
        let all = all.into_iter().filter(|arg| *arg != "--locked");
        all.chain(more.iter().copied()).collect()
    }

    /// Runs the pipeline on the repository.
    pub fn run(&self, more: &[&str]) -> Output {
        let task =
            ["--json", "--repo", "project", "--task-id", "ANSWER", "--description", "Correct the answer of the app."];
        self.workspace.call(&self.args(&[&task, more].concat()))
    }

    /// Forks a run while the branch `phasegate` is in the way, so that the fork stops before its branch.
    pub fn stopped_fork(&self) -> Output {
        let run = self.run(&[]).run_id();
        self.git(&["branch", "--quiet", "--delete", "--force", &format!("phasegate/{run}")]);
        self.git(&["branch", "phasegate"]);
        self.workspace.call(&["fork", &run, "--at", "code#1", "--out", "fork", "--json"])
    }

    /// What git shows of the working tree, and the bytes of index and `HEAD`.
    pub fn checkout(&self) -> (String, Vec<u8>, Vec<u8>) {
        let read = |name: &str| std::fs::read(self.path().join(".git").join(name)).unwrap();
        let (index, head) = (read("index"), read("HEAD"));
        (self.git(&["--no-optional-locks", "status", "--porcelain", "--branch"]), index, head)
    }
}
