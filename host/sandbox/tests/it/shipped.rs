//! Shipped components and components of the examples in the sandbox.

use std::path::Path;

use crate::common::{MockHost, assignment, call, engine, failure};
use phasegate_process::Digest;
use phasegate_process::feedback::Decision;
use phasegate_sandbox::Plugin;
use serde_json::json;

fn shipped(file: &str) -> Plugin {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    engine().load(&name, &Digest::from_content(&bytes), || Ok(bytes)).unwrap()
}

async fn revised(file: &str, settings: serde_json::Value) -> Vec<(String, Vec<String>)> {
    match shipped(file).decide(&failure(settings), &call("gate design-review")).await.unwrap() {
        Decision::Revise(revisions) => revisions.into_iter().map(|one| (one.phase, one.issue_ids)).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn shipped_and_example_strategies_decide() {
    let design = [("design".to_owned(), vec!["I-1".to_owned()])];
    assert_eq!(revised("plugins/dist/feedback-phase-aware.wasm", json!({})).await, design);
    assert_eq!(revised("plugins/dist/feedback-nearest-phase.wasm", json!({})).await, design);
    let planning = [("planning".to_owned(), vec!["I-1".to_owned()])];
    let strangers = "examples/feedback-custom/feedback-custom.wasm";
    assert_eq!(revised(strangers, json!({"dear": "planning"})).await, planning);
}

#[tokio::test]
async fn strategy_gives_up_on_unknown_settings() {
    let strategy = shipped("plugins/dist/feedback-phase-aware.wasm");
    let decision = strategy.decide(&failure(json!({"rise": 1})), &call("gate design-review")).await.unwrap();
    let Decision::GiveUp(why) = decision else { panic!("{decision:?}") };
    assert!(why.starts_with("invalid settings of feedback-phase-aware: unknown field `rise`"), "{why}");
}

#[tokio::test]
async fn agent_names_its_missing_input() {
    let agent = shipped("examples/security-audit/security-audit.wasm");
    let work = assignment(json!({"ask_model": false}));
    let failure = agent.run_agent(&work, MockHost::echo(), &call("phase security-audit")).await.unwrap().unwrap_err();
    assert_eq!(
        failure.to_string(),
        "input `generated_code` cannot be worked with: it is not an input of this phase; add it to `reads` in the pipeline"
    );
}
