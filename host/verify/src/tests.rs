//! The attacks as data, and the report of an attack that is not stopped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::Path;
use std::time::Duration;

use phasegate_process::limits::LimitsPatch;
use phasegate_process::pipeline::check;
use phasegate_process::source::Source;
use phasegate_runtime::{Config, Trust};
use phasegate_sandbox::EngineSettings;

use crate::attackers::component;
use crate::corpus::{Attack, attacks, base};
use crate::test_bed::TestBed;

fn test_bed() -> TestBed {
    let config = Config::find(None, Path::new("/"), &Trust::default()).unwrap();
    TestBed::new(EngineSettings { max_instances: 20, ..EngineSettings::default() }, &config).unwrap()
}

fn named(name: &str) -> Attack {
    attacks().unwrap().into_iter().find(|attack| attack.name == name).unwrap()
}

#[test]
fn attacks_have_unique_names_and_expectations() {
    let attacks = attacks().unwrap();
    let names: BTreeSet<&str> = attacks.iter().map(|attack| attack.name.as_str()).collect();
    assert_eq!(names.len(), attacks.len());
    assert!(attacks.iter().all(|attack| !attack.seen.is_empty() && !attack.bound.is_empty()));
}

#[test]
fn attacks_are_valid_pipelines() {
    let base = base().unwrap();
    let source = Source { file: "base.toml", text: "" };
    for attack in attacks().unwrap() {
        let pipeline = attack.pipeline(&base, &LimitsPatch::default());
        let plugins = pipeline.plugin_names();
        let known: Vec<&str> = plugins.iter().map(|name| name.as_str()).collect();
        assert!(known.iter().all(|name| component(name).is_some()), "{}: {known:?}", attack.name);
        check(source, &pipeline, &known).unwrap_or_else(|fault| panic!("{}: {fault}", attack.name));
    }
}

#[test]
fn attackers_are_not_bundled() {
    for name in ["visitor", "liar", "early-spinner"] {
        assert!(!phasegate_runtime::BUNDLED.contains(&name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_attacks_whose_limit_is_lifted() {
    let mut test_bed = test_bed();
    test_bed.timeout = Duration::from_secs(1);
    let far = NonZeroU64::new(u64::from(u32::MAX));
    test_bed.lifted_limits =
        LimitsPatch { cpu_ms: far, log_lines: Some(u32::MAX), calls: Some(u32::MAX), ..LimitsPatch::default() };
    for (name, fault) in [
        ("spin in run", "not stopped within 1000 ms"),
        ("flood the log with lines", "expected text is missing: says: the log is cut here"),
        ("make model calls in an endless loop", "expected text is missing: planning#1 crashed: "),
    ] {
        let result = test_bed.run_attack(&named(name)).await;
        assert!(!result.held, "{name}: {}", result.outcome);
        assert!(result.faults[0].starts_with(fault), "{name}: {:?}", result.faults);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_forbidden_texts() {
    let attack = Attack { never: vec!["finished passed".to_owned()], ..named("drop a call that is under way") };
    let result = test_bed().run_attack(&attack).await;
    assert!(!result.held);
    assert_eq!(result.faults[0], "forbidden text is present: finished passed");
}
