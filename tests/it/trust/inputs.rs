//! Inputs that are no regular files, or have no end: every path that a file or a flag can name.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use insta::assert_snapshot;
use phasegate_test::{Output, Scenario, fixture, scenario_file};

const TASK: &str = "task_id = \"ANSWER-001\"\ndescription = \"Write a program that knows the answer.\"\n";
const EXPERIMENT: &str = "name = \"x\"\n[[variant]]\nname = \"plain\"\n";

const MODELS: &str = "[models]\ndefault = \"scripted:answers.toml\"\n";

/// What reads the input, the files that name it, and the command. `INPUT` is its place in both.
type Row<'a> = (&'a str, Vec<(&'a str, String)>, Vec<&'a str>);

fn rows() -> Vec<Row<'static>> {
    let pipeline = fs::read_to_string(scenario_file("plain-pass", "pipeline.toml")).unwrap();
    let based = pipeline.replace("../base.toml", &scenario_file("", "base.toml"));
    let base = fs::read_to_string(scenario_file("", "base.toml")).unwrap();
    let run = vec!["run", "--task", "task.toml"];
    let with = |text: &str| vec![("phasegate.toml", text.to_owned())];
    let task = |text: &str| vec![("task.toml", format!("{TASK}context_files = {text}\n"))];
    let experiment = |text: &str| vec![("e.toml", format!("tasks = [\"task.toml\"]\n{EXPERIMENT}{text}"))];
    vec![
        ("task", vec![], vec!["run", "--task", "INPUT"]),
        ("configuration", vec![], [&run[..], &["--config", "INPUT"]].concat()),
        ("pipeline of a flag", vec![], [&run[..], &["--pipeline", "./INPUT"]].concat()),
        ("pipeline of the configuration", with("pipeline = \"./INPUT\"\n"), run.clone()),
        ("checked pipeline", vec![], vec!["pipeline", "check", "INPUT"]),
        ("extended pipeline", vec![("p.toml", "extends = \"./INPUT\"\n".into())], vec!["pipeline", "check", "p.toml"]),
        ("schema", vec![("p.toml", base.replace("note.schema.json", "INPUT"))], vec!["pipeline", "check", "p.toml"]),
        ("script", with("[models]\ndefault = \"scripted:INPUT\"\n"), run.clone()),
        (
            "text of a script",
            [
                with("[models]\ndefault = \"scripted:s.toml\"\n"),
                vec![("s.toml", "[[answer]]\ntext-file = \"INPUT\"\n".into())],
            ]
            .concat(),
            run.clone(),
        ),
        ("strategy of a flag", vec![], [&run[..], &["--feedback", "INPUT"]].concat()),
        ("strategy of the configuration", with(&format!("{MODELS}[feedback]\nstrategy = \"INPUT\"\n")), run.clone()),
        ("plugin of the configuration", with(&format!("{MODELS}[plugins.planning]\npath = \"INPUT\"\n")), run.clone()),
        (
            "plugin of a pipeline",
            vec![("p.toml", based + "[plugins.fixture]\npath = \"INPUT\"\n")],
            [&run[..], &["--pipeline", "p.toml"]].concat(),
        ),
        ("inspected plugin", vec![], vec!["plugin", "inspect", "INPUT"]),
        ("checked plugin", vec![], vec!["plugin", "check", "INPUT"]),
        ("plugin without a manifest", vec![("m.toml", String::new())], vec!["plugin", "manifest", "INPUT", "m.toml"]),
        ("manifest", vec![], vec!["plugin", "manifest", "plugin.wasm", "INPUT"]),
        ("experiment", vec![], vec!["experiment", "INPUT"]),
        (
            "task of an experiment",
            vec![("e.toml", format!("tasks = [\"INPUT\"]\n{EXPERIMENT}"))],
            vec!["experiment", "e.toml"],
        ),
        ("pipeline of a variant", experiment("pipeline = \"./INPUT\"\n"), vec!["experiment", "e.toml"]),
        ("agent of a variant", experiment("agent = { code = \"INPUT\" }\n"), vec!["experiment", "e.toml"]),
        ("lock file", with(&format!("{MODELS}[plugins.planning]\npath = \"plugin.wasm\"\n")), run.clone()),
        ("import", vec![], vec!["import", "INPUT"]),
        ("context file", task("[\"INPUT\"]"), run.clone()),
        ("matched context file", task("[\"*.wasm\"]"), run.clone()),
        ("ignore file", task("[\"*\"]"), run.clone()),
        ("own ignore file", task("[\"*\"]"), run),
    ]
}

