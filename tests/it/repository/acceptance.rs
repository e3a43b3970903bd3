//! Acceptance tests of a task about a repository: agents see neither the tests nor what lies at their paths.

use phasegate_test::Output;

use super::small::Small;

const READS: &str = r#"
read = ["repository/tasks/held/test_a.py", "repository/held/test_old.py", "repository/held/test_a.py"]
list = ["", "tasks/"]
search = ["held_out", ""]
"#;

const CHANGE: &str = r#"
files = [{ path = "app.py", content = "ANSWER = 42\n", purpose = "the answer" }]
language = "python"
dependencies = []
notes = ""
"#;

/// A repository that contains the task and its acceptance test, and a file at the path where such a test lies when it runs.
fn project(test: &str) -> Small {
    let small = Small::new();
    let task = "task_id = \"ANSWER\"\ndescription = \"Correct the answer of the app.\"\nrepo = \"..\"\n\
                acceptance = [\"held/**\"]\n";
    small.write("tasks/task.toml", task);
    small.write("tasks/held/test_a.py", test);
    small.write("held/test_old.py", "def test_held_out_before():\n    pass\n");
    small.write("app.py", "ANSWER = 41\n");
    small.write("rest.py", "REST = 1\n");
    small.commit("tasks: the answer");
    set_change(&small, READS, CHANGE);
    small
}

/// Sets what the agent does and hands in, in a pipeline with a test runner.
fn set_change(small: &Small, settings: &str, change: &str) {
    small.set_change(settings, change);
    let pipeline = small.workspace.read("pipeline.toml");
    small.workspace.write("pipeline.toml", format!("{pipeline}\n[runners]\npython = \"runner-python\"\n"));
}

fn run(small: &Small) -> Output {
    let output = small.workspace.call(&small.args(&["--json", "--verbose", "project/tasks/task.toml"]));
    assert_eq!(output.code, 0, "{}", output.stderr);
    output
}

#[test]
fn agents_do_not_see_held_out_files() {
    let small = project(
        "import app\nimport rest\n\n\ndef test_held_out():\n    assert app.ANSWER == 42\n\n\n\
         def test_held_out_rest():\n    assert rest.REST == 1\n",
    );
    let output = run(&small);
    let lines: Vec<&str> =
        output.stderr.lines().filter_map(|line| line.split_once(" info: ")).map(|(_, text)| text).collect();
    insta::assert_snapshot!(lines[..5].join("\n"), @r#"
    read repository/tasks/held/test_a.py: Error::Unknown("`tasks/held/test_a.py` is kept for the tests of the task's author: agents can neither read nor change it")
    read repository/held/test_old.py: Error::Unknown("`held/test_old.py` is kept for the tests of the task's author: agents can neither read nor change it")
    read repository/held/test_a.py: Error::Unknown("`held/test_a.py` is kept for the tests of the task's author: agents can neither read nor change it")
    list : app.lines 13 text, app.py 12 text, docs/guide.txt 28 text, old.txt 4 text, rest.py 9 text, tasks/task.toml 103 text; 0 left out
    list tasks/: tasks/task.toml 103 text; 0 left out
    "#);
    assert!(lines[5..].iter().all(|line| line.starts_with("search held_out:") && !line.contains("test_")), "{lines:?}");
    let map = output.events[0]["inputs"].as_array().unwrap().iter().find(|input| input["name"] == "repository_map");
    let map = small.workspace.call(&["artifact", &output.run_id(), map.unwrap()["name"].as_str().unwrap()]).stdout;
    assert!(map.contains("rest.py") && !map.contains("held"), "{map}");
    let tested = output.events_named("acceptance_tested").next().unwrap();
    assert_eq!((tested["acceptance"].as_str(), tested["passed"].as_u64()), (Some("accepted"), Some(2)), "{tested}");
    let replayed = small.workspace.call(&["replay", &output.run_id()]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    std::fs::rename(small.path(), small.workspace.path("elsewhere")).unwrap();
    let replayed = small.workspace.call(&["replay", &output.run_id()]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    assert!(replayed.stdout.contains("`acceptance_tested`: the repository cannot be read here"), "{}", replayed.stdout);
}

#[test]
fn held_out_paths_cannot_be_written() {
    let small = project("def test_held_out():\n    pass\n");
    set_change(&small, "", &CHANGE.replace("app.py", "tasks/held/test_a.py"));
    let output = small.workspace.call(&small.args(&["--json", "project/tasks/task.toml"]));
    assert_eq!(output.code, 1, "{}", output.stderr);
    let fault =
        "`tasks/held/test_a.py` is kept for the tests of the task's author: agents can neither read nor change it";
    assert!(output.stderr.contains(fault), "{}", output.stderr);
}

#[test]
fn pull_requests_say_what_is_not_accepted() {
    let small = project("import app\n\n\ndef test_held_out():\n    assert app.ANSWER == 43\n");
    let run = run(&small).run_id();
    let text = small.workspace.call(&["pr", &run]).stdout;
    assert!(text.contains("\n## Acceptance tests\n\nNot accepted: 1 of 1 acceptance tests failed.\n"), "{text}");
}
