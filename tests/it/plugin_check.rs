//! `plugin check`: the verdict on a component and the exit code. Each call runs in an empty folder without keys or models.

use insta::assert_snapshot;
use phasegate_test::{Workspace, fixture, repository};

use crate::PATHS;

#[path = "../../host/sandbox/tests/it/common/stub.rs"]
mod stub;

/// Stdout, exit code and stderr of `plugin check`, which must write nothing.
fn check(file: &str, more: &[&str]) -> String {
    let workspace = Workspace::with_shared_home(PATHS, "home-of-plugin-check");
    let file = repository().join(file).display().to_string();
    let output = workspace.call(&[&["plugin", "check", &file], more].concat());
    assert!(workspace.entries().is_empty(), "something was written");
    output.transcript(&[(&repository().display().to_string(), "HERE")])
}

/// The output from the verdict on; the part before equals that of `plugin inspect`.
fn verdict(text: &str) -> &str {
    &text[text.find("\nthis host").expect(text) + 1..]
}

#[test]
fn checks_an_agent_with_a_dry_call() {
    assert_snapshot!(check("plugins/dist/planning.wasm", &[]), @r#"
    file       HERE/plugins/dist/planning.wasm
    world      agent-plugin
    contract   0.1.0
    size       SIZE
    digest     DIGEST
    signature  not signed
    exports    phasegate:plugin/agent@0.1.0
    imports    phasegate:plugin/artifacts@0.1.0
               phasegate:plugin/log@0.1.0
               phasegate:plugin/model-types@0.1.0
               phasegate:plugin/models@0.1.0
               phasegate:plugin/types@0.1.0
               phasegate:plugin/work@0.1.0
    requests   [plugins.NAME] grants = { models = ["fast", "default", "deep"] }
    name       planning 0.1.0
    purpose    Divides a task into semantic units, rates them, and estimates by PROBE
    setting    max_output_tokens (integer): Limit of the first answer in tokens; a longer answer is asked for once more with four times as many
    setting    repository_tokens (integer): A repository with at most so many tokens of text is given whole; default: 12000
    setting    tier ("fast", "default", "deep"): Tier of the models; default: `default`

    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `planning`
        asks a model of tier default: `planning` (scripted answer)
        submits `project_plan`, 364 bytes: valid
    exit 0
    "#);
}

#[test]
fn calls_an_agent_as_its_own_phase() {
    assert_snapshot!(verdict(&check("plugins/dist/design.wasm", &["--phase", "design"])), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `design`
        asks a model of tier default: `design` (scripted answer)
        submits `design_specification`, 872 bytes: valid
    exit 0
    ");
    assert_snapshot!(verdict(&check("plugins/dist/code.wasm", &["--phase", "code"])), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `code`
        asks a model of tier default: `code` (scripted answer)
        submits `generated_code`, 484 bytes: valid
    exit 0
    ");
    assert_snapshot!(verdict(&check("plugins/dist/code-review.wasm", &["--phase", "code-review"])), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `code-review`
        asks a model of tier default: `code-review/quality` (scripted answer)
        asks a model of tier default: `code-review/security` (scripted answer)
        asks a model of tier default: `code-review/performance` (scripted answer)
        asks a model of tier default: `code-review/test-coverage` (scripted answer)
        asks a model of tier default: `code-review/documentation` (scripted answer)
        asks a model of tier default: `code-review/best-practices` (scripted answer)
        progress: asking 6 specialists
        submits findings: 0 issues, 0 checks
    exit 0
    ");
    assert_snapshot!(verdict(&check("plugins/dist/test.wasm", &["--phase", "test"])), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `test`
        asks a model of tier default: `test/write` (scripted answer)
        requests a test run in python (not executed in a dry run)
        progress: running the suite on the code
        log info: test: submitting the suite without a trial run: a dry run executes no tests
        submits `test_suite`, 345 bytes: valid
        submits findings: 0 issues, 0 checks
    exit 0
    ");
    assert_snapshot!(verdict(&check("plugins/dist/postmortem.wasm", &["--phase", "postmortem"])), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `postmortem`
        asks a model of tier default: `postmortem` (scripted answer)
        submits `postmortem_report`, 773 bytes: valid
        submits `pips`, 22 bytes: valid
    exit 0
    ");
    assert_snapshot!(check("plugins/dist/design.wasm", &["--phase", "desing"]), @"
    exit 2
    error[PG-0101]: --phase: unknown phase `desing`
    hint: choose one of planning, design, design-review, code, code-review, test, postmortem
    ");
}

#[test]
fn calls_custom_gates_and_blocking_agents() {
    let audit = |more: &[&str]| verdict(&check("examples/security-audit/security-audit.wasm", more)).to_owned();
    let pipeline = repository().join("examples/security-audit/pipeline.toml").display().to_string();
    assert_snapshot!(audit(&["--pipeline", &pipeline, "--phase", "security-audit"]), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `security-audit`
        asks a model of tier default: `security-audit` (scripted answer)
        submits findings: 0 issues, 9 checks
    exit 0
    ");
    // As a phase that makes a plan and is no gate.
    assert_snapshot!(audit(&[]), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `planning`
        asks a model of tier default: `security-audit` (scripted answer)
        submits findings: 0 issues, 9 checks
        fault: a run would reject what it submits: artifact `project_plan` is missing; findings are submitted, but the phase is no gate
    exit 1
    ");
    assert_snapshot!(verdict(&check("plugins/dist/fixtures/blocking.wasm", &[])), @r#"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `planning`
        submits `project_plan`, 2 bytes: invalid
        fault: a run would reject what it submits: project_plan: [] is not of type "object"
    exit 1
    "#);
}

#[test]
fn a_reported_failure_is_a_fault() {
    assert_snapshot!(verdict(&check("plugins/dist/design-review.wasm", &["--phase", "design-review"])), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `design-review`
        asks a model of tier default: `design-review/security` (scripted answer)
        asks a model of tier default: `design-review/performance` (scripted answer)
        asks a model of tier default: `design-review/data-integrity` (scripted answer)
        asks a model of tier default: `design-review/maintainability` (scripted answer)
        asks a model of tier default: `design-review/architecture` (scripted answer)
        asks a model of tier default: `design-review/api-design` (scripted answer)
        asks a model of tier default: `design-review/architecture/repair` (scripted answer)
        progress: asking 6 specialists
        log info: design-review/architecture: asking again: checks: checklist item of the design without an answer: text that is no duration is refused; checks: checklist item of the design without an answer: an empty…
        fault: it reports a failure: 1 of 6 specialists gave no findings, so the review is incomplete: architecture: the model's answer to `design-review/architecture` is unusable, also after one repair: checks: checklist item of the design without an answer: text that is no duration is refused; checks: checklist item of the design without an answer: an empty text is refused; checks: checklist item of the design without an answer: ho…
        hint: its answers were made from schemas; give others with --answers FILE
    exit 1
    ");
}

#[test]
fn answers_settings_and_attempt_are_given() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let unit = r#"{"unit_id": "SU-001", "description": "Parse hours and minutes", "dependencies": [], "api_interactions": 0,
        "data_transformations": 1, "logical_branches": 1, "code_entities_modified": 1, "novelty": 1.0, "est_complexity": 12}"#;
    let plan = format!(r#"{{"task_id": "CHECK-1", "semantic_units": [{unit}], "total_est_complexity": 12}}"#);
    let answers = format!("[[answer]]\nphase = \"planning\"\nattempt = 2\ntext = '''{plan}'''\n");
    let answers = file("answers.toml", &answers);
    let planning = |more: &[&str]| {
        let output = check("plugins/dist/planning.wasm", &[&["--answers", &answers], more].concat());
        output.replace(&folder.path().display().to_string(), "FOLDER")
    };
    assert_snapshot!(verdict(&planning(&["--attempt", "2", "--settings", "tier = 'fast'"])), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `planning`, attempt 2
        asks a model of tier fast: `planning` (scripted answer)
        submits `project_plan`, 372 bytes: valid
    exit 0
    ");
    // The script has no answer for the first attempt.
    assert_snapshot!(verdict(&planning(&[])), @r#"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `planning`
        asks a model of tier default: `planning` (scripted answer)
        fault: it reports a failure: `planning`: the model cannot be reached: scripted:answers.toml has no answer for label "planning" (phase planning, attempt 1, call 1, occurrence 1) hint: add an [[answer]] whose conditions match this call
    exit 1
    "#);
    assert_snapshot!(planning(&["--settings", "tier = 'slow'"]), @r#"
    exit 2
    error[PG-0101]: --settings: setting `tier`: at /tier: "slow" is not one of "fast", "default" or "deep"
    hint: `phasegate plugin inspect FILE` shows the settings of a plugin
    "#);
    assert_snapshot!(planning(&["--settings", "tier = "]), @r#"
    exit 2
    error[PG-0101]: --settings: string values must be quoted, expected literal string
    hint: write TOML: 'tier = "fast"'
    "#);
    let wrong = file("wrong.toml", "[[answer]]\ntxt = \"\"\n");
    let output = check("plugins/dist/planning.wasm", &["--answers", &wrong]);
    assert_snapshot!(output.replace(&folder.path().display().to_string(), "FOLDER"), @r"
    exit 2
    error[PG-0101]: FOLDER/wrong.toml:2: unknown key `txt` in [answer]
    hint: did you mean `text`?
    ");
}

#[test]
fn strategy_decides_a_sample() {
    for name in ["plugins/dist/feedback-phase-aware.wasm", "examples/feedback-custom/feedback-custom.wasm"] {
        let text = check(name, &[]);
        assert!(text.contains("sends work back to `design`") || text.contains("asks a person"), "{text}");
        assert!(text.contains("exit 0"), "{text}");
    }
    assert_snapshot!(verdict(&check("plugins/dist/fixtures/strategy.wasm", &[])), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      feedback.decide on a failed design review
        sends work back to `planning`: fix planning for gate design-review, attempt 1
    exit 0
    ");
}

#[test]
fn runner_describes_itself_and_runs_one_test() {
    assert_snapshot!(verdict(&check("plugins/dist/fixtures/runner.wasm", &[])), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      runner.environment
        offers language lines, 0 modules
      runner.collect without tests
        finds 0 tests
    exit 0
    ");
    assert_snapshot!(verdict(&check("plugins/dist/runner-python.wasm.zst", &[])), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      runner.environment
        offers language python, 131 modules
      runner.collect without tests
        finds 0 tests
      runner.collect of one test
        finds 1 test
      runner.run-tests of one test
        test_check.py::test_sums passed
    exit 0
    ");
}

#[test]
fn lists_contract_differences_without_calling_the_plugin() {
    for name in ["old-contract.wasm", "ungranted.wasm"] {
        let file = fixture(name).display().to_string();
        let workspace = Workspace::with_shared_home(PATHS, "home-of-plugin-check");
        let output = workspace.call(&["plugin", "check", &file, "--json"]);
        crate::schemas::check_output("plugin check", &output.stdout);
        assert!(output.stdout.contains("\"is\": "), "{}", output.stdout);
    }
    assert_snapshot!(check("plugins/dist/fixtures/old-contract.wasm", &[]), @r"
    file       HERE/plugins/dist/fixtures/old-contract.wasm
    world      runner-plugin
    contract   0.0.9
    size       SIZE
    digest     DIGEST
    signature  not signed
    exports    phasegate:plugin/runner@0.0.9
    imports    none
    requests   no grants

    this host rejects it: it was built for phasegate:plugin@0.0.9, this host implements 0.1.0
      missing  export runner.collect
      missing  export runner.run-tests
    hint: operator: use a build for phasegate:plugin@0.1.0, or the version of Phasegate that it was made for
    hint: author: build it against the `wit/` of 0.1.0
    exit 1
    ");
    assert_snapshot!(check("plugins/dist/fixtures/ungranted.wasm", &["--json"]), @r#"
    {
      "dry_calls": [],
      "file": "HERE/plugins/dist/fixtures/ungranted.wasm",
      "format": 1,
      "held": false,
      "inspection": {
        "contract": "0.1.0",
        "digest": "DIGEST",
        "exports": [
          "phasegate:plugin/feedback@0.1.0"
        ],
        "imports": [
          "acme:plugin/disk",
          "phasegate:plugin/types@0.1.0"
        ],
        "misfit": {
          "author": "remove the extra imports",
          "because": "it differs from world feedback-plugin of phasegate:plugin@0.1.0",
          "differences": [
            {
              "is": "extra",
              "what": "import acme:plugin/disk"
            }
          ],
          "operator": "no grant or setting helps; use a build that fits, or another plugin"
        },
        "size": SIZE,
        "wants": [],
        "world": "feedback"
      },
      "signature": {
        "state": "not signed"
      }
    }
    exit 1
    "#);
}

/// The verdict on a component of the contract with these changes, in which every function traps.
fn check_stub(world: &str, changes: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stub.wasm");
    std::fs::write(&file, stub::component(&stub::altered(changes), &[], world)).unwrap();
    verdict(&check(file.to_str().unwrap(), &[])).to_owned()
}

#[test]
fn distinguishes_missing_changed_and_extra_functions() {
    let collect = "collect: func(code: list<file>, tests: list<file>) -> result<list<string>, list<string>>;";
    assert_snapshot!(check_stub("runner-plugin", &[(collect, "")]), @r"
    this host rejects it: it differs from world runner-plugin of phasegate:plugin@0.1.0
      missing  export runner.collect
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: build it against the released `wit/` of 0.1.0
    exit 1
    ");
    let submission = ("findings: option<findings>,", "findings: list<findings>,");
    assert_snapshot!(check_stub("agent-plugin", &[submission]), @r"
    this host rejects it: it differs from world agent-plugin of phasegate:plugin@0.1.0
      differs  agent.run: result, ok, record `submission`, field `findings`: option<record `findings`> here, list<record `findings`> there
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: build it against the released `wit/` of 0.1.0
    exit 1
    ");
    let world = "world runner-plugin {";
    assert_snapshot!(check_stub("runner-plugin", &[(world, "world runner-plugin { import models-blocking;")]), @r"
    this host rejects it: it differs from world runner-plugin of phasegate:plugin@0.1.0
      extra    import models-blocking: runner-plugin is given nothing
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: remove the extra imports
    exit 1
    ");
}

#[test]
fn rejects_a_plugin_that_crashes() {
    for world in ["agent-plugin", "agent-plugin-blocking"] {
        assert!(check_stub(world, &[]).ends_with("exit 1\n"), "{world}");
    }
    assert_snapshot!(check_stub("agent-plugin", &[]), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      agent.run as phase `planning`
        fault: plugin `stub` (dry run) crashed: wasm `unreachable` instruction executed
    exit 1
    ");
    assert_snapshot!(check_stub("feedback-plugin", &[]), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      feedback.decide on a failed design review
        fault: plugin `stub` (dry run) crashed: wasm `unreachable` instruction executed
    exit 1
    ");
    assert_snapshot!(check_stub("runner-plugin", &[]), @r"
    this host accepts it

    dry run: all grants, sample inputs, scripted answers, nothing recorded
      runner.environment
        fault: plugin `stub` (dry run) crashed: wasm `unreachable` instruction executed
    exit 1
    ");
}

#[test]
fn rejects_invalid_and_missing_files() {
    assert_snapshot!(check("README.md", &[]), @"
    exit 1
    error[PG-0314]: HERE/README.md: not a WebAssembly component: it does not start with the header of a component
    hint: build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module
    ");
    assert_snapshot!(check("nothing.wasm", &[]), @"
    exit 2
    error[PG-0101]: HERE/nothing.wasm cannot be read: there is no such file
    hint: give a component, such as target/NAME.wasm
    ");
}

#[test]
fn json_contains_the_same_result() {
    assert_snapshot!(check("plugins/dist/fixtures/strategy.wasm", &["--json"]), @r#"
    {
      "dry_calls": [
        {
          "call": "feedback.decide on a failed design review",
          "happened": [
            "sends work back to `planning`: fix planning for gate design-review, attempt 1"
          ]
        }
      ],
      "file": "HERE/plugins/dist/fixtures/strategy.wasm",
      "format": 1,
      "held": true,
      "inspection": {
        "contract": "0.1.0",
        "digest": "DIGEST",
        "exports": [
          "phasegate:plugin/feedback@0.1.0"
        ],
        "imports": [
          "phasegate:plugin/log@0.1.0",
          "phasegate:plugin/types@0.1.0"
        ],
        "misfit": null,
        "size": SIZE,
        "wants": [],
        "world": "feedback"
      },
      "signature": {
        "state": "not signed"
      }
    }
    exit 0
    "#);
}
