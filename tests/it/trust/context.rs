//! Files that globs leave out of prompts, and experiments whose results never become their input.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use insta::assert_snapshot;
use phasegate_journal::{Journal, SqliteJournal};
use phasegate_process::Event;
use phasegate_test::{Output, Scenario, Terminal, scenario_file};

const TASK: &str = "task_id = \"ANSWER-001\"\ndescription = \"Write a program that knows the answer.\"\n";

/// A folder with a task, a state folder, a lock file and results.
struct Project(Scenario);

impl Project {
    fn new(context_files: &str, files: &[(&str, &str)]) -> Self {
        let project = Self(crate::scenario("plain-pass"));
        project.write("task.toml", &format!("{TASK}context_files = {context_files}\n"));
        files.iter().for_each(|(name, text)| project.write(name, text));
        project
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let config = scenario_file("plain-pass", "phasegate.toml");
        self.0.command(&[args, &["--config", &config]].concat())
    }

    fn run_command(&self) -> Command {
        let pipeline = scenario_file("plain-pass", "pipeline.toml");
        self.command(&["run", "--json", "--task", "task.toml", "--pipeline", &pipeline])
    }

    /// Runs the task to its end, with other context files.
    fn run_with(&self, context_files: &str) -> Output {
        self.write("task.toml", &format!("{TASK}context_files = {context_files}\n"));
        Output::from_command(self.run_command())
    }

    /// The error of a run that must not start.
    fn refusal(&self, context_files: &str) -> String {
        let output = self.run_with(context_files);
        assert!(!self.0.path("state").exists(), "a run was created: {}", output.stderr);
        let here = fs::canonicalize(self.0.path(".")).unwrap().display().to_string();
        output.render_errors(&[(&here, "HERE")])
    }

    fn experiment(&self, repetitions: u32, more: &[&str]) -> Output {
        let pipeline = scenario_file("plain-pass", "pipeline.toml");
        let text = format!(
            "name = \"again\"\ntasks = [\"task.toml\"]\nrepetitions = {repetitions}\n\n[[variant]]\nname = \"plain\"\n\
             pipeline = \"{pipeline}\"\n"
        );
        self.write("experiment.toml", &text);
        let output = Output::from_command(self.command(&[&["experiment", "experiment.toml"], more].concat()));
        assert_eq!(output.code, 0, "{}", output.stderr);
        output
    }

    /// The names of all runs, and the different inputs that they have.
    fn runs(&self) -> (BTreeSet<String>, BTreeSet<Vec<String>>) {
        let journal = SqliteJournal::open(&self.0.path("state")).unwrap();
        let runs = journal.runs().unwrap();
        let inputs = runs.iter().map(|run| match &journal.events(run).unwrap()[0].event {
            Event::RunCreated(created) => {
                created.inputs.iter().map(|it| format!("{} {}", it.name, it.digest)).collect()
            }
            other => panic!("{other:?}"),
        });
        (runs.iter().map(ToString::to_string).collect(), inputs.collect())
    }
}

/// The context files of a run that passed.
fn context_files(output: &Output) -> Vec<String> {
    assert_eq!(output.code, 0, "{}", output.stderr);
    let created = output.events_named("run_created").next().unwrap();
    let names = created["inputs"].as_array().unwrap().iter().map(|input| input["name"].as_str().unwrap());
    names.filter_map(|name| name.strip_prefix("context/")).map(str::to_owned).collect()
}

/// The note about what was left out.
fn note(output: &Output) -> &str {
    output.stderr.lines().find(|line| line.starts_with("left out of the context files")).unwrap_or_default()
}

