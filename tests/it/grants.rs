//! Plugins of third parties: manifests, grants, settings, the lock file, and components that changed since they were
//! accepted.

use std::fs;
use std::ops::Deref;

use insta::assert_snapshot;
use phasegate_journal::{Journal, SqliteJournal};
use phasegate_process::Digest;
use phasegate_test::{Workspace, copy_folder, filter, repository};

use crate::PATHS;

/// The task of the first example with a planner from a file, as a third party delivers it.
struct Project(Workspace);

const PIPELINE: &str = r#"extends = "planning-design"
name = "bought"

[plugins.planning]
path = "planner.wasm"
"#;

impl Deref for Project {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.0
    }
}

impl Project {
    fn new() -> Self {
        let project = Self(Workspace::with_shared_home(PATHS, "home-of-grants"));
        let example = repository().join("examples/first-task");
        copy_folder(&example, &project.path(""));
        let models = fs::read_to_string(example.join("phasegate.toml")).unwrap();
        project.write("phasegate.toml", format!("pipeline = \"pipeline.toml\"\n{models}"));
        project.write("pipeline.toml", PIPELINE);
        project.planner("0.1.0", r#"["default"]"#);
        project
    }

    /// Writes the standard planner with another version and other tiers in its manifest, edited in place.
    fn planner(&self, version: &str, tiers: &str) {
        let mut bytes = fs::read(repository().join("plugins/dist/planning.wasm")).unwrap();
        put(&mut bytes, "version = '0.1.0'", &format!("version = '{version}'"));
        put(&mut bytes, r#"models = ["fast", "default", "deep"]"#, &format!("models = {tiers}"));
        self.write("planner.wasm", bytes);
    }

    /// Exit code, stdout and stderr of a command.
    fn render(&self, args: &[&str]) -> String {
        self.call(args).render(&[])
    }

    /// Whether the state folder, and the folder of compiled components, contain the present planner.
    fn stores_planner(&self) -> (bool, bool) {
        let digest = Digest::from_content(&fs::read(self.path("planner.wasm")).unwrap());
        let stored = SqliteJournal::open_to_read(&self.path(".phasegate")).unwrap().has_blob(&digest).unwrap();
        let compiled = fs::read_dir(self.home().join(".cache/phasegate/compiled")).unwrap();
        let compiled = compiled.map(|file| file.unwrap().file_name().into_string().unwrap());
        (stored, compiled.into_iter().any(|name| name.contains(digest.short())))
    }

    fn run_passes(&self) -> bool {
        self.call(&["run", "--task", "task.toml", "--json"]).code == 0
    }

    fn refusal(&self) -> String {
        self.render(&["run", "--task", "task.toml"])
    }
}

/// Replaces a text by one that is not longer, padded with spaces, so that no offset changes.
fn put(bytes: &mut [u8], old: &str, new: &str) {
    let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).expect(old);
    bytes[at..at + old.len()].copy_from_slice(format!("{new:<width$}", width = old.len()).as_bytes());
}

#[test]
fn first_use_pins_a_plugin_with_its_grants() {
    let project = Project::new();
    assert!(project.run_passes());
    assert_snapshot!(filter(&project.read("phasegate.lock")), @r#"
    # Written by phasegate; commit this file. When a plugin changes or asks for more, its runs stop until
    # `phasegate plugin accept NAME` accepts it.
    version = 1

    [plugins.planning]
    version = "0.1.0"
    digest = "DIGEST"
    asks = { models = ["default"] }
    grants = { models = ["default"] }
    agreed = { by = "ann", at = "DATE", in_words = false }
    "#);
    let pinned = project.read("phasegate.lock");
    assert!(project.run_passes());
    assert_eq!(project.read("phasegate.lock"), pinned, "the second run changed the lock file");
}

#[test]
fn changed_component_stops_the_run_until_accepted() {
    let project = Project::new();
    let grants = "grants = { models = [\"default\", \"deep\"] }\n";
    project.write("pipeline.toml", format!("{PIPELINE}{grants}"));
    assert!(project.run_passes());
    project.planner("0.2.0", r#"["default", "deep"]"#);
    assert_snapshot!(project.refusal(), @r#"
    exit 2
    task      DURATIONS-001: Write a Python module `durations` that turns texts such as "1h30m" into seconds, and secon…
    pipeline  bought: planning → design → design-review
    config    phasegate.toml; pipeline from pipeline.toml
    error[PG-0307]: plugin `planning` differs from what its first run used on DATE: 0.1.0 → 0.2.0, now asks for: models.deep
    hint: review the changes; `phasegate plugin accept planning` agrees to it
    "#);
    assert_snapshot!(project.render(&["plugin", "accept", "planning", "--by", "ann"]), @r#"
    exit 0
    plugin `planning` differs from what its first run used on DATE: 0.1.0 → 0.2.0, now asks for: models.deep
    ann accepted plugin `planning` 0.2.0, DIGEST, grants { models = ["default", "deep"] }, not signed
    wrote phasegate.lock
    "#);
    assert!(project.run_passes());
    assert!(project.read("phasegate.lock").contains("in_words = true"), "{}", project.read("phasegate.lock"));
}

#[test]
fn unaccepted_component_is_neither_stored_nor_compiled() {
    let mut project = Project::new();
    project.0.set_own_home("home");
    assert!(project.run_passes());
    assert_eq!(project.stores_planner(), (true, true));
    project.planner("0.2.0", r#"["default"]"#);
    for args in ["run --task task.toml", "fork DURATIONS-001 --at design --pipeline pipeline.toml"] {
        let output = project.render(&args.split(' ').collect::<Vec<_>>());
        assert!(
            output.starts_with("exit 2\n")
                && output.contains("error[PG-0307]: plugin `planning` differs from what its first run used"),
            "{output}"
        );
        assert_eq!(project.stores_planner(), (false, false));
    }
    project.render(&["plugin", "accept", "planning"]);
    assert!(project.run_passes());
    assert_eq!(project.stores_planner(), (true, true));
}

#[test]
fn only_wider_grants_stop_the_run() {
    let project = Project::new();
    project.planner("0.1.0", r#"["default", "deep"]"#);
    assert!(project.run_passes());
    project.write("pipeline.toml", format!("{PIPELINE}grants = {{ models = [\"default\", \"deep\"] }}\n"));
    assert_snapshot!(project.refusal(), @r#"
    exit 2
    task      DURATIONS-001: Write a Python module `durations` that turns texts such as "1h30m" into seconds, and secon…
    pipeline  bought: planning → design → design-review
    config    phasegate.toml; pipeline from pipeline.toml
    error[PG-0307]: plugin `planning` differs from what its first run used on DATE: would now get: models.deep
    hint: review the changes; `phasegate plugin accept planning` agrees to it
    "#);
    project.render(&["plugin", "accept", "planning"]);
    project.write("pipeline.toml", PIPELINE);
    assert!(project.run_passes());
}

#[test]
fn plugin_gets_only_the_tiers_it_requests() {
    let project = Project::new();
    project.planner("0.1.0", r#"["default"]"#);
    let more = "grants = { models = [\"default\", \"deep\"] }\n\n[[phase]]\nname = \"planning\"\nsettings = { tier = \"deep\" }\n";
    project.write("pipeline.toml", format!("{PIPELINE}{more}"));
    let output = project.call(&["run", "--task", "task.toml", "--json"]).stdout;
    assert!(output.contains("asked for a model of tier `deep`, which is not granted"), "{output}");
    let hint = "its plugin.toml has to ask for it: `models = [\\\"deep\\\"]` under `[asks]`";
    assert!(output.contains(hint), "{output}");

    // The component imports models, and its manifest asks for none.
    project.planner("0.1.0", "[]");
    project.write("pipeline.toml", PIPELINE);
    project.render(&["plugin", "accept", "planning"]);
    let output = project.call(&["run", "--task", "task.toml", "--json"]).stdout;
    assert!(output.contains("asked for a model of tier `default`, which is not granted"), "{output}");
}

#[test]
fn rejects_unknown_plugin_settings_with_file_and_line() {
    let project = Project::new();
    project.write(
        "pipeline.toml",
        format!("{PIPELINE}\n[[phase]]\nname = \"planning\"\n[phase.settings]\nteir = \"deep\"\n"),
    );
    assert_snapshot!(project.refusal(), @r#"
    exit 2
    error[PG-0102]: pipeline.toml:10: phase `planning` gives plugin `planning` 0.1.0 invalid settings: there is no setting `teir`
      10 | teir = "deep"
         | ^^^^
    hint: did you mean `tier`?
    "#);
    project.write("pipeline.toml", PIPELINE);
    let config = project.read("phasegate.toml");
    let feedback =
        "\n[feedback]\nstrategy = \"phase-aware\"\nsettings = { phases = [\"design\"], raise_after = \"often\" }\n";
    project.write("phasegate.toml", format!("{config}{feedback}"));
    assert_snapshot!(project.refusal(), @r#"
    exit 2
    error[PG-0102]: phasegate.toml:12: the feedback strategy gives plugin `phase-aware` 0.1.0 invalid settings: setting `raise_after`: at /raise_after: "often" is not of type "integer"
      12 | settings = { phases = ["design"], raise_after = "often" }
         |                                   ^^^^^^^^^^^
    hint: `phasegate plugin inspect FILE` shows the settings of a plugin
    "#);
    assert!(!project.path("phasegate.lock").exists(), "the run was started");
}

#[test]
fn locked_configuration_rejects_new_plugins() {
    let project = Project::new();
    let locked = ["run", "--task", "task.toml", "--json", "--locked"];
    assert_snapshot!(project.render(&locked), @r#"
    exit 2
    task      DURATIONS-001: Write a Python module `durations` that turns texts such as "1h30m" into seconds, and secon…
    pipeline  bought: planning → design → design-review
    config    phasegate.toml; pipeline from pipeline.toml
    error[PG-0308]: plugin `planning` 0.1.0, DIGEST, is not in phasegate.lock, and this run is `locked`
    hint: review it with `phasegate plugin inspect FILE`; `phasegate plugin accept planning` agrees to it
    "#);
    assert!(!project.path("phasegate.lock").exists());
    assert_eq!(project.call(&["plugin", "accept", "planning"]).code, 0);
    assert_eq!(project.call(&locked).code, 0);
    let agreed = project.read("phasegate.lock");

    let config = project.read("phasegate.toml");
    project.write("phasegate.toml", format!("locked = true\n{config}"));
    fs::copy(repository().join("plugins/dist/feedback-phase-aware.wasm"), project.path("mine.wasm")).unwrap();
    let typed = ["run", "--task", "task.toml", "--json", "--feedback", "mine.wasm"];
    assert_snapshot!(project.render(&typed), @r#"
    exit 2
    task      DURATIONS-001: Write a Python module `durations` that turns texts such as "1h30m" into seconds, and secon…
    pipeline  bought: planning → design → design-review
    config    phasegate.toml; pipeline from pipeline.toml
    error[PG-0308]: plugin `feedback-mine` 0.1.0, DIGEST, is not in phasegate.lock, and this run is `locked`
    hint: review it with `phasegate plugin inspect FILE`; `phasegate plugin accept feedback-mine --feedback mine.wasm` agrees to it
    "#);
    let variant = "name = \"tries\"\ntasks = [\"task.toml\"]\n[[variant]]\nname = \"mine\"\nfeedback = \"mine.wasm\"\n";
    project.write("experiment.toml", variant);
    for command in ["experiment experiment.toml", "fork DURATIONS-001 --at design --feedback mine.wasm"] {
        let output = project.render(&command.split(' ').collect::<Vec<_>>());
        assert!(
            output.starts_with("exit 2\n")
                && output.contains("error[PG-0308]: plugin `feedback-mine` 0.1.0, DIGEST, is"),
            "{output}"
        );
    }
    assert_eq!(project.read("phasegate.lock"), agreed);
    assert_eq!(project.call(&["plugin", "accept", "feedback-mine", "--feedback", "mine.wasm"]).code, 0);
    assert_eq!(project.call(&typed).code, 0);
    assert_eq!(project.call(&["experiment", "experiment.toml"]).code, 0);
}

#[test]
fn concurrent_accepts_keep_all_entries() {
    let project = Project::new();
    let names = ["planning", "design", "design-review"];
    let table = |name: &&str| format!("[plugins.{name}]\npath = \"planner.wasm\"\n");
    let tables: String = names.iter().map(table).collect();
    project.write("pipeline.toml", format!("extends = \"planning-design\"\nname = \"bought\"\n{tables}"));
    std::thread::scope(|people| {
        for name in names.into_iter().cycle().take(24) {
            let project = &project;
            people.spawn(move || assert_eq!(project.call(&["plugin", "accept", name]).code, 0));
        }
    });
    let agreed = project.read("phasegate.lock");
    assert!(names.iter().all(|name| agreed.contains(&format!("[plugins.{name}]"))), "{agreed}");
}

#[test]
fn rejects_accept_of_a_bundled_plugin() {
    let project = Project::new();
    assert_snapshot!(project.render(&["plugin", "accept", "planing"]), @"
    exit 2
    error[PG-0101]: pipeline `bought` loads no plugin `planing` from a file
    hint: did you mean `planning`?
    ");
}

#[test]
fn unreadable_lock_file_stops_the_run_unchanged() {
    let project = Project::new();
    project.write("phasegate.lock", "version = 1\n[plugins.planning]\ndigest = \"sha256:12\"\n");
    assert_snapshot!(project.refusal(), @r#"
    exit 2
    task      DURATIONS-001: Write a Python module `durations` that turns texts such as "1h30m" into seconds, and secon…
    pipeline  bought: planning → design → design-review
    config    phasegate.toml; pipeline from pipeline.toml
    error[PG-0102]: phasegate.lock:3: `plugins.planning.digest`: `DIGEST` is not a digest
      3 | digest = "DIGEST"
        |          ^^^^^^^^^^^
    hint: a digest is `sha256:` followed by 64 hex digits
    hint: see docs/configuration.md#lock-file
    "#);
    project.write("phasegate.lock", "version = 9\n");
    assert_snapshot!(project.refusal(), @r#"
    exit 2
    task      DURATIONS-001: Write a Python module `durations` that turns texts such as "1h30m" into seconds, and secon…
    pipeline  bought: planning → design → design-review
    config    phasegate.toml; pipeline from pipeline.toml
    error[PG-0102]: phasegate.lock:1: this is version 9 of the file, this phasegate reads version 1
    hint: use a newer phasegate
    "#);
    assert_eq!(project.read("phasegate.lock"), "version = 9\n");
}

#[test]
fn inspect_shows_the_manifest() {
    let project = Project::new();
    let shown = project.render(&["plugin", "inspect", "planner.wasm"]);
    crate::schemas::check_output(
        "plugin inspect",
        &project.call(&["plugin", "inspect", "planner.wasm", "--json"]).stdout,
    );
    let message = &shown[shown.find("requests").expect(&shown)..];
    assert_snapshot!(message, @r#"
    requests   [plugins.NAME] grants = { models = ["default"] }
    name       planning 0.1.0
    purpose    Divides a task into semantic units, rates them, and estimates by PROBE
    setting    max_output_tokens (integer): Limit of the first answer in tokens; a longer answer is asked for once more with four times as many
    setting    repository_tokens (integer): A repository with at most so many tokens of text is given whole; default: 12000
    setting    tier ("fast", "default", "deep"): Tier of the models; default: `default`

    this host accepts it
    "#);
}

#[test]
fn manifest_beside_a_component_is_used() {
    let project = Project::new();
    fs::copy(repository().join("plugins/dist/fixtures/strategy.wasm"), project.path("mine.wasm")).unwrap();
    project
        .write("plugin.toml", "name = \"mine\"\nversion = \"2.1.0\"\npurpose = \"Sends all back to whoever began.\"\n");
    let put = ["plugin", "manifest", "mine.wasm", "plugin.toml"];
    let shown = project.render(&put);
    assert!(shown.contains("name       mine 2.1.0\npurpose    Sends all back to whoever began.\n"), "{shown}");
    assert_eq!(project.render(&["plugin", "inspect", "mine.wasm"]), shown);
    // A second manifest takes the place of the first one, and one that is invalid changes nothing.
    let before = fs::read(project.path("mine.wasm")).unwrap();
    assert_eq!((project.render(&put), fs::read(project.path("mine.wasm")).unwrap()), (shown, before.clone()));
    project.write("plugin.toml", "name = \"mine\"\n");
    assert_snapshot!(project.render(&put), @r"
    exit 2
    error[PG-0302]: plugin.toml: manifest:1: `version` is missing
    hint: add it
    see plugins/sdk/README.md
    ");
    assert_eq!(fs::read(project.path("mine.wasm")).unwrap(), before);
}

#[test]
fn imports_missing_from_the_manifest_are_accepted() {
    let project = Project::new();
    fs::copy(repository().join("plugins/dist/fixtures/agent.wasm"), project.path("mine.wasm")).unwrap();
    project.write("plugin.toml", "name = \"mine\"\nversion = \"2.1.0\"\n[asks]\nmodels = [\"fast\"]\n");
    project.render(&["plugin", "manifest", "mine.wasm", "plugin.toml"]);
    for command in ["inspect", "check"] {
        let shown = project.render(&["plugin", command, "mine.wasm"]);
        assert!(shown.contains("this host accepts it"), "{command}: {shown}");
        assert!(!shown.contains("imports trial runs") && !shown.contains("PG-"), "{command}: {shown}");
    }
}

#[test]
fn lock_file_text_cannot_control_the_terminal() {
    let project = Project::new();
    assert!(project.run_passes());
    let steered = project.read("phasegate.lock").replace(r#"by = "ann""#, r#"by = "\u001b[2Jann\u202e""#);
    let steered = steered.replace("in_words = false", "in_words = true");
    assert!(steered.contains(r"\u001b"));
    project.write("phasegate.lock", &steered);
    project.planner("0.2.0", r#"["default"]"#);
    for output in [project.refusal(), project.render(&["plugin", "accept", "planning"])] {
        assert!(output.contains("[2Jann accepted"), "{output}");
        assert!(!output.contains(['\u{1b}', '\u{202e}']), "{output:?}");
    }
}

#[test]
fn strategy_from_the_command_line_needs_no_lock() {
    let project = Project::new();
    project.write("pipeline.toml", "extends = \"planning-design\"\nname = \"plain\"\n");
    let run = || {
        let run = ["run", "--task", "task.toml", "--json", "--feedback", "mine.wasm"];
        let output = project.call(&run);
        assert_eq!(output.code, 0, "{}", output.stderr);
    };
    let wasm = project.path("mine.wasm");
    fs::copy(repository().join("plugins/dist/feedback-phase-aware.wasm"), &wasm).unwrap();
    run();
    fs::copy(repository().join("plugins/dist/feedback-nearest-phase.wasm"), &wasm).unwrap();
    run();
    assert!(!project.path("phasegate.lock").exists());
}

#[test]
fn artifact_kind_from_a_manifest_needs_no_schema() {
    let project = Project::new();
    fs::copy(repository().join("plugins/dist/fixtures/agent.wasm"), project.path("mine.wasm")).unwrap();
    let phase = "extends = \"planning-design\"\nname = \"noted\"\n[[phase]]\nname = \"notes\"\nafter = \"planning\"\n\
                 agent = \"mine\"\nproduces = [{ name = \"notes\", kind = \"note\" }]\n[plugins.mine]\npath = \"mine.wasm\"\n";
    project.write("pipeline.toml", phase);
    assert_snapshot!(project.render(&["pipeline", "check", "pipeline.toml"]), @r#"
    exit 2
    error[PG-0102]: pipeline.toml:7: `notes` is of kind `note`, which has no schema
      7 | produces = [{ name = "notes", kind = "note" }]
        |                                      ^^^^
    hint: add `[[kind]]` here or in its plugin's manifest, or use a standard kind
    "#);
    let kind = "[[kind]]\nname = \"note\"\nschema = '{\"type\": \"object\"}'\n";
    project.write("plugin.toml", format!("name = \"mine\"\nversion = \"2.1.0\"\n{kind}"));
    project.render(&["plugin", "manifest", "mine.wasm", "plugin.toml"]);
    assert_snapshot!(project.render(&["pipeline", "check", "pipeline.toml"]), @r"
    exit 0
    pipeline.toml is valid: 4 phases, 1 gate
    ");
}
