#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use serde_json::json;

use super::*;
use crate::model::Tier;

const WHOLE: &str = r#"
    name = "threat-model"
    version = "1.2.0"
    purpose = "Says who could want to break this, and how."
    contract = "0.1.0"
    [asks]
    models = ["default", "deep"]
    test-bench = ["*"]
    [[kind]]
    name = "threat_model"
    schema = '{"type": "object", "required": ["threats"]}'
    [settings]
    type = "object"
    additionalProperties = false
    [settings.properties.depth]
    type = "integer"
    minimum = 1
"#;

fn whole() -> Manifest {
    Manifest::parse(WHOLE).unwrap()
}

fn refusal(text: &str) -> String {
    let error = Manifest::parse(text).unwrap_err();
    format!("{error}\nhint: {}", error.hint)
}

#[test]
fn parses_a_complete_manifest() {
    let manifest = whole();
    assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("threat-model", "1.2.0"));
    assert_eq!(manifest.asks.models, [Tier::Default, Tier::Deep]);
    assert_eq!(manifest.kinds.values().next().unwrap()["required"], json!(["threats"]));
    let stored = serde_json::to_string(&manifest).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&stored).unwrap(), manifest);
}

#[test]
fn intersects_requests_with_grants() {
    let grants = Grants { models: vec![Tier::Fast, Tier::Deep], test_bench: vec!["python".to_owned()] };
    let wanted = Grants { models: vec![Tier::Deep], test_bench: vec!["python".to_owned()] };
    assert_eq!(whole().granted(&grants), wanted);
    let modest = Manifest { asks: Grants::default(), ..whole() };
    assert_eq!(modest.granted(&grants), Grants::default());
    assert_eq!(whole().granted(&Grants::default()), Grants::default());
}

#[test]
fn validates_settings_by_name() {
    assert_eq!(whole().check_settings(&json!({"depth": 2})), []);
    let fault = |settings| {
        let faults = whole().check_settings(&settings);
        let fault = faults.first().unwrap();
        format!("{:?} {} / {}", fault.key.as_deref(), fault.message, fault.hint)
    };
    assert_eq!(fault(json!({"dept": 2})), r#"Some("dept") there is no setting `dept` / did you mean `depth`?"#);
    assert_eq!(
        fault(json!({"depth": 0})),
        "Some(\"depth\") setting `depth`: at /depth: 0 is less than the minimum of 1 / \
         `phasegate plugin inspect FILE` shows the settings of a plugin"
    );
    assert!(fault(json!(7)).starts_with("None 7 is not of type \"object\""));
}

#[test]
fn accepts_any_settings_without_a_schema() {
    let manifest = Manifest { settings: None, ..whole() };
    assert_eq!(manifest.check_settings(&json!({"whatever": [1]})), []);
}

#[test]
fn rejects_unusable_manifests_with_a_line() {
    let start = "name = \"x\"\nversion = \"1\"\n";
    let cases = [
        ("version = \"1\"\n".to_owned(), "manifest:1: `name` is missing\nhint: add it\nsee plugins/sdk/README.md"),
        (
            format!("{start}[asks]\nmodles = []\n"),
            "manifest:4: unknown key `modles` in [asks]\nhint: did you mean `models`?",
        ),
        (
            format!("{start}settings = '{{\"type\": \"obj\"}}'\n"),
            "manifest:3: invalid JSON Schema: \"obj\" is not valid under any of the schemas listed in the 'anyOf' \
             keyword\nhint: write it as a TOML table or as JSON text; it may refer only to itself",
        ),
        (
            "name = \"a b\"\nversion = \"1\"\n".to_owned(),
            "manifest:1: invalid name or version\nhint: use 1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `+`, `-`",
        ),
        (
            format!("{start}[[kind]]\nname = \"A b\"\nschema = \"{{}}\"\n"),
            "manifest:4: invalid name of a kind\nhint: use a-z, 0-9 and _",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(&text), expected, "{text}");
    }
    let forged = "[asks]\ntest-bench = ['a\"] }\\u000a[plugins.other]', \"\\u001b[2J\"]\n";
    assert!(refusal(&format!("{start}{forged}")).starts_with("manifest:3: it asks for invalid grants\n"));
    assert!(refusal(&" ".repeat(MAX_MANIFEST_BYTES + 1)).starts_with("it has 262145 bytes, at most 262144"));
    let remote = format!("{start}[settings]\n\"$ref\" = \"http://127.0.0.1:1/schema.json\"\n");
    assert!(refusal(&remote).starts_with("manifest:3: invalid JSON Schema"), "{}", refusal(&remote));
}
