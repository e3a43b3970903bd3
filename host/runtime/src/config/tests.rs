//! Tests of `phasegate.toml`: valid files with the pipelines they lead to, and invalid files with their errors.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::Path;

use phasegate_broker::{BudgetConfig, ConfigError, ModelsConfig};
use phasegate_process::PhaseName;
use phasegate_process::limits::Limits;
use phasegate_process::model::Tier;
use phasegate_process::pipeline::ApprovalPolicy;
use serde_json::json;

use crate::config::file::Config;
use crate::config::pipeline::LoadedPipeline;
use crate::error::Error;
use crate::error::config::ConfigFault;
use crate::plugins::bundled::BUNDLED;
use crate::trust::Trust;

/// Creates a folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn load(dir: &Path, chosen: Option<&str>, feedback: Option<&str>) -> Result<LoadedPipeline, ConfigFault> {
    Config::find(None, dir, &Trust::default())?.load_pipeline(chosen, feedback.map(Path::new), dir, &BUNDLED)
}

fn refusal(config: &str) -> String {
    load(folder(&[("phasegate.toml", config)]).path(), None, None).map_err(Error::from).unwrap_err().describe()
}

fn approval_policy(loaded: &LoadedPipeline, gate: &str) -> ApprovalPolicy {
    loaded.pipeline.phase(&gate.parse::<PhaseName>().unwrap()).unwrap().gate.as_ref().unwrap().ask
}

#[test]
fn uses_defaults_without_a_file() {
    let dir = folder(&[]);
    let config = Config::find(None, dir.path(), &Trust::default()).unwrap();
    assert_eq!((config.file, config.dir.as_path()), (None, dir.path()));
    assert_eq!((config.models, config.budget), (ModelsConfig::default(), BudgetConfig::default()));
    assert_eq!(load(dir.path(), None, None).unwrap().pipeline.name, "tsp");
}

#[test]
fn reads_the_nearest_file_upwards() {
    let dir = folder(&[
        ("phasegate.toml", "pipeline = \"planning-design\""),
        ("near/phasegate.toml", "[budget]\ncalls = 7\nusd = \"unlimited\""),
        ("near/a/b/task.toml", ""),
    ]);
    let config = Config::find(None, &dir.path().join("near/a/b"), &Trust::default()).unwrap();
    assert_eq!((config.dir, config.pipeline), (dir.path().join("near"), None));
    assert_eq!((config.budget.calls, config.budget.usd), (Some(7), None));
}

#[test]
fn reads_every_table_of_the_file() {
    let dir = folder(&[
        (
            "phasegate.toml",
            r#"
            pipeline = "mine/p.toml"
            [models]
            default = "scripted:answers.toml"
            [providers.local]
            kind = "openai"
            base_url = "http://127.0.0.1:8080/v1"
            [prices."local:m"]
            input = 1
            output = 2.5
            [budget]
            tokens = 1000
            [hitl]
            default = "never"
            design-review = "always"
            [feedback]
            strategy = "phase-aware"
            settings = { raise_after = 3 }
            [plugins.code]
            path = "own/code.wasm"
            grants = { models = ["deep"] }
            limits = { cpu_ms = 7 }
        "#,
        ),
        ("own/code.wasm", ""),
        ("mine/p.toml", "extends = \"tsp\"\nname = \"mine\"\n[plugins.code]\nlimits = { calls = 3 }\n"),
    ]);
    let loaded = load(dir.path(), None, None).unwrap();
    assert_eq!((loaded.pipeline.name.as_str(), loaded.file.as_str()), ("mine", "mine/p.toml"));
    assert_eq!(loaded.dir, dir.path().join("mine"));
    assert_eq!(
        (approval_policy(&loaded, "design-review"), approval_policy(&loaded, "test")),
        (ApprovalPolicy::Always, ApprovalPolicy::Never)
    );
    assert_eq!(loaded.pipeline.feedback.plugin.as_str(), "phase-aware");
    assert_eq!(loaded.pipeline.feedback.settings, json!({ "raise_after": 3 }));
    let code = &loaded.pipeline.plugins[&"code".parse().unwrap()];
    assert_eq!(code.path.as_deref(), Some(dir.path().join("own/code.wasm").to_str().unwrap()));
    assert_eq!(
        (code.grants.models.as_slice(), &code.limits),
        ([Tier::Deep].as_slice(), &json!({ "calls": 3, "cpu_ms": 7 }))
    );
}

