//! Tests of overrides: what each one changes, what stays the same, and errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use phasegate_process::{Digest, PluginName};
use serde_json::{Value, json};

use super::Overrides;
use crate::config::file::Config;
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::plugins::bundled::{BUNDLED, bundled_digest};
use crate::trust::Trust;

/// A folder with a configuration, a component and a pipeline, and the parts of a run before it is created.
struct Fixture {
    dir: tempfile::TempDir,
    config: Config,
    pipeline: phasegate_process::pipeline::Pipeline,
    settings: RunSettings,
    components: BTreeMap<PluginName, Digest>,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let other = "extends = \"tsp\"\nname = \"other\"\n[[phase]]\nname = \"code\"\nagent = \"own\"\n\
                 [plugins.own]\npath = \"mine.wasm\"\ngrants = { models = [\"fast\"] }\n";
    let files = [("phasegate.toml", "[models]\ndefault = \"a:one\"\n"), ("mine.wasm", "mine"), ("other.toml", other)];
    files.iter().for_each(|(name, text)| std::fs::write(dir.path().join(name), text).unwrap());
    let config = Config::find(None, dir.path(), &Trust::default()).unwrap();
    let pipeline = config.load_pipeline(None, None, dir.path(), &BUNDLED).unwrap().pipeline;
    let mut models = config.models.clone();
    (models.fast, models.deep) = (models.default.clone(), models.default.clone());
    let settings = RunSettings {
        models,
        providers: config.providers.clone(),
        prices: config.prices.clone(),
        budget: config.budget,
        base_dir: dir.path().to_owned(),
        environments: Arc::default(),
        seed: 1,
        names: None,
        reuse_answers_of_other_models: false,
        cell: None,
        signers: Default::default(),
    };
    let pinned = |name: &PluginName| (name.clone(), Digest::from_content(format!("pinned {name}").as_bytes()));
    let components = pipeline.plugin_names().into_iter().map(pinned).collect();
    Fixture { dir, config, pipeline: Arc::unwrap_or_clone(pipeline), settings, components }
}

impl Fixture {
    fn apply(&mut self, overrides: &Overrides) -> Result<usize, Error> {
        let Self { dir, config, pipeline, settings, components } = self;
        overrides.apply(pipeline, settings, components, dir.path(), config).map(|blobs| blobs.len())
    }

    fn agent(&self, phase: &str) -> &str {
        self.pipeline.phase(&phase.parse().unwrap()).unwrap().agent.as_str()
    }

    fn digest(&self, plugin: &str) -> Option<&Digest> {
        self.components.get(&plugin.parse::<PluginName>().unwrap())
    }
}

fn agent(phase: &str, given: &str) -> Overrides {
    Overrides { agents: [(phase.parse().unwrap(), given.to_owned())].into(), ..Overrides::default() }
}

fn set(entries: &[(&str, Value)]) -> Overrides {
    Overrides {
        set: entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
        ..Overrides::default()
    }
}

fn refusal(overrides: &Overrides) -> String {
    fixture().apply(overrides).unwrap_err().describe()
}

#[test]
fn empty_overrides_change_nothing() {
    let mut fixture = fixture();
    let before = (fixture.pipeline.clone(), fixture.settings.clone(), fixture.components.clone());
    assert_eq!(fixture.apply(&Overrides::default()).unwrap(), 0);
    assert!(before == (fixture.pipeline, fixture.settings, fixture.components));
}

#[test]
fn replaced_agent_keeps_name_and_grants() {
    let mut fixture = fixture();
    let before = fixture.components.clone();
    assert_eq!(fixture.apply(&agent("code", "mine.wasm")).unwrap(), 1);
    let name: PluginName = "code".parse().unwrap();
    assert_eq!(fixture.digest("code"), Some(&Digest::from_content(b"mine")));
    assert_eq!(fixture.pipeline.plugins[&name].path.as_deref(), fixture.dir.path().join("mine.wasm").to_str());
    assert_eq!(fixture.pipeline.grants(&name).models.len(), 1);
    let others =
        |all: &BTreeMap<PluginName, Digest>| all.clone().into_iter().filter(|(it, _)| *it != name).collect::<Vec<_>>();
    assert_eq!(others(&fixture.components), others(&before));
}

