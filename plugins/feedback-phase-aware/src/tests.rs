//! Tests of routing and instructions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use phasegate_plugin::types::{Decision, GateFailure, Issue, Location, PastAttempt, Revision, Severity};

use crate::decide;

fn issue(id: &str, phase: &str) -> Issue {
    Issue {
        id: id.into(),
        severity: Severity::High,
        category: "logic".into(),
        defect_type: "conventional_code_bug".into(),
        phase_injected: phase.into(),
        description: format!("Something about {phase} is not right."),
        evidence: "It can be seen.".into(),
        impact: "It hurts.".into(),
        recommendation: Some("Do it right.".into()),
        location: None,
    }
}

fn failure(gate: &str, may_revise: &[&str], issues: Vec<Issue>) -> GateFailure {
    GateFailure {
        gate: gate.into(),
        attempt: 1,
        attempts_left: 2,
        issues,
        person_words: None,
        may_revise: may_revise.iter().map(ToString::to_string).collect(),
        history: vec![],
        settings: String::new(),
    }
}

fn revisions(failure: &GateFailure) -> Vec<Revision> {
    match decide(failure) {
        Decision::Revise(revisions) => revisions,
        other => panic!("{other:?}"),
    }
}

fn routes(failure: &GateFailure) -> Vec<(String, Vec<String>)> {
    revisions(failure).into_iter().map(|revision| (revision.phase, revision.issue_ids)).collect()
}

fn route(phase: &str, ids: &[&str]) -> (String, Vec<String>) {
    (phase.into(), ids.iter().map(ToString::to_string).collect())
}

fn gave_up(failure: &GateFailure) -> String {
    match decide(failure) {
        Decision::GiveUp(why) => why,
        other => panic!("{other:?}"),
    }
}

const TEST_GATE: [&str; 4] = ["planning", "design", "code", "test"];

#[test]
fn sends_issues_to_the_phases_that_injected_them() {
    let issues = vec![issue("a", "code"), issue("b", "planning"), issue("c", "test"), issue("d", "code")];
    let failure = failure("test", &TEST_GATE, issues);
    assert_eq!(routes(&failure), [route("planning", &["b"]), route("code", &["a", "d"]), route("test", &["c"])]);
}

#[test]
fn uses_the_nearest_earlier_allowed_phase() {
    let failure = failure("test", &["planning", "code", "test"], vec![issue("a", "design")]);
    assert_eq!(routes(&failure), [route("planning", &["a"])]);
    assert!(
        revisions(&failure)[0].instructions.contains("(It is attributed to `design`, which this gate may not revise.)")
    );
}

#[test]
fn falls_back_to_the_last_earlier_phase() {
    assert_eq!(routes(&failure("test", &["code", "test"], vec![issue("a", "design")])), [route("code", &["a"])]);
    assert_eq!(
        routes(&failure("design-review", &["planning", "design"], vec![issue("a", "code")])),
        [route("design", &["a"])]
    );
    assert_eq!(routes(&failure("test", &TEST_GATE, vec![issue("a", "somewhere")])), [route("code", &["a"])]);
    assert_eq!(routes(&failure("test", &["test"], vec![issue("a", "somewhere")])), [route("test", &["a"])]);
}

#[test]
fn issues_of_a_review_go_one_phase_back() {
    let failure = failure("code-review", &["planning", "design", "code"], vec![issue("a", "code-review")]);
    assert_eq!(routes(&failure), [route("code", &["a"])]);
}

#[test]
fn accepts_the_order_of_custom_phases() {
    let mut failure = failure("audit", &["draft", "edit"], vec![issue("a", "illustrate")]);
    failure.settings = r#"{"phases": ["draft", "illustrate", "edit", "audit"]}"#.into();
    assert_eq!(routes(&failure), [route("draft", &["a"])]);
}

#[test]
fn passes_a_persons_remark_to_every_phase() {
    let mut failure = failure("test", &TEST_GATE, vec![issue("a", "design"), issue("b", "code")]);
    failure.person_words = Some("Cents, not floats.".into());
    let revisions = revisions(&failure);
    assert_eq!(revisions.len(), 2);
    assert!(revisions.iter().all(|revision| revision.instructions.contains("takes precedence:\nCents, not floats.\n")));
}

#[test]
fn routes_a_remark_without_issues() {
    let mut failure = failure("test", &TEST_GATE, vec![]);
    failure.person_words = Some("Cents, not floats.".into());
    let revisions = revisions(&failure);
    assert_eq!((revisions[0].phase.as_str(), revisions[0].issue_ids.len(), revisions.len()), ("code", 0, 1));
    assert_eq!(
        revisions[0].instructions,
        "Gate `test` failed at attempt 1; 2 more attempts are left.\nA person rejected the work. Their remark takes \
         precedence:\nCents, not floats.\n"
    );
}