#[test]
fn rules_about_people_are_combined_key_by_key() {
    let gate = "[[phase]]\nname = \"test\"\n[phase.gate]\nexpires_after = \"12h\"\napprovers = [\"carl\"]\n";
    let dir = folder(&[
        (
            "phasegate.toml",
            "pipeline = \"p.toml\"\n[hitl]\ndefault = { approvers = [\"ann\", \"ben\"], forbid_self_approval = true }\n\
             code-review = \"always\"\ndesign-review = { forbid_self_approval = false }\n",
        ),
        ("p.toml", &format!("extends = \"tsp\"\n{gate}")),
    ]);
    let loaded = load(dir.path(), None, None).unwrap();
    let rules = |name: &str| {
        let gate = loaded.pipeline.phase(&name.parse().unwrap()).unwrap().gate.clone().unwrap();
        let approvers: Vec<_> = gate.approval.approvers.iter().map(ToString::to_string).collect();
        (gate.ask, approvers.join(" "), gate.approval.forbid_self_approval, gate.approval.expires_after_ms)
    };
    let people = || "ann ben".to_owned();
    assert_eq!(rules("code-review"), (ApprovalPolicy::Always, people(), true, None));
    assert_eq!(rules("design-review"), (ApprovalPolicy::OnExhausted, people(), false, None));
    assert_eq!(rules("test"), (ApprovalPolicy::OnExhausted, people(), true, Some(43_200_000)));
}

#[test]
fn command_line_wins_over_the_file() {
    let dir = folder(&[
        ("phasegate.toml", "pipeline = \"tsp\"\n[feedback]\nstrategy = \"phase-aware\"\nsettings = { x = 1 }"),
        ("work/p.toml", "extends = \"planning-design\"\nname = \"short\"\n"),
        ("work/feedback-custom.wasm", ""),
    ]);
    let cwd = dir.path().join("work");
    let config = Config::find(None, &cwd, &Trust::default()).unwrap();
    let loaded = config.load_pipeline(Some("p.toml"), Some(Path::new("feedback-custom.wasm")), &cwd, &BUNDLED).unwrap();
    assert_eq!((loaded.pipeline.name.as_str(), loaded.dir.as_path()), ("short", cwd.as_path()));
    let strategy = &loaded.pipeline.feedback;
    assert_eq!((strategy.plugin.as_str(), &strategy.settings), ("feedback-custom", &json!({})));
    let path = loaded.pipeline.plugins[&strategy.plugin].path.clone();
    assert_eq!(path.as_deref(), Some(cwd.join("feedback-custom.wasm").to_str().unwrap()));
}

#[test]
fn takes_plugin_paths_from_the_configuration() {
    let pipeline = "extends = \"tsp\"\n[[phase]]\nname = \"code\"\nagent = \"mine\"\n";
    let dir = folder(&[
        ("phasegate.toml", "pipeline = \"p.toml\"\n[plugins.mine]\npath = \"mine.wasm\"\n"),
        ("p.toml", pipeline),
        ("mine.wasm", ""),
    ]);
    assert!(load(dir.path(), None, None).is_ok());
}

