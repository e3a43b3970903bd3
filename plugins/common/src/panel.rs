//! A review by several specialists: one concurrent question each, merged into one set of findings.
//!
//! If a specialist fails, the review fails with its reason. An answer without a list of issues is invalid; it never counts
//! as an answer without issues.

use phasegate_plugin::artifacts::Findings;
use phasegate_plugin::{Failure, Question, Sections, SharedBy, Submission, failure, host, join_all};

use crate::{Context, findings};

/// JSON Schema of findings. All agents that ask for findings use it, so that providers can reuse their requests.
pub const SCHEMA: &str = include_str!("../prompts/findings.schema.json");
const MAX_ANSWER_TOKENS: u32 = 8_000;

/// One reviewer of the panel.
pub struct Specialist<'a> {
    /// Name, for example `security`; part of the label and of issue ids.
    pub name: &'a str,
    /// The text that only this specialist gets: its speciality.
    pub speciality: String,
    /// Checklist items that the answer must contain, word for word.
    pub must_check: Vec<String>,
}

/// Asks every specialist the same `question` with its speciality, each under the label `PHASE/NAME` and with the phase's
/// settings, and submits the merged findings. An issue may be attributed to one of `phases`.
pub async fn review(
    context: &Context<'_>,
    phase: &str,
    question: &Sections,
    panel: &[Specialist<'_>],
    phases: &[&str],
) -> Result<Submission, Failure> {
    host::progress(&format!("asking {} specialists", panel.len()), None);
    let answers = join_all(panel.iter().map(|specialist| {
        let sections = question.clone().add(SharedBy::Call, &specialist.speciality);
        let question = context
            .question(format!("{phase}/{}", specialist.name), sections)
            .schema(SCHEMA)
            .max_output_tokens(MAX_ANSWER_TOKENS);
        ask_specialist(context.settings.apply(question), specialist, phases)
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
        return Ok(Submission { artifacts: Vec::new(), findings: Some(findings::merge(parts).into()) });
    }
    Err(failure(format!(
        "{} of {} specialists gave no findings, so the review is incomplete: {}",
        failures.len(),
        panel.len(),
        failures.join("; ")
    )))
}

async fn ask_specialist(question: Question, specialist: &Specialist<'_>, phases: &[&str]) -> Result<Findings, Failure> {
    let check = |found: &Findings, text: &str| {
        let mut faults = findings::faults(found, phases);
        faults.extend(missing_issue_list(text));
        let missing = findings::missing_checks(found, &specialist.must_check);
        faults.extend(
            missing.iter().map(|item| format!("checks: checklist item of the design without an answer: {item}")),
        );
        faults
    };
    let mut found: Findings = question.json(check).await?;
    found.reviewers.clear();
    for check in &mut found.checks {
        if !findings::contains_item(&check.item, &specialist.must_check) {
            check.item = format!("{}: {}", specialist.name, check.item);
        }
    }
    Ok(found)
}

/// Returns a fault if the answer has no list `issues`. Deserialization alone would accept it as an empty list.
fn missing_issue_list(text: &str) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let has_list = answer.get("issues").is_some_and(serde_json::Value::is_array);
    (!has_list).then(|| "`issues` is missing; give an empty list if there are none".to_owned())
}

fn describe(failure: Failure) -> String {
    match failure {
        Failure::Failed(why) | Failure::Other(why) => why,
        Failure::BadInput((name, why)) => format!("input `{name}`: {why}"),
    }
}
