//! Configuration: changes of phases, values on the command line, and what a person sees of a mistake.

use insta::assert_snapshot;
use phasegate_test::{Terminal, Workspace};

use crate::{PATHS, scenario, workspace};

const TASK: &str = "task_id = \"TASK-1\"\ndescription = \"Parse durations such as 1h30m\"\n";

/// What `pipeline show tsp` says with this configuration.
fn shown(configuration: &[u8]) -> String {
    let workspace = workspace();
    workspace.write("phasegate.toml", configuration);
    workspace.render(&["pipeline", "show", "tsp"])
}

#[test]
fn configuration_changes_single_phases() {
    let text =
        shown(b"max_total_attempts = 30\n[phases.code-review]\nmax_retries = 20\n[phases.code]\nmax_retries = 7\n");
    assert!(text.contains("; at most 30 gate attempts in total"), "{text}");
    let number = |phase: &str| {
        let row = text.lines().find(|line| line.starts_with(&format!("{phase} "))).unwrap();
        row.split("  ").filter(|cell| !cell.trim().is_empty()).nth(3).unwrap().trim().to_owned()
    };
    assert_eq!(["code-review", "code", "test"].map(number), ["20", "7", "3"]);
}

#[test]
fn flags_change_the_run_and_are_pinned() {
    for (flags, end) in [
        (["--max-retries", "1"], "after 1 attempt"),
        (["--set", "phases.design-review.max_retries=2"], "after 2 attempts"),
        (["--set", "phases.design-review={ max_retries = 4 }"], "after 4 attempts"),
    ] {
        let scenario = scenario("exhausted");
        let output = scenario.run(&flags);
        let told = format!("{}{}", output.stdout, output.stderr);
        assert_eq!(output.code, 1, "{told}");
        assert!(told.contains(end), "{flags:?}\n{told}");
        // The run keeps the value: a replay has no flags.
        scenario.check_replay(&output.run_id(), &[]);
    }
}