#[test]
fn rejects_faults_with_file_line_and_hint() {
    let unknown = format!(
        "phasegate.toml:2: unknown key `cpu` in [plugins.code.limits]\nhint: choose from {}\nhint: see \
         docs/configuration.md#pluginsname",
        Limits::NAMES.join(", ")
    );
    let cases = [
        ("[modles]\n", "phasegate.toml:1: unknown key `modles`\nhint: did you mean `models`?"),
        (
            "[models]\ndefault = \"claude\"\n",
            "phasegate.toml:2: `models.default`: `claude` is not a model\nhint: write PROVIDER:MODEL, as in \"anthropic:claude-sonnet-4-6\" \
             or \"ollama:llama3.1:8b\", or \"scripted:FILE\"\nhint: see docs/configuration.md#models",
        ),
        (
            "[models]\n\nretires = 3\n",
            "phasegate.toml:3: unknown key `retires` in [models]\nhint: did you mean `retries`?",
        ),
        (
            "[providers.local]\nkind = \"opneai\"\n",
            "phasegate.toml:2: `providers.local.kind` has no value `opneai`\nhint: did you mean `openai`?",
        ),
        (
            "[prices.\"a:b\"]\ninput = -1\noutput = 2\n",
            "phasegate.toml:2: `prices.\"a:b\".input`: -1 is not an amount of money: write US dollars, 0 or more\nhint: see \
             docs/configuration.md#pricesprovidermodel",
        ),
        (
            "[prices.\"a:b\"]\ninput = 1\n",
            "phasegate.toml:1: `output` is missing in [prices.\"a:b\"]\nhint: add it\nhint: see docs/configuration.md#pricesprovidermodel",
        ),
        (
            "[budget]\nusd = -2\n",
            "phasegate.toml:2: `budget.usd`: `-2` is not a limit: write a number, 0 or more, or \"unlimited\"\nhint: see \
             docs/configuration.md#budget",
        ),
        (
            "[hitl]\ndefault = \"alwys\"\n",
            "phasegate.toml:2: `hitl.default` has no value `alwys`\nhint: did you mean `always`?",
        ),
        (
            "[hitl]\ndefault = 3\n",
            "phasegate.toml:2: `hitl.default` must be a word such as \"always\", or a table, not `3`\nhint: see \
             docs/configuration.md#hitl",
        ),
        (
            "[hitl]\n\ntest = { aprovers = [\"ann\"] }\n",
            "phasegate.toml:3: unknown key `aprovers` in [hitl.test]\nhint: did you mean `approvers`?",
        ),
        (
            "[hitl]\ntest = { approvers = [] }\n",
            "phasegate.toml:2: `hitl.test.approvers`: `approvers` is empty\nhint: name at least one person, or leave the key out\nhint: \
             see docs/configuration.md#hitl",
        ),
        (
            "[hitl]\ntest = { approvers = [\"ann\\nben\"] }\n",
            "phasegate.toml:2: `hitl.test.approvers`: `annben` is not a name of a person\nhint: a person's name has 1 to 100 characters, without \
             line ends and other control characters\nhint: see docs/configuration.md#hitl",
        ),
        (
            "[hitl]\ntest = { expires_after = \"3 days\" }\n",
            "phasegate.toml:2: `hitl.test.expires_after`: `3 days` is not a period of time\nhint: write a number and s, m, h or d, from \"1s\" to \
             \"3650d\", as in \"3d\"\nhint: see docs/configuration.md#hitl",
        ),
        (
            "[hitl]\ndesign-reveiw = \"always\"\n",
            "phasegate.toml:2: there is no gate `design-reveiw` in pipeline `tsp`\nhint: did you mean `design-review`?",
        ),
        (
            "[hitl]\npostmortem = \"always\"\n",
            "phasegate.toml:2: there is no gate `postmortem` in pipeline `tsp`\nhint: choose from design-review, code-review, \
             test",
        ),
        (
            "[phases.cdoe]\nmax_retries = 5\n",
            "phasegate.toml:1: there is no phase `cdoe` in pipeline `tsp`\nhint: did you mean `code`?",
        ),
        (
            "[phases.code]\nretries = 5\n",
            "phasegate.toml:2: unknown key `retries` in [phases.code]\nhint: `retries` belongs under [models]\nhint: see \
             docs/configuration.md#phasesname",
        ),
        (
            "[phases.code.gate]\nfails_at = { high = 1 }\n",
            "phasegate.toml:1: phase `code` is no gate\nhint: the gates are design-review, code-review, test",
        ),
        (
            "[phases.test.gate]\nmay_revise = [\"cdoe\"]\n",
            "phasegate.toml:2: there is no phase `cdoe` in pipeline `tsp`\nhint: did you mean `code`?",
        ),
        (
            "[phases.code-review.gate]\nallow = { skipped = 1 }\n",
            "phasegate.toml:2: gate `code-review` is judged by no tests, so it can allow none to be skipped\nhint: remove `allow`",
        ),
        (
            "[phases.test]\nmax_retries = 20\n",
            "phasegate.toml:2: gate `test`: max_retries is 20, but all gates together get 15 verdicts (max_total_attempts)\nhint: \
             raise max_total_attempts to at least 20, or lower max_retries",
        ),
        ("[phases.code]\nsettings = { tear = \"deep\" }\n", "phasegate.toml:2: phase `code` gives plugin `code`"),
        ("pipeline = \"tps\"\n", "phasegate.toml:1: there is no standard pipeline `tps`\nhint: did you mean `tsp`?"),
        (
            "[budget]\n[feedback]\nstrategy = \"x\"\n\n[hitl]\npipeline = \"never\"\n[models]\npipeline = 3\n",
            "phasegate.toml:8: unknown key `pipeline` in [models]\nhint: `pipeline` belongs at the top of the file, above the \
             first table\nhint: see docs/configuration.md#models",
        ),
        (
            "\npipeline = \"mine/p.toml\"\n",
            "phasegate.toml:2: there is no file `mine/p.toml`\nhint: the path is relative to phasegate.toml",
        ),
        (
            "[feedback]\nstrategy = \"nearest-phse\"\n",
            "phasegate.toml:2: there is no strategy `nearest-phse`\nhint: did you mean `nearest-phase`?\nhint: name your own \
             strategy as a file that ends in .wasm",
        ),
        (
            "[feedback]\nstrategy = \"mine.wasm\"\n",
            "phasegate.toml:2: there is no file `mine.wasm`\nhint: bundled strategies are phase-aware, nearest-phase",
        ),
        (
            "[feedback]\nsettings = {}\n",
            "phasegate.toml:1: `strategy` is missing in [feedback]\nhint: add it\nhint: see docs/configuration.md#feedback",
        ),
        (
            "[plugins.cdoe]\nlimits = { cpu_ms = 1 }\n",
            "phasegate.toml:1: no phase of pipeline `tsp` uses the plugin `cdoe`\nhint: did you mean `code`?",
        ),
        (
            "[plugins.code]\n\npath = \"code.wasm\"\n",
            "phasegate.toml:3: there is no file `code.wasm`\nhint: the path is relative to phasegate.toml",
        ),
        ("[plugins.code]\nlimits = { cpu = 1 }\n", &unknown),
        (
            "[plugins.code]\ngrants = { models = [\"deeep\"] }\n",
            "phasegate.toml:2: `plugins.code.grants.models` has no value `deeep`\nhint: did you mean `deep`?",
        ),
        (
            "[plugins.\"My Plugin\"]\n",
            "phasegate.toml:1: `My Plugin` is not a plugin name\nhint: a plugin name has 1 to 60 characters of a-z, 0-9 and \
             -, and starts with a letter or digit",
        ),
    ];
    for (text, expected) in cases {
        let shown = refusal(text);
        assert!(
            shown == expected || (!expected.contains('\n') && shown.starts_with(expected)),
            "{text}\n{shown}\n{expected}"
        );
    }
}

