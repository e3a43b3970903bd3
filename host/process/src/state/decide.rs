//! The decisions that a person may make at a gate, and the events that record them.
//!
//! The rules: only a gate that waits can be decided about, and only by a decision about the attempt that waits and the
//! digests that were judged; `approve` confirms a pass; `override` needs a gate that did not pass, and a reason; `reject`
//! needs a reason, and may name only a phase that the gate may send work back to; `abort` needs a reason. A gate may also
//! have rules about people ([`ApprovalRules`]): approvers, who alone may approve, override and reject; no approval and no
//! override by the person who started the run; and a time after which the question has to be asked again before the gate is
//! approved or overridden. Names of people are claims; nothing proves them. Folding a journal does not apply these rules
//! again.

use std::fmt;

use super::decision_error::{DecisionError, read_and_decide};
use super::phase_state::RecordedJudgement;
use super::run_state::State;
use crate::digest::Digest;
use crate::event::{Choice, Event, RunStatus, Verdict};
use crate::names::{AttemptId, PersonName};
use crate::pipeline::{ApprovalRules, Phase};

/// A judged attempt of a gate, with the digests of everything that a person reads of the judgement. Displayed as
/// `GATE#ATTEMPT (DIGEST)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedAttempt {
    /// The attempt.
    pub at: AttemptId,
    /// Digests of the artifacts that were judged.
    pub about: Vec<Digest>,
    /// The digest of the gate's report, where there is one.
    pub report: Option<Digest>,
}

impl JudgedAttempt {
    /// Returns what a decision about this judgement of a gate is about.
    pub fn new(gate: &Phase, judged: &RecordedJudgement) -> Self {
        Self {
            at: AttemptId { phase: gate.name.clone(), attempt: judged.attempt },
            about: judged.about.clone(),
            report: judged.report.as_ref().map(|report| report.digest.clone()),
        }
    }

    /// Returns the digest of the gate's report, which names the digests of all judged artifacts; without a report, a
    /// digest over those.
    pub fn digest(&self) -> Digest {
        let about = || self.about.iter().map(Digest::as_str).collect::<Vec<_>>().join("\n");
        self.report.clone().unwrap_or_else(|| Digest::from_content(about().as_bytes()))
    }
}

impl fmt::Display for JudgedAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.at, self.digest().short())
    }
}

/// A decision of a person at the gate that waits for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRequest {
    /// The choice: approve, reject, override or abort.
    pub choice: Choice,
    /// The author of the decision.
    pub by: PersonName,
    /// The reason; empty where none was given.
    pub reason: String,
    /// The judgement that the author read.
    pub about: JudgedAttempt,
}

impl State {
    /// Returns the judgement that waits for a decision. Fails if `at` names another attempt, and if it names none and the
    /// gate was judged more than once or a person was asked about another gate before: the author may have read that one.
    pub fn judgement_to_decide(&self, choice: &Choice, at: Option<&AttemptId>) -> Result<JudgedAttempt, DecisionError> {
        let (gate, judged) = self.waiting_judgement()?;
        let waiting = JudgedAttempt::new(gate, judged);
        let hint = || read_and_decide(&self.created.run_id, choice, &waiting.at, judged.verdict.passes());
        let times = self.phases.get(&gate.name).map_or(0, |known| known.judged.len());
        match at {
            Some(at) if *at != waiting.at => Err(DecisionError::OtherAttempt {
                at: at.clone(),
                asked: self.was_asked(at),
                judged_ms: judged.at_ms,
                hint: hint(),
                waiting: waiting.at,
            }),
            None if times > 1 || self.asked_attempts() > 1 => Err(DecisionError::AttemptMissing {
                run: self.created.run_id.clone(),
                hint: hint(),
                waiting: waiting.at,
            }),
            _ => Ok(waiting),
        }
    }

    /// Checks that a person may make this decision at this time, in Unix milliseconds.
    pub fn check_decision(&self, request: &DecisionRequest, now_ms: u64) -> Result<(), DecisionError> {
        let DecisionRequest { choice, reason, about, .. } = request;
        let waiting = self.judgement_to_decide(choice, Some(&about.at))?;
        let (phase, judged) = self.waiting_judgement()?;
        if waiting != *about {
            return Err(DecisionError::OtherDigest {
                read: about.digest().short().to_owned(),
                waiting: waiting.digest().short().to_owned(),
                hint: read_and_decide(&self.created.run_id, choice, &waiting.at, judged.verdict.passes()),
                at: waiting.at,
            });
        }
        let gate = || phase.name.clone();
        match choice {
            Choice::Approve if !judged.verdict.passes() => {
                Err(DecisionError::NotPassed { gate: gate(), judged: judged.verdict != Verdict::NotJudged })
            }
            Choice::Override if judged.verdict.passes() => Err(DecisionError::Passed { gate: gate() }),
            _ if choice.needs_reason() && reason.trim().is_empty() => Err(DecisionError::ReasonMissing),
            Choice::Reject { revise: Some(target) } => {
                let allowed = phase.gate.as_ref().map(|gate| gate.may_revise.clone()).unwrap_or_default();
                match allowed.contains(target) {
                    true => Ok(()),
                    false => Err(DecisionError::NotRevisable { gate: gate(), phase: target.clone(), allowed }),
                }
            }
            _ => Ok(()),
        }?;
        match phase.gate.as_ref().map(|gate| &gate.approval) {
            Some(rules) => self.check_approval_rules(rules, judged, request, now_ms),
            None => Ok(()),
        }
    }

