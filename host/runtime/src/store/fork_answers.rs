//! What another run was answered, for a fork of it: as long as the fork asks what its origin asked, nobody is asked again.
//!
//! Promises: an answer serves only a request of the same digest. Empty where a run forks none, or its origin is not here.

use std::collections::{BTreeMap, HashMap};

use phasegate_journal::Journal;
use phasegate_process::model::Usage;
use phasegate_process::state::State;
use phasegate_process::{AttemptId, Digest, Event};

use crate::error::Error;

/// An answer that another run was given.
#[derive(Debug, Clone)]
pub(crate) struct RecordedAnswer {
    at: AttemptId,
    call: u32,
    /// Who answered, as `provider:model`.
    pub(crate) model: String,
    /// The blob.
    pub(crate) answer: Digest,
    /// What it took then.
    pub(crate) usage: Usage,
    /// Why it ended.
    pub(crate) stop: String,
}

/// The answered calls of the run that is forked.
#[derive(Debug, Default)]
pub(crate) struct ForkAnswers {
    answers: HashMap<Digest, Vec<RecordedAnswer>>,
    requests: BTreeMap<(AttemptId, u32), Digest>,
}

impl ForkAnswers {
    /// What the origin of this run was answered, before the fork and after.
    pub(crate) fn load(journal: &dyn Journal, state: &State) -> Result<Self, Error> {
        let mut found = Self::default();
        let Some(fork) = state.forks.last() else { return Ok(found) };
        let mut asked = BTreeMap::new();
        for recorded in journal.events(&fork.origin)? {
            match recorded.event {
                Event::ModelAsked { at, call, request, model, .. } => {
                    found.requests.insert((at.clone(), call), request.clone());
                    asked.insert((at, call), (request, model));
                }
                Event::ModelAnswered { at, call, answer, usage, stop, .. } => {
                    let Some((request, model)) = asked.remove(&(at.clone(), call)) else { continue };
                    let known = RecordedAnswer { at, call, model, answer, usage, stop };
                    found.answers.entry(request).or_default().push(known);
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// The answer to a request: of the call in the same place if it asked the same, else of the first that did.
    pub(crate) fn find(&self, at: &AttemptId, call: u32, request: &Digest) -> Option<&RecordedAnswer> {
        let known = self.answers.get(request)?;
        known.iter().find(|known| known.at == *at && known.call == call).or_else(|| known.first())
    }

    /// What the origin asked in this place.
    pub(crate) fn request_at(&self, at: &AttemptId, call: u32) -> Option<&Digest> {
        self.requests.get(&(at.clone(), call))
    }
}
