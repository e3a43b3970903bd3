#![allow(clippy::unwrap_used)]
use super::*;
use crate::pipeline::{AllowedTests, parse, standard};

const BUNDLED: [&str; 9] = [
    "planning",
    "design",
    "design-review",
    "code",
    "code-review",
    "test",
    "postmortem",
    "phase-aware",
    "runner-python",
];

fn load(text: &str) -> Result<Pipeline, SourceError> {
    let source = Source { file: "p.toml", text };
    let pipeline = parse(source, &|path| Err(format!("there is no file `{path}`")))?;
    check(source, &pipeline, &BUNDLED)?;
    Ok(pipeline)
}

fn refusal(text: &str) -> String {
    let error = load(text).unwrap_err();
    format!("{error}\nhint: {}", error.hint)
}

#[test]
fn standard_pipelines_are_valid() {
    for (name, text) in crate::pipeline::STANDARD {
        assert_eq!(load(text).map(|pipeline| pipeline.name), Ok(name.to_owned()));
    }
    assert!(standard("tsp").is_some());
}

#[test]
fn inserts_a_phase_after_another() {
    let pipeline = load(
        r#"
        extends = "tsp"
        name = "audited"
        [[phase]]
        name = "security-audit"
        after = "test"
        agent = "security-audit"
        reads = ["generated_code"]
        [phase.gate]
        report = "security_audit_report"
        fails_at = { critical = 1 }
        may_revise = ["code"]
        [plugins.security-audit]
        path = "security-audit.wasm"
        grants = { models = ["default"] }
    "#,
    )
    .unwrap();
    let names: Vec<_> = pipeline.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(names[5..], ["test", "security-audit", "postmortem"]);
    assert_eq!(pipeline.name, "audited");
}

#[test]
fn changes_a_phase_without_after() {
    let text =
        "extends = \"tsp\"\n[[phase]]\nname = \"code-review\"\nmax_retries = 5\n[phase.gate]\nask = \"always\"\n";
    let pipeline = load(text).unwrap();
    let phase = pipeline.phases.iter().find(|phase| phase.name.as_str() == "code-review").unwrap();
    assert_eq!(phase.max_retries.get(), 5);
    let gate = phase.gate.as_ref().unwrap();
    assert_eq!(
        (gate.ask, gate.fails_at[&crate::work::Severity::High].get()),
        (crate::pipeline::ApprovalPolicy::Always, 5)
    );
}

#[test]
fn allowed_tests_are_inherited_or_replaced() {
    let gate = "[[phase]]\nname = \"test\"\n[phase.gate]\n";
    let allow = |pipeline: &Pipeline| {
        let gates = pipeline.phases.iter().filter_map(|phase| phase.gate.as_ref()?.tests.as_ref());
        gates.map(|tests| tests.allow).next().unwrap()
    };
    assert!(allow(&load("extends = \"tsp\"\n").unwrap()).is_none());
    let base = format!("extends = \"tsp\"\n{gate}allow = {{ skipped = 2, xfailed = \"unlimited\" }}\n");
    let extend = |more: &str| {
        let text = format!("extends = \"base.toml\"\n{gate}{more}");
        let files = |path: &str| (path == "base.toml").then(|| base.clone()).ok_or_else(|| path.to_owned());
        parse(Source { file: "p.toml", text: &text }, &files).unwrap()
    };
    let inherited = allow(&extend("ask = \"always\"\n"));
    assert_eq!((inherited.skipped, inherited.xfailed), (AllowedTests::AtMost(2), AllowedTests::Unlimited));
    let replaced = allow(&extend("allow = { xfailed = 1 }\n"));
    assert_eq!((replaced.skipped, replaced.xfailed), (AllowedTests::AtMost(0), AllowedTests::AtMost(1)));
    let pinned = serde_json::to_value(extend("ask = \"always\"\n")).unwrap();
    assert_eq!(serde_json::from_value::<Pipeline>(pinned).unwrap(), extend("ask = \"always\"\n"));
}

#[test]
fn pinned_json_parses_to_the_same_pipeline() {
    let nested = "a.".repeat(30);
    let text = format!(
        "extends = \"tsp\"\n[[phase]]\nname = \"code\"\nsettings = {{ day = 2026-01-02, no = nan, {nested}b = [-0.0, 1e300] }}"
    );
    let pipeline = load(&text).unwrap();
    let pinned = serde_json::to_string(&pipeline).unwrap();
    assert_eq!(serde_json::from_str::<Pipeline>(&pinned).unwrap(), pipeline);
    let phase = pipeline.phases.iter().find(|phase| phase.name.as_str() == "code").unwrap();
    assert_eq!(phase.settings["day"], "2026-01-02");
}