#[test]
fn replaces_a_shared_agent_in_one_phase() {
    let mut fixture = fixture();
    let reviewer: PluginName = "code-review".parse().unwrap();
    fixture
        .pipeline
        .phases
        .iter_mut()
        .filter(|phase| phase.gate.is_some())
        .for_each(|phase| phase.agent = reviewer.clone());
    fixture.apply(&agent("code-review", "mine.wasm")).unwrap();
    assert_eq!((fixture.agent("code-review"), fixture.agent("design-review")), ("code-review-2", "code-review"));
    assert_eq!(fixture.pipeline.grants(&"code-review-2".parse().unwrap()), fixture.pipeline.grants(&reviewer));
    assert_eq!(fixture.digest("code-review-2"), Some(&Digest::from_content(b"mine")));
    assert_eq!(fixture.digest("code-review"), Some(&Digest::from_content(b"pinned code-review")));
    assert_eq!(fixture.digest("test"), None, "an unused plugin is removed");
}

#[test]
fn replaces_an_agent_with_a_bundled_one() {
    let mut fixture = fixture();
    fixture.apply(&agent("code", "design")).unwrap();
    assert_eq!((fixture.agent("code"), fixture.agent("design")), ("design-2", "design"));
    assert_eq!(fixture.digest("design-2"), bundled_digest("design").as_ref());
    assert_eq!(fixture.digest("design"), Some(&Digest::from_content(b"pinned design")));
}

#[test]
fn accepts_both_names_of_a_strategy() {
    for name in ["nearest-phase", "feedback-nearest-phase"] {
        let mut fixture = fixture();
        fixture.apply(&Overrides { feedback: Some(name.to_owned()), ..Overrides::default() }).unwrap();
        assert_eq!(fixture.pipeline.feedback.plugin.as_str(), "nearest-phase");
        assert_eq!(fixture.digest("nearest-phase"), bundled_digest("nearest-phase").as_ref());
        assert_eq!(fixture.digest("phase-aware"), None);
    }
    let mut fixture = fixture();
    fixture.apply(&Overrides { feedback: Some("mine.wasm".to_owned()), ..Overrides::default() }).unwrap();
    assert_eq!(fixture.digest("feedback-mine"), Some(&Digest::from_content(b"mine")));
}

#[test]
fn new_pipeline_keeps_digests_of_unchanged_plugins() {
    let mut fixture = fixture();
    let other = Overrides { pipeline: Some(Path::new("other.toml").to_owned()), ..Overrides::default() };
    assert_eq!(fixture.apply(&other).unwrap(), 1);
    assert_eq!((fixture.pipeline.name.as_str(), fixture.agent("code")), ("other", "own"));
    assert_eq!(fixture.digest("own"), Some(&Digest::from_content(b"mine")));
    assert_eq!(fixture.digest("design"), Some(&Digest::from_content(b"pinned design")));
    assert_eq!(fixture.digest("code"), None);
}

#[test]
fn sets_values_by_key_and_merges_tables() {
    let mut fixture = fixture();
    fixture
        .apply(&set(&[
            ("phases.code-review.max_retries", json!(5)),
            ("phases.code-review.gate", json!({"ask": "never", "fails_at": {"high": 1}})),
            ("phases.code.settings.style", json!("terse")),
            ("feedback.settings.raise_after", json!(1)),
            ("plugins.code.limits.cpu_ms", json!(1000)),
            ("max_total_attempts", json!(20)),
            ("budget", json!({"usd": 1.5, "calls": "unlimited"})),
            ("prices", json!({"b:two.5": {"input": 1, "output": 2}})),
            ("providers.b.base_url", json!("http://127.0.0.1:1")),
            ("models.retries", json!(0)),
        ]))
        .unwrap();
    let review = fixture.pipeline.phase(&"code-review".parse().unwrap()).unwrap();
    let gate = review.gate.as_ref().unwrap();
    assert_eq!((review.max_retries.get(), gate.fails_at.len()), (5, 2));
    assert_eq!(gate.ask, phasegate_process::pipeline::ApprovalPolicy::Never);
    assert_eq!(fixture.pipeline.phase(&"code".parse().unwrap()).unwrap().settings, json!({"style": "terse"}));
    assert_eq!(fixture.pipeline.feedback.settings, json!({"raise_after": 1}));
    assert_eq!(fixture.pipeline.max_total_attempts.get(), 20);
    let budget = fixture.settings.budget;
    assert_eq!((budget.usd, budget.calls, budget.tokens), (Some(1.5), None, Some(2_000_000)));
    assert_eq!(fixture.settings.prices.get(&"b:two.5".parse().unwrap()).unwrap().output, 2.0);
    assert_eq!(fixture.settings.models.retries, 0);
}