#[test]
fn flags_reach_every_table_of_the_configuration() {
    let workspace = workspace();
    workspace.write("task.toml", TASK);
    let refusal = |flags: &[&str]| {
        let text = workspace.reject(&[&["run", "task.toml"], flags].concat());
        text.strip_prefix("exit 2\n").unwrap().trim_end().to_owned()
    };
    assert_snapshot!(refusal(&["--set", "phases.cdoe.max_retries=5"]), @r"
    error[PG-0101]: --set: `phases.cdoe.max_retries`: `phases` has no such key: `cdoe`
    hint: did you mean `code`?
    ");
    assert_snapshot!(refusal(&["--set", "budget.cals=5"]), @r"
    error[PG-0101]: --set: `budget.cals`: `budget` has no such key: `cals`
    hint: did you mean `calls`?
    ");
    assert_snapshot!(refusal(&["--set", "budgt.calls=5"]), @r"
    error[PG-0101]: --set: `budgt.calls`: there is no such key: `budgt`
    hint: did you mean `budget`?
    ");
    assert_snapshot!(refusal(&["--set", "hitl.tset=always"]), @r"
    error[PG-0101]: --set: `hitl.tset`: there is no gate `tset` in pipeline `tsp`
    hint: did you mean `test`?
    ");
    assert_snapshot!(refusal(&["--set", "hitl.test=alway"]), @r"
    error[PG-0101]: --set: `hitl.test` has no value `alway`
    hint: did you mean `always`?
    ");
    assert_snapshot!(refusal(&["--set", "sandbox.max_instances=0"]), @r"
    error[PG-0101]: --set: `sandbox.max_instances` must be at least 1
    hint: write the value as in the pipeline or in phasegate.toml
    ");
    assert_snapshot!(refusal(&["--set", "output.names=all"]), @r"
    error[PG-0101]: --set: `output.names` has no value `all`
    hint: choose from portable, any
    ");
    assert_snapshot!(refusal(&["--set", "pipeline=tsp"]), @r"
    error[PG-0101]: --set: `pipeline`: `pipeline` has a flag of its own
    hint: give it as --pipeline
    ");
    assert_snapshot!(refusal(&["--set", "max_retries"]), @r"
    error[PG-0101]: --set `max_retries`: it is not KEY=VALUE
    hint: a key is like phases.code-review.max_retries, feedback.settings.NAME or models.default
    ");
    assert_snapshot!(refusal(&["--model", "dep=anthropic:x"]), @r"
    error[PG-0101]: --model: there is no tier `dep`
    hint: did you mean `deep`?
    ");
    assert_snapshot!(refusal(&["--model", "claude"]), @r#"
    error[PG-0101]: --model: `claude` is not a model
    hint: write PROVIDER:MODEL, as in "anthropic:claude-sonnet-4-6" or "ollama:llama3.1:8b", or "scripted:FILE"
    "#);
    assert_snapshot!(refusal(&["--max-retries", "16"]), @r"
    error[PG-0101]: --max-retries: gate `design-review`: max_retries is 16, but all gates together get 15 verdicts (max_total_attempts)
    hint: add --set max_total_attempts=16, or give a lower number
    ");
}

#[test]
fn mistakes_show_their_line_with_a_caret() {
    let wrong =
        workspace().with_files(&[("task.toml", TASK), ("phasegate.toml", "[budget]\nusd = 5\ncals = 40 # few\n")]);
    let terminal = Terminal::with_size(&wrong.command(&["run", "task.toml"]), 10, 80);
    let (code, screen) = terminal.wait_for_screen();
    assert_eq!(code, 2);
    let rows: Vec<String> = screen.rows(0, 80).map(|row| row.trim_end().to_owned()).collect();
    assert_snapshot!(rows.join("\n").trim_end(), @r"
    error[PG-0102]: phasegate.toml:3: unknown key `cals` in [budget]
      3 | cals = 40 # few
        | ^^^^
    hint: did you mean `calls`?
    ");
}

#[test]
fn mistakes_in_every_kind_of_file_look_alike() {
    let workspace = workspace().with_files(&[
        ("task.toml", "task_id = 7\ndescription = \"Parse durations\"\n"),
        ("pipeline.toml", "extends = \"tsp\"\n[[phase]]\nname = \"code\"\nmax_retries = \"many\"\n"),
        ("experiment.toml", "name = \"x\"\ntasks = \"task.toml\"\n"),
    ]);
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r"
    exit 2
    error[PG-0102]: task.toml:1: `task_id` must be a text, not `7`
      1 | task_id = 7
        |           ^
    hint: see docs/configuration.md#task-files
    ");
    assert_snapshot!(workspace.reject(&["pipeline", "check", "pipeline.toml"]), @r#"
    exit 2
    error[PG-0102]: pipeline.toml:4: `phase.max_retries` must be a whole number, 1 or more, not "many"
      4 | max_retries = "many"
        |               ^^^^^^
    hint: see docs/pipelines.md#keys
    "#);
    assert_snapshot!(workspace.reject(&["experiment", "experiment.toml"]), @r#"
    exit 2
    error[PG-0102]: experiment.toml:2: `tasks` must be a list, not "task.toml"
      2 | tasks = "task.toml"
        |         ^^^^^^^^^^^
    hint: see docs/experiments.md
    "#);
}

/// Mistakes, and what a message must say about each.
const MISTAKES: [(&str, &str); 24] = [
    ("[budget]\nusd = \"many\"\n", "`budget.usd`"),
    ("[budget]\ncalls = 1.5\n", "`budget.calls`"),
    ("[budget]\ncalls = 99999999999999999999999\n", "`budget.calls`"),
    ("[models]\nretries = -2\n", "`models.retries` must be a whole number, 0 or more, not `-2`"),
    ("[models]\nretries = 1e3\n", "`models.retries` must be a whole number, 0 or more, not `1000.0`"),
    ("[models]\nconcurrency = 0\n", "`models.concurrency` must be a whole number, 1 or more, not `0`"),
    ("[models]\nstream = 1\n", "`models.stream` must be `true` or `false`, not `1`"),
    ("[models]\ndefault = claude\n", "the text of `default` needs quotes"),
    ("[models]\ndefault = \"claude\n", "the text of `default` is not closed"),
    ("[models]\ndefault = 3\n", "`models.default` must be a text, not `3`"),
    ("models = 3\n", "`models` must be a table, not `3`"),
    ("[prices.\"a:b\"]\ninput = \"x\"\n", "`prices.\"a:b\".input` must be a number, not \"x\""),
    ("[prices.\"a:b\"]\ninput = 1\n", "`output` is missing in [prices.\"a:b\"]"),
    ("[plugins.code]\nlimits = { cpu_ms = \"x\" }\n", "`plugins.code.limits.cpu_ms` must be a whole number"),
    ("[plugins.code]\ngrants = { models = \"deep\" }\n", "`plugins.code.grants.models` must be a list, not \"deep\""),
    ("[sandbox]\nmax_instances = 0\n", "`sandbox.max_instances` must be at least 1"),
    ("[output]\nnames = \"all\"\n", "`output.names` has no value `all`"),
    ("[hitl]\ntest = 3\n", "`hitl.test` must be a word such as \"always\", or a table, not `3`"),
    ("[phases.test]\nmax_retries = 0\n", "`phases.test.max_retries` must be a whole number, 1 or more, not `0`"),
    ("[phases.test.gate]\nfails_at = { hihg = 1 }\n", "did you mean `high`?"),
    ("[budget]\ncalls = 3\ncalls = 4\n", "the key is there twice"),
    ("max_retries = 5\n", "`max_retries` belongs under [phases.NAME]"),
    ("[models]\nmax_retries = 5\n", "`max_retries` belongs under [phases.NAME]"),
    ("[hitl]\nmax_retries = 5\n", "`max_retries` belongs under [phases.NAME]"),
];

#[test]
fn messages_have_no_word_of_the_parser() {
    for (text, said) in MISTAKES {
        let shown = shown(text.as_bytes());
        assert!(
            shown.starts_with("exit 2\nerror[PG-0102]: phasegate.toml:") && shown.contains(said),
            "{text}\n{shown}"
        );
        assert!(shown.contains("\n    | ") && shown.contains("^"), "{text}\n{shown}");
        let parser = [
            "f64",
            "u32",
            "u64",
            "i64",
            "i128",
            "non-zero",
            "nonzero",
            "struct",
            "variant",
            "serde",
            "sequence",
            "invalid type",
            "unknown field",
        ];
        let found = parser.iter().find(|word| shown.contains(**word));
        assert_eq!(found, None, "{text}\n{shown}");
        assert!(shown.contains("hint: "), "{text}\n{shown}");
    }
}

#[test]
fn keys_never_stand_on_a_screen() {
    let key = "sk-ant-REALKEY-0123456789abcdef";
    for text in [
        format!("key = \"{key}\"\n"),
        format!("[providers.anthropic]\nkey = \"{key}\"\n"),
        format!("[providers.anthropic]\nkey_env = \"{key}\"\n"),
        format!("[providers.anthropic]\napi-key = '{key}'\n"),
        format!("[providers.anthropic]\nheaders = {{ authorization = \"Bearer {key}\" }}\n"),
        format!("[models]\ndefault = \"{key}\"\n"),
        format!("[models]\ndefault = {key}\n"),
        format!("[models]\ndefault = \"{key}\n"),
        format!("[models]\nretries = \"{key}\"\n"),
        format!("[phases.code]\nsettings = {{ secret = \"{key}\" }}\n"),
        "[providers.azure]\napi_key = \"f00dREALKEY\"\n".to_owned(),
    ] {
        let shown = shown(text.as_bytes());
        assert!(shown.starts_with("exit 2\n") && !shown.contains("REALKEY"), "{text}\n{shown}");
        let quoted = text.contains('\'') || text.matches('"').count() == 2;
        assert!(!quoted || shown.contains("keys never stand here") && shown.contains("key_env = "), "{text}\n{shown}");
    }
}

#[test]
fn other_encodings_are_named() {
    let configuration = "[budget]\ncalls = 40 # é\n";
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(configuration.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = configuration.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_snapshot!(shown(&utf16), @r"
    exit 2
    error[PG-0103]: phasegate.toml cannot be read: it is text in UTF-16, not in UTF-8
    hint: save it as UTF-8
    ");
    assert_snapshot!(shown(&latin), @r"
    exit 2
    error[PG-0103]: phasegate.toml cannot be read: it is not text in UTF-8, first in line 2; it may be in Latin-1
    hint: save it as UTF-8
    ");
    assert!(shown(format!("\u{feff}{configuration}").as_bytes()).ends_with("exit 0\n"));
    let workspace = workspace();
    workspace.write("task.toml", utf16);
    workspace.write("pipeline.toml", latin);
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r"
    exit 2
    error[PG-0101]: task.toml cannot be read: it is text in UTF-16, not in UTF-8
    hint: save it as UTF-8
    ");
    assert_snapshot!(workspace.reject(&["pipeline", "check", "pipeline.toml"]), @r"
    exit 2
    error[PG-0101]: `pipeline.toml` cannot be read: it is not text in UTF-8, first in line 2; it may be in Latin-1
    hint: save it as UTF-8
    ");
}

#[test]
fn circles_of_pipelines_show_their_path() {
    let workspace = workspace().with_files(&[
        ("a.toml", "extends = \"below/b.toml\"\nname = \"a\"\n"),
        ("below/b.toml", "extends = \"../c.toml\"\nname = \"b\"\n"),
        ("c.toml", "extends = \"./a.toml\"\nname = \"c\"\n"),
        ("self.toml", "extends = \"self.toml\"\n"),
    ]);
    assert_snapshot!(workspace.reject(&["pipeline", "check", "a.toml"]), @r#"
    exit 2
    error[PG-0102]: ../c.toml:1: `extends` goes in a circle: a.toml → below/b.toml → c.toml → a.toml
      1 | extends = "./a.toml"
        |           ^^^^^^^^^^
    hint: let one of them extend no other, or a standard pipeline
    "#);
    assert_snapshot!(workspace.reject(&["pipeline", "check", "self.toml"]), @r#"
    exit 2
    error[PG-0102]: self.toml:1: `extends` goes in a circle: self.toml → self.toml
      1 | extends = "self.toml"
        |           ^^^^^^^^^^^
    hint: let one of them extend no other, or a standard pipeline
    "#);
    assert_snapshot!(workspace.reject(&["pipeline", "check", "below/b.toml"]), @r#"
    exit 2
    error[PG-0102]: below/b.toml:1: `extends` goes in a circle: ../c.toml → ../a.toml → ../below/b.toml → ../c.toml
      1 | extends = "../c.toml"
        |           ^^^^^^^^^^^
    hint: let one of them extend no other, or a standard pipeline
    "#);
}

#[test]
fn faults_of_context_files_have_their_line() {
    let task = |files: &str| format!("{TASK}\ncontext_files = [\n    \"notes.md\",\n    {files},\n]\n");
    let workspace = workspace().with_files(&[
        ("notes.md", "notes"),
        (".env", "A=1"),
        ("missing.toml", &task("\"docs/*.md\"")),
        ("secret.toml", &task("{ path = \".env\", base = true }")),
        ("folder.toml", &task("\"lib/util.py\"")),
    ]);
    assert_snapshot!(workspace.reject(&["run", "missing.toml"]), @r#"
    exit 2
    error[PG-0107]: missing.toml:6: context file `docs/*.md` is not there: nothing in HERE matches it
      6 |     "docs/*.md",
        |     ^^^^^^^^^
    hint: the pattern is relative to the task's file; `**` matches any number of folders
    "#);
    assert_snapshot!(workspace.reject(&["run", "secret.toml"]), @r#"
    exit 2
    error[PG-0107]: secret.toml:6: context file `.env` is left out: looks like a secret
      6 |     { path = ".env", base = true },
        |              ^^^^
    hint: if agents may read it, write `{ path = ".env", base = true, allow = true }` in context_files
    "#);
    assert_snapshot!(workspace.reject(&["run", "folder.toml"]), @r#"
    exit 2
    error[PG-0107]: folder.toml:6: context file `lib/util.py` is not there: nothing in HERE matches it
      6 |     "lib/util.py",
        |     ^^^^^^^^^^^
    hint: the path is relative to the task's file
    "#);
}

#[test]
fn resume_says_what_the_file_has_now() {
    let workspace = Workspace::with_shared_home(PATHS, "first-minutes");
    assert_eq!(workspace.call(&["init", "--demo"]).code, 0);
    let stopped = workspace.call(&["run", "task.toml", "--set", "budget.calls=3", "--set", "budget.tokens=1000000"]);
    assert_eq!(stopped.code, 4, "{}", stopped.stderr);
    let run = stopped.stdout.lines().find_map(|line| line.strip_prefix("run ")).unwrap().trim().to_owned();
    let resume = || workspace.call(&["resume", "--calls", "4"]).stderr.replace(&run, "RUN");
    let told = resume();
    assert!(told.contains("budget.tokens: the run uses 1000000, the file has 2000000\n"), "{told}");
    assert!(!told.contains("budget.calls"), "a limit of the command line is none of the creation: {told}");

    let configuration = workspace.read("phasegate.toml");
    let more = "[budget]\ntokens = 1000000\n[phases.code-review]\nmax_retries = 5\n[phases.test.gate]\nmay_revise = [\"code\"]\n";
    workspace.write("phasegate.toml", format!("{configuration}{more}"));
    let told = resume();
    let note: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("  ") || line.contains("RUN keeps") || line.contains("fork"))
        .collect();
    assert_snapshot!(note.join("\n"), @r#"
    run RUN keeps the values that it was created with; phasegate.toml differs:
      phases.code-review.max_retries: the run uses 3, the file has 5
      phases.test.gate.may_revise: the run uses ["planning","design","code","test"], the file has ["code"]
    hint: `phasegate fork RUN --at PHASE --set KEY=VALUE` goes on with another value
    "#);

    // A file that says the same as the run is not mentioned.
    workspace.write("phasegate.toml", format!("# edited\n{configuration}[budget]\ntokens = 1000000\n"));
    assert!(!resume().contains("keeps the values"));
}