#[test]
fn errors_have_file_line_and_hint() {
    let cases = [
        ("extends = \"tps\"\n", "p.toml:1: there is no standard pipeline `tps`\nhint: did you mean `tsp`?"),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"x\"\nafter = \"tset\"\nagent = \"code\"\n",
            "p.toml:4: there is no phase `tset`\nhint: did you mean `test`?",
        ),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"x\"\nafter = \"test\"\n",
            "p.toml:2: phase `x` has no agent\nhint: add `agent = \"NAME\"`, the plugin that does its work",
        ),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"design\"\nagent = \"mine\"\n",
            "p.toml:4: plugin `mine` is not a standard plugin and has no path\nhint: add `[plugins.mine]` with `path = \
             \"FILE.wasm\"`; choose from planning, design, design-review, code, code-review, test, postmortem, \
             phase-aware, runner-python",
        ),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"design\"\nreads = [\"project_pan\"]\n",
            "p.toml:4: phase `design` reads `project_pan`, which no earlier phase produces\nhint: did you mean `project_plan`?",
        ),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"design-review\"\n[phase.gate]\nmay_revise = [\"code\"]\n",
            "p.toml:5: gate `design-review` may not send work back to `code`: it is not an earlier phase\nhint: choose from \
             planning, design, design-review",
        ),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"test\"\n[phase.gate]\nallow = { skipped = -1 }\n",
            "p.toml:5: `phase.gate.allow.skipped`: `-1` is no number of tests: write 0 or more, or \"unlimited\"\nhint: see \
             docs/pipelines.md#keys",
        ),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"test\"\n[phase.gate]\nallow = { skiped = 1 }\n",
            "p.toml:5: unknown key `skiped` in [phase.gate.allow]\nhint: did you mean `skipped`?",
        ),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"code-review\"\n[phase.gate]\nallow = { skipped = 1 }\n",
            "p.toml:5: gate `code-review` allows skipped tests, but is judged by no tests\nhint: remove `allow`, or add \
             `tests = { code = …, suite = … }`",
        ),
        (
            "extends = \"tsp\"\nmax_total_attempts = 0\n",
            "p.toml:2: `max_total_attempts` must be a whole number, 1 or more, not `0`\nhint: see docs/pipelines.md#keys",
        ),
        (
            "extends = \"tsp\"\n[plugins.code]\ngrants = { modles = [] }\n",
            "p.toml:3: unknown key `modles` in [plugins.code.grants]\nhint: did you mean `models`?",
        ),
        (
            "extends = \"tsp\"\nmax_total_attempts = 2\n",
            "p.toml:2: max_total_attempts is 2, but 3 gates have to be judged\nhint: allow at least 3",
        ),
        (
            &format!("extends = \"tsp\"\n[[phase]]\nname = \"code\"\nsettings.{}b = 1\n", "a.".repeat(40)),
            "p.toml:3: the settings of phase `code` are nested more than 32 deep\nhint: use fewer nested lists and \
                 tables",
        ),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"design\"\nreads = [\"repository_map\"]\n",
            "p.toml:4: phase `design` reads `repository_map`, which some runs do not have\nhint: write `repository_map?`",
        ),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"design\"\nreads = [\"repository/src/*\"]\n",
            "p.toml:4: phase `design` reads `repository/src/*`, a part of the repository\nhint: write `repository/*`: a phase \
             reads the whole repository, or none",
        ),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"design\"\nproduces = [{ name = \"repository/a\", kind = \"pips\" }]\n",
            "p.toml:4: phase `design` produces `repository/a`, which names a file of the repository\nhint: choose a name \
             without `repository/`",
        ),
        ("name = \"x\"\n", "p.toml:1: `phase` is missing\nhint: add at least one `[[phase]]`"),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"code\"\n[[phase]]\nname = \"code\"\nmax_retries = 5\n",
            "p.toml:5: phase `code` is already in line 3 of this file\nhint: rename one of the two, or write all keys into one \
             table",
        ),
        (
            "extends = \"tsp\"\n[[phase]]\nname = \"design\"\nproduces = [{ name = \"notes\", kind = \"project_pln\" }]\n",
            "p.toml:4: `notes` is of kind `project_pln`, which has no schema\nhint: did you mean `project_plan`?",
        ),
        (
            "extends = \"other.toml\"\n",
            "p.toml:1: there is no file `other.toml`\nhint: the path is relative to this file",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), expected, "{text}");
    }
}
