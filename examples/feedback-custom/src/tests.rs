//! Tests of the choice between the cheap and the expensive phase.

use phasegate_plugin::Strategy as _;
use phasegate_plugin::types::{Decision, GateFailure, Issue, Severity};

use crate::CheapestFirst;

fn failure(attempt: u32, attempts_left: u32, may_revise: &[&str]) -> GateFailure {
    let issue = Issue {
        id: "test#1/a".into(),
        severity: Severity::High,
        category: "logic".into(),
        defect_type: "conventional_code_bug".into(),
        phase_injected: "planning".into(),
        description: "The sum leaves out the last row.".into(),
        evidence: "total([1, 2]) is 1".into(),
        impact: "Bills are wrong.".into(),
        recommendation: None,
        location: None,
    };
    GateFailure {
        gate: "test".into(),
        attempt,
        attempts_left,
        issues: vec![issue],
        person_words: None,
        may_revise: may_revise.iter().map(ToString::to_string).collect(),
        history: vec![],
        settings: "{}".into(),
    }
}

fn phase(failure: GateFailure) -> String {
    match CheapestFirst::decide(failure) {
        Decision::Revise(revisions) if revisions.len() == 1 => {
            assert_eq!(revisions[0].issue_ids, ["test#1/a"]);
            revisions[0].phase.clone()
        }
        other => panic!("{other:?}"),
    }
}

const ALL: [&str; 4] = ["planning", "design", "code", "test"];

#[test]
fn switches_to_design_after_half_the_attempts() {
    let phases: Vec<String> = (1..6).map(|attempt| phase(failure(attempt, 6 - attempt, &ALL))).collect();
    assert_eq!(phases, ["code", "code", "code", "design", "design"]);
    assert_eq!([phase(failure(1, 2, &ALL)), phase(failure(2, 1, &ALL))], ["code", "design"]);
}

#[test]
fn falls_back_to_the_last_allowed_phase() {
    assert_eq!(phase(failure(1, 2, &["planning", "test"])), "test");
}

#[test]
fn phases_are_configurable() {
    let mut failure = failure(2, 1, &ALL);
    failure.settings = r#"{"dear": "planning"}"#.into();
    assert_eq!(phase(failure), "planning");
}

#[test]
fn passes_on_a_persons_remark() {
    let mut failure = failure(1, 2, &ALL);
    failure.person_words = Some("Use integers.".into());
    let Decision::Revise(revisions) = CheapestFirst::decide(failure) else { panic!("expected a revision") };
    assert_eq!(
        revisions[0].instructions,
        "Gate `test` failed at attempt 1. Fix these issues with the smallest change.\n- test#1/a: The sum leaves out the \
         last row.\nRemark of a person:\nUse integers.\n"
    );
}

#[test]
fn gives_up_with_a_reason() {
    let spent = CheapestFirst::decide(failure(3, 0, &ALL));
    assert_eq!(spent, Decision::GiveUp("gate `test` failed and no attempt is left".into()));
    let mut wrong = failure(1, 2, &ALL);
    wrong.settings = r#"{"cheep": "code"}"#.into();
    let Decision::GiveUp(why) = CheapestFirst::decide(wrong) else { panic!("expected to give up") };
    assert!(why.starts_with("invalid settings of cheapest-first: unknown field `cheep`"), "{why}");
}