/// A device, a pipe or a file of 100 MB without content at `path`.
fn make_input(kind: &str, path: &std::path::Path) {
    match kind {
        "device" => symlink("/dev/zero", path).unwrap(),
        "pipe" => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        _ => fs::File::create(path).unwrap().set_len(100 << 20).unwrap(),
    }
}

fn refusal(kind: &str, (reader, files, args): &Row<'_>) -> String {
    let scenario: Scenario = crate::scenario("plain-pass");
    let script = fs::read_to_string(scenario_file("", "answers.toml")).unwrap();
    let input = match *reader {
        "ignore file" => ".gitignore".to_owned(),
        "own ignore file" => ".phasegateignore".to_owned(),
        "extended pipeline" => format!("{kind}.toml"),
        _ => format!("{kind}.wasm"),
    };
    let usual = [("task.toml", TASK.to_owned()), ("answers.toml", script), ("phasegate.toml", MODELS.to_owned())];
    for (name, text) in usual.iter().chain(files) {
        fs::write(scenario.path(name), text.replace("INPUT", &input)).unwrap();
    }
    if !["context file", "matched context file"].contains(reader) {
        fs::copy(fixture("agent.wasm"), scenario.path("plugin.wasm")).unwrap();
    }
    make_input(kind, &scenario.path(&input));
    let args: Vec<String> = args.iter().map(|arg| arg.replace("INPUT", &input)).collect();
    let mut command = scenario.command(&args.iter().map(String::as_str).collect::<Vec<_>>());
    if *reader == "lock file" {
        command.env("PHASEGATE_LOCK", scenario.path(&input));
    }
    let output = Output::from_command(command);
    let here = fs::canonicalize(scenario.path(".")).unwrap().display().to_string();
    format!("{reader}: {}", output.render_errors(&[(&here, "HERE")]))
}

fn refusals(kind: &str, clause: &str, others: &[&str]) -> String {
    let all: Vec<String> = rows().iter().map(|row| refusal(kind, row)).collect();
    let is_right = |text: &&String| {
        let other = others.iter().any(|reader| text.starts_with(&format!("{reader}: ")));
        !text.contains(": exit 0\n") && text.contains("\nhint: ") && text.contains(clause) != other
    };
    let wrong: Vec<_> = all.iter().filter(|text| !is_right(text)).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A component counts as compiled when the compiler looks at it, also where it is none.
    let lines = all.iter().flat_map(|text| text.lines().chain([""])).filter(|line| !line.starts_with("compiling "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn pipes_are_rejected_without_waiting() {
    assert_snapshot!(refusals("pipe", "it is a pipe, not a regular file", &[]));
}

#[test]
fn devices_are_rejected_without_reading() {
    // The device is the target of a link, and these files must lie in their folder.
    let others = ["text of a script", "context file", "matched context file"];
    refusals("device", "it is a device, not a regular file", &others);
}

#[test]
fn large_files_are_rejected_with_their_limit() {
    // Components and exported runs may be large; these are none.
    let others = [
        "strategy of a flag",
        "strategy of the configuration",
        "plugin of the configuration",
        "plugin of a pipeline",
        "inspected plugin",
        "checked plugin",
        "plugin without a manifest",
        "agent of a variant",
        "import",
        "context file",
        "matched context file",
    ];
    assert_snapshot!(refusals("large", "which is the limit", &others));
}
