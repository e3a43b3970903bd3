//! Tests of the strategy's decisions.
#![allow(clippy::panic)]

use phasegate_plugin::types::{Decision, GateFailure, Issue, Revision, Severity};

use crate::decide;

fn issue(id: &str, phase: &str) -> Issue {
    Issue {
        id: id.into(),
        severity: Severity::Low,
        category: "logic".into(),
        defect_type: "conventional_code_bug".into(),
        phase_injected: phase.into(),
        description: "The sum leaves out the last row.".into(),
        evidence: "total([1, 2]) is 1".into(),
        impact: String::new(),
        recommendation: None,
        location: None,
    }
}

fn failure(gate: &str, may_revise: &[&str], issues: Vec<Issue>) -> GateFailure {
    GateFailure {
        gate: gate.into(),
        attempt: 2,
        attempts_left: 1,
        issues,
        person_words: None,
        may_revise: may_revise.iter().map(ToString::to_string).collect(),
        history: vec![],
        settings: "{}".into(),
    }
}

fn revised(failure: &GateFailure) -> Revision {
    match decide(failure) {
        Decision::Revise(revisions) if revisions.len() == 1 => revisions.into_iter().next().unwrap_or_else(|| panic!()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn sends_all_issues_to_the_preceding_phase() {
    let revision = revised(&failure(
        "test",
        &["planning", "design", "code", "test"],
        vec![issue("a", "planning"), issue("b", "test")],
    ));
    assert_eq!((revision.phase.as_str(), revision.issue_ids), ("code", vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(
        revision.instructions,
        "Gate `test` failed at attempt 2.\nRevise the work of `code` until these issues are fixed:\n- a: The sum leaves out the \
         last row.\n- b: The sum leaves out the last row.\n"
    );
}

#[test]
fn revises_the_gate_if_nothing_else_is_allowed() {
    assert_eq!(revised(&failure("test", &["test"], vec![issue("a", "code")])).phase, "test");
}

#[test]
fn passes_on_a_persons_remark_alone() {
    let mut failure = failure("design-review", &["planning", "design"], vec![]);
    failure.person_words = Some("Think again.".into());
    let revision = revised(&failure);
    assert_eq!(revision.phase, "design");
    assert!(revision.instructions.ends_with("takes precedence:\nThink again.\n"));
}

#[test]
fn gives_up_with_a_reason() {
    let mut spent = failure("test", &["code"], vec![issue("a", "code")]);
    spent.attempts_left = 0;
    let reason = "gate `test` failed at attempt 2 and no attempt is left; open: a".to_owned();
    assert_eq!(decide(&spent), Decision::GiveUp(reason));
    let reason = "gate `audit` failed and may not revise any phase".to_owned();
    assert_eq!(decide(&failure("audit", &[], vec![])), Decision::GiveUp(reason));
}
