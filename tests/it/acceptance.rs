//! Acceptance tests: held out from every agent, run by the host on the delivered code.

use std::fs;

use phasegate_process::Event;
use phasegate_test::{Output, Scenario, copy_folder, examples, fixture, scenario_file};
use serde_json::{Value, json};

use crate::replay::rewritten;

/// Texts that only the acceptance tests have.
const SECRET: &str = "held_out_secret";
const GOOD: &str = "test held_out_secret: answer == 42\n";
const BAD: &str = "test held_out_secret: answer == 42\ntest held_out_secret_too: question == six times seven\n";

/// The scenario `plain-pass`, with this acceptance test.
struct Project {
    scenario: Scenario,
    pipeline: String,
}

impl Project {
    fn new(tests: &str) -> Self {
        let pipeline = scenario_file("plain-pass", "pipeline.toml");
        let project = Self { scenario: crate::scenario("plain-pass"), pipeline };
        project.write("tests/held/a.lines", tests);
        project.set_task("acceptance = [\"tests/held/**\"]\n");
        project
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.scenario.path(&format!("project/{path}"));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn set_task(&self, more: &str) {
        let head = "task_id = \"ANSWER-001\"\ndescription = \"Write a program that knows the answer.\"\nlanguage = \"lines\"\n\
                    requirements = [\"The answer is 42.\"]\n";
        self.write("task.toml", &format!("{head}{more}"));
    }

    fn run(&self, more: &[&str]) -> Output {
        let task = self.scenario.path("project/task.toml").display().to_string();
        let config = scenario_file("plain-pass", "phasegate.toml");
        let out = self.scenario.path("out").display().to_string();
        let args =
            ["run", "--task", &task, "--pipeline", &self.pipeline, "--config", &config, "--out", &out, "--force"];
        self.scenario.call(&[&args, more].concat())
    }

    /// Runs the task, which must pass, and returns the id of the run with the event.
    fn pass(&self) -> (String, Value) {
        let output = self.run(&["--json"]);
        assert_eq!(output.code, 0, "{}", output.stderr);
        let tested: Vec<&Value> = output.events_named("acceptance_tested").collect();
        assert_eq!(tested.len(), 1);
        (output.run_id(), tested[0].clone())
    }

    fn show(&self, run: &str) -> Value {
        self.scenario.call(&["show", run, "--json"]).json()
    }

    fn refused(&self) -> String {
        let here = fs::canonicalize(self.scenario.path("project")).unwrap().display().to_string();
        self.run(&[]).render_errors(&[(&here, "HERE"), (&self.scenario.path("project").display().to_string(), "HERE")])
    }
}

#[test]
fn passed_code_need_not_be_accepted() {
    let project = Project::new(BAD);
    let (run, event) = project.pass();
    assert_eq!(
        (&event["acceptance"], &event["tests"], &event["passed"]),
        (&json!("not_accepted"), &json!(2), &json!(1))
    );
    let result = project.show(&run);
    assert_eq!(result["status"], "passed");
    assert_eq!(result["acceptance"], "not_accepted");
    assert_eq!(result["acceptance_reason"], "1 of 2 acceptance tests failed");
    let shown = project.scenario.call(&["show", &run]).render(&[(&run, "RUN")]);
    let line = "RUN passed, not accepted: 1 of 2 acceptance tests failed\n";
    assert!(shown.contains(line), "{shown}");
    assert!(shown.contains("acceptance  not accepted: 1 of 2 acceptance tests failed\n"), "{shown}");
    let log = project.scenario.call(&["log", &run]).stdout;
    assert!(log.contains("failed tests/held/a.lines::held_out_secret_too: question is not six times seven"), "{log}");
    let report = fs::read_to_string(project.scenario.path("out/report.md")).unwrap();
    let section = report.split("\n## ").find(|part| part.starts_with("Acceptance tests")).unwrap();
    insta::assert_snapshot!(section, @r"
    Acceptance tests

    The author of the task keeps these tests from all agents. The host ran them on the delivered code.

    Not accepted: 1 of 2 acceptance tests failed. 1 of 2 passed.

    - `tests/held/a.lines::held_out_secret_too` failed: question is not six times seven
    ");
    let printed = project.run(&[]);
    assert_eq!(printed.code, 0);
    assert!(printed.stdout.contains(" passed, not accepted: 1 of 2 acceptance tests failed\n"), "{}", printed.stdout);
}

#[test]
fn accepted_code_says_so() {
    let project = Project::new(GOOD);
    let (run, event) = project.pass();
    assert_eq!(event["acceptance"], "accepted");
    let result = project.show(&run);
    assert_eq!((&result["acceptance"], &result["acceptance_reason"]), (&json!("accepted"), &Value::Null));
    assert_eq!(result["reason"], "every gate passed; accepted: all acceptance tests passed");
    assert_eq!(project.scenario.check_replay(&run, &[])["ended"][0], "passed");
}

#[test]
fn runs_without_acceptance_tests_are_unchanged() {
    let (scenario, run) = crate::recorded_run("plain-pass");
    let result = scenario.call(&["show", &run, "--json"]).json();
    assert_eq!((&result["acceptance"], &result["reason"]), (&Value::Null, &json!("every gate passed")));
}

#[test]
fn agents_never_see_acceptance_tests() {
    let scenario = crate::scenario("first-task");
    copy_folder(&examples().join("first-task"), &scenario.path("task"));
    let edit = |name: &str, change: &dyn Fn(String) -> String| {
        let file = scenario.path("task").join(name);
        let text = change(fs::read_to_string(&file).unwrap_or_default());
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    edit("tests/acceptance/test_held.py", &|_| {
        "from durations import format_duration\n\n\ndef test_held_out_secret():\n    assert format_duration(0) == \"0s\"\n\n\n\
         def test_held_out_secret_weeks():\n    assert format_duration(604800) == \"1w\"\n"
            .to_owned()
    });
    edit("docs/notes.md", &|_| "Weeks are not used.\n".to_owned());
    edit("task.toml", &|text| {
        format!("{text}\nacceptance = [\"tests/acceptance/**\"]\ncontext_files = [\"docs/*\", \"**/*.py\"]\n")
    });
    let task = scenario.path("task/task.toml").display().to_string();
    let output = scenario.call(&["run", "--json", "--task", &task, "--pipeline", "lean"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let left_out = "left out of the context files: tests/acceptance/test_held.py (an acceptance test)";
    assert!(output.stderr.contains(left_out), "{}", output.stderr);
    let tested = output.events_named("acceptance_tested").next().unwrap();
    assert_eq!(tested["acceptance_reason"], "1 of 2 acceptance tests failed");
    let inputs = output.events[0]["inputs"].to_string();
    assert!(inputs.contains("context/docs/notes.md") && !inputs.contains("held"), "{inputs}");
    let mut asked = 0;
    for event in &output.events {
        let of_agents = ["model_asked", "model_answered", "tests_ran", "artifact_stored", "phase_started"];
        if !of_agents.contains(&event["event"].as_str().unwrap()) {
            continue;
        }
        asked += usize::from(event["event"] == "model_asked");
        for key in ["request", "answer", "result"] {
            if event["event"] == "tests_ran" && key == "request" {
                continue;
            }
            if event[key].is_string() {
                let blob = crate::first_task::blob(&scenario, &event[key]).to_string();
                assert!(!blob.contains(SECRET) && !blob.contains("tests/acceptance"), "{event}: {blob}");
            }
        }
    }
    assert!(asked > 5, "{asked} requests");
    scenario.check_replay(&output.run_id(), &[]);
}

#[tokio::test]
async fn run_cut_before_acceptance_resumes() {
    let project = Project::new(BAD);
    let (run, whole) = project.pass();
    let tested = |event: &Event| matches!(event, Event::AcceptanceTested { .. });
    rewritten(&project.scenario, &run, |events, _| {
        let place = events.iter().position(tested).unwrap();
        events.truncate(place);
    })
    .await;
    // The tests are pinned: what lies in the folder by now does not count.
    project.write("tests/held/a.lines", GOOD);
    let resumed = project.scenario.resume(&run);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    let again = resumed.events_named("acceptance_tested").next().unwrap();
    assert_eq!(again["result"], whole["result"]);
    assert_eq!(resumed.events_named("phase_started").count(), 0, "only the acceptance tests run");
}

#[test]
fn forks_and_archives_keep_acceptance_tests() {
    let project = Project::new(BAD);
    let (run, whole) = project.pass();
    let forked = project.scenario.call(&["fork", &run, "--at", "code#1", "--json"]);
    assert_eq!(forked.code, 0, "{}", forked.stderr);
    assert_eq!(forked.events_named("acceptance_tested").next().unwrap()["result"], whole["result"]);
    let file = project.scenario.path("run.phasegate").display().to_string();
    assert_eq!(project.scenario.call(&["export", &run, &file, "--components"]).code, 0);
    let there = crate::scenario("plain-pass");
    assert_eq!(there.call(&["import", &file]).code, 0);
    assert_eq!(there.call(&["show", &run, "--json"]).stdout, project.scenario.call(&["show", &run, "--json"]).stdout);
    there.check_replay(&run, &[]);
}

#[test]
fn limits_of_acceptance_tests_replay() {
    let mut project = Project::new("test before: 1 == 1\nspin\n");
    let (base, runner) = (scenario_file(".", "base.toml"), fixture("runner.wasm").display().to_string());
    let limited =
        format!("extends = \"{base}\"\n[plugins.runner-lines]\npath = \"{runner}\"\nlimits = {{ cpu_ms = 300 }}\n");
    project.write("limited.toml", &limited);
    project.pipeline = project.scenario.path("project/limited.toml").display().to_string();
    let (run, event) = project.pass();
    assert_eq!(event["acceptance_reason"], "1 of 1 acceptance tests failed");
    let replayed = project.scenario.call(&["replay", &run]).stdout;
    let given = "not executed again: `acceptance_tested`, which used up its 300 ms of computing time and was stopped";
    assert!(replayed.contains(given), "{replayed}");
}

#[test]
fn faulty_tests_are_not_the_codes_fault() {
    let project = Project::new("this is no test\n");
    let (run, event) = project.pass();
    assert_eq!(event["acceptance"], "not_run");
    let reason = "tests/held/a.lines:1: `this is no test` is no line of this language";
    assert_eq!(project.show(&run)["acceptance_reason"], reason);
    project.write("tests/held/a.lines", "# nothing\n");
    let (run, _) = project.pass();
    assert_eq!(project.show(&run)["acceptance_reason"], "no test was found in the acceptance tests");
}

#[test]
fn faults_of_acceptance_lists_are_told() {
    let project = Project::new(GOOD);
    project.set_task("acceptance = [\"tests/other/**\"]\n");
    insta::assert_snapshot!(project.refused(), @r#"
    exit 2
    error[PG-0109]: HERE/task.toml:5: acceptance test `tests/other/**` is not there: nothing in HERE matches it
      5 | acceptance = ["tests/other/**"]
        |               ^^^^^^^^^^^^^^
    hint: the pattern is relative to the task's file; `**` matches any number of folders
    "#);
    project.set_task("acceptance = [\"../a.lines\"]\n");
    insta::assert_snapshot!(project.refused(), @r#"
    exit 2
    error[PG-0102]: HERE/task.toml:5: acceptance test `../a.lines` leaves the task's folder
      5 | acceptance = ["../a.lines"]
        |               ^^^^^^^^^^^^
    hint: give a path relative to the task file, without `..`; copy the file there if it lies elsewhere
    "#);
    project.set_task("acceptance = [\"tests/held/**\"]\ncontext_files = [\"tests/held/a.lines\"]\n");
    insta::assert_snapshot!(project.refused(), @r#"
    exit 2
    error[PG-0107]: HERE/task.toml:6: context file `tests/held/a.lines` is an acceptance test of the task, which no agent may read
      6 | context_files = ["tests/held/a.lines"]
        |                  ^^^^^^^^^^^^^^^^^^
    hint: name it under `context_files` or under `acceptance`
    "#);
    fs::write(project.scenario.path("project/tests/held/b.lines"), b"caf\xe9\n").unwrap();
    project.set_task("acceptance = [\"tests/held/**\"]\n");
    insta::assert_snapshot!(project.refused(), @r#"
    exit 2
    error[PG-0109]: HERE/task.toml:5: acceptance test `tests/held/b.lines` is not text in UTF-8
      5 | acceptance = ["tests/held/**"]
        | ^^^^^^^^^^
    hint: save it as UTF-8, or leave it out
    "#);
}

#[test]
fn languages_without_runner_are_refused() {
    let project = Project::new(GOOD);
    project.set_task("acceptance = [\"tests/held/**\"]\n");
    let text = fs::read_to_string(project.scenario.path("project/task.toml")).unwrap();
    project.write("task.toml", &text.replace("\"lines\"", "\"cobol\""));
    insta::assert_snapshot!(project.refused(), @r"
    exit 2
    error[PG-0106]: task ANSWER-001, pipeline scenario: no runner serves the language `cobol`; there are runners for: lines
    hint: set `language` of the task to one that has a runner, or add a runner for it to `[runners]` of the pipeline
    ");
}

#[test]
fn example_shows_what_weak_tests_hide() {
    let scenario = crate::scenario("compare-pipelines");
    copy_folder(&examples().join("compare-pipelines"), &scenario.path("example"));
    let file = scenario.path("example/experiment.toml").display().to_string();
    let out = scenario.path("results").display().to_string();
    let output = scenario.call(&["experiment", &file, "--out", &out, "--json"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let results: Value = serde_json::from_str(&output.stdout).unwrap();
    let text = |cell: &Value, key: &str| cell[key].as_str().unwrap().to_owned();
    let mut cells: Vec<String> = results["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| ["variant", "task", "standing", "acceptance"].map(|key| text(cell, key)).join(" "))
        .collect();
    cells.sort();
    insta::assert_snapshot!(cells.join("\n"), @r"
    lean ROMAN-001 passed accepted
    lean SHARES-001 passed not_accepted
    lean SLUGS-001 passed accepted
    tsp ROMAN-001 passed accepted
    tsp SHARES-001 passed accepted
    tsp SLUGS-001 passed accepted
    ");
    let calls = |variant: &str| -> u64 {
        let all = results["cells"].as_array().unwrap().iter().filter(|cell| cell["variant"] == variant);
        all.map(|cell| cell["calls"].as_u64().unwrap()).sum()
    };
    assert!(calls("lean") * 2 < calls("tsp"), "{} of {} calls", calls("lean"), calls("tsp"));
    let csv = fs::read_to_string(scenario.path("results/cells.csv")).unwrap();
    assert!(csv.contains(",not_accepted,") && csv.contains("acceptance tests failed"), "{csv}");
}

#[test]
fn other_acceptance_tests_make_new_cells() {
    let scenario = crate::scenario("compare-pipelines");
    copy_folder(&examples().join("compare-pipelines"), &scenario.path("example"));
    let file = scenario.path("example/experiment.toml");
    let text = fs::read_to_string(&file).unwrap().replace("tasks/*.toml", "tasks/slugs.toml");
    let lean = text.find("[[variant]]\nname = \"lean\"").unwrap();
    let (head, tsp) = text[..lean].split_once("# Planning, design and code").unwrap();
    assert!(tsp.contains("tsp"));
    fs::write(&file, format!("{head}{}", &text[lean..])).unwrap();
    let run = || {
        let file = file.display().to_string();
        let output = scenario.call(&["experiment", &file, "--json"]);
        assert_eq!(output.code, 0, "{}", output.stderr);
        serde_json::from_str::<Value>(&output.stdout).unwrap()["cells"][0]["run"].clone()
    };
    let first = run();
    assert_eq!(run(), first);
    let tests = scenario.path("example/tasks/acceptance/test_slugs.py");
    fs::write(&tests, fs::read_to_string(&tests).unwrap() + "\n").unwrap();
    assert_ne!(run(), first);
}
