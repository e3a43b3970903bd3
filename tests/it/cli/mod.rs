//! The command line as a person meets it: whole outputs with their exit codes.
//!
//! What is different at each run (folders, digests, sizes) is replaced before it is compared. Runs of whole tasks are in
//! `scenarios.rs`; here nothing ever starts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use tempfile::TempDir;

const TASK: &str = "task_id = \"TASK-1\"\ndescription = \"Parse durations such as 1h30m\"\n";
const SCRIPTED: &str = "[models]\ndefault = \"scripted:answers.toml\"\n";

/// An empty folder to call `phasegate` in, with no key and no model anywhere.
struct Desk(TempDir);

impl Desk {
    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let desk = Self::empty();
        for (name, text) in files {
            let path = desk.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        desk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Exit code, stdout and stderr of a call.
    fn says(&self, args: &[&str]) -> String {
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
    fn refuses(&self, args: &[&str]) -> String {
        let before = self.entries();
        let said = self.says(args);
        assert!(said.contains("exit 2\n"), "{said}");
        assert_eq!(self.entries(), before, "something was written");
        said
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

fn inspect(name: &str) -> String {
    Desk::empty().says(&["plugin", "inspect", fixture(name).to_str().unwrap()])
}

#[test]
fn a_run_needs_a_task() {
    assert_snapshot!(Desk::empty().refuses(&["run"]), @r"
    exit 2
    error: the following required arguments were not provided:
      <--task-id <ID>|--task <FILE.toml>>

    Usage: phasegate run <--task-id <ID>|--task <FILE.toml>>

    For more information, try '--help'.
    ");
}

#[test]
fn a_task_by_flags_needs_a_description() {
    assert_snapshot!(Desk::empty().refuses(&["run", "--task-id", "TASK-1"]), @r"
    exit 2
    error: --task-id needs a --description
    hint: say in a sentence what is wanted, or name a file with --task
    ");
    assert_snapshot!(Desk::empty().refuses(&["run", "--task-id", "TASK-1", "--resume"]), @r"
    exit 2
    error: task TASK-1 has no run to go on with
    hint: `phasegate runs` lists the runs; --description TEXT starts one
    ");
    assert_snapshot!(Desk::empty().refuses(&["run", "--task-id", "TASK-1", "--description", "short"]), @r"
    exit 2
    error: --description is too short
    hint: say in a sentence what is wanted; at least 10 characters
    ");
}

#[test]
fn a_task_id_that_is_none_is_refused_with_the_rule() {
    let args = ["run", "--task-id", "../x", "--description", "Parse durations such as 1h30m"];
    assert_snapshot!(Desk::empty().refuses(&args), @r"
    exit 2
    error: --task-id: `../x` is not a task id
    hint: a task id has 3 to 100 characters of A-Z, a-z, 0-9, `.`, `_` and `-`, and starts with a letter or digit
    ");
}

#[test]
fn a_misspelt_command_is_refused_with_the_one_that_was_meant() {
    assert_snapshot!(Desk::empty().refuses(&["rnu"]), @r"
    exit 2
    error: unrecognized subcommand 'rnu'

      tip: a similar subcommand exists: 'runs'

    Usage: phasegate [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn init_writes_a_configuration_and_a_first_task_and_never_overwrites() {
    let desk = Desk::empty();
    assert_snapshot!(desk.says(&["init", "new"]), @r"
    wrote new/phasegate.toml: which models, at what price and budget, and whom to ask
    wrote new/task.toml: a first task

    next: set ANTHROPIC_API_KEY or OPENAI_API_KEY, start Ollama, or name a model in new/phasegate.toml; then
      phasegate run --task new/task.toml
    exit 0
    ");
    assert_snapshot!(desk.refuses(&["init", "new"]), @r"
    exit 2
    error: new/phasegate.toml is there already, nothing was written
    hint: name another folder, or move it away
    ");
}

#[test]
fn what_init_writes_is_in_order_and_asks_for_a_model() {
    let desk = Desk::empty();
    desk.says(&["init"]);
    let config = desk.path().join("phasegate.toml");
    let nobody = "\n[providers.ollama]\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + nobody).unwrap();
    assert_snapshot!(desk.refuses(&["run", "--task", "task.toml"]), @r#"
    exit 2
    error: no model to ask: [models] names none, neither ANTHROPIC_API_KEY nor OPENAI_API_KEY is set, and no Ollama answers at http://127.0.0.1:9/v1
    hint: export ANTHROPIC_API_KEY=… or OPENAI_API_KEY=…, or start Ollama and pull a model,
    or write into phasegate.toml under [models]: default = "anthropic:claude-sonnet-4-6", or "scripted:FILE" for answers written by hand
    "#);
}

#[test]
fn a_task_file_that_is_not_there_is_named() {
    assert_snapshot!(Desk::empty().refuses(&["run", "--task", "task.toml"]), @r"
    exit 2
    error: task.toml cannot be read: there is no such file
    hint: name a task file; `phasegate init` writes a first one
    ");
}

#[test]
fn a_bad_task_file_is_refused_with_its_line() {
    let misspelt = format!("{TASK}requirments = []\n");
    let desk = Desk::with(&[("misspelt.toml", &misspelt), ("open.toml", "task_id = \"TASK-1\n")]);
    assert_snapshot!(desk.refuses(&["run", "--task", "misspelt.toml"]), @r"
    exit 2
    error: misspelt.toml:3: unknown field `requirments`, expected one of `task_id`, `project_id`, `description`, `requirements`, `context_files`, `constraints`, `language`
    hint: did you mean `requirements`?
    ");
    assert_snapshot!(desk.refuses(&["run", "--task", "open.toml"]), @r#"
    exit 2
    error: open.toml:1: invalid basic string, expected `"`
    hint: see the configuration reference in README.md
    "#);
}

#[test]
fn a_context_file_that_leaves_the_folder_or_is_not_there_is_refused() {
    let leaves = format!("{TASK}context_files = [\"../secret.txt\"]\n");
    let missing = format!("{TASK}context_files = [\"docs/*.md\"]\n");
    let desk = Desk::with(&[("leaves.toml", &leaves), ("missing.toml", &missing)]);
    assert_snapshot!(desk.refuses(&["run", "--task", "leaves.toml"]), @r"
    exit 2
    error: leaves.toml:3: context file `../secret.txt` leaves the task's folder
    hint: give a path relative to the task file, without `..`; copy the file there if it lies elsewhere
    ");
    assert_snapshot!(desk.refuses(&["run", "--task", "missing.toml"]), @r"
    exit 2
    error: context file `docs/*.md` is not there: nothing in HERE matches it
    hint: the pattern is relative to the task's file; `**` matches any number of folders
    ");
}

#[test]
fn a_bad_configuration_is_refused_with_its_line() {
    let desk = Desk::with(&[("task.toml", TASK), ("phasegate.toml", "[models]\ndefualt = \"openai:gpt-5\"\n")]);
    assert_snapshot!(desk.refuses(&["run", "--task", "task.toml"]), @r"
    exit 2
    error: phasegate.toml:2: unknown field `defualt`, expected one of `fast`, `default`, `deep`, `concurrency`, `retries`, `timeout_seconds`, `idle_seconds`, `stream`, `on_unknown`
    hint: did you mean `default`?
    ");
    assert_snapshot!(desk.refuses(&["run", "--task", "task.toml", "--config", "other.toml"]), @r"
    exit 2
    error: other.toml cannot be read: there is no such file
    hint: name a file that exists, or leave --config out: phasegate.toml is looked for upwards
    ");
}

#[test]
fn a_model_that_cannot_be_asked_is_refused_with_its_line() {
    let unknown = "# mine\n[models]\ndefault = \"nobody:x\"\n";
    let desk = Desk::with(&[("task.toml", TASK), ("unknown.toml", unknown), ("scripted.toml", SCRIPTED)]);
    assert_snapshot!(desk.refuses(&["run", "--task", "task.toml", "--config", "unknown.toml"]), @r"
    exit 2
    error: unknown.toml:3: [models] default: `nobody:x` names the provider `nobody`, which is not known
    hint: known are anthropic, ollama, openai, scripted; describe another as [providers.nobody] with kind and base_url
    ");
    assert_snapshot!(desk.refuses(&["run", "--task", "task.toml", "--config", "scripted.toml"]), @r"
    exit 2
    error: scripted.toml:2: [models] default: the script HERE/answers.toml cannot be read: No such file or directory (os error 2)
    hint: the path is relative to the configuration's folder
    ");
}

#[test]
fn a_pipeline_or_a_strategy_that_is_not_there_is_refused() {
    let desk = Desk::with(&[("task.toml", TASK)]);
    assert_snapshot!(desk.refuses(&["run", "--task", "task.toml", "--pipeline", "tps"]), @r"
    exit 2
    error: --pipeline: there is no standard pipeline `tps`
    hint: did you mean `tsp`?
    ");
    assert_snapshot!(desk.refuses(&["run", "--task", "task.toml", "--pipeline", "mine.toml"]), @r"
    exit 2
    error: --pipeline: there is no file `mine.toml`
    hint: the path is relative to the current folder
    ");
    assert_snapshot!(desk.refuses(&["run", "--task", "task.toml", "--feedback", "nearest"]), @r"
    exit 2
    error: --feedback: there is no strategy `nearest`
    hint: known are phase-aware, nearest-phase
    a strategy of your own is given as a file that ends in .wasm
    ");
    assert_snapshot!(desk.refuses(&["run", "--task", "task.toml", "--feedback", "mine.wasm"]), @r"
    exit 2
    error: --feedback: there is no file `mine.wasm`
    hint: known by name are phase-aware, nearest-phase
    ");
}

#[test]
fn an_out_folder_with_something_in_it_is_left_alone() {
    let desk = Desk::with(&[("task.toml", TASK), ("results/notes.txt", "mine")]);
    assert_snapshot!(desk.refuses(&["run", "--task", "task.toml", "--out", "results"]), @r"
    exit 2
    error: results is not empty, and nothing was started
    hint: choose another folder with --out, or write over it with --force
    ");
}

#[test]
fn two_tasks_of_one_name_cannot_share_an_out_folder() {
    let desk = Desk::with(&[("a.toml", TASK), ("b.toml", TASK)]);
    assert_snapshot!(desk.refuses(&["run", "--task", "a.toml", "--task", "b.toml", "--out", "results"]), @r"
    exit 2
    error: two of the tasks are called TASK-1, and their results would go to one folder
    hint: rename one, or leave --out away
    ");
}

#[test]
fn the_standard_pipelines_are_listed_and_shown() {
    let desk = Desk::empty();
    assert_snapshot!(desk.says(&["pipeline", "list"]), @r"
    tsp              planning, design, design review, code, code review, test, postmortem
    planning-design  planning, design, design review
    exit 0
    ");
    assert_snapshot!(desk.says(&["pipeline", "show", "planning-design"]), @r"
    planning-design: planning, design, design review
    feedback strategy phase-aware; at most 15 judgements in all

    phase          agent          makes                 tries  gate
    planning       planning       project_plan          3
    design         design         design_specification  3
    design-review  design-review  design_review_report  3      fails at 1 critical or 1 high; back to planning, design; asks a person when no attempt is left

    plugin         from         models   tries tests in
    design         this binary  default  -
    design-review  this binary  default  -
    phase-aware    this binary  -        -
    planning       this binary  default  -
    exit 0
    ");
    let shown = desk.says(&["pipeline", "show", "tsp", "--toml"]);
    assert!(shown.contains("\nname = \"tsp\"\n") && shown.ends_with("exit 0\n"), "{shown}");
}

#[test]
fn a_pipeline_file_is_checked_with_file_line_and_hint() {
    let good = "extends = \"tsp\"\n[[phase]]\nname = \"code-review\"\nmax_retries = 5\n";
    let bad = "extends = \"tsp\"\n[[phase]]\nname = \"audit\"\nagent = \"audit\"\nafter = \"tset\"\n";
    let desk = Desk::with(&[("good.toml", good), ("bad.toml", bad)]);
    assert_snapshot!(desk.says(&["pipeline", "check", "good.toml"]), @r"
    good.toml is in order: 7 phases, 3 gates
    exit 0
    ");
    assert_snapshot!(desk.refuses(&["pipeline", "check", "bad.toml"]), @r"
    exit 2
    error: bad.toml:5: there is no phase `tset` to come after
    hint: did you mean `test`?
    ");
    assert_snapshot!(desk.refuses(&["pipeline", "show", "nothing"]), @r"
    exit 2
    error: --pipeline: there is no standard pipeline `nothing`
    hint: known are tsp, planning-design
    ");
}

#[test]
fn a_component_that_its_reader_panics_on_is_refused_without_its_reader_s_words() {
    let name = "component-whose-function-is-called-like-an-interface";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/component").join(name);
    let desk = Desk::empty();
    std::fs::copy(file, desk.path().join("odd.wasm")).unwrap();
    assert_snapshot!(desk.says(&["plugin", "inspect", "odd.wasm"]), @r"
    exit 2
    error: odd.wasm: this is not a WebAssembly component: its interfaces cannot be put in words of WIT
    hint: build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module
    ");
}

#[test]
fn an_agent_is_inspected() {
    assert_snapshot!(inspect("agent.wasm"), @r#"
    file      FIXTURES/agent.wasm
    world     agent-plugin
    contract  0.1.0
    size      …
    digest    …
    exports   phasegate:plugin/agent@0.1.0
    imports   phasegate:plugin/artifacts@0.1.0
              phasegate:plugin/log@0.1.0
              phasegate:plugin/model-types@0.1.0
              phasegate:plugin/models@0.1.0
              phasegate:plugin/test-bench@0.1.0
              phasegate:plugin/types@0.1.0
              phasegate:plugin/work@0.1.0
    wants     [plugins.NAME] grants = { models = ["default"], test-bench = ["python"] }

    this host takes it
    exit 0
    "#);
}

#[test]
fn components_that_do_not_fit_are_told_why_and_what_to_do() {
    assert_snapshot!(inspect("old-contract.wasm"), @r"
    file      FIXTURES/old-contract.wasm
    world     runner-plugin
    contract  0.0.9
    size      …
    digest    …
    exports   phasegate:plugin/runner@0.0.9
    imports   nothing
    wants     nothing that has to be granted

    this host would not take it: it was built for phasegate:plugin@0.0.9, this host speaks 0.1.0
      missing  export runner.collect
      missing  export runner.run-tests
    hint: operator: use a build for phasegate:plugin@0.1.0, or the version of Phasegate that it was made for
    hint: author: build it against the `wit/` of 0.1.0
    exit 2
    ");
    assert_snapshot!(inspect("ungranted.wasm"), @r"
    file      FIXTURES/ungranted.wasm
    world     feedback-plugin
    contract  0.1.0
    size      …
    digest    …
    exports   phasegate:plugin/feedback@0.1.0
    imports   acme:plugin/disk
              phasegate:plugin/types@0.1.0
    wants     nothing that has to be granted

    this host would not take it: it is not what feedback-plugin of phasegate:plugin@0.1.0 says
      extra    import acme:plugin/disk
    hint: operator: nothing can be granted or configured here; use a build that fits, or another plugin
    hint: author: remove what needs the extra imports
    exit 2
    ");
}

#[test]
fn a_test_runner_says_what_it_offers() {
    let desk = Desk::empty();
    let file = fixture("runner.wasm");
    assert_snapshot!(desk.says(&["plugin", "inspect", file.to_str().unwrap(), "--environment"]), @r#"
    {
      "language": "lines",
      "modules": [],
      "notes": [
        "values are text"
      ],
      "test_frameworks": [
        "lines"
      ],
      "version": "1"
    }
    exit 0
    "#);
    let agent = fixture("agent.wasm");
    assert_snapshot!(desk.says(&["plugin", "inspect", agent.to_str().unwrap(), "--environment"]), @r"
    exit 2
    error: FIXTURES/agent.wasm is no test runner, it offers nothing to code
    hint: leave --environment away
    ");
}

#[test]
fn an_inspection_as_json_has_every_field() {
    let said = Desk::empty().says(&["plugin", "inspect", fixture("strategy.wasm").to_str().unwrap(), "--json"]);
    let (json, exit) = said.split_once("exit ").unwrap();
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(
        (value["world"].as_str(), value.get("misfit"), exit),
        (Some("feedback"), Some(&serde_json::Value::Null), "0\n")
    );
}

#[test]
fn a_file_that_is_no_component_is_refused() {
    let desk = Desk::with(&[("plugin.wasm", "no component at all")]);
    assert_snapshot!(desk.refuses(&["plugin", "inspect", "plugin.wasm"]), @r"
    exit 2
    error: plugin.wasm: this is not a WebAssembly component: it does not start as one
    hint: build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module
    ");
    assert_snapshot!(desk.refuses(&["plugin", "inspect", "missing.wasm"]), @r"
    exit 2
    error: missing.wasm cannot be read: there is no such file
    hint: name a component, as in target/NAME.wasm
    ");
}

#[test]
fn without_runs_every_command_says_so_and_makes_no_state_folder() {
    let desk = Desk::empty();
    assert_snapshot!(desk.says(&["runs"]), @r"
    no runs in .phasegate
    exit 0
    ");
    assert_snapshot!(desk.says(&["runs", "--json"]), @r"
    []
    exit 0
    ");
    assert_snapshot!(desk.says(&["pip", "list"]), @r"
    no improvement proposals in .phasegate
    exit 0
    ");
    assert_snapshot!(desk.refuses(&["show", "task-1-abcdef"]), @r"
    exit 2
    error: there are no runs in .phasegate
    hint: `phasegate run` starts one; if yours are elsewhere, name the folder with --state DIR
    ");
    for command in ["resume", "cancel", "approve", "reject", "override", "abort"] {
        let said = desk.refuses(&[command, "task-1-abcdef"]);
        assert!(said.contains("error: there are no runs in .phasegate\nhint: "), "{said}");
    }
    assert_eq!(desk.entries(), Vec::<String>::new());
}
