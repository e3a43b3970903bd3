//! Plugins of strangers, as an operator meets them: what they say of themselves, what they get, what they may be set to, and
//! what happens when one is not what it was when somebody agreed to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use insta::assert_snapshot;
use phasegate_journal::{Journal, SqliteJournal};
use phasegate_process::Digest;

/// A folder with the task of the first example, and its planner taken from a file as a stranger's.
struct Shop(tempfile::TempDir);

/// What is compiled here is kept for all tests that do not ask whether it was.
const HOME: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/home-of-grants");

const PIPELINE: &str = r#"extends = "planning-design"
name = "bought"

[plugins.planning]
path = "planner.wasm"
"#;

impl Shop {
    fn new() -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        let example = root().join("examples/first-task");
        copy(&example, shop.0.path());
        let models = fs::read_to_string(example.join("phasegate.toml")).unwrap();
        shop.write("phasegate.toml", &format!("pipeline = \"pipeline.toml\"\n{models}"));
        shop.write("pipeline.toml", PIPELINE);
        shop.planner("0.1.0", r#"["default"]"#);
        shop
    }

    /// A home of its own, where there is one.
    fn home(&self) -> PathBuf {
        let own = self.0.path().join("home");
        if own.is_dir() { own } else { HOME.into() }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// The standard planner with another version and other tiers in its manifest, letter for letter in place.
    fn planner(&self, version: &str, tiers: &str) {
        let mut bytes = fs::read(root().join("plugins/dist/planning.wasm")).unwrap();
        put(&mut bytes, "version = '0.1.0'", &format!("version = '{version}'"));
        put(&mut bytes, r#"models = ["fast", "default", "deep"]"#, &format!("models = {tiers}"));
        fs::write(self.0.path().join("planner.wasm"), bytes).unwrap();
    }

    /// Exit code, stdout and stderr of a command.
    fn call(&self, words: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_phasegate"))
            .args(words)
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.home())
            .env("USER", "ann")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| plain(&String::from_utf8_lossy(bytes));
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    /// The same as one text.
    fn told(&self, words: &[&str]) -> String {
        let (code, out, err) = self.call(words);
        format!("exit {code}\n{out}{err}")
    }

    /// Whether the state folder, and the folder of what is compiled, hold the planner that lies there now.
    fn keeps_the_planner(&self) -> (bool, bool) {
        let digest = Digest::of(&fs::read(self.0.path().join("planner.wasm")).unwrap());
        let stored = SqliteJournal::open_to_read(&self.0.path().join(".phasegate")).unwrap().has_blob(&digest).unwrap();
        let compiled = fs::read_dir(self.home().join(".cache/phasegate/compiled")).unwrap();
        let compiled = compiled.map(|file| file.unwrap().file_name().into_string().unwrap());
        (stored, compiled.into_iter().any(|name| name.contains(digest.short())))
    }

    fn runs(&self) -> bool {
        self.call(&["run", "--task", "task.toml", "--force", "--json"]).0 == 0
    }

    fn refusal(&self) -> String {
        self.told(&["run", "--task", "task.toml", "--force"])
    }
}

fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { assert!(fs::copy(entry.path(), to).is_ok()) }
    }
}

/// Puts a text of the same length or less in the place of another, so that nothing around it moves.
fn put(bytes: &mut [u8], old: &str, new: &str) {
    let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).expect(old);
    bytes[at..at + old.len()].copy_from_slice(format!("{new:<width$}", width = old.len()).as_bytes());
}

/// Digests change whenever a component is rebuilt, and dates do.
fn plain(text: &str) -> String {
    let words = |line: &str| {
        let mut line = line.to_owned();
        if let Some(at) = line.find("sha256:") {
            let end = line[at + 7..].find(|c: char| !c.is_ascii_hexdigit()).map_or(line.len(), |end| at + 7 + end);
            line.replace_range(at..end, "DIGEST");
        }
        if let Some(at) = line.find(" GMT") {
            line.replace_range(at - 25..at + 4, "DATE");
        }
        line
    };
    text.lines().map(|line| words(line) + "\n").collect()
}

