//! The road of a plugin from its publisher to an operator: push, add, run, replay, update, and a machine that pulls.

use insta::assert_snapshot;
use phasegate_test::OciRegistry;

use super::{bare_component, call, component, project, push, shown};

const DEFAULT: &str = "\"default\"";

#[test]
fn published_plugins_run_replay_and_update() {
    let Some(registry) = OciRegistry::start() else { return };
    let workspace = project();
    let first = component(&workspace, "1.0.0", DEFAULT);
    let reference = push(&workspace, &registry, &first, "acme/fixture:1", &[]);
    assert_snapshot!(call(&workspace, &["plugin", "add", "fixture", &reference, "--grant"]), @r#"
    plugin   version  lock file  signature   from
    fixture  1.0.0    new        not signed  oci://127.0.0.1:PORT/acme/fixture:1

    Added [plugins.fixture] to phasegate.toml. It got what it requests: { models = ["default"], test-bench = ["lines"] }.
    exit 0
    pulling oci://127.0.0.1:PORT/acme/fixture:1
    "#);
    assert_snapshot!(call(&workspace, &["pipeline", "show", "pipeline.toml"]), @r"
    one: 
    feedback strategy phase-aware; at most 15 gate attempts in total

    phase     agent    produces  max retries  gate
    planning  fixture  plan      3

    plugin       source                                             models   test bench
    fixture      oci://127.0.0.1:PORT/acme/fixture:1 (not signed)  default  lines
    phase-aware  bundled                                            -        -
    exit 0
    ");
    let run = workspace.call(&["run", "task.toml", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(workspace.call(&["replay", &run.run_id()]).code, 0);

    // The tag moves: the run keeps what is pinned, until somebody updates.
    let second = component(&workspace, "1.1.0", DEFAULT);
    push(&workspace, &registry, &second, "acme/fixture:1", &["--force"]);
    assert_snapshot!(call(&workspace, &["plugin", "outdated"]), @r"
    plugin   state                                                                 from
    fixture  the tag was moved: DIGEST is pinned, DIGEST is there now  oci://127.0.0.1:PORT/acme/fixture:1
    exit 0
    ");
    assert_snapshot!(call(&workspace, &["plugin", "pull"]), @r"
    plugin   version  lock file  signature   from
    fixture  1.0.0    unchanged  not signed  oci://127.0.0.1:PORT/acme/fixture:1
    exit 0
    pulling oci://127.0.0.1:PORT/acme/fixture:1
    ");
    assert_snapshot!(call(&workspace, &["plugin", "update"]), @r"
    plugin   version  lock file  signature   from
    fixture  1.1.0    changed    not signed  oci://127.0.0.1:PORT/acme/fixture:1
    exit 0
    pulling oci://127.0.0.1:PORT/acme/fixture:1
    ");
    assert_snapshot!(call(&workspace, &["plugin", "outdated"]), @r"
    plugin   state       from
    fixture  up to date  oci://127.0.0.1:PORT/acme/fixture:1
    exit 0
    ");

    // A version that asks for more is not taken without a person.
    let third = component(&workspace, "1.2.0", "\"default\", \"deep\"");
    push(&workspace, &registry, &third, "acme/fixture:1", &["--force"]);
    let lock = workspace.read("phasegate.lock");
    assert_snapshot!(call(&workspace, &["plugin", "update", "fixture"]), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/fixture:1
    error[PG-0307]: plugin `fixture` differs from what ann accepted on DATE: 1.1.0 → 1.2.0, now asks for: models.deep (and would get nothing more)
    hint: review the changes; the same command with --accept agrees to them
    ");
    assert_eq!(workspace.read("phasegate.lock"), lock);
    assert_eq!(workspace.call(&["plugin", "update", "--accept"]).code, 0);
    assert!(workspace.read("phasegate.lock").contains("version = \"1.2.0\""));
}

#[test]
fn older_versions_are_not_taken_silently() {
    let Some(registry) = OciRegistry::start() else { return };
    let workspace = project();
    let newer = component(&workspace, "1.1.0", DEFAULT);
    let reference = push(&workspace, &registry, &newer, "acme/fixture:1", &[]);
    assert_eq!(workspace.call(&["plugin", "add", "fixture", &reference, "--grant"]).code, 0);
    push(&workspace, &registry, &component(&workspace, "1.0.0", DEFAULT), "acme/fixture:1", &["--force"]);
    assert_snapshot!(call(&workspace, &["plugin", "update"]), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/fixture:1
    error[PG-0307]: plugin `fixture` differs from what ann accepted on DATE: 1.1.0 → 1.0.0, it is older than before, it asks for no more than before
    hint: review the changes; the same command with --accept agrees to them
    ");
}

#[test]
fn damaged_packages_are_pulled_again() {
    let Some(registry) = OciRegistry::start() else { return };
    let workspace = project();
    let file = component(&workspace, "1.0.0", DEFAULT);
    let reference = push(&workspace, &registry, &file, "acme/fixture:1", &[]);
    assert_eq!(workspace.call(&["plugin", "add", "fixture", &reference, "--grant"]).code, 0);
    let packages = workspace.path("home/.local/share/phasegate/packages");
    let package = std::fs::read_dir(packages).unwrap().next().unwrap().unwrap().path();
    std::fs::copy(workspace.path(&component(&workspace, "1.0.1", DEFAULT)), package.join("plugin.wasm")).unwrap();
    let damaged = |args: &[&str]| {
        let text = call(&workspace, args);
        assert!(text.contains("error[PG-0317]: plugin `fixture` is damaged on this machine, in HERE/home/"), "{text}");
    };
    damaged(&["run", "task.toml"]);
    damaged(&["plugin", "accept", "fixture"]);
    assert_eq!(workspace.call(&["plugin", "pull"]).code, 0);
    assert_eq!(workspace.call(&["run", "task.toml", "--json"]).code, 0);
}

#[test]
fn json_follows_the_schemas() {
    let Some(registry) = OciRegistry::start() else { return };
    let workspace = project();
    let first = component(&workspace, "1.0.0", DEFAULT);
    let reference = registry.reference("acme/fixture:1.0.0");
    let check = |args: &[&str]| {
        let output = workspace.call(&[&["plugin"], args, &["--json"]].concat());
        assert_eq!(output.code, 0, "{}", output.stderr);
        crate::schemas::check_output(&format!("plugin {}", args[0]), &output.stdout);
        output.json()
    };
    let pushed = check(&["push", &first, &reference]);
    assert_eq!(workspace.call(&["plugin", "add", "fixture", &reference, "--grant"]).code, 0);
    let pulled = &check(&["pull"])["plugins"][0];
    assert_eq!((&pulled["manifest"], &pulled["lock"]), (&pushed["manifest"], &"unchanged".into()));
    push(&workspace, &registry, &component(&workspace, "1.0.1", DEFAULT), "acme/fixture:1.0.0", &["--force"]);
    let outdated = &check(&["outdated"])["plugins"][0];
    assert_eq!((&outdated["pinned"], &outdated["moved"]), (&pushed["manifest"], &true.into()));
    assert_eq!(check(&["update"])["plugins"][0]["version"], "1.0.1");
}

#[test]
fn another_machine_pulls_what_is_pinned() {
    let Some(registry) = OciRegistry::start() else { return };
    let mut workspace = project();
    let first = component(&workspace, "1.0.0", DEFAULT);
    let reference = push(&workspace, &registry, &first, "acme/fixture:1.0.0", &[]);
    assert_eq!(workspace.call(&["plugin", "add", "fixture", &reference, "--grant"]).code, 0);
    let second = component(&workspace, "1.0.1", DEFAULT);
    push(&workspace, &registry, &second, "acme/fixture:1.0.0", &["--force"]);
    push(&workspace, &registry, &second, "acme/fixture:1.10.0", &[]);

    workspace.set_own_home("other");
    assert_snapshot!(call(&workspace, &["run", "task.toml"]), @r"
    exit 2
    error[PG-0317]: plugin `fixture` is not on this machine: oci://127.0.0.1:PORT/acme/fixture:1.0.0
    hint: run `phasegate plugin pull`; a run fetches nothing
    ");
    assert_snapshot!(call(&workspace, &["plugin", "pull"]), @r"
    plugin   version  lock file  signature   from
    fixture  1.0.0    unchanged  not signed  oci://127.0.0.1:PORT/acme/fixture:1.0.0
    exit 0
    pulling oci://127.0.0.1:PORT/acme/fixture:1.0.0
    ");
    assert_snapshot!(call(&workspace, &["plugin", "outdated"]), @r"
    plugin   state                                                                                        from
    fixture  the tag was moved: DIGEST is pinned, DIGEST is there now; there is a tag 1.10.0  oci://127.0.0.1:PORT/acme/fixture:1.0.0
    exit 0
    ");
    // A run asks no registry.
    drop(registry);
    assert_eq!(workspace.call(&["run", "task.toml", "--json"]).code, 0);
}

#[test]
fn references_that_the_lock_lacks_are_named() {
    let Some(registry) = OciRegistry::start() else { return };
    let workspace = project();
    let first = component(&workspace, "1.0.0", DEFAULT);
    let reference = push(&workspace, &registry, &first, "acme/fixture:1", &[]);
    push(&workspace, &registry, &first, "acme/fixture:2", &[]);
    let config = workspace.read("phasegate.toml");
    let with = |reference: &str| {
        let grants = "grants = { models = [\"default\"], test-bench = [\"lines\"] }";
        workspace.write("phasegate.toml", format!("{config}[plugins.fixture]\npath = \"{reference}\"\n{grants}\n"));
    };
    with(&reference);
    assert_snapshot!(call(&workspace, &["run", "task.toml"]), @r"
    exit 2
    error[PG-0317]: plugin `fixture` is not in phasegate.lock: oci://127.0.0.1:PORT/acme/fixture:1
    hint: run `phasegate plugin pull`; a run fetches nothing
    ");
    assert_eq!(workspace.call(&["plugin", "pull"]).code, 0);
    assert_eq!(workspace.call(&["run", "task.toml", "--json"]).code, 0);
    with(&registry.reference("acme/fixture:2"));
    assert_snapshot!(call(&workspace, &["run", "task.toml"]), @r"
    exit 2
    error[PG-0317]: plugin `fixture` is oci://127.0.0.1:PORT/acme/fixture:1 in phasegate.lock, and oci://127.0.0.1:PORT/acme/fixture:2 now
    hint: run `phasegate plugin pull`; a run fetches nothing
    ");
    assert_eq!(workspace.call(&["plugin", "pull"]).code, 0);
    // A pipeline that does not use the plugin needs no package.
    with(&registry.reference("acme/fixture:3"));
    assert_eq!(workspace.call(&["pipeline", "show", "tsp"]).code, 0);
    with("oci://127.0.0.1/acme/fixture");
    assert_snapshot!(call(&workspace, &["run", "task.toml"]), @r#"
    exit 2
    error[PG-0102]: phasegate.toml:5: `oci://127.0.0.1/acme/fixture` is not a reference to a plugin in a registry: it has no tag
      5 | path = "oci://127.0.0.1/acme/fixture"
        |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: write oci://HOST/REPOSITORY:TAG, as in oci://ghcr.io/acme/audit:1.2.0, or @sha256:… in place of :TAG
    "#);
}

#[test]
fn tags_are_moved_only_with_force() {
    let Some(registry) = OciRegistry::start() else { return };
    let workspace = project();
    let first = component(&workspace, "1.0.0", DEFAULT);
    let reference = push(&workspace, &registry, &first, "acme/fixture:1.0.0", &[]);
    // The same component is the same package.
    push(&workspace, &registry, &first, "acme/fixture:1.0.0", &[]);
    let second = component(&workspace, "1.0.1", DEFAULT);
    assert_snapshot!(call(&workspace, &["plugin", "push", &second, &reference]), @r"
    exit 2
    pushing fixture-1.0.1.wasm to oci://127.0.0.1:PORT/acme/fixture:1.0.0
    error[PG-0324]: oci://127.0.0.1:PORT/acme/fixture:1.0.0 names another package already: DIGEST
    hint: push under a new tag, or move this one with --force
    ");
    assert_snapshot!(call(&workspace, &["plugin", "push", "task.toml", &reference]), @r"
    exit 2
    error[PG-0302]: task.toml: not a WebAssembly component: it does not start with the header of a component
    hint: build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module
    ");
    assert_snapshot!(call(&workspace, &["plugin", "push", &bare_component(&workspace), &reference]), @r"
    exit 2
    error[PG-0302]: bare.wasm has no manifest, which gives a package its name and version
    hint: build it with `phasegate plugin build`, or add one with `phasegate plugin manifest`
    ");
    let untagged = format!("{}@sha256:{}", registry.reference("acme/fixture"), "0".repeat(64));
    assert_snapshot!(call(&workspace, &["plugin", "push", &second, &untagged]), @r"
    exit 2
    error[PG-0101]: oci://127.0.0.1:PORT/acme/fixture@DIGEST has no tag
    hint: push under a tag: …:1.2.0
    ");
}

#[test]
fn unknown_packages_and_names_are_rejected() {
    let Some(registry) = OciRegistry::start() else { return };
    let workspace = project();
    let missing = registry.reference("acme/none:1");
    assert_snapshot!(call(&workspace, &["plugin", "add", "fixture", &missing]), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/none:1
    error[PG-0320]: the registry has no oci://127.0.0.1:PORT/acme/none:1
    hint: check repository and tag; a private repository may need `docker login`
    ");
    assert_snapshot!(call(&workspace, &["plugin", "add", "fixture", "ghcr.io/acme/none:1"]), @r"
    exit 2
    error: invalid value 'ghcr.io/acme/none:1' for '<REFERENCE>': `ghcr.io/acme/none:1` is not a reference to a plugin in a registry: it does not start with oci://
    hint: write oci://HOST/REPOSITORY:TAG, as in oci://ghcr.io/acme/audit:1.2.0, or @sha256:… in place of :TAG

    For more information, try '--help'.
    ");
    assert_snapshot!(call(&workspace, &["plugin", "pull", "fixture"]), @r"
    exit 2
    error[PG-0101]: plugin `fixture` is not taken from a registry
    hint: take one with `phasegate plugin add NAME oci://…`
    ");
    assert_snapshot!(call(&workspace, &["plugin", "pull"]), @r"
    exit 0
    no plugin is taken from a registry
    ");
    let first = component(&workspace, "1.0.0", DEFAULT);
    let reference = push(&workspace, &registry, &first, "acme/fixture:1", &[]);
    assert_eq!(workspace.call(&["plugin", "add", "fixture", &reference]).code, 0);
    assert_snapshot!(call(&workspace, &["plugin", "add", "fixture", &reference]), @r"
    exit 2
    error[PG-0101]: phasegate.toml has a table [plugins.fixture] already
    hint: change its `path`, then run `phasegate plugin pull`
    ");
    assert_snapshot!(call(&workspace, &["plugin", "update", "fixtur"]), @r"
    exit 2
    error[PG-0101]: plugin `fixtur` is not taken from a registry
    hint: did you mean `fixture`?
    ");
    // The plugin was not granted what it needs.
    assert_snapshot!(call(&workspace, &["run", "task.toml"]), @r#"
    task      ANSWER-001: Write a program that knows the answer.
    pipeline  one: planning
    config    phasegate.toml; pipeline from pipeline.toml
    compiling fixture (once on this machine)
    compiled fixture in TIME
    exit 2
    error[PG-0304]: plugin `fixture` asks for language models and trial runs of tests, which is not granted
    hint: to grant it, set `grants = { models = ["default"], test-bench = ["lines"] }` under `[plugins.fixture]`
    "#);
}

#[test]
fn packages_of_another_contract_are_rejected() {
    let Some(registry) = OciRegistry::start() else { return };
    let workspace = project();
    let file = phasegate_test::fixture("old-contract.wasm").display().to_string();
    let reference = registry.reference("acme/old:1");
    let refused = workspace.call(&["plugin", "push", &file, &reference]);
    assert!(shown(&workspace, &refused).contains("error[PG-0302]"), "{}", refused.stderr);
}