#[test]
fn instructs_on_failures_without_issues() {
    let revisions = revisions(&failure("design-review", &["planning", "design"], vec![]));
    assert_eq!(revisions[0].phase, "design");
    assert!(revisions[0].instructions.contains("The gate reported no issue: check the work of `design`"));
    assert_eq!(routes(&failure("test", &TEST_GATE, vec![])), [route("test", &[])]);
}

#[test]
fn instructions_name_each_issue() {
    let mut bug = issue("code-review-1/quality/Q1", "code");
    bug.location = Some(Location { path: "src/a.py".into(), line: Some(3) });
    let mut failure = failure("code-review", &["design", "code"], vec![bug]);
    failure.attempts_left = 1;
    assert_eq!(
        revisions(&failure)[0].instructions,
        "Gate `code-review` failed at attempt 1; one more attempt is left.\nRevise the work of `code`: fix the cause of each \
         issue, and keep everything else.\n- code-review-1/quality/Q1 [high] at src/a.py:3: Something about code is not \
         right. Do: Do it right.\n"
    );
}

#[test]
fn gives_up_and_lists_open_issues() {
    let mut failure = failure("test", &TEST_GATE, vec![issue("a", "code"), issue("b", "code")]);
    failure.attempts_left = 0;
    failure.attempt = 3;
    assert_eq!(gave_up(&failure), "gate `test` failed at attempt 3 and no attempt is left; open: a [high], b [high]");
}

#[test]
fn gives_up_if_no_phase_is_allowed() {
    assert_eq!(gave_up(&failure("audit", &[], vec![])), "gate `audit` failed and may not revise any phase");
}

fn seen_before(times: usize) -> GateFailure {
    let mut failure = failure("test", &TEST_GATE, vec![issue("test-3/a", "code")]);
    for attempt in 0..times {
        let mut past = issue(&format!("test-{attempt}/a"), "code");
        past.description = "Something  about CODE is not right.".into();
        failure.history.push(PastAttempt { issues: vec![past], revised: vec!["code".into()] });
    }
    failure
}

#[test]
fn raises_issues_that_came_back_twice() {
    assert_eq!(routes(&seen_before(1)), [route("code", &["test-3/a"])]);
    let raised = seen_before(2);
    assert_eq!(routes(&raised), [route("design", &["test-3/a"])]);
    assert!(revisions(&raised)[0].instructions.contains(
        "This came back unchanged 2 times although `code` revised it: change the work of `design` so that it cannot occur."
    ));
}

#[test]
fn tells_the_owner_to_change_its_approach() {
    let mut raised = seen_before(2);
    raised.may_revise = vec!["code".into(), "test".into()];
    assert_eq!(routes(&raised), [route("code", &["test-3/a"])]);
    assert!(revisions(&raised)[0].instructions.contains("the previous approach does not work, choose another one."));
}

#[test]
fn does_not_raise_interrupted_or_moved_issues() {
    let mut gone = seen_before(3);
    gone.history[1].issues.clear();
    assert_eq!(routes(&gone), [route("code", &["test-3/a"])]);
    let mut moved = seen_before(2);
    moved.issues[0].location = Some(Location { path: "b.py".into(), line: None });
    assert_eq!(routes(&moved), [route("code", &["test-3/a"])]);
}

#[test]
fn raising_is_configurable() {
    let mut eager = seen_before(1);
    eager.settings = r#"{"raise_after": 1}"#.into();
    assert_eq!(routes(&eager), [route("design", &["test-3/a"])]);
    assert!(revisions(&eager)[0].instructions.contains("came back unchanged once although"));
    let mut never = seen_before(5);
    never.settings = r#"{"raise_after": 0}"#.into();
    assert_eq!(routes(&never), [route("code", &["test-3/a"])]);
}

#[test]
fn gives_up_on_invalid_settings() {
    let mut failure = seen_before(0);
    failure.settings = r#"{"raise": 1}"#.into();
    let why = gave_up(&failure);
    assert!(why.starts_with("invalid settings of feedback-phase-aware: unknown field `raise`"), "{why}");
    assert!(why.ends_with("hint: set `raise_after` (a number) and `phases` (a list of names)"), "{why}");
}

#[test]
fn decisions_are_deterministic() {
    let failure = seen_before(2);
    assert_eq!(decide(&failure), decide(&failure));
}
