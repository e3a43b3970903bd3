//! An agent: summarises the task in one sentence and lists the questions that it leaves open.

use phasegate_plugin::{Agent, Failure, Question, Submission, Work, agent, artifact, fenced};
use serde::{Deserialize, Serialize};

const SYSTEM: &str = "You read tasks for programmers. You answer with one JSON object.";
const FORM: &str = r#"Summarise it: {"summary": "one sentence", "questions": ["a question that it leaves open"]}"#;
/// Servers that can hold a model to a schema do so. Models write the members in this order.
const SCHEMA: &str = r#"{
    "type": "object",
    "required": ["questions", "summary"],
    "additionalProperties": false,
    "properties": {
        "questions": { "type": "array", "items": { "type": "string" } },
        "summary": { "type": "string", "minLength": 1, "maxLength": 300 }
    }
}"#;

#[derive(Debug, Deserialize, Serialize)]
struct Summary {
    summary: String,
    questions: Vec<String>,
}

struct Summarizer;

agent!(Summarizer);

impl Agent for Summarizer {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let task = fenced("The task", &work.task()?.description);
        // From the second attempt on: what a gate or a person wants changed.
        let feedback = work.feedback_text();
        let question = Question::new("summary", SYSTEM, format!("{task}\n{feedback}\n{FORM}")).schema(SCHEMA);
        let summary: Summary = question.json(find_faults).await?;
        Ok(Submission { artifacts: vec![artifact("{{snake}}", &summary)?], findings: None })
    }
}

/// Returns the faults of an answer, in words that the model can act on: it is asked for one repair.
fn find_faults(summary: &Summary, _json: &str) -> Vec<String> {
    match summary.summary.trim().chars().count() {
        0 => vec!["`summary` is empty".to_owned()],
        length if length > 300 => vec![format!("`summary` has {length} characters, at most 300 are allowed")],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use phasegate_plugin::testing::MockHost;

    use super::*;

    #[test]
    fn asks_for_a_repair_of_an_empty_summary() {
        let task = r#"{"task_id": "T-1", "description": "Write a median function."}"#;
        let host = MockHost::new()
            .input("task_requirements", "task_requirements", task)
            .answer("summary", r#"{"summary": "", "questions": []}"#)
            .answer("summary/repair", r#"{"summary": "A median function.", "questions": ["Empty lists?"]}"#);
        let (submission, activity) = host.run::<Summarizer>();
        let artifact = &submission.unwrap().artifacts[0];
        let summary: Summary = serde_json::from_slice(&artifact.content).unwrap();
        assert_eq!((artifact.name.as_str(), summary.questions.len()), ("{{snake}}", 1));
        assert_eq!(activity.requests.len(), 2);
    }
}