#[test]
fn a_plugin_named_for_the_first_time_is_pinned_with_what_it_asks_and_gets() {
    let shop = Shop::new();
    assert!(shop.runs());
    assert_snapshot!(plain(&shop.read("phasegate.lock")), @r#"
    # Written by phasegate; worth committing. A run in which one of these plugins is another component, or asks for more,
    # stops until `phasegate plugin accept NAME` agrees to it.
    version = 1

    [plugins.planning]
    version = "0.1.0"
    digest = "DIGEST"
    asks = { models = ["default"] }
    grants = { models = ["default"] }
    agreed = { by = "ann", at = "DATE", in_words = false }
    "#);
    let pinned = shop.read("phasegate.lock");
    assert!(shop.runs());
    assert_eq!(shop.read("phasegate.lock"), pinned, "a second run changes nothing");
}

#[test]
fn another_component_that_asks_for_more_stops_the_run_until_somebody_agrees() {
    let shop = Shop::new();
    let grants = "grants = { models = [\"default\", \"deep\"] }\n";
    shop.write("pipeline.toml", &format!("{PIPELINE}{grants}"));
    assert!(shop.runs());
    shop.planner("0.2.0", r#"["default", "deep"]"#);
    assert_snapshot!(shop.refusal(), @r"
    exit 2
    error: plugin `planning` is not what ann agreed to on DATE: 0.1.0 → 0.2.0 now asks for: models.deep
    hint: look at what changed; `phasegate plugin accept planning` agrees to it, with --config and --pipeline as here
    ");
    assert_snapshot!(shop.told(&["plugin", "accept", "planning", "--by", "ann"]), @r#"
    exit 0
    plugin `planning` is not what ann agreed to on DATE: 0.1.0 → 0.2.0 now asks for: models.deep
    ann agrees to plugin `planning` 0.2.0, DIGEST, granted { models = ["default", "deep"] }
    "#);
    assert!(shop.runs());
    assert!(shop.read("phasegate.lock").contains("in_words = true"), "{}", shop.read("phasegate.lock"));
}

#[test]
fn what_nobody_agreed_to_is_neither_kept_nor_compiled() {
    let shop = Shop::new();
    fs::create_dir(shop.0.path().join("home")).unwrap();
    assert!(shop.runs());
    assert_eq!(shop.keeps_the_planner(), (true, true));
    shop.planner("0.2.0", r#"["default"]"#);
    for words in ["run --task task.toml", "fork DURATIONS-001 --at design --pipeline pipeline.toml"] {
        let told = shop.told(&words.split(' ').collect::<Vec<_>>());
        assert!(told.starts_with("exit 2\n") && told.contains("error: plugin `planning` is not what ann"), "{told}");
        assert_eq!(shop.keeps_the_planner(), (false, false));
    }
    shop.told(&["plugin", "accept", "planning"]);
    assert!(shop.runs());
    assert_eq!(shop.keeps_the_planner(), (true, true));
}

#[test]
fn wider_grants_stop_the_run_too_and_narrower_ones_do_not() {
    let shop = Shop::new();
    shop.planner("0.1.0", r#"["default", "deep"]"#);
    assert!(shop.runs());
    shop.write("pipeline.toml", &format!("{PIPELINE}grants = {{ models = [\"default\", \"deep\"] }}\n"));
    assert_snapshot!(shop.refusal(), @r"
    exit 2
    error: plugin `planning` is not what ann agreed to on DATE: would now be given: models.deep
    hint: look at what changed; `phasegate plugin accept planning` agrees to it, with --config and --pipeline as here
    ");
    shop.told(&["plugin", "accept", "planning"]);
    shop.write("pipeline.toml", PIPELINE);
    assert!(shop.runs());
}

#[test]
fn a_plugin_is_given_no_tier_that_it_does_not_ask_for() {
    let shop = Shop::new();
    shop.planner("0.1.0", r#"["default"]"#);
    let more = "grants = { models = [\"default\", \"deep\"] }\n\n[[phase]]\nname = \"planning\"\nsettings = { tier = \"deep\" }\n";
    shop.write("pipeline.toml", &format!("{PIPELINE}{more}"));
    let told = shop.call(&["run", "--task", "task.toml", "--json"]).1;
    assert!(told.contains("asked for a model of tier `deep`, which is not granted"), "{told}");
}

#[test]
fn settings_that_a_plugin_does_not_take_are_told_with_file_and_line() {
    let shop = Shop::new();
    shop.write(
        "pipeline.toml",
        &format!("{PIPELINE}\n[[phase]]\nname = \"planning\"\n[phase.settings]\nteir = \"deep\"\n"),
    );
    assert_snapshot!(shop.refusal(), @r"
    exit 2
    error: pipeline.toml:10: phase `planning` gives plugin `planning` 0.1.0 settings that it does not take: there is no setting `teir`
    hint: did you mean `tier`?
    ");
    shop.write("pipeline.toml", PIPELINE);
    let config = shop.read("phasegate.toml");
    let feedback =
        "\n[feedback]\nstrategy = \"phase-aware\"\nsettings = { phases = [\"design\"], raise_after = \"often\" }\n";
    shop.write("phasegate.toml", &format!("{config}{feedback}"));
    assert_snapshot!(shop.refusal(), @r#"
    exit 2
    error: phasegate.toml:12: the feedback strategy gives plugin `phase-aware` 0.1.0 settings that it does not take: setting `raise_after`: at /raise_after: "often" is not of type "integer"
    hint: `phasegate plugin inspect FILE` shows the settings that a plugin takes
    "#);
    assert!(!shop.0.path().join("phasegate.lock").exists(), "nothing was begun");
}

#[test]
fn where_it_is_locked_nothing_is_taken_for_the_first_time() {
    let shop = Shop::new();
    let locked = ["run", "--task", "task.toml", "--force", "--json", "--locked"];
    assert_snapshot!(shop.told(&locked), @r"
    exit 2
    error: plugin `planning` 0.1.0, DIGEST, is not in phasegate.lock, and nothing else is taken here (`locked`)
    hint: look at it with `phasegate plugin inspect FILE`; `phasegate plugin accept planning` agrees to it, with --config, --pipeline and --feedback as here
    ");
    assert!(!shop.0.path().join("phasegate.lock").exists());
    assert_eq!(shop.call(&["plugin", "accept", "planning"]).0, 0);
    assert_eq!(shop.call(&locked).0, 0);
    let agreed = shop.read("phasegate.lock");

    let config = shop.read("phasegate.toml");
    shop.write("phasegate.toml", &format!("locked = true\n{config}"));
    fs::copy(root().join("plugins/dist/feedback-phase-aware.wasm"), shop.0.path().join("mine.wasm")).unwrap();
    let typed = ["run", "--task", "task.toml", "--force", "--json", "--feedback", "mine.wasm"];
    assert_snapshot!(shop.told(&typed), @r"
    exit 2
    error: plugin `feedback-mine` 0.1.0, DIGEST, is not in phasegate.lock, and nothing else is taken here (`locked`)
    hint: look at it with `phasegate plugin inspect FILE`; `phasegate plugin accept feedback-mine` agrees to it, with --config, --pipeline and --feedback as here
    ");
    let variant = "name = \"tries\"\ntasks = [\"task.toml\"]\n[[variant]]\nname = \"mine\"\nfeedback = \"mine.wasm\"\n";
    shop.write("experiment.toml", variant);
    for command in ["experiment experiment.toml", "fork DURATIONS-001 --at design --feedback mine.wasm"] {
        let told = shop.told(&command.split(' ').collect::<Vec<_>>());
        assert!(
            told.starts_with("exit 2\n") && told.contains("error: plugin `feedback-mine` 0.1.0, DIGEST, is"),
            "{told}"
        );
    }
    assert_eq!(shop.read("phasegate.lock"), agreed);
    assert_eq!(shop.call(&["plugin", "accept", "feedback-mine", "--feedback", "mine.wasm"]).0, 0);
    assert_eq!(shop.call(&typed).0, 0);
    assert_eq!(shop.call(&["experiment", "experiment.toml"]).0, 0);
}

#[test]
fn people_who_agree_at_the_same_time_lose_nothing_of_each_other() {
    let shop = Shop::new();
    let names = ["planning", "design", "design-review"];
    let table = |name: &&str| format!("[plugins.{name}]\npath = \"planner.wasm\"\n");
    let tables: String = names.iter().map(table).collect();
    shop.write("pipeline.toml", &format!("extends = \"planning-design\"\nname = \"bought\"\n{tables}"));
    std::thread::scope(|people| {
        for name in names.into_iter().cycle().take(24) {
            let shop = &shop;
            people.spawn(move || assert_eq!(shop.call(&["plugin", "accept", name]).0, 0));
        }
    });
    let agreed = shop.read("phasegate.lock");
    assert!(names.iter().all(|name| agreed.contains(&format!("[plugins.{name}]"))), "{agreed}");
}

#[test]
fn accepting_what_no_file_brings_is_refused() {
    let shop = Shop::new();
    assert_snapshot!(shop.told(&["plugin", "accept", "planing"]), @r"
    exit 2
    error: pipeline `bought` takes no plugin `planing` from a file
    hint: did you mean `planning`?
    ");
}

#[test]
fn a_lock_that_cannot_be_read_stops_the_run_and_stays_as_it_is() {
    let shop = Shop::new();
    shop.write("phasegate.lock", "version = 1\n[plugins.planning]\ndigest = \"sha256:12\"\n");
    assert_snapshot!(shop.refusal(), @r"
    exit 2
    error: phasegate.lock:3: `DIGEST` is not a digest
    hint: a digest is `DIGEST` followed by 64 hex digits
    ");
    shop.write("phasegate.lock", "version = 9\n");
    assert_snapshot!(shop.refusal(), @r"
    exit 2
    error: phasegate.lock:1: this is version 9 of the file, and this phasegate knows 1
    hint: use the phasegate that wrote it, or a newer one
    ");
    assert_eq!(shop.read("phasegate.lock"), "version = 9\n");
}

#[test]
fn a_plugin_is_shown_with_what_it_says_of_itself() {
    let shop = Shop::new();
    let shown = shop.told(&["plugin", "inspect", "planner.wasm"]);
    let said = &shown[shown.find("wants").expect(&shown)..];
    assert_snapshot!(said, @r#"
    wants     [plugins.NAME] grants = { models = ["default"] }
    name      planning 0.1.0
    purpose   Cuts a task into semantic units, rates them, and estimates by PROBE.
    setting   max_output_tokens (integer): Where one answer is cut off, and then continued.
    setting   tier ("fast", "default", "deep"): Which models are asked; `default` if it is not said.

    this host takes it
    "#);
}

#[test]
fn a_component_of_any_toolchain_gets_a_manifest_by_hand() {
    let shop = Shop::new();
    fs::copy(root().join("plugins/dist/fixtures/strategy.wasm"), shop.0.path().join("mine.wasm")).unwrap();
    shop.write("plugin.toml", "name = \"mine\"\nversion = \"2.1.0\"\npurpose = \"Sends all back to whoever began.\"\n");
    let put = ["plugin", "manifest", "mine.wasm", "plugin.toml"];
    let shown = shop.told(&put);
    assert!(shown.contains("name      mine 2.1.0\npurpose   Sends all back to whoever began.\n"), "{shown}");
    assert_eq!(shop.told(&["plugin", "inspect", "mine.wasm"]), shown);
    let before = fs::read(shop.0.path().join("mine.wasm")).unwrap();
    assert_snapshot!(shop.told(&put), @r"
    exit 2
    error: mine.wasm would be refused: what it says of itself cannot be used: it holds more than one manifest
    hint: keep one of them
    ");
    assert_eq!(fs::read(shop.0.path().join("mine.wasm")).unwrap(), before);
}

#[test]
fn an_author_hears_of_what_the_manifest_forgets_to_ask_for() {
    let shop = Shop::new();
    fs::copy(root().join("plugins/dist/fixtures/agent.wasm"), shop.0.path().join("mine.wasm")).unwrap();
    shop.write("plugin.toml", "name = \"mine\"\nversion = \"2.1.0\"\n[asks]\nmodels = [\"fast\"]\n");
    shop.told(&["plugin", "manifest", "mine.wasm", "plugin.toml"]);
    assert_snapshot!(shop.told(&["plugin", "check", "mine.wasm"]), @r"
    exit 1
    error: plugin `mine` imports trial runs of tests, but its manifest does not ask for that
    hint: its author should add it to `[asks]` in plugin.toml, or leave the import out
    ");
}

#[test]
fn a_lock_that_was_written_by_hand_steers_no_terminal() {
    let shop = Shop::new();
    assert!(shop.runs());
    let steered = shop.read("phasegate.lock").replace(r#"by = "ann""#, r#"by = "\u001b[2Jann\u202e""#);
    assert!(steered.contains(r"\u001b"));
    shop.write("phasegate.lock", &steered);
    shop.planner("0.2.0", r#"["default"]"#);
    for told in [shop.refusal(), shop.told(&["plugin", "accept", "planning"])] {
        assert!(told.contains("[2Jann agreed to"), "{told}");
        assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told:?}");
    }
}

#[test]
fn a_strategy_that_the_command_line_names_is_its_persons_and_may_change_between_runs() {
    let shop = Shop::new();
    shop.write("pipeline.toml", "extends = \"planning-design\"\nname = \"plain\"\n");
    let run = || {
        let run = ["run", "--task", "task.toml", "--force", "--json", "--feedback", "mine.wasm"];
        let (code, _, err) = shop.call(&run);
        assert_eq!(code, 0, "{err}");
    };
    let wasm = shop.0.path().join("mine.wasm");
    fs::copy(root().join("plugins/dist/feedback-phase-aware.wasm"), &wasm).unwrap();
    run();
    fs::copy(root().join("plugins/dist/feedback-nearest-phase.wasm"), &wasm).unwrap();
    run();
    assert!(!shop.0.path().join("phasegate.lock").exists());
}

#[test]
fn a_kind_that_a_plugin_brings_needs_no_schema_in_the_pipeline() {
    let shop = Shop::new();
    fs::copy(root().join("plugins/dist/fixtures/agent.wasm"), shop.0.path().join("mine.wasm")).unwrap();
    let phase = "extends = \"planning-design\"\nname = \"noted\"\n[[phase]]\nname = \"notes\"\nafter = \"planning\"\n\
                 agent = \"mine\"\nproduces = [{ name = \"notes\", kind = \"note\" }]\n[plugins.mine]\npath = \"mine.wasm\"\n";
    shop.write("pipeline.toml", phase);
    assert_snapshot!(shop.told(&["pipeline", "check", "pipeline.toml"]), @r"
    exit 2
    error: pipeline.toml:7: `notes` is of kind `note`, which has no schema
    hint: add `[[kind]]` here or in its plugin's manifest, or use a standard kind
    ");
    let kind = "[[kind]]\nname = \"note\"\nschema = '{\"type\": \"object\"}'\n";
    shop.write("plugin.toml", &format!("name = \"mine\"\nversion = \"2.1.0\"\n{kind}"));
    shop.told(&["plugin", "manifest", "mine.wasm", "plugin.toml"]);
    assert_snapshot!(shop.told(&["pipeline", "check", "pipeline.toml"]), @r"
    exit 0
    pipeline.toml is in order: 4 phases, 1 gate
    ");
}
