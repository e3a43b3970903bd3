//! The attacks as data, and the report of an attack that is not stopped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::Path;
use std::time::Duration;

use phasegate_process::limits::LimitsPatch;
use phasegate_process::pipeline::check;
use phasegate_process::source::Source;
use phasegate_runtime::Config;
use phasegate_sandbox::EngineSettings;

use crate::attackers::component;
use crate::corpus::{Attack, attacks, base};
use crate::run::TestBed;

fn test_bed() -> TestBed {
    let config = Config::find(None, Path::new("/")).unwrap();
    TestBed::new(EngineSettings { max_instances: 20, ..EngineSettings::default() }, &config).unwrap()
}

fn named(name: &str) -> Attack {
    attacks().unwrap().into_iter().find(|attack| attack.name == name).unwrap()
}

#[test]
fn each_attack_has_a_name_of_its_own_and_something_to_be_seen() {
    let attacks = attacks().unwrap();
    let names: BTreeSet<&str> = attacks.iter().map(|attack| attack.name.as_str()).collect();
    assert_eq!(names.len(), attacks.len());
    assert!(attacks.iter().all(|attack| !attack.seen.is_empty() && !attack.bound.is_empty()));
}

#[test]
fn every_attack_is_a_pipeline_that_a_person_could_have_written() {
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
fn no_pipeline_of_a_person_can_name_an_attacker() {
    for name in ["visitor", "liar", "early-spinner"] {
        assert!(!phasegate_runtime::BUNDLED.contains(&name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_bound_an_attack_does_not_hold() {
    let mut test_bed = test_bed();
    test_bed.timeout = Duration::from_secs(1);
    let far = NonZeroU64::new(u64::from(u32::MAX));
    test_bed.lifted_limits =
        LimitsPatch { cpu_ms: far, log_lines: Some(u32::MAX), calls: Some(u32::MAX), ..LimitsPatch::default() };
    for (name, fault) in [
        ("spin in run", "it was not ended after 1000 ms"),
        ("flood the log with lines", "it was to be seen, and was not: says: the log is cut here"),
        ("ask for ever", "it was to be seen, and was not: planning#1 crashed: "),
    ] {
        let tried = test_bed.run_attack(&named(name)).await;
        assert!(!tried.held, "{name}: {}", tried.outcome);
        assert!(tried.faults[0].starts_with(fault), "{name}: {:?}", tried.faults);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_seen_is_a_fault_where_it_is_seen() {
    let attack = Attack { never: vec!["finished passed".to_owned()], ..named("drop a call that is under way") };
    let tried = test_bed().run_attack(&attack).await;
    assert!(!tried.held);
    assert_eq!(tried.faults[0], "it was seen, and must not be: finished passed");
}