    fn check_approval_rules(
        &self,
        rules: &ApprovalRules,
        judged: &RecordedJudgement,
        request: &DecisionRequest,
        now_ms: u64,
    ) -> Result<(), DecisionError> {
        let DecisionRequest { choice, by, about, .. } = request;
        let (run, gate) = (|| self.created.run_id.clone(), || about.at.phase.clone());
        let (by, choice, opens) =
            (|| by.clone(), choice.as_str(), matches!(choice, Choice::Approve | Choice::Override));
        let listed = rules.approvers.is_empty() || rules.approvers.contains(&request.by);
        if !listed && request.choice != Choice::Abort {
            let approvers = rules.approvers.clone();
            return Err(DecisionError::NotApprover { gate: gate(), by: by(), choice, approvers });
        }
        if opens && rules.forbid_self_approval {
            match &self.created.started_by {
                None => return Err(DecisionError::StarterUnknown { run: run(), gate: gate() }),
                Some(starter) if *starter == request.by => {
                    return Err(DecisionError::SelfApproval { run: run(), gate: gate(), by: by(), choice });
                }
                Some(_) => {}
            }
        }
        match expiry(rules, judged) {
            Some((asked_ms, expired_ms)) if opens && now_ms >= expired_ms => {
                Err(DecisionError::Expired { run: run(), at: about.at.clone(), asked_ms, expired_ms })
            }
            _ => Ok(()),
        }
    }

    /// Returns the event that asks again, if the question that waits has expired at this time, in Unix milliseconds.
    pub fn renewed_question(&self, now_ms: u64) -> Option<Event> {
        let (phase, judged, question) = self.waiting()?;
        let (_, expired_ms) = expiry(&phase.gate.as_ref()?.approval, judged)?;
        let at = AttemptId { phase: phase.name.clone(), attempt: judged.attempt };
        let (question, about) = (question.to_owned(), judged.about.clone());
        (now_ms >= expired_ms).then_some(Event::ApprovalAsked { at, question, about })
    }

    /// Returns the events that record a person's decision at this time: `approval_given`, bound to the digests that were judged, and
    /// for `abort` also `run_finished`, because nothing is left to resume.
    pub fn decide(&self, request: DecisionRequest, now_ms: u64) -> Result<Vec<Event>, DecisionError> {
        self.check_decision(&request, now_ms)?;
        let DecisionRequest { choice, by, reason, about: JudgedAttempt { at, about, .. } } = request;
        let end = (choice == Choice::Abort)
            .then(|| Event::RunFinished { status: RunStatus::Aborted, reason: format!("aborted by {by}: {reason}") });
        let given = Event::ApprovalGiven { at, choice, by: by.to_string(), reason, about };
        Ok([given].into_iter().chain(end).collect())
    }

    fn waiting_judgement(&self) -> Result<(&Phase, &RecordedJudgement), DecisionError> {
        let run = || self.created.run_id.clone();
        match (self.waiting(), self.ended()) {
            (Some((phase, judged, _)), _) => Ok((phase, judged)),
            (None, Some((_, reason))) => Err(DecisionError::RunEnded { run: run(), reason: reason.to_owned() }),
            (None, None) => Err(DecisionError::NotWaiting { run: run() }),
        }
    }

    /// Returns whether a person was asked about this attempt.
    fn was_asked(&self, at: &AttemptId) -> bool {
        let judged = self.phases.get(&at.phase).map(|known| known.judged.as_slice()).unwrap_or_default();
        judged.iter().any(|judged| judged.attempt == at.attempt && judged.asked_ms.is_some())
    }

    /// Returns the number of attempts about which a person was asked.
    fn asked_attempts(&self) -> usize {
        self.phases.values().flat_map(|known| &known.judged).filter(|judged| judged.asked_ms.is_some()).count()
    }
}

/// Returns when the question was asked and when it expires, in Unix milliseconds; `None` if it never does.
fn expiry(rules: &ApprovalRules, judged: &RecordedJudgement) -> Option<(u64, u64)> {
    let asked_ms = judged.asked_ms?;
    Some((asked_ms, asked_ms.saturating_add(rules.expires_after_ms?)))
}

/// Returns a recorded question as people read it: `passed with conditions` for the name of the verdict.
pub fn question_in_words(question: &str) -> String {
    let name = Verdict::PassedWithConditions.as_str();
    question.replace(name, &name.replace('_', " "))
}
