//! Feedback strategies, test runners, and queues of different kinds of work.

use std::time::Duration;

use crate::common::{
    MockHost, assignment, cache_dir, call, failure, file, load, load_in, stub, text_answer, with_limits,
};
use phasegate_process::feedback::{Decision, Revision};
use phasegate_process::limits::Limits;
use phasegate_process::testing::{BenchError, Outcome};
use phasegate_sandbox::{CallErrorKind, Engine, EngineSettings};
use serde_json::json;

#[tokio::test]
async fn strategy_decides() {
    let strategy = load("strategy");
    let decide = async |settings| strategy.decide(&failure(settings), &call("gate")).await;
    let revision = |phase: &str| Revision {
        phase: phase.to_owned(),
        issue_ids: vec!["I-1".to_owned()],
        instructions: format!("fix {phase} for gate design-review, attempt 2"),
    };
    assert_eq!(decide(json!({})).await.unwrap(), Decision::Revise(vec![revision("planning")]));
    let both = Decision::Revise(vec![revision("design"), revision("nonsense")]);
    assert_eq!(decide(json!({"revise": ["design", "nonsense"]})).await.unwrap(), both);
    assert_eq!(decide(json!({"ask": "help"})).await.unwrap(), Decision::AskAPerson("help".to_owned()));
    assert_eq!(decide(json!({"give up": "no"})).await.unwrap(), Decision::GiveUp("no".to_owned()));
    let error = decide(json!({"other": "dance"})).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::BadAnswer("this host does not know the decision `dance`".to_owned()));
    let limits = Limits { cpu_ms: 30.try_into().unwrap(), ..Limits::strategy() };
    let error = strategy.decide(&failure(json!({"do": "spin"})), &with_limits(limits)).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::CpuTime { limit_ms: 30 });
}

#[tokio::test]
async fn runner_collects_and_runs_tests() {
    let runner = load("runner");
    let call = call("test run");
    assert_eq!(runner.environment(&call).await.unwrap()["language"], "lines");
    let code = [file("a.lines", "x = 1\ny = 2")];
    let tests = [file("t.lines", "print hello\ntest one: x == 1\ntest two: x == y\n")];
    assert_eq!(runner.collect(&code, &tests, &call).await.unwrap().unwrap(), ["t.lines::one", "t.lines::two"]);
    let run = runner.run_tests(&code, &tests, "t.lines", &call).await.unwrap().unwrap();
    let seen: Vec<_> =
        run.tests.iter().map(|t| (t.name.as_str(), t.outcome, t.message.as_deref(), t.output.as_str())).collect();
    assert_eq!(
        seen,
        [("t.lines::one", Outcome::Passed, None, "hello\n"), ("t.lines::two", Outcome::Failed, Some("1 is not 2"), ""),]
    );
    let broken = runner.collect(&[file("a.lines", "what?")], &tests, &call).await.unwrap().unwrap_err();
    assert_eq!(broken, ["a.lines:1: `what?` is no line of this language"]);
    let missing = runner.run_tests(&code, &tests, "other", &call).await.unwrap().unwrap_err();
    assert_eq!(missing, BenchError::Invalid("`other` is not one of the tests".to_owned()));
}

#[tokio::test]
async fn rejects_large_environment_descriptions() {
    let engine = Engine::new(EngineSettings { max_instances: 1, ..EngineSettings::default() }).unwrap();
    let error = async |many| {
        let bytes = stub::component_that(&stub::wit(""), &[], "runner-plugin", || stub::zeros(many));
        let digest = phasegate_process::Digest::from_content(&bytes);
        let runner = engine.load(&"talker".parse().unwrap(), &digest, || Ok(bytes)).unwrap();
        match runner.environment(&call("saying what it offers")).await.unwrap_err().kind {
            CallErrorKind::BadAnswer(text) => text,
            other => other.to_string(),
        }
    };
    assert!(error(65_536).await.starts_with("its environment is not JSON"));
    assert_eq!(error(65_537).await, "its environment has 65537 bytes, and at most 65536 are taken");
}

#[tokio::test]
async fn spinning_or_crashing_test_ends_alone() {
    let runner = load("runner");
    let limits = Limits { cpu_ms: 30.try_into().unwrap(), ..Limits::runner() };
    let run = async |content| runner.run_tests(&[], &[file("t.lines", content)], "t.lines", &with_limits(limits)).await;
    assert_eq!(run("spin").await.unwrap_err().kind, CallErrorKind::CpuTime { limit_ms: 30 });
    assert!(matches!(run("crash").await.unwrap_err().kind, CallErrorKind::Trap(_)));
    assert_eq!(run("test one: 1 == 1").await.unwrap().unwrap().tests.len(), 1);
}

#[tokio::test]
async fn waiting_agents_block_neither_tests_nor_strategies() {
    let settings =
        EngineSettings { max_instances: 3, max_queued: 2, cache_dir: Some(cache_dir()), ..EngineSettings::default() };
    let engine = Engine::new(settings).unwrap();
    let agent = load_in(&engine, "agent");
    let host = MockHost::new(|_, _| (Duration::from_secs(3600), text_answer("never")));
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let (agent, host) = (agent.clone(), host.clone());
            tokio::spawn(async move { agent.run_agent(&assignment(json!({"ask": "x"})), host, &call("x")).await })
        })
        .collect();
    while host.received().asked.len() < 3 {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;

    let tests = [file("t.lines", "test one: 1 == 1")];
    load_in(&engine, "runner").run_tests(&[], &tests, "t.lines", &call("x")).await.unwrap().unwrap();
    load_in(&engine, "strategy").decide(&failure(json!({})), &call("x")).await.unwrap();

    // Three agents run and two wait. One more exceeds the queue.
    let error =
        agent.run_agent(&assignment(json!({})), host.clone(), &call("phase code, attempt 1")).await.unwrap_err();
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `agent` (phase code, attempt 1) could not start: all instances are in use and 2 calls are waiting for one
    hint: run fewer tasks at once, or raise `max_instances` (of test runners `max_test_runs`) under `[sandbox]`
    ");
    waiting.into_iter().for_each(|task| task.abort());
}
