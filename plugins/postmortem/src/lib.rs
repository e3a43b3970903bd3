//! The postmortem agent: computes all figures from the host's measurements; the model writes the summary and the proposals.
//!
//! Asks one question (label `postmortem`) and at most one repair question. Every proposal is `pending` until a person decides.
//! Fails if an input is unreadable or the repaired answer is still invalid.

use std::collections::BTreeSet;

use phasegate_plugin::artifacts::{
    self, Accuracy, FindingsReport, Issue, Pip, Pips, PostmortemReport, ProjectPlan, ProposedChange, RunMeasures,
    TestReport,
};
use phasegate_plugin::{Agent, Failure, Prompt, SharedBy, Submission, Work, agent, artifact, fenced};
use phasegate_standard_agents::{Context, render, sections, titled};
use serde::{Deserialize, Serialize};

mod figures;
mod quality;

const ROLE: Prompt = Prompt::new(include_str!("../prompts/role.md"));
const SCHEMA: &str = include_str!("../prompts/answer.schema.json");
const REQUEST: &str = "Write the summary and the proposals. Answer with the JSON object alone.";
const MAX_ANSWER_TOKENS: u32 = 8_000;

/// The postmortem agent.
pub struct Postmortem;

agent!(Postmortem);
phasegate_plugin::manifest!();

#[derive(Deserialize)]
struct Answer {
    summary: String,
    proposals: Vec<Proposal>,
}

#[derive(Deserialize)]
struct Proposal {
    id: String,
    analysis: String,
    proposed_changes: Vec<ProposedChange>,
    expected_impact: String,
}

impl Agent for Postmortem {
    async fn run(work: Work) -> Result<Submission, Failure> {
        let context = Context::load(&work)?;
        let plan: ProjectPlan = work.read_json("project_plan")?;
        let measures: RunMeasures = work.read_json("run_measures")?;
        let report = figures::report(&context.task.task_id, &plan, &measures);
        let previous = work.previous_text("pips")?.map(|text| fenced("Your previous proposals", &text));
        let sections = context
            .with_task()?
            .add(SharedBy::Phases, titled("The plan", &render::plan(&plan)))
            .add(SharedBy::Agent, ROLE.render(&[]))
            .add(SharedBy::Subject, titled("What the gates found", &render_gates(&work, &measures)?))
            .add(SharedBy::Subject, titled("The figures", &fenced("Figures", &render_figures(&report))))
            .add(SharedBy::Attempt, sections::revision(&work, previous.as_deref()))
            .add(SharedBy::Call, REQUEST);
        let question = context.question("postmortem", sections).schema(SCHEMA).max_output_tokens(MAX_ANSWER_TOKENS);
        let check = |answer: &Answer, _: &str| {
            let mut faults = artifacts::faults("postmortem_report", &with_summary(&report, answer));
            faults.extend(artifacts::faults("pips", &pips(answer)));
            faults.extend(repeated_ids(answer));
            faults
        };
        let answer: Answer = context.settings.apply(question).json(check).await?;
        let report = artifact("postmortem_report", &with_summary(&report, &answer))?;
        Ok(Submission { artifacts: vec![report, artifact("pips", &pips(&answer))?], findings: None })
    }
}

/// Renders the figures for the model, without the duration, which is unknown here.
fn render_figures(report: &PostmortemReport) -> String {
    let mut report = report.clone();
    report.estimation_accuracy.latency_ms = Accuracy::default();
    let mut figures = serde_json::to_value(&report).unwrap_or_default();
    if let Some(fields) = figures.as_object_mut() {
        fields.remove("summary");
    }
    render::json(&figures)
}

fn with_summary(report: &PostmortemReport, answer: &Answer) -> PostmortemReport {
    PostmortemReport { summary: answer.summary.clone(), ..report.clone() }
}

fn pips(answer: &Answer) -> Pips {
    let pip = |proposal: &Proposal| Pip {
        id: proposal.id.clone(),
        analysis: proposal.analysis.clone(),
        proposed_changes: proposal.proposed_changes.clone(),
        expected_impact: proposal.expected_impact.clone(),
        status: "pending".to_owned(),
        decided_by: None,
    };
    Pips { proposals: answer.proposals.iter().map(pip).collect() }
}

fn repeated_ids(answer: &Answer) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let twice = answer.proposals.iter().filter(|proposal| !seen.insert(proposal.id.as_str()));
    twice.map(|proposal| format!("proposals: the id `{}` is not unique", proposal.id)).collect()
}

/// Renders the last report of each gate, and the defects of all attempts.
fn render_gates(work: &Work, measures: &RunMeasures) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Last<'a> {
        gate: &'a str,
        attempt: u32,
        verdict: &'a str,
        reason: &'a str,
        issues: &'a [Issue],
    }
    let mut parts = vec![fenced("Every defect that a gate found, at every attempt", &render::json(&measures.defects))];
    for name in ["design_review_report", "code_review_report"] {
        if let Some(report) = work.read_optional::<FindingsReport>(name)? {
            let FindingsReport { gate, attempt, verdict, reason, issues, .. } = &report;
            parts.push(fenced(name, &render::json(&Last { gate, attempt: *attempt, verdict, reason, issues })));
        }
    }
    if let Some(report) = work.read_optional::<TestReport>("test_report")? {
        parts.push(render::test_report(&report));
    }
    Ok(parts.join("\n"))
}

#[cfg(test)]
mod tests;
