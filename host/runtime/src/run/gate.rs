//! Gates: the host computes the verdict; after a failure a feedback strategy decides which phases revise their work.

use std::sync::Arc;

use phasegate_process::artifact::kinds;
use phasegate_process::feedback::GateFailure;
use phasegate_process::gate::{GateContext, Judgement, SuiteRun, judge_findings, judge_tests};
use phasegate_process::state::JudgeWork;
use phasegate_process::{AttemptId, Event, FeedbackOutcome, Findings, PhaseOutcome, feedback};

use crate::error::Error;
use crate::run::context::RunContext;
use crate::run::limit_hit::LimitHit;
use crate::store::blobs::{artifact_of, json_blob};
use crate::text::truncate_text;

/// Computes the verdict of a gate and records it with the report.
pub(crate) fn judge(context: &Arc<RunContext>, work: JudgeWork) -> Result<(), Error> {
    let task_id = context.state().created.task_id.clone();
    let gate_context = GateContext {
        task_id: &task_id,
        gate: &work.at.phase,
        attempt: work.at.attempt,
        may_revise: &work.gate.may_revise,
        about: &work.about,
    };
    let judgement = match (&work.outcome, &work.gate.tests, &work.tests) {
        (PhaseOutcome::Submitted { findings, .. }, tests, run) => {
            let findings = findings.as_ref().map(|digest| context.json::<Findings>(digest)).transpose()?;
            match (tests, run, findings) {
                (None, _, Some(findings)) => judge_findings(&gate_context, &work.gate, findings),
                (None, _, None) => Judgement::not_judged("no findings were submitted".to_owned(), false),
                (Some(tests), Some(run), findings) => {
                    let run = context.json::<SuiteRun>(run)?;
                    judge_tests(&gate_context, tests.allow, &run, findings.unwrap_or_default())
                }
                (Some(tests), None, _) => {
                    let why = format!("there is no `{}` or no `{}` to run", tests.code, tests.suite);
                    Judgement::not_judged(why, true)
                }
            }
        }
        (fault, _, _) => Judgement::not_judged(fault.fault().unwrap_or_default(), false),
    };
    let blob = judgement.report.as_ref().map(json_blob);
    let kind = if work.gate.tests.is_some() { kinds::TEST_REPORT } else { kinds::FINDINGS_REPORT };
    let report = match &blob {
        Some(blob) => Some(artifact_of(blob, work.gate.report.clone(), kind.parse()?)),
        None => None,
    };
    let Judgement { verdict, reason, permanent, issues, dropped, .. } = judgement;
    let judged =
        Event::GateJudged { at: work.at, verdict, reason, permanent, issues, dropped, about: work.about, report };
    context.append_with_next(vec![judged], blob.into_iter().collect())
}

/// Calls the feedback strategy after a failed gate. A decision that the pipeline does not allow is recorded as refused.
pub(crate) async fn ask_strategy(context: &Arc<RunContext>, at: AttemptId, failure: GateFailure) -> Result<(), Error> {
    if context.take_recorded(&at, |event| matches!(event, Event::FeedbackDecided { .. }))? {
        return Ok(());
    }
    let name = &context.pipeline.feedback.plugin;
    let plugin = context.plugin(name).await?;
    let call = context.new_call(&plugin, format!("feedback on gate {}, attempt {}", at.phase, at.attempt));
    let about = {
        let state = context.state();
        let judged = state.phases.get(&at.phase).and_then(|known| known.judged.last());
        judged.map(|judged| judged.about.clone()).unwrap_or_default()
    };
    let hit = LimitHit::new(&at);
    let decided = match plugin.decide(&failure, &call).await {
        Ok(decision) => feedback::check_decision(&failure, &about, decision),
        Err(error) => FeedbackOutcome::Refused { reason: hit.record(error) },
    };
    let decided = match decided {
        FeedbackOutcome::Refused { reason } => FeedbackOutcome::Refused { reason: truncate_text(reason) },
        FeedbackOutcome::GiveUp { reason } => FeedbackOutcome::GiveUp { reason: truncate_text(reason) },
        FeedbackOutcome::AskAPerson { reason } => FeedbackOutcome::AskAPerson { reason: truncate_text(reason) },
        revise @ FeedbackOutcome::Revise { .. } => revise,
    };
    context.append_with_next(vec![Event::FeedbackDecided { at, decided, limit: hit.first() }], Vec::new())
}
