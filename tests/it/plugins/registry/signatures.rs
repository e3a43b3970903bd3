//! Signatures: who signed a plugin is shown wherever it is named, and a change of the signer stops.

use insta::assert_snapshot;
use phasegate_test::{OciRegistry, fixture};

use super::{call, component, keys, project, push, trust};

const DEFAULT: &str = "\"default\"";

#[test]
fn signed_packages_are_verified() {
    let Some(registry) = OciRegistry::start() else { return };
    let workspace = project();
    let (key, public) = keys(&workspace, "acme");
    let file = component(&workspace, "1.0.0", DEFAULT);
    let reference = push(&workspace, &registry, &file, "acme/fixture:1", &["--key", &key]);
    assert_snapshot!(call(&workspace, &["plugin", "add", "fixture", &reference]), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/fixture:1
    error[PG-0322]: plugin `fixture` may not be used: signature failed: it is signed, and no publisher is trusted
    hint: get it from a publisher of [trust.publishers] in your configuration, or add the public key of its publisher there
    hint: or take it as it is, with --unverified
    ");
    trust(&workspace, &[("acme", &public)], "");
    assert_snapshot!(call(&workspace, &["plugin", "add", "fixture", &reference, "--grant"]), @r#"
    plugin   version  lock file  signature         from
    fixture  1.0.0    new        verified by acme  oci://127.0.0.1:PORT/acme/fixture:1

    Added [plugins.fixture] to phasegate.toml. It got what it requests: { models = ["default"], test-bench = ["lines"] }.
    exit 0
    pulling oci://127.0.0.1:PORT/acme/fixture:1
    "#);
    assert!(workspace.read("phasegate.lock").contains("\nsigner = \"acme\"\n"));
    assert_snapshot!(call(&workspace, &["plugin", "accept", "fixture", "--by", "ann"]), @r#"
    unchanged since it was accepted
    ann accepted plugin `fixture` 1.0.0, DIGEST, grants { models = ["default"], test-bench = ["lines"] }, verified by acme
    wrote phasegate.lock
    exit 0
    "#);
    let run = workspace.call(&["run", "task.toml", "--out", "out"]);
    let signed = |text: &str| text.lines().find(|line| line.contains("acme")).unwrap_or("nobody").to_owned();
    assert_eq!(signed(&(run.stdout + &run.stderr)), "plugins   fixture (verified by acme)");
    assert_eq!(signed(&workspace.call(&["show", "ANSWER-001"]).stdout), "plugins fixture (verified by acme)");
    let report = workspace.read("out/report.md");
    assert!(signed(&report).ends_with("| acme |"), "{report}");
    let pulled = workspace.call(&["plugin", "pull", "--json"]).json();
    assert_eq!(pulled["plugins"][0]["signature"], serde_json::json!({ "state": "verified", "by": "acme" }));
}

#[test]
fn changed_signers_stop_runs_and_updates() {
    let Some(registry) = OciRegistry::start() else { return };
    let workspace = project();
    let ((acme, acme_public), (other, other_public)) = (keys(&workspace, "acme"), keys(&workspace, "other"));
    trust(&workspace, &[("acme", &acme_public), ("other", &other_public)], "");
    let file = component(&workspace, "1.0.0", DEFAULT);
    let reference = push(&workspace, &registry, &file, "acme/fixture:1", &["--key", &acme]);
    assert_eq!(workspace.call(&["plugin", "add", "fixture", &reference, "--grant"]).code, 0);
    let next = component(&workspace, "1.1.0", DEFAULT);
    push(&workspace, &registry, &next, "acme/fixture:1", &["--key", &other, "--force"]);
    assert_snapshot!(call(&workspace, &["plugin", "update"]), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/fixture:1
    error[PG-0307]: plugin `fixture` differs from what ann accepted on DATE: 1.0.0 → 1.1.0, it asks for no more than before; its signer changed: acme before, other now
    hint: review the changes; the same command with --accept agrees to them
    ");
    push(&workspace, &registry, &component(&workspace, "1.2.0", DEFAULT), "acme/fixture:1", &["--force"]);
    assert_snapshot!(call(&workspace, &["plugin", "update"]), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/fixture:1
    error[PG-0307]: plugin `fixture` differs from what ann accepted on DATE: 1.0.0 → 1.2.0, it asks for no more than before; its signer changed: acme before, no trusted publisher now
    hint: review the changes; the same command with --accept agrees to them
    hint: if you lack the publisher's public key, add it to [trust.publishers] in your configuration instead
    ");
    assert_eq!(workspace.call(&["run", "task.toml", "--json"]).code, 0);
    // The user no longer trusts the publisher who was accepted.
    trust(&workspace, &[("other", &other_public)], "");
    assert_snapshot!(call(&workspace, &["run", "task.toml"]), @r"
    task      ANSWER-001: Write a program that knows the answer.
    pipeline  one: planning
    config    phasegate.toml; pipeline from pipeline.toml
    exit 2
    error[PG-0307]: plugin `fixture` differs from what ann accepted on DATE: it asks for no more than before; its signer changed: acme before, no trusted publisher now
    hint: review the changes; `phasegate plugin accept fixture` agrees to it
    hint: if you lack the publisher's public key, add it to [trust.publishers] in your configuration instead
    ");
}

/// A lock file that a project ships says nothing about whose signatures its user trusts.
#[test]
fn pinned_packages_are_verified_when_they_are_pulled() {
    let Some(registry) = OciRegistry::start() else { return };
    let mut workspace = project();
    let (key, _) = keys(&workspace, "stranger");
    let file = component(&workspace, "1.0.0", DEFAULT);
    let reference = push(&workspace, &registry, &file, "acme/fixture:1", &["--key", &key]);
    assert_eq!(workspace.call(&["plugin", "add", "fixture", &reference, "--grant", "--unverified"]).code, 0);
    workspace.set_own_home("other");
    assert_snapshot!(call(&workspace, &["plugin", "pull"]), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/fixture:1
    error[PG-0322]: plugin `fixture` may not be used: signature failed: it is signed, and no publisher is trusted
    hint: get it from a publisher of [trust.publishers] in your configuration, or add the public key of its publisher there
    hint: or take it as it is, with --unverified
    ");
    assert_eq!(workspace.call(&["plugin", "pull", "--unverified"]).code, 0);
    assert_eq!(workspace.call(&["run", "task.toml", "--json"]).code, 0);
}

#[test]
fn signatures_are_required_where_the_user_says() {
    let Some(registry) = OciRegistry::start() else { return };
    let workspace = project();
    let (key, public) = keys(&workspace, "acme");
    trust(&workspace, &[("acme", &public)], "require_signatures = true");
    let file = component(&workspace, "1.0.0", DEFAULT);
    let reference = push(&workspace, &registry, &file, "acme/fixture:1", &[]);
    assert_snapshot!(call(&workspace, &["plugin", "add", "fixture", &reference, "--unverified"]), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/fixture:1
    error[PG-0322]: plugin `fixture` may not be used: not signed
    hint: get it from a publisher of [trust.publishers] in your configuration, or add the public key of its publisher there
    ");
    // A file of the command line needs a signature as well.
    std::fs::copy(fixture("strategy.wasm"), workspace.path("strategy.wasm")).unwrap();
    assert_snapshot!(call(&workspace, &["run", "task.toml", "--feedback", "strategy.wasm"]), @r#"
    exit 2
    error[PG-0102]: pipeline.toml:11: plugin `fixture` is not a standard plugin and has no path
      11 | agent = "fixture"
         |         ^^^^^^^
    hint: add `[plugins.fixture]` with `path = "FILE.wasm"`; choose from planning, design, design-review, code, code-review, test, postmortem, phase-aware, nearest-phase, runner-python
    "#);
    assert_eq!(workspace.call(&["plugin", "sign", &reference, "--key", &key]).code, 0);
    assert_eq!(workspace.call(&["plugin", "add", "fixture", &reference, "--grant"]).code, 0);
    assert_eq!(workspace.call(&["run", "task.toml", "--json"]).code, 0);
}

#[test]
fn files_are_signed_beside_themselves() {
    let workspace = project();
    let (key, public) = keys(&workspace, "acme");
    let file = component(&workspace, "1.0.0", DEFAULT);
    trust(&workspace, &[("acme", &public)], "");
    let signature = |file: &str| {
        let text = workspace.call(&["plugin", "inspect", file]).stdout;
        text.lines().find(|line| line.starts_with("signature")).unwrap().to_owned()
    };
    assert_eq!(signature(&file), "signature  not signed");
    assert_snapshot!(call(&workspace, &["plugin", "sign", &file, "--key", &key]), @r"
    Wrote fixture-1.0.0.wasm.sigstore.json; it belongs beside the component.
    exit 0
    ");
    assert_eq!(signature(&file), "signature  verified by acme");
    let bundle = workspace.read(&format!("{file}.sigstore.json"));
    component(&workspace, "1.0.0", "\"fast\"");
    let changed = "signature  failed: its bundle is about other bytes; the component was changed after it was signed";
    assert_eq!(signature(&file), changed);
    workspace.write(&format!("{file}.sigstore.json"), bundle.replace("v0.3", "v9"));
    assert!(signature(&file).starts_with("signature  failed: its bundle is invalid: it is of type"));
}

#[test]
fn unusable_keys_are_named() {
    let workspace = project();
    let file = component(&workspace, "1.0.0", DEFAULT);
    let (key, public) = keys(&workspace, "acme");
    let public = public.display().to_string();
    assert_snapshot!(call(&workspace, &["plugin", "sign", "task.toml", "--key", &key]), @r"
    exit 2
    error[PG-0302]: task.toml: not a WebAssembly component: it does not start with the header of a component
    hint: build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module
    ");
    assert_snapshot!(call(&workspace, &["plugin", "keygen", "acme"]), @r"
    exit 2
    error[PG-0702]: acme.key cannot be written: it already exists
    hint: give another name
    ");
    assert_snapshot!(call(&workspace, &["plugin", "sign", &file, "--key", &public]), @r"
    exit 2
    error[PG-0323]: key HERE/acme.pub cannot be used: it holds `PUBLIC KEY`, not `PRIVATE KEY`
    hint: give a key of `phasegate plugin keygen`, of `cosign generate-key-pair`, or of `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`
    ");
    assert_snapshot!(call(&workspace, &["plugin", "sign", &file, "--key", "none.key"]), @r"
    exit 2
    error[PG-0323]: key none.key cannot be used: there is no such file or folder
    hint: give a key of `phasegate plugin keygen`, of `cosign generate-key-pair`, or of `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`
    ");
    workspace.set_user_config("[trust.publishers]\nacme = \"none.pub\"\n");
    assert_snapshot!(call(&workspace, &["plugin", "inspect", &file]), @r"
    exit 2
    error[PG-0102]: HERE/home/.config/phasegate/config.toml:1: [trust] publishers: key HERE/home/.config/phasegate/none.pub cannot be used: there is no such file or folder
      1 | [trust.publishers]
        |        ^^^^^^^^^^
    hint: give the public key: NAME.pub of `phasegate plugin keygen`, cosign.pub, or that of `openssl pkey -pubout`
    ");
}