#[test]
fn tiers_without_a_model_follow_the_default() {
    let models = |overrides: &Overrides| {
        let mut fixture = fixture();
        fixture.apply(overrides).unwrap();
        let RunSettings { models, .. } = fixture.settings;
        [models.fast, models.default, models.deep].map(|model| model.unwrap().to_string())
    };
    assert_eq!(models(&set(&[("models.default", json!("b:two"))])), ["b:two", "b:two", "b:two"]);
    let both = set(&[("models.default", json!("b:two")), ("models.fast", json!("a:one"))]);
    assert_eq!(models(&both), ["a:one", "b:two", "b:two"]);
}

#[test]
fn rejects_overrides_with_the_nearest_valid_one() {
    let refused = [
        (
            agent("coed", "mine.wasm"),
            "agent of `coed`: there is no phase `coed` in pipeline `tsp`\nhint: did you mean `code`?",
        ),
        (agent("code", "none.wasm"), "agent of `code`: there is no file `none.wasm`\nhint: the path is relative to "),
        (
            agent("code", "cdoe"),
            "agent of `code`: there is no bundled component `cdoe`\nhint: did you mean `code`?\nhint: name your own component",
        ),
        (
            Overrides { feedback: Some("nearest".to_owned()), ..Overrides::default() },
            "feedback: there is no strategy `nearest`\nhint: choose from phase-aware, nearest-phase\nhint: name your own strategy",
        ),
        (
            set(&[("phase.code.max_retries", json!(5))]),
            "set `phase.code.max_retries`: there is no such key: `phase`\nhint: did you mean `phases`?",
        ),
        (
            set(&[("phases.code.retries", json!(5))]),
            "set `phases.code.retries`: `phases.code` has no such key: `retries`\nhint: choose from max_retries, settings",
        ),
        (
            set(&[("phases.code.gate.ask", json!("never"))]),
            "set `phases.code.gate.ask`: `phases.code` has no such key: `gate`\nhint: choose from max_retries, settings",
        ),
        (
            set(&[("phases.test", json!({"gate": {"fails-at": {}}}))]),
            "set `phases.test`: `phases.test.gate` has no such key: `fails-at`\nhint: did you mean `fails_at`?",
        ),
        (
            set(&[("phases.code.max_retries", json!(0))]),
            "set `phases.code.max_retries`: must be a whole number, 1 or more, not `0`\nhint: write the value",
        ),
        (
            set(&[("phases.test.gate.ask", json!("nevr"))]),
            "set `phases.test.gate.ask`: has no value `nevr`\nhint: did you mean `never`?",
        ),
        (
            set(&[("models.default", json!("claude"))]),
            "set `models.default`: `claude` is not a model\nhint: write PROVIDER:MODEL",
        ),
        (
            set(&[("models", json!("a:b"))]),
            "set `models`: `models` is a table\nhint: name one of its keys: fast, default, deep",
        ),
        (
            set(&[("plugins.code.limits.cpu", json!(1))]),
            "set `plugins.code.limits.cpu`: limits of plugin `code`: unknown key `cpu`",
        ),
        (
            set(&[("max_total_attempts", json!(2))]),
            "what is replaced: max_total_attempts is 2, but 3 gates have to be judged\nhint: allow at least 3",
        ),
        (set(&[("a b", json!(2))]), "set `a b`: it is not a key\nhint: a key is like "),
    ];
    for (overrides, expected) in refused {
        let refusal = refusal(&overrides);
        assert!(refusal.starts_with(expected), "{refusal}\nis not\n{expected}");
    }
}

#[test]
fn parses_set_values_as_toml_or_string() {
    let read = |text: &str| Overrides::parse_set(text).unwrap();
    assert_eq!(read("phases.test.max_retries=5"), ("phases.test.max_retries".to_owned(), json!(5)));
    assert_eq!(read("models.default = anthropic:x"), ("models.default".to_owned(), json!("anthropic:x")));
    assert_eq!(read("budget.calls=\"unlimited\"").1, json!("unlimited"));
    assert_eq!(
        read("prices.\"a:b=c\"={ input = 1, output = 2 }"),
        ("prices.\"a:b=c\"".to_owned(), json!({"input": 1, "output": 2}))
    );
    assert_eq!(
        Overrides::parse_set("nonsense").map_err(Error::from).unwrap_err().describe(),
        "set `nonsense`: it is not KEY=VALUE\nhint: a key is like phases.code-review.max_retries, feedback.settings.NAME or \
         models.default"
    );
}