#[test]
fn changes_phases_of_the_pipeline() {
    let text = "max_total_attempts = 30\n[phases.test]\nmax_retries = 20\ngate = { may_revise = [\"code\"], allow = { skipped = 1 } }\n\
                [phases.design-review.gate]\nfails_at = { low = 2 }\n[phases.code]\nmax_retries = 1\n";
    let dir = folder(&[("phasegate.toml", text)]);
    let pipeline = load(dir.path(), None, None).unwrap().pipeline;
    let phase = |name: &str| pipeline.phase(&name.parse().unwrap()).unwrap();
    assert_eq!(pipeline.max_total_attempts.get(), 30);
    assert_eq!((phase("test").max_retries.get(), phase("code").max_retries.get()), (20, 1));
    let gate = phase("test").gate.as_ref().unwrap();
    assert_eq!((gate.may_revise.len(), gate.tests.as_ref().unwrap().allow.is_none()), (1, false));
    let fails_at = serde_json::to_value(&phase("design-review").gate.as_ref().unwrap().fails_at).unwrap();
    assert_eq!(fails_at, json!({"low": 2}));
}

#[test]
fn rejects_unknown_limits_of_a_pipeline_file() {
    let dir = folder(&[("p.toml", "extends = \"tsp\"\n\n[plugins.code]\nlimits = { memory_byte = 1 }\n")]);
    let refusal = load(dir.path(), Some("p.toml"), None).map_err(Error::from).unwrap_err().describe();
    assert!(refusal.starts_with("p.toml:4: limits of plugin `code`: unknown key `memory_byte`"), "{refusal}");
    assert!(refusal.ends_with("\nhint: did you mean `memory_bytes`?"), "{refusal}");
}

