//! The answers that the forked run received. The fork uses them for equal requests instead of calling a provider.
//!
//! An answer serves requests with the same digest to the same model, unless the fork was told to use answers of other models
//! as well. A recorded failure of a provider serves none. Empty for a run that is no fork, for one that continues at a decision as
//! if it had run alone, and where its origin is not in this journal.

use std::collections::{BTreeMap, HashMap};

use phasegate_broker::ModelId;
use phasegate_journal::Journal;
use phasegate_process::model::{StopReason, Usage};
use phasegate_process::state::State;
use phasegate_process::{AttemptId, Digest, Event};

use crate::error::Error;

/// An answer that the forked run received.
#[derive(Debug, Clone)]
pub(crate) struct RecordedAnswer {
    at: AttemptId,
    call: u32,
    /// The model, as `provider:model`.
    pub(crate) model: String,
    /// The blob of the answer.
    pub(crate) answer: Digest,
    /// What the answer used when it was paid.
    pub(crate) usage: Usage,
    /// Why the answer ended.
    pub(crate) stop: String,
}

/// All answered calls of the forked run.
#[derive(Debug, Default)]
pub(crate) struct ForkAnswers {
    answers: HashMap<Digest, Vec<RecordedAnswer>>,
    /// Whether an answer serves requests to other models.
    of_other_models: bool,
    requests: BTreeMap<(AttemptId, u32), Digest>,
}

impl ForkAnswers {
    /// Loads the answers of the run that this one forks, those after the fork point included.
    pub(crate) fn load(journal: &dyn Journal, state: &State, of_other_models: bool) -> Result<Self, Error> {
        let mut found = Self { of_other_models, ..Self::default() };
        let Some(fork) = state.forks.last().filter(|fork| !fork.at_decision) else { return Ok(found) };
        let mut asked = BTreeMap::new();
        for recorded in journal.events(&fork.origin)? {
            match recorded.event {
                Event::ModelAsked { at, call, request, model, .. } => {
                    found.requests.insert((at.clone(), call), request.clone());
                    asked.insert((at, call), (request, model));
                }
                Event::ModelAnswered { at, call, answer, usage, stop, .. } => {
                    let Some((request, model)) = asked.remove(&(at.clone(), call)) else { continue };
                    // A script fails again; what the host rejected, it rejects again.
                    if stop == StopReason::FAILED_CALL && !is_scripted(&model) {
                        continue;
                    }
                    let known = RecordedAnswer { at, call, model, answer, usage, stop };
                    found.answers.entry(request).or_default().push(known);
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// Finds the answer to a request to `model`: that of the same attempt and call if its request was equal, otherwise the
    /// first with an equal request.
    pub(crate) fn find(&self, at: &AttemptId, call: u32, request: &Digest, model: &str) -> Option<&RecordedAnswer> {
        let serves = |known: &&RecordedAnswer| self.of_other_models || known.model == model;
        let known = || self.answers.get(request).into_iter().flatten().filter(serves);
        known().find(|known| known.at == *at && known.call == call).or_else(|| known().next())
    }

    /// Returns the request of the forked run at the same attempt and call.
    pub(crate) fn request_at(&self, at: &AttemptId, call: u32) -> Option<&Digest> {
        self.requests.get(&(at.clone(), call))
    }
}

fn is_scripted(model: &str) -> bool {
    model.parse().is_ok_and(|model: ModelId| model.is_scripted())
}
