//! Applies judgements of gates and the decisions about them. Called by `fold`; [`crate::Event`] documents the transitions.

use std::sync::Arc;

use super::phase_state::{Approval, RecordedJudgement};
use super::run_state::{Stage, State};
use crate::event::{Choice, FeedbackOutcome, Rework, Verdict};
use crate::names::{AttemptId, PhaseName};
use crate::pipeline::{ApprovalPolicy, Gate};
use crate::work::FeedbackItem;

impl State {
    /// Applies `gate_judged`.
    pub(super) fn apply_judgement(&mut self, at: &AttemptId, judged: RecordedJudgement) -> Result<(), String> {
        self.expect_turn(at)?;
        if !matches!(self.stage, Stage::Returned { .. }) {
            return Err(format!("{at} is not ready to be judged"));
        }
        let pipeline = Arc::clone(&self.pipeline);
        let Some((phase, gate)) =
            pipeline.phases.get(self.cursor).and_then(|phase| Some((phase, phase.gate.as_ref()?)))
        else {
            return Err(format!("{} is no gate", at.phase));
        };
        self.judgements += 1;
        if let Some(report) = &judged.report {
            self.artifacts.insert(report.name.clone(), report.clone());
        }
        let known = self.phases.entry(at.phase.clone()).or_default();
        if let Some(report) = &judged.report {
            known.last.retain(|artifact| artifact.name != report.name);
            known.last.push(report.clone());
        }
        let open = judged.verdict.passes() && !needs_approval(gate, &judged);
        let (verdict, permanent, reason) = (judged.verdict, judged.permanent, judged.reason.clone());
        known.judged.push(judged);
        self.stage = Stage::Judged;
        if open {
            self.open_gate(at, None);
        } else if verdict == Verdict::NotJudged && !permanent && self.attempts_left(phase) > 0 {
            self.phases
                .entry(at.phase.clone())
                .or_default()
                .set_host_feedback(format!("the gate could not be judged: {reason}"));
            self.stage = Stage::Ready;
        }
        Ok(())
    }

    /// Applies `feedback_decided`.
    pub(super) fn apply_feedback(&mut self, at: &AttemptId, decided: &FeedbackOutcome) -> Result<(), String> {
        let judged = self.latest_judgement(at)?;
        if judged.waiting.is_some() || judged.decided.is_some() || !(judged.failed() || judged.rejected()) {
            return Err(format!("{at} gives the strategy nothing to decide"));
        }
        let rework = match decided {
            FeedbackOutcome::Revise { rework } => Some((rework.as_slice(), self.earliest_place(rework)?)),
            _ => None,
        };
        self.latest_judgement(at)?.decided = Some(decided.clone());
        if let Some((rework, place)) = rework {
            self.rewind(rework, place);
        }
        Ok(())
    }

    /// Applies `approval_asked`.
    pub(super) fn apply_question(&mut self, at: &AttemptId, question: &str, at_ms: u64) -> Result<(), String> {
        let renewed = self.renewed_question(at_ms).is_some();
        let judged = self.latest_judgement(at)?;
        if judged.waiting.is_some() && !renewed {
            return Err(format!("{at} waits for a person already"));
        }
        judged.asked_ms = Some(at_ms);
        judged.waiting = Some(question.to_owned());
        Ok(())
    }

    /// Applies `approval_given`.
    pub(super) fn apply_approval(&mut self, at: &AttemptId, approval: Approval) -> Result<(), String> {
        let judged = self.latest_judgement(at)?;
        if judged.waiting.is_none() {
            return Err(format!("{at} was not waiting for a person"));
        }
        if approval.choice == Choice::Approve && !judged.verdict.passes() {
            return Err(format!("{at} did not pass, so it cannot be approved"));
        }
        let rework = match &approval.choice {
            Choice::Reject { revise: Some(phase) } => {
                let feedback = FeedbackItem {
                    source: format!("person:{}", approval.by),
                    about: judged.about.clone(),
                    issues: judged.issues.clone(),
                    instructions: approval.reason.clone(),
                };
                let rework = vec![Rework { phase: phase.clone(), feedback }];
                let place = self.earliest_place(&rework)?;
                Some((rework, place))
            }
            _ => None,
        };
        let judged = self.latest_judgement(at)?;
        judged.waiting = None;
        judged.decided = rework.as_ref().map(|(rework, _)| FeedbackOutcome::Revise { rework: rework.clone() });
        judged.approvals.push(approval.clone());
        match &approval.choice {
            Choice::Approve | Choice::Override => self.open_gate(at, Some(&approval)),
            Choice::Abort => self.stage = Stage::Aborted(format!("aborted by {}: {}", approval.by, approval.reason)),
            Choice::Reject { revise } => self.grant_attempts(revise.as_ref()),
        }
        if let Some((rework, place)) = rework {
            self.rewind(&rework, place);
        }
        Ok(())
    }