#[test]
fn globs_leave_out_what_agents_must_not_read() {
    let files = [
        ("src/app.py", "x"),
        (".env", "TOKEN=1"),
        (".env.example", "TOKEN="),
        ("deploy/Server.KEY", "x"),
        (".venv/lib/site.py", "x"),
        ("tools/pyvenv.cfg", "x"),
        ("tools/bin/activate.py", "x"),
        ("web/node_modules/a/index.js", "x"),
        (".git/config", "x"),
        (".gitignore", "build/\n*.log\n"),
        (".phasegateignore", "drafts/\n!kept.log\n"),
        ("build/out.txt", "x"),
        ("debug.log", "x"),
        ("kept.log", "x"),
        ("drafts/plan.md", "x"),
        ("old/result.json", r#"{"task_id":"A-1","run_id":"a-1-1","status":"passed","reason":"","totals":{}}"#),
        ("old/app.py", "x"),
        ("cached/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n"),
        ("cached/x", "x"),
    ];
    let project = Project::new("[\"**\"]", &files);
    let output = project.run_with("[\"**\"]");
    let expected = [".env.example", ".gitignore", ".phasegateignore", "kept.log", "src/app.py"];
    assert_eq!(context_files(&output), expected);
    assert_snapshot!(note(&output), @"left out of the context files: .env (looks like a secret), deploy/Server.KEY (looks like a secret), old/ (results of Phasegate), task.toml (configuration of Phasegate), .git/ (version control), .venv/ (a virtual environment), tools/ (a virtual environment), web/node_modules/ (dependencies), cached/ (a cache), 2 ignored by .gitignore, 1 ignored by .phasegateignore");
    // The first run wrote its results, its state and a lock file here.
    assert_eq!(context_files(&project.run_with("[\"**\"]")), expected);
    let output = project.run_with("[\"src/*.py\"]");
    assert_eq!((context_files(&output).len(), note(&output)), (1, ""));
}

#[test]
fn secrets_are_known_by_content_and_links() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
    let account = format!("{{ \"private_key\": \"-----BEGIN PRIVATE KEY-----\\n{body}\" }}");
    let files = [
        ("docs/a.md", "-----BEGIN PRIVATE KEY----- is how a key begins"),
        ("docs/deploy.txt", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"),
        ("docs/robot.json", &account),
        (".env", "x"),
        (".git/HEAD", "x"),
    ];
    let project = Project::new("[]", &files);
    for (target, name) in [("../.env", "b.md"), ("../.git/HEAD", "c.md"), ("a.md", "d.md")] {
        symlink(target, project.0.path("docs").join(name)).unwrap();
    }
    let output = project.run_with("[\"docs/*\"]");
    assert_eq!(context_files(&output), ["docs/a.md", "docs/d.md"]);
    assert_snapshot!(note(&output), @"left out of the context files: docs/b.md (looks like a secret), docs/deploy.txt (looks like a secret), docs/robot.json (looks like a secret), docs/c.md (version control)");
}

#[test]
fn named_secrets_need_the_agreement_of_the_task() {
    let files = [
        (".env", "x"),
        ("a.pem", "x"),
        ("b.pem", "x"),
        (".git/config", "x"),
        (".gitignore", "*.log\n"),
        ("x.log", "x"),
        (".phasegate/x", "x"),
    ];
    let project = Project::new("[]", &files);
    symlink(".git", project.0.path("git")).unwrap();
    assert_snapshot!(project.refusal("[\".env\"]"), @r#"
    exit 2
    error[PG-0107]: task.toml:3: context file `.env` is left out: looks like a secret
      3 | context_files = [".env"]
        |                  ^^^^
    hint: if agents may read it, write `{ path = ".env", allow = true }` in context_files
    "#);
    assert_snapshot!(project.refusal("[{ path = \"./x.log\", base = true }]"), @r#"
    exit 2
    error[PG-0107]: task.toml:3: context file `./x.log` is left out: ignored by .gitignore
      3 | context_files = [{ path = "./x.log", base = true }]
        |                           ^^^^^^^
    hint: if agents may read it, write `{ path = "./x.log", base = true, allow = true }` in context_files
    "#);
    assert_snapshot!(project.refusal("[\"*.pem\"]"), @r#"
    exit 2
    error[PG-0107]: task.toml:3: context file `*.pem` matches nothing but what is left out: a.pem (looks like a secret), b.pem (looks like a secret)
      3 | context_files = ["*.pem"]
        |                  ^^^^^
    hint: to include such a file, name it: `{ path = "a.pem", allow = true }`
    "#);
    for path in [".git/config", ".phasegate/x", "git/config", "state/journal.db"] {
        let refusal = project.refusal(&format!("[{{ path = \"{path}\", allow = true }}]"));
        assert!(refusal.contains(&format!("context file `{path}` is never read: ")), "{refusal}");
    }
    let output = project.run_with("[{ path = \".env\", allow = true }, \"*\"]");
    assert_eq!(context_files(&output), [".env", ".gitignore"]);
    assert!(output.stderr.contains("allowed as context files: .env (looks like a secret)\n"), "{}", output.stderr);
}

#[test]
fn a_person_at_a_terminal_is_asked() {
    let project = Project::new("[\".env\"]", &[(".env", "x")]);
    let question = "task ANSWER-001: may agents read `.env` (looks like a secret)? [y/N]";
    let ask = |answer: &str| {
        let mut terminal = Terminal::start(&project.run_command());
        let asked = terminal.wait_for(question);
        terminal.type_line(answer);
        let (code, shown) = terminal.wait();
        (code, asked + &shown)
    };
    let (code, text) = ask("n");
    assert!(text.contains("context file `.env` is left out: looks like a secret"), "{text}");
    assert_eq!((code, project.0.path("state").exists()), (2, false), "{text}");
    let (code, text) = ask("y");
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("allowed as context files: .env") && text.contains("\"context/.env\""), "{text}");
}

#[test]
fn results_never_become_the_input_of_experiments() {
    let project = Project::new("[\"**\"]", &[("src/app.py", "x")]);
    project.experiment(1, &[]);
    let (first, _) = project.runs();
    assert_eq!(first.len(), 1);
    assert!(project.0.path("phasegate.lock").exists() && project.0.path("phasegate-out").exists());
    let output = project.experiment(1, &[]);
    assert!(output.stderr.contains("1 run ended before and is kept"), "{}", output.stderr);
    let (again, _) = project.runs();
    assert_eq!(again, first);
    // More repetitions, another output folder, an exported run: only repetitions add runs.
    project.experiment(3, &["--jobs", "1"]);
    let (more, inputs) = project.runs();
    assert_eq!((more.len(), more.is_superset(&first), inputs.len()), (3, true, 1));
    project.experiment(3, &["--out", "elsewhere"]);
    project.experiment(3, &["--out", "src/nested"]);
    let exported = project.0.call(&["export", first.first().unwrap(), "one.phasegate"]);
    assert_eq!(exported.code, 0, "{}", exported.stderr);
    project.experiment(3, &["--out", "at-last"]);
    let (last, inputs) = project.runs();
    assert_eq!((&last, inputs.len()), (&more, 1));
    // A change of the code is a new input.
    project.write("src/app.py", "y");
    project.experiment(1, &[]);
    assert_eq!(project.runs().0.len(), 4);
}
