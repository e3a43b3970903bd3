//! The phase at turn: checks that an event is about it, and moves on to the next one.

use std::collections::BTreeMap;

use super::phase_state::RecordedJudgement;
use super::run_state::{CallState, Stage, State};
use crate::names::AttemptId;

impl State {
    /// Moves on to the next phase, or to the end.
    pub(super) fn advance(&mut self) {
        self.cursor += 1;
        self.stage = if self.cursor < self.pipeline.phases.len() { Stage::Ready } else { Stage::Done };
    }

    /// Checks that the attempt is at turn.
    pub(super) fn expect_turn(&self, at: &AttemptId) -> Result<(), String> {
        match self.phase() {
            Some(phase) if phase.name == at.phase && self.attempt(&phase.name) == at.attempt => Ok(()),
            Some(phase) => {
                Err(format!("it is about {at}, but {}#{} is at turn", phase.name, self.attempt(&phase.name)))
            }
            None => Err(format!("it is about {at}, but every phase is done")),
        }
    }

    /// Returns the calls of the attempt, which has to be running.
    pub(super) fn running_calls(&mut self, at: &AttemptId) -> Result<&mut BTreeMap<u32, CallState>, String> {
        self.expect_turn(at)?;
        match &mut self.stage {
            Stage::Running(calls) => Ok(calls),
            _ => Err(format!("{at} is not running")),
        }
    }

    /// Returns the judgement of the attempt, which has to be judged and not open.
    pub(super) fn latest_judgement(&mut self, at: &AttemptId) -> Result<&mut RecordedJudgement, String> {
        self.expect_turn(at)?;
        if !matches!(self.stage, Stage::Judged) {
            return Err(format!("{at} has not been judged"));
        }
        let known = self.phases.get_mut(&at.phase).and_then(|known| known.judged.last_mut());
        known.ok_or_else(|| format!("{at} has not been judged"))
    }
}
