//! A gate: asks a model which parts of the task are unclear, and reports each as an issue. The host computes the verdict.

use phasegate_plugin::artifacts::{Findings, Issue, Severity};
use phasegate_plugin::{Agent, Failure, Question, Submission, Work, agent, fenced};
use serde::Deserialize;

const SYSTEM: &str = "You read tasks for programmers. You answer with one JSON object.";
const FORM: &str = r#"List what is unclear in it, or nothing:
{"unclear": [{"quote": "words of the task", "question": "what has to be answered", "blocks": true}]}
`blocks` is true if the work cannot begin without the answer."#;
/// Servers that can hold a model to a schema do so. Models write the members in this order.
const SCHEMA: &str = r#"{
    "type": "object",
    "required": ["unclear"],
    "additionalProperties": false,
    "properties": {
        "unclear": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["quote", "question", "blocks"],
                "additionalProperties": false,
                "properties": {
                    "quote": { "type": "string" },
                    "question": { "type": "string" },
                    "blocks": { "type": "boolean" }
                }
            }
        }
    }
}"#;

#[derive(Deserialize)]
struct Answer {
    unclear: Vec<Unclear>,
}

#[derive(Deserialize)]
struct Unclear {
    quote: String,
    question: String,
    blocks: bool,
}

struct Clarity;

agent!(Clarity);

impl Agent for Clarity {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let description = work.task()?.description;
        let user = format!("{}\n{FORM}", fenced("The task", &description));
        let question = Question::new("unclear", SYSTEM, user).schema(SCHEMA);
        let answer: Answer = question.json(|answer, _| find_faults(answer, &description)).await?;
        // Nothing but the task is at fault, so the issue names this phase.
        let phase = &work.assignment.phase;
        let issues = answer.unclear.iter().zip(1..).map(|(unclear, number)| issue(unclear, number, phase)).collect();
        let findings = Findings { issues, reviewers: vec!["clarity".to_owned()], ..Findings::default() };
        Ok(Submission { artifacts: Vec::new(), findings: Some(findings.into()) })
    }
}

/// Returns the faults of an answer, in words that the model can act on: it is asked for one repair.
fn find_faults(answer: &Answer, description: &str) -> Vec<String> {
    let invented = answer.unclear.iter().filter(|unclear| !description.contains(&unclear.quote));
    invented.map(|unclear| format!("the task does not contain `{}`", unclear.quote)).collect()
}

fn issue(unclear: &Unclear, number: usize, phase: &str) -> Issue {
    Issue {
        id: format!("unclear-{number}"),
        severity: if unclear.blocks { Severity::High } else { Severity::Low },
        category: "clarity".to_owned(),
        defect_type: "planning_failure".to_owned(),
        phase_injected: phase.to_owned(),
        description: format!("A part of the task is unclear: {}", unclear.question),
        evidence: format!("the task says `{}`", unclear.quote),
        impact: "The work rests on a guess.".to_owned(),
        recommendation: Some("Answer the question in the task.".to_owned()),
        location: None,
    }
}

#[cfg(test)]
mod tests {
    use phasegate_plugin::testing::MockHost;

    use super::*;

    #[test]
    fn a_blocking_question_is_a_high_issue() {
        let task = r#"{"task_id": "T-1", "description": "Sort the list quickly."}"#;
        let answer = r#"{"unclear": [{"quote": "quickly", "question": "In what time?", "blocks": true}]}"#;
        let host = MockHost::new().input("task_requirements", "task_requirements", task).answer("unclear", answer);
        let (submission, _) = host.run::<Clarity>();
        let findings = submission.unwrap().findings.unwrap();
        assert_eq!(
            (findings.issues[0].id.as_str(), findings.issues[0].evidence.as_str()),
            ("unclear-1", "the task says `quickly`")
        );
        assert_eq!(findings.issues[0].severity, phasegate_plugin::types::Severity::High);
    }
}
