//! A review by several specialists at once: one question each, all under way together, one set of findings at the end.
//!
//! Promises: a specialist that fails fails the review, with its reason; never does a missing answer count as no issue.

use phasegate_plugin::artifacts::Findings;
use phasegate_plugin::{Failure, Question, failure, host, join_all};

use crate::findings;

/// What the answer must look like.
const SCHEMA: &str = include_str!("../prompts/findings.schema.json");
const MAX_ANSWER_TOKENS: u32 = 8_000;

/// One of the panel.
pub struct Specialist<'a> {
    /// `security`; part of the label and of the ids.
    pub name: &'a str,
    /// Who it is to be.
    pub system: String,
    /// Checklist items that it must answer, word for word.
    pub must_check: Vec<String>,
}

/// Asks all, each as `PHASE/NAME`, about the same `user` text, and merges what they found. `phases` are those that may be
/// blamed; `prepare` has the last word on each question.
pub async fn review(
    phase: &str,
    user: &str,
    panel: &[Specialist<'_>],
    phases: &[&str],
    prepare: impl Fn(Question) -> Question,
) -> Result<Findings, Failure> {
    host::progress(&format!("{} specialists at work", panel.len()), None);
    let answers = join_all(panel.iter().map(|specialist| {
        let ask = Question::new(format!("{phase}/{}", specialist.name), specialist.system.as_str(), user)
            .schema(SCHEMA)
            .max_output_tokens(MAX_ANSWER_TOKENS);
        ask_specialist(prepare(ask), specialist, phases)
    }))
    .await;
    let mut parts = Vec::new();
    let mut failures = Vec::new();
    for (specialist, answer) in panel.iter().zip(answers) {
        match answer {
            Ok(found) => parts.push((specialist.name, found)),
            Err(failure) => failures.push(format!("{}: {}", specialist.name, describe(failure))),
        }
    }
    if failures.is_empty() {
        return Ok(findings::merge(parts));
    }
    Err(failure(format!(
        "{} of {} specialists gave no findings, so nothing can be concluded from the others. {}",
        failures.len(),
        panel.len(),
        failures.join("; ")
    )))
}

async fn ask_specialist(ask: Question, specialist: &Specialist<'_>, phases: &[&str]) -> Result<Findings, Failure> {
    let check = |found: &Findings, text: &str| {
        let mut faults = findings::faults(found, phases);
        faults.extend(missing_issue_list(text));
        let missing = findings::missing_checks(found, &specialist.must_check);
        faults
            .extend(missing.iter().map(|item| format!("checks: the design's checklist item is not answered: {item}")));
        faults
    };
    let mut found: Findings = ask.json(check).await?;
    found.reviewers.clear();
    for check in &mut found.checks {
        if !findings::contains_item(&check.item, &specialist.must_check) {
            check.item = format!("{}: {}", specialist.name, check.item);
        }
    }
    Ok(found)
}

/// An answer without the list says nothing; only an empty list says that there is no issue.
fn missing_issue_list(text: &str) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let has_list = answer.get("issues").is_some_and(serde_json::Value::is_array);
    (!has_list).then(|| "`issues` is missing; an empty list says that there are none".to_owned())
}

fn describe(failure: Failure) -> String {
    match failure {
        Failure::Failed(why) | Failure::Other(why) => why,
        Failure::BadInput((name, why)) => format!("input `{name}`: {why}"),
    }
}