#[test]
fn rejects_missing_component_files() {
    let dir = folder(&[("p.toml", "extends = \"tsp\"\n[plugins.code]\npath = \"code.wasm\"\n")]);
    assert_eq!(
        load(dir.path(), Some("p.toml"), None).map_err(Error::from).unwrap_err().describe(),
        "p.toml:3: plugin `code` is missing: there is no file `code.wasm`\nhint: build it, or correct the path"
    );
}

#[test]
fn faults_of_the_command_line_name_the_flag() {
    let dir = folder(&[]);
    let refusal = |chosen, feedback| load(dir.path(), chosen, feedback).map_err(Error::from).unwrap_err().describe();
    assert_eq!(
        refusal(Some("tps"), None),
        "--pipeline: there is no standard pipeline `tps`\nhint: did you mean `tsp`?"
    );
    assert_eq!(
        refusal(Some("p.toml"), None),
        "--pipeline: there is no file `p.toml`\nhint: the path is relative to the current folder"
    );
    assert_eq!(
        refusal(None, Some("x.wasm")),
        "--feedback: there is no file `x.wasm`\nhint: bundled strategies are phase-aware, nearest-phase"
    );
    let missing = Config::find(Some(Path::new("other.toml")), dir.path(), &Trust::default())
        .map_err(Error::from)
        .unwrap_err()
        .describe();
    assert_eq!(
        missing,
        "other.toml cannot be read: there is no such file\nhint: name an existing file, or omit --config to use \
         the nearest phasegate.toml"
    );
}

#[test]
fn adds_file_and_line_to_broker_errors() {
    let text =
        "[models]\ndefault = \"anthropic:x\"\ndeep = \"mystery:y\"\n\n[providers.local]\nbase_url = \"ftp://x\"\n";
    let dir = folder(&[("phasegate.toml", text)]);
    let config = Config::find(None, dir.path(), &Trust::default()).unwrap();
    let model = "mystery:y".parse().unwrap();
    let unknown = ConfigError::UnknownProvider { tier: Tier::Deep, model, known: "anthropic, openai".into() };
    assert_eq!(
        Error::from(config.explain(unknown)).describe(),
        "phasegate.toml:3: [models] deep: `mystery:y` names the provider `mystery`, which is not known\nhint: choose from \
         anthropic, openai\nhint: describe another as [providers.mystery] with kind and base_url"
    );
    let table = ConfigError::Provider {
        name: "local".into(),
        key: "base_url",
        problem: "`ftp://x` is no address".into(),
        hint: "begin it with https://".into(),
    };
    assert_eq!(
        Error::from(config.explain(table)).describe(),
        "phasegate.toml:6: [providers.local] base_url: `ftp://x` is no address\nhint: begin it with https://"
    );
}