    /// Grants one more judgement to each gate on the way that has none left, because a person asked for another
    /// attempt.
    fn grant_attempts(&mut self, target: Option<&PhaseName>) {
        let revisable = self.phase().and_then(|phase| phase.gate.as_ref()).map(|gate| gate.may_revise.as_slice());
        let targets = target.map(std::slice::from_ref).or(revisable).unwrap_or_default();
        let places = targets.iter().filter_map(|phase| self.pipeline.position(phase));
        let from = places.chain([self.cursor]).min().unwrap_or(self.cursor);
        for gate in self.pipeline.phases.iter().take(self.cursor + 1).skip(from).filter(|phase| phase.gate.is_some()) {
            let known = self.phases.entry(gate.name.clone()).or_default();
            let judged = known.judged.len() as u32;
            if gate.max_retries.get() + known.granted <= judged {
                known.granted = judged + 1 - gate.max_retries.get();
            }
        }
        self.extra_judgements += self.gates_from(from).saturating_sub(self.judgements_left());
    }

    /// Opens the gate. Its issues and the person's reason become feedback of the next phase.
    fn open_gate(&mut self, at: &AttemptId, approval: Option<&Approval>) {
        let judged = self.latest().map(|judged| (judged.issues.clone(), judged.about.clone()));
        self.advance();
        let (Some((issues, about)), Some(next)) = (judged, self.phase().map(|phase| phase.name.clone())) else {
            return;
        };
        let person = approval.map(|approval| (format!("person:{}", approval.by), approval.reason.clone()));
        let (source, instructions) = person.filter(|(_, reason)| !reason.is_empty()).unwrap_or_else(|| {
            (at.phase.to_string(), "these did not fail the gate; mend what belongs to your work as you go".to_owned())
        });
        if !issues.is_empty() || source.starts_with("person:") {
            let known = self.phases.entry(next).or_default();
            known.feedback.retain(|item| item.source != source);
            known.feedback.push(FeedbackItem { source, about, issues, instructions });
        }
    }

    /// Returns the index of the earliest phase that has to revise.
    fn earliest_place(&self, rework: &[Rework]) -> Result<usize, String> {
        let gate = self.phase().and_then(|phase| phase.gate.as_ref()).ok_or("no gate has its turn")?;
        if let Some(other) = rework.iter().find(|rework| !gate.may_revise.contains(&rework.phase)) {
            return Err(format!("this gate may not send work back to {}", other.phase));
        }
        let place =
            |phase: &PhaseName| self.pipeline.position(phase).ok_or_else(|| format!("there is no phase {phase}"));
        let places = rework.iter().map(|rework| place(&rework.phase)).collect::<Result<Vec<_>, _>>()?;
        places.into_iter().min().ok_or_else(|| "no phase revises".to_owned())
    }

    /// Goes back to the phase with this index, the earliest that has to revise. The others get their feedback when they are
    /// at turn.
    fn rewind(&mut self, rework: &[Rework], place: usize) {
        self.cursor = place;
        self.stage = Stage::Ready;
        for rework in rework {
            self.phases.entry(rework.phase.clone()).or_default().feedback.push(rework.feedback.clone());
        }
    }
}

/// Whether a person has to confirm a pass.
fn needs_approval(gate: &Gate, judged: &RecordedJudgement) -> bool {
    gate.ask == ApprovalPolicy::Always || (gate.ask == ApprovalPolicy::OnFail && !judged.dropped.is_empty())
}
