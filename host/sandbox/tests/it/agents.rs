//! Agents doing their work, in both worlds.

use std::time::Duration;

use crate::common::{Desk, assignment, call, load, says};
use phasegate_process::model::Error;
use phasegate_process::testing::Subject;
use phasegate_process::{CheckStatus, Failure, Severity};
use phasegate_sandbox::{Want, World};
use serde_json::json;

#[tokio::test]
async fn an_agent_hands_in_what_it_was_asked_for() {
    let plugin = load("agent");
    assert_eq!(
        (plugin.world(), plugin.inspection().wants.as_slice()),
        (World::Agent, &[Want::Models, Want::TestBench][..])
    );
    let work = assignment(json!({"artifacts": {"design": {"a": 1}}, "extra": {"notes": "plain words"}}));
    let submission = plugin.run_agent(&work, Desk::echo(), &call("phase design, attempt 1")).await.unwrap().unwrap();
    let handed_in: Vec<_> =
        submission.artifacts.iter().map(|it| (it.name.as_str(), String::from_utf8_lossy(&it.content))).collect();
    assert_eq!(handed_in, [("design", "{\"a\":1}".into()), ("notes", "plain words".into())]);
    assert_eq!(submission.findings, None);
}

#[tokio::test]
async fn a_gates_agent_hands_in_findings_and_never_a_verdict() {
    let settings = json!({"findings": {
        "issues": [{"severity": "critical", "path": "a.py", "line": 3}],
        "checks": [{"item": "secure", "status": "not_applicable"}],
        "reviewers": ["security"],
    }});
    let submission =
        load("agent").run_agent(&assignment(settings), Desk::echo(), &call("gate")).await.unwrap().unwrap();
    let findings = submission.findings.unwrap();
    assert_eq!(findings.issues[0].severity, Severity::Critical);
    assert_eq!(findings.issues[0].location.as_ref().unwrap().line, Some(3));
    assert_eq!(findings.checks[0].status, CheckStatus::NotApplicable);
}

#[tokio::test]
async fn an_unknown_status_of_a_check_is_refused_in_words() {
    let settings = json!({"findings": {"checks": [{"item": "secure", "status": "maybe"}]}});
    let error =
        load("agent").run_agent(&assignment(settings), Desk::echo(), &call("gate x, attempt 1")).await.unwrap_err();
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `agent` (gate x, attempt 1) gave an answer that cannot be taken: check `secure` has the status `maybe`; a status is pass, fail, warning or not_applicable
    hint: its author should hold it against the contract in `wit/`
    ");
}

#[tokio::test]
async fn a_model_answers_and_tests_run_through_the_host_alone() {
    let desk = Desk::new(|_, request| (Duration::from_millis(1), says(&format!("answer to {}", request.label))));
    let settings = json!({
        "ask": "write", "read": ["plan", "other"], "check": {"kind": "nonsense", "content": 1},
        "tests": {"language": "lines", "input": "code", "files": {"t.lines": "test one: 1 == 1"}},
    });
    let submission = load("agent").run_agent(&assignment(settings), desk.clone(), &call("x")).await.unwrap().unwrap();
    assert_eq!(submission.artifacts[0].content, b"answer to write");
    let heard = desk.heard();
    // The trial run took number 1, the question number 2.
    assert_eq!(heard.asked, [(2, "write".to_owned())]);
    assert_eq!((heard.tests[0].0, &heard.tests[0].2), (1, &Subject::Input("code".to_owned())));
    let lines = desk.lines();
    assert_eq!(lines[0], "read plan: the plan");
    assert!(lines[1].contains("Unknown(\"other\")"), "{lines:?}");
    assert_eq!(lines[2], "check nonsense: Err([\"no kind nonsense\"])");
    assert!(lines[3].contains("t.lines::one"), "{lines:?}");
}

#[tokio::test]
async fn the_agents_own_failures_are_not_the_sandboxs() {
    let run = async |settings| load("agent").run_agent(&assignment(settings), Desk::echo(), &call("x")).await.unwrap();
    assert_eq!(run(json!({"do": "fail", "words": "no idea"})).await, Err(Failure::Failed("no idea".to_owned())));
    let bad = Failure::BadInput { name: "plan".to_owned(), reason: "it is empty".to_owned() };
    assert_eq!(run(json!({"do": "bad input"})).await, Err(bad));
    let desk = Desk::new(|_, _| (Duration::ZERO, Err(Error::Budget("no money left".to_owned()))));
    let result = load("agent").run_agent(&assignment(json!({"ask": "x"})), desk, &call("x")).await.unwrap();
    assert_eq!(result, Err(Failure::Failed("Error::Budget(\"no money left\")".to_owned())));
}

#[tokio::test]
async fn requests_without_meaning_are_answered_without_asking_a_model() {
    let desk = Desk::echo();
    let run = async |settings| load("agent").run_agent(&assignment(settings), desk.clone(), &call("x")).await.unwrap();
    let tier = run(json!({"ask": "x", "tier": "huge"})).await.unwrap_err().to_string();
    assert!(
        tier.contains("Denied") && tier.contains("there is no tier `huge`; the tiers are fast, default and deep"),
        "{tier}"
    );
    let tokens = run(json!({"ask": "x", "max_output_tokens": 0})).await.unwrap_err().to_string();
    assert!(tokens.contains("Invalid") && tokens.contains("max-output-tokens is 0"), "{tokens}");
    assert!(desk.heard().asked.is_empty());
}

#[tokio::test]
async fn questions_asked_together_are_under_way_together() {
    let desk = Desk::new(|number, _| (Duration::from_millis(u64::from(40 - number)), says(&number.to_string())));
    let settings = json!({"ask": "many", "asks": 30});
    let submission = load("agent").run_agent(&assignment(settings), desk.clone(), &call("x")).await.unwrap().unwrap();
    assert_eq!(submission.artifacts[0].content, b"30");
    let heard = desk.heard();
    assert_eq!(heard.asked.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=30).collect::<Vec<_>>());
    assert_eq!(heard.answered[0], 30, "the last asked was the first answered");
}

#[tokio::test]
async fn a_blocking_agent_asks_one_by_one_or_all_at_once_and_sees_the_same() {
    let plugin = load("blocking");
    assert_eq!(plugin.world(), World::AgentBlocking);
    let run = async |settings| {
        let script = |number: u32, _: &_| (Duration::from_millis(u64::from(20 - number)), says(&number.to_string()));
        let desk = Desk::new(script);
        let submission = plugin.run_agent(&assignment(settings), desk.clone(), &call("x")).await.unwrap().unwrap();
        (String::from_utf8(submission.artifacts[0].content.clone()).unwrap(), desk.heard().answered)
    };
    let (one_by_one, order) = run(json!({"asks": 5})).await;
    assert_eq!((one_by_one.as_str(), order), (r#"["1","2","3","4","5"]"#, vec![1, 2, 3, 4, 5]));
    let (at_once, order) = run(json!({"asks": 5, "at once": true})).await;
    assert_eq!((at_once, order), (one_by_one, vec![5, 4, 3, 2, 1]));
}

#[tokio::test]
async fn a_plugin_of_another_world_is_refused_in_words() {
    let error = load("strategy")
        .run_agent(&assignment(json!({})), Desk::echo(), &call("phase code, attempt 1"))
        .await
        .unwrap_err();
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `strategy` (phase code, attempt 1) is a feedback strategy, and an agent is needed here
    hint: check which plugin the pipeline names in this place
    ");
}
