//! A run continues with the files that it has pinned, whatever happens to them.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::record::Record;
use crate::server::Server;
use phasegate_test::{Output, RunningProcess, Scenario, fixture, scenarios};

/// A project with all files in a folder of its own, so that they can be damaged.
pub struct Project {
    pub scenario: Scenario,
    pub server: Server,
}

const CALLS_BEFORE_THE_SECOND_DESIGN: usize = 7;

const FILES: [&str; 8] = [
    "phasegate.toml",
    "task.toml",
    "notes/known.txt",
    "flow/base.toml",
    "flow/note.schema.json",
    "flow/agent.wasm",
    "flow/runner.wasm",
    "flow/eventful/pipeline.toml",
];

impl Project {
    pub fn new() -> Self {
        Self::with(Server::answering())
    }

    /// A project whose model stops answering at the second design, after the first has failed.
    pub fn half_way() -> Self {
        Self::with(Server::answering_first(CALLS_BEFORE_THE_SECOND_DESIGN))
    }

    fn with(server: Server) -> Self {
        let project = Self { scenario: crate::scenario("eventful"), server };
        let tests = scenarios();
        let fixtures = fixture("");
        let text = |file: &str| fs::read_to_string(tests.join(file)).unwrap();
        let reads = "name = \"planning\"\nreads = [\"task_requirements\", \"context/*\"]\n";
        let pipeline = text("eventful/pipeline.toml").replacen("name = \"planning\"\n", reads, 1);
        project.write("flow/eventful/pipeline.toml", pipeline.as_bytes());
        project.write("flow/base.toml", text("base.toml").replace("../../plugins/dist/fixtures/", "").as_bytes());
        project.write("flow/note.schema.json", text("note.schema.json").as_bytes());
        project.write("flow/agent.wasm", &fs::read(fixtures.join("agent.wasm")).unwrap());
        project.write("flow/runner.wasm", &fs::read(fixtures.join("runner.wasm")).unwrap());
        project.write("notes/known.txt", b"The question is not known.\n");
        project.write("task.toml", format!("{}context_files = [\"notes/*.txt\"]\n", text("task.toml")).as_bytes());
        project.write("phasegate.toml", project.server.config("").as_bytes());
        project
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.scenario.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The cache is the project's own too, so components are loaded from the journal.
    pub fn command(&self, args: &[&str], cache: &str) -> Command {
        let mut command = self.scenario.command(args);
        command.env("XDG_CACHE_HOME", self.scenario.path(cache));
        command
    }

    pub fn run(&self, more: &[&str]) -> Command {
        let usual =
            ["run", "--json", "--task", "task.toml", "--pipeline", "flow/eventful/pipeline.toml", "--out", "out"];
        self.command(&[&usual, more].concat(), "cache")
    }

    pub fn undisturbed() -> Record {
        let project = Self::new();
        let output = Output::from_command(project.run(&[]));
        assert_eq!(output.code, 0, "{}", output.stderr);
        project.record(&output.run_id())
    }

    pub fn record(&self, run: &str) -> Record {
        Record::read(&self.scenario.path("state"), run)
    }

    /// Kills a run once its model has stopped answering, then lets the model answer.
    pub fn kill_half_way(&self) -> String {
        self.kill(self.run(&[]))
    }

    fn kill(&self, mut command: Command) -> String {
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.server.wait_for(CALLS_BEFORE_THE_SECOND_DESIGN + 1);
        process.kill().unwrap();
        process.wait().unwrap();
        self.server.answer();
        Record::all_in_a_copy(&self.scenario.path("state")).remove(0).run.to_string()
    }

    pub fn runs(&self) -> usize {
        Record::all_in_a_copy(&self.scenario.path("state")).len()
    }
}

/// Resumes after this change to the files, without compiled components.
fn check_resume_after(undisturbed: &Record, what: &str, done: impl Fn(&Project)) {
    let project = Project::half_way();
    let run = project.kill_half_way();
    done(&project);
    let output = Output::from_command(project.command(&["resume", &run, "--json"], "new cache"));
    assert_eq!(output.code, 0, "{what}: {}", output.stderr);
    project.record(&run).assert_same(undisturbed, what);
    assert!(project.scenario.path("out/report.md").exists());
}

#[test]
fn resumes_with_pinned_files_after_changes() {
    let undisturbed = Project::undisturbed();
    check_resume_after(&undisturbed, "nothing happened", |_| {});
    check_resume_after(&undisturbed, "everything is gone", |project| {
        FILES.iter().for_each(|file| fs::remove_file(project.scenario.path(file)).unwrap());
    });
    check_resume_after(&undisturbed, "everything is broken", |project| {
        FILES.iter().for_each(|file| project.write(file, b"[[[ neither TOML nor JSON nor a component"));
    });
    check_resume_after(&undisturbed, "everything says something else", |project| {
        let edit = |file: &str, from: &str, to: &str| {
            let text = fs::read_to_string(project.scenario.path(file)).unwrap();
            assert!(text.contains(from), "{text}");
            project.write(file, text.replace(from, to).as_bytes());
        };
        edit("phasegate.toml", "mine:m", "mine:another");
        edit("phasegate.toml", "[providers.mine]", "[budget]\ncalls = 1\n[providers.mine]");
        edit("task.toml", "knows the answer", "knows nothing");
        edit("notes/known.txt", "not known", "known");
        edit("flow/base.toml", "critical = 1, high = 1", "critical = 9, high = 9");
        edit("flow/eventful/pipeline.toml", "answer = 42", "answer = 43");
        edit("flow/note.schema.json", "object", "array");
        let agent = fs::read(project.scenario.path("flow/agent.wasm")).unwrap();
        fs::copy(project.scenario.path("flow/runner.wasm"), project.scenario.path("flow/agent.wasm")).unwrap();
        project.write("flow/runner.wasm", &agent);
    });
}

#[test]
fn resumes_once_a_missing_key_is_back() {
    let project = Project::half_way();
    let config = project.server.config("") + "key_env = \"MY_KEY\"\n";
    project.write("phasegate.toml", config.as_bytes());
    project.scenario.set_user_config(&config);
    let with_key = |mut command: Command| {
        command.env("MY_KEY", "sk-of-no-worth");
        command
    };
    let run = project.kill(with_key(project.run(&[])));
    let without = project.scenario.resume(&run);
    insta::assert_snapshot!(error(&project.scenario, &run, &without), @r"
    error[PG-0202]: [providers.mine] key_env: the environment variable MY_KEY is not set
    hint: export it, or name another variable or a key_file
    hint: the run is recorded; resume it with `phasegate resume RUN`
    exit 4
    ");
    let output = Output::from_command(with_key(project.scenario.command(&["resume", &run, "--json"])));
    assert_eq!(output.code, 0, "{}", output.stderr);

    let scenario = crate::scenario("eventful");
    let (script, config) = (scenario.path("answers.toml"), scenario.path("phasegate.toml"));
    let message = "[[answer]]\ntext = '{ \"said\": \"yes\" }'\n";
    // The review takes long enough to be killed in it.
    fs::write(&script, format!("[[answer]]\nlabel = \"review\"\ntext = 'x'\ndelay_ms = 600_000\n{message}")).unwrap();
    fs::write(&config, "[models]\ndefault = \"scripted:answers.toml\"\n").unwrap();
    let command = scenario.run_with(&["--json", "--config", "phasegate.toml"]);
    let in_review = |event: &Value| event["event"] == "model_asked" && event["phase"] == "design-review";
    let run = RunningProcess::start(command, in_review).signal("KILL").run_id();
    fs::remove_file(&script).unwrap();
    let without = scenario.resume(&run);
    insta::assert_snapshot!(error(&scenario, &run, &without), @r"
    error[PG-0203]: [models] fast: the script HERE/answers.toml cannot be read: there is no such file or folder
    hint: the path is relative to the configuration's folder
    hint: the run is recorded; resume it with `phasegate resume RUN`
    exit 4
    ");
    fs::write(&script, message).unwrap();
    assert_eq!(scenario.resume(&run).code, 0);
}

/// The error message without names and folders, and the exit code.
fn error(scenario: &Scenario, run: &str, output: &Output) -> String {
    let here = scenario.path("").canonicalize().unwrap().display().to_string();
    let text = output.stderr.replace(run, "RUN").replace(here.trim_end_matches('/'), "HERE");
    let error: Vec<_> = text.lines().skip_while(|line| !line.starts_with("error[")).collect();
    format!("{}\nexit {}", error.join("\n"), output.code)
}
