//! Inspection and loading: components, manifests and grants.

use std::fs;
use std::path::Path;

use crate::common::{engine, fixture, load_in};
use phasegate_process::Digest;
use phasegate_process::model::Tier;
use phasegate_process::pipeline::Grants;
use phasegate_sandbox::{LoadError, Want, World, inspect, with_manifest};

fn refusal(name: &str, bytes: Vec<u8>) -> String {
    match engine().load(&name.parse().unwrap(), &Digest::from_content(&bytes), || Ok(bytes)) {
        Ok(_) => panic!("{name} was accepted"),
        Err(error) => error.describe(),
    }
}

#[test]
fn inspection_describes_components() {
    let bytes = fixture("agent");
    let agent = inspect(&bytes).unwrap();
    assert_eq!((agent.world, agent.contract.as_deref()), (Some(World::Agent), Some("0.1.0")));
    assert_eq!(agent.exports, ["phasegate:plugin/agent@0.1.0"]);
    assert!(agent.imports.contains(&"phasegate:plugin/models@0.1.0".to_owned()), "{:?}", agent.imports);
    assert_eq!((agent.size, agent.digest), (bytes.len() as u64, Digest::from_content(&bytes)));
    assert_eq!((agent.wants, agent.misfit), (vec![Want::Models, Want::TestBench], None));
    for (name, world) in [("blocking", World::AgentBlocking), ("strategy", World::Feedback), ("runner", World::Runner)]
    {
        assert_eq!(inspect(&fixture(name)).unwrap().world, Some(world), "{name}");
    }
}

#[test]
fn rejects_bytes_that_are_no_component() {
    let core_module = b"\0asm\x01\0\0\0".to_vec();
    for bytes in [b"hello".to_vec(), Vec::new(), core_module] {
        let error = refusal("junk", bytes);
        assert!(error.starts_with("plugin `junk`: not a WebAssembly component"), "{error}");
        assert!(error.contains("hint: build the plugin as a component"), "{error}");
    }
    let mut cut = fixture("agent");
    cut.truncate(cut.len() / 2);
    refusal("cut", cut);
}

#[test]
fn rejects_components_that_crash_the_decoder() {
    let name = "component-with-function-named-like-interface";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/component").join(name);
    let error = inspect(&fs::read(path).unwrap()).unwrap_err().describe();
    assert!(error.contains("its interfaces cannot be expressed in WIT"), "{error}");
}

#[test]
fn inspection_allocates_nothing_for_claimed_sizes() {
    let claims = [b"\0asm\x0d\0\x01\0\x07".as_slice(), b"\x80\x80\x80\x80\x0f", b"x"].concat();
    let error = inspect(&claims).unwrap_err().describe();
    assert!(error.contains("unexpected end-of-file"), "{error}");
}

#[test]
fn ungranted_imports_are_named_with_configuration() {
    let plugin = load_in(&engine(), "agent");
    let mut grants = Grants { models: vec![Tier::Deep], test_bench: Vec::new() };
    let error = plugin.inspection().effective_grants(plugin.name(), &grants).unwrap_err().describe();
    insta::assert_snapshot!(error, @r#"
    plugin `agent` asks for trial runs of tests, which is not granted
    hint: to grant it, set `grants = { models = ["default"], test-bench = ["python"] }` under `[plugins.agent]`
    "#);
    grants.test_bench.push("python".to_owned());
    assert_eq!(plugin.inspection().effective_grants(plugin.name(), &grants).unwrap(), grants);
}

fn with_asks(asks: &str) -> phasegate_sandbox::Inspection {
    let text = format!("name = \"mine\"\nversion = \"1.0.0\"\n[asks]\n{asks}");
    inspect(&with_manifest(&fixture("agent"), &text).unwrap()).unwrap()
}

#[test]
fn grants_are_narrowed_by_the_manifest() {
    let name = "mine".parse().unwrap();
    let all = Grants { models: Tier::ALL.to_vec(), test_bench: vec!["python".to_owned(), "ruby".to_owned()] };
    let given = with_asks("models = [\"fast\"]\ntest-bench = [\"ruby\"]\n").effective_grants(&name, &all).unwrap();
    assert_eq!(given, Grants { models: vec![Tier::Fast], test_bench: vec!["ruby".to_owned()] });
    let given = with_asks("models = [\"fast\"]\ntest-bench = [\"*\"]\n").effective_grants(&name, &all).unwrap();
    assert_eq!(given.test_bench, all.test_bench);
}

#[test]
fn imports_that_the_manifest_omits_get_nothing() {
    let all = Grants { models: Tier::ALL.to_vec(), test_bench: vec!["python".to_owned()] };
    let name = "mine".parse().unwrap();
    let given = with_asks("models = [\"fast\"]\n").effective_grants(&name, &all).unwrap();
    assert_eq!(given, Grants { models: vec![Tier::Fast], test_bench: Vec::new() });
    let given = with_asks("").effective_grants(&name, &all).unwrap();
    assert_eq!(given, Grants::default());
    // The operator need not grant what is imported and not asked for.
    let models = Grants { models: vec![Tier::Fast], ..Grants::default() };
    assert_eq!(with_asks("models = [\"fast\"]\n").effective_grants(&name, &models).unwrap(), models);
}

#[test]
fn missing_grants_are_shown_as_configuration() {
    let asking = with_asks("models = [\"fast\", \"deep\"]\ntest-bench = [\"*\"]\n");
    let given = Grants { models: vec![Tier::Default], test_bench: vec!["python".to_owned()] };
    let error = asking.effective_grants(&"mine".parse().unwrap(), &given).unwrap_err().describe();
    insta::assert_snapshot!(error, @r#"
    plugin `mine` asks for language models, which is not granted
    hint: to grant it, set `grants = { models = ["fast", "deep"], test-bench = ["python"] }` under `[plugins.mine]`
    "#);
}

#[test]
fn rejects_invalid_and_contradicting_manifests() {
    let text = "name = \"mine\"\nversion = \"1.0.0\"\ncontract = \"0.0.9\"\n";
    insta::assert_snapshot!(refusal("mine", with_manifest(&fixture("agent"), text).unwrap()), @r"
    plugin `mine`: invalid manifest: it names contract 0.0.9, but the exports are of 0.1.0
    hint: rebuild the plugin with one version of the SDK
    ");
    let mut torn = with_manifest(&fixture("agent"), "name = \"mine\"\nversion = \"1.0.0\"\n").unwrap();
    let end = torn.len() - 2;
    torn[end] = b'=';
    insta::assert_snapshot!(refusal("mine", torn), @r#"
    plugin `mine`: invalid manifest: manifest:2: the text of `version` is not closed
    hint: end it with `"` in the same line, or begin and end it with `"""`
    hint: see plugins/sdk/README.md
    "#);
}

#[test]
fn rejects_components_with_another_digest() {
    let pinned = Digest::from_content(b"something else");
    let error = engine().load(&"agent".parse().unwrap(), &pinned, || Ok(fixture("agent"))).map(drop).unwrap_err();
    assert!(matches!(error, LoadError::Digest { .. }), "{error}");
}
