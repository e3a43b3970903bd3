//! Agents of both worlds: submissions, model calls, test runs and failures.

use std::time::Duration;

use crate::common::{MockHost, assignment, call, load, text_answer};
use phasegate_process::model::Error;
use phasegate_process::testing::Subject;
use phasegate_process::{CheckStatus, Failure, Severity};
use phasegate_sandbox::{Want, World};
use serde_json::json;

#[tokio::test]
async fn agent_submits_artifacts() {
    let plugin = load("agent");
    assert_eq!(
        (plugin.world(), plugin.inspection().wants.as_slice()),
        (World::Agent, &[Want::Models, Want::TestBench][..])
    );
    let work = assignment(json!({"artifacts": {"design": {"a": 1}}, "extra": {"notes": "plain words"}}));
    let submission =
        plugin.run_agent(&work, MockHost::echo(), &call("phase design, attempt 1")).await.unwrap().unwrap();
    let handed_in: Vec<_> =
        submission.artifacts.iter().map(|it| (it.name.as_str(), String::from_utf8_lossy(&it.content))).collect();
    assert_eq!(handed_in, [("design", "{\"a\":1}".into()), ("notes", "plain words".into())]);
    assert_eq!(submission.findings, None);
}

#[tokio::test]
async fn review_agent_submits_findings() {
    let settings = json!({"findings": {
        "issues": [{"severity": "critical", "path": "a.py", "line": 3}],
        "checks": [{"item": "secure", "status": "not_applicable"}],
        "reviewers": ["security"],
    }});
    let submission =
        load("agent").run_agent(&assignment(settings), MockHost::echo(), &call("gate")).await.unwrap().unwrap();
    let findings = submission.findings.unwrap();
    assert_eq!(findings.issues[0].severity, Severity::Critical);
    assert_eq!(findings.issues[0].location.as_ref().unwrap().line, Some(3));
    assert_eq!(findings.checks[0].status, CheckStatus::NotApplicable);
}

#[tokio::test]
async fn rejects_unknown_status_of_a_check() {
    let settings = json!({"findings": {"checks": [{"item": "secure", "status": "maybe"}]}});
    let error =
        load("agent").run_agent(&assignment(settings), MockHost::echo(), &call("gate x, attempt 1")).await.unwrap_err();
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `agent` (gate x, attempt 1) gave an answer that cannot be taken: check `secure` has the status `maybe`; a status is pass, fail, warning or not_applicable
    hint: its author should hold it against the contract in `wit/`
    ");
}

#[tokio::test]
async fn agent_uses_models_and_tests_through_the_host() {
    let host =
        MockHost::new(|_, request| (Duration::from_millis(1), text_answer(&format!("answer to {}", request.label))));
    let settings = json!({
        "ask": "write", "read": ["plan", "other"], "check": {"kind": "nonsense", "content": 1},
        "tests": {"language": "lines", "input": "code", "files": {"t.lines": "test one: 1 == 1"}},
    });
    let submission = load("agent").run_agent(&assignment(settings), host.clone(), &call("x")).await.unwrap().unwrap();
    assert_eq!(submission.artifacts[0].content, b"answer to write");
    let received = host.received();
    // The test run is call 1, the model call is call 2.
    assert_eq!(received.asked, [(2, "write".to_owned())]);
    assert_eq!((received.tests[0].0, &received.tests[0].2), (1, &Subject::Input("code".to_owned())));
    let lines = host.lines();
    assert_eq!(lines[0], "read plan: the plan");
    assert!(lines[1].contains("Unknown(\"other\")"), "{lines:?}");
    assert_eq!(lines[2], "check nonsense: Err([\"no kind nonsense\"])");
    assert!(lines[3].contains("t.lines::one"), "{lines:?}");
}

#[tokio::test]
async fn failures_of_agents_are_no_sandbox_errors() {
    let run =
        async |settings| load("agent").run_agent(&assignment(settings), MockHost::echo(), &call("x")).await.unwrap();
    assert_eq!(run(json!({"do": "fail", "words": "no idea"})).await, Err(Failure::Failed("no idea".to_owned())));
    let bad = Failure::BadInput { name: "plan".to_owned(), reason: "it is empty".to_owned() };
    assert_eq!(run(json!({"do": "bad input"})).await, Err(bad));
    let host = MockHost::new(|_, _| (Duration::ZERO, Err(Error::Budget("no money left".to_owned()))));
    let result = load("agent").run_agent(&assignment(json!({"ask": "x"})), host, &call("x")).await.unwrap();
    assert_eq!(result, Err(Failure::Failed("Error::Budget(\"no money left\")".to_owned())));
}

#[tokio::test]
async fn invalid_requests_reach_no_model() {
    let host = MockHost::echo();
    let run = async |settings| load("agent").run_agent(&assignment(settings), host.clone(), &call("x")).await.unwrap();
    let tier = run(json!({"ask": "x", "tier": "huge"})).await.unwrap_err().to_string();
    assert!(
        tier.contains("Denied") && tier.contains("there is no tier `huge`; the tiers are fast, default and deep"),
        "{tier}"
    );
    let tokens = run(json!({"ask": "x", "max_output_tokens": 0})).await.unwrap_err().to_string();
    assert!(tokens.contains("Invalid") && tokens.contains("max-output-tokens is 0"), "{tokens}");
    assert!(host.received().asked.is_empty());
}

#[tokio::test]
async fn concurrent_model_calls_overlap() {
    let host =
        MockHost::new(|number, _| (Duration::from_millis(u64::from(40 - number)), text_answer(&number.to_string())));
    let settings = json!({"ask": "many", "asks": 30});
    let submission = load("agent").run_agent(&assignment(settings), host.clone(), &call("x")).await.unwrap().unwrap();
    assert_eq!(submission.artifacts[0].content, b"30");
    let received = host.received();
    assert_eq!(received.asked.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=30).collect::<Vec<_>>());
    assert_eq!(received.answered[0], 30, "the last call was answered first");
}

#[tokio::test]
async fn blocking_agent_sees_the_same_answers_in_batches() {
    let plugin = load("blocking");
    assert_eq!(plugin.world(), World::AgentBlocking);
    let run = async |settings| {
        let script =
            |number: u32, _: &_| (Duration::from_millis(u64::from(20 - number)), text_answer(&number.to_string()));
        let host = MockHost::new(script);
        let submission = plugin.run_agent(&assignment(settings), host.clone(), &call("x")).await.unwrap().unwrap();
        (String::from_utf8(submission.artifacts[0].content.clone()).unwrap(), host.received().answered)
    };
    let (one_by_one, order) = run(json!({"asks": 5})).await;
    assert_eq!((one_by_one.as_str(), order), (r#"["1","2","3","4","5"]"#, vec![1, 2, 3, 4, 5]));
    let (at_once, order) = run(json!({"asks": 5, "at once": true})).await;
    assert_eq!((at_once, order), (one_by_one, vec![5, 4, 3, 2, 1]));
}

#[tokio::test]
async fn calling_another_world_is_an_error() {
    let error = load("strategy")
        .run_agent(&assignment(json!({})), MockHost::echo(), &call("phase code, attempt 1"))
        .await
        .unwrap_err();
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `strategy` (phase code, attempt 1) is a feedback strategy, and an agent is needed here
    hint: check which plugin the pipeline names in this place
    ");
}
