//! A third-party gate that looks for dangerous code after the tests have passed.
//!
//! Applies the deterministic rules of `rules.rs`. Then, unless `ask_model = false`, asks a model one question (label
//! `security-audit`) and adds its findings to those of the rules. If the model call fails, the audit fails.

mod python;
mod rules;

use phasegate_plugin::artifacts::{Findings, GeneratedCode, TaskRequirements};
use phasegate_plugin::{
    Agent, Failure, Prompt, Question, Sections, SharedBy, Submission, Work, agent, fenced, fenced_named,
};
use serde::Deserialize;

const SYSTEM: Prompt = Prompt::new(include_str!("../prompts/system.md"));
const SCHEMA: &str = include_str!("../prompts/answer.schema.json");
const DEFECT_TYPES: [&str; 8] = [
    "planning_failure",
    "prompt_misinterpretation",
    "tool_use_error",
    "hallucination",
    "security_vulnerability",
    "conventional_code_bug",
    "task_execution_error",
    "alignment_deviation",
];

/// Settings of this agent in the pipeline.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    ask_model: bool,
    tier: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ask_model: true, tier: "default".to_owned() }
    }
}

struct SecurityAudit;

agent!(SecurityAudit);
phasegate_plugin::manifest!();

impl Agent for SecurityAudit {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let settings: Settings = work.settings()?;
        let code: GeneratedCode = work.read_json("generated_code")?;
        let mut findings = rules::examine(&code.files);
        findings.reviewers.push("rules".to_owned());
        if settings.ask_model {
            let answer = ask_model(&work.task()?, &code, &findings, &settings.tier).await?;
            add_model_findings(&mut findings, answer);
            findings.reviewers.push("model".to_owned());
        }
        Ok(Submission { artifacts: Vec::new(), findings: Some(findings.into()) })
    }
}

async fn ask_model(
    task: &TaskRequirements,
    code: &GeneratedCode,
    found: &Findings,
    tier: &str,
) -> Result<Findings, Failure> {
    let known: String = found.issues.iter().map(|issue| format!("- {}: {}\n", issue.id, issue.description)).collect();
    let known =
        if known.is_empty() { "The rules found nothing.".to_owned() } else { format!("The rules found:\n{known}") };
    let files: Vec<String> = code.files.iter().map(|file| fenced_named("File", &file.path, &file.content)).collect();
    let sections = Sections::new()
        .add(SharedBy::Run, fenced("The task", &task.description))
        .add(SharedBy::Subject, files.join("\n"))
        .add(SharedBy::Attempt, known)
        .add(SharedBy::Call, "Audit this code.");
    let question = Question::new("security-audit", SYSTEM.render(&[]), sections)
        .schema(SCHEMA)
        .tier(tier)
        .max_output_tokens(8_000);
    question.json(|answer: &Findings, _| faults(answer, code)).await
}

fn faults(answer: &Findings, code: &GeneratedCode) -> Vec<String> {
    let mut faults = Vec::new();
    for issue in &answer.issues {
        let mut fault = |what: &str| faults.push(format!("issue {}: {what}", issue.id));
        if issue.description.trim().chars().count() < 20 {
            fault("`description` has fewer than 20 characters");
        }
        if issue.evidence.trim().chars().count() < 10 {
            fault("`evidence` has fewer than 10 characters");
        }
        if !["design", "code"].contains(&issue.phase_injected.as_str()) {
            fault("`phase_injected` is neither `design` nor `code`");
        }
        if !DEFECT_TYPES.contains(&issue.defect_type.as_str()) {
            fault("`defect_type` is unknown; `security_vulnerability` fits most findings");
        }
        let path = issue.location.as_ref().map(|location| &location.path);
        if path.is_some_and(|path| !code.files.iter().any(|file| file.path == *path)) {
            fault("`location.path` is not one of the given files");
        }
    }
    faults
}

/// Adds the model's findings with the prefix `model/` on their ids, so that ids stay unique.
fn add_model_findings(findings: &mut Findings, answer: Findings) {
    let prefixed = |id: String| format!("model/{id}");
    findings.issues.extend(answer.issues.into_iter().map(|mut issue| {
        issue.id = prefixed(issue.id);
        issue
    }));
    findings.suggestions.extend(answer.suggestions.into_iter().map(|mut suggestion| {
        suggestion.issue_id = suggestion.issue_id.map(prefixed);
        suggestion
    }));
    findings.checks.extend(answer.checks);
}

#[cfg(test)]
mod tests;
