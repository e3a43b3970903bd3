//! A review by several specialists: one concurrent question each, merged into one set of findings.
//!
//! If a specialist fails, the review fails with its reason. An answer without a list of issues is invalid; it never counts
//! as an answer without issues.

use phasegate_plugin::artifacts::{Findings, ProjectPlan};
use phasegate_plugin::{Failure, Prompt, Question, Submission, Work, failure, host, join_all};

use crate::settings::Settings;
use crate::{findings, render, sections};

/// JSON Schema of a specialist's answer.
const SCHEMA: &str = include_str!("../prompts/findings.schema.json");
const MAX_ANSWER_TOKENS: u32 = 8_000;

/// One reviewer of the panel.
pub struct Specialist<'a> {
    /// Name, for example `security`; part of the label and of issue ids.
    pub name: &'a str,
    /// System message.
    pub system: String,
    /// Checklist items that the answer must contain, word for word.
    pub must_check: Vec<String>,
}

/// Renders the question to all specialists. `prompt` has the placeholders `task`, `plan`, `environment`, `context`, `notes`
/// and `remarks`, which are filled from the phase's inputs, and those of `subject`.
pub fn render_question(work: &Work, prompt: &Prompt, subject: &[(&str, &str)]) -> Result<String, Failure> {
    let plan: ProjectPlan = work.read_json("project_plan")?;
    let shared = [
        ("task", render::task(&work.task()?)),
        ("plan", render::plan(&plan)),
        ("environment", render::environment(work)),
        ("context", sections::context(work)),
        ("notes", sections::notes(work)?),
        ("remarks", sections::revision(work, None)),
    ];
    let shared = shared.iter().map(|(name, text)| (*name, text.as_str()));
    let values: Vec<(&str, &str)> = shared.chain(subject.iter().copied()).collect();
    Ok(prompt.render(&values))
}

/// Asks every specialist the same `question`, each under the label `PHASE/NAME` and with the phase's settings, and submits the
/// merged findings. An issue may be attributed to one of `phases`.
pub async fn review(
    work: &Work,
    phase: &str,
    question: &str,
    panel: &[Specialist<'_>],
    phases: &[&str],
) -> Result<Submission, Failure> {
    let settings = Settings::from_work(work)?;
    host::progress(&format!("asking {} specialists", panel.len()), None);
    let answers = join_all(panel.iter().map(|specialist| {
        let question = Question::new(format!("{phase}/{}", specialist.name), specialist.system.as_str(), question)
            .schema(SCHEMA)
            .max_output_tokens(MAX_ANSWER_TOKENS);
        ask_specialist(settings.apply(question), specialist, phases)
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
