//! Applies the end of an attempt and the run of its suite. Called by `fold`; [`crate::Event`] documents the transitions.

use super::phase_state::Suite;
use super::run_state::{Stage, State};
use crate::digest::Digest;
use crate::event::PhaseOutcome;
use crate::names::AttemptId;

impl State {
    /// Applies `phase_finished`.
    pub(super) fn apply_outcome(&mut self, at: &AttemptId, outcome: &PhaseOutcome) -> Result<(), String> {
        self.running_calls(at)?;
        let (is_gate, limit) =
            self.phase().map(|phase| (phase.gate.is_some(), phase.max_retries.get())).unwrap_or_default();
        let suite = self.phase().and_then(|phase| phase.gate.as_ref()?.tests.as_ref().map(|tests| tests.suite.clone()));
        let known = self.phases.entry(at.phase.clone()).or_default();
        known.attempts += 1;
        match outcome {
            PhaseOutcome::Submitted { artifacts, .. } => {
                known.feedback.clear();
                known.last = artifacts.clone();
                let submitted = artifacts.iter().find(|artifact| suite.as_ref() == Some(&artifact.name));
                known.suites.extend(submitted.map(|suite| Suite {
                    attempt: at.attempt,
                    suite: suite.digest.clone(),
                    run: None,
                }));
                for artifact in artifacts {
                    self.artifacts.insert(artifact.name.clone(), artifact.clone());
                }
                if !is_gate {
                    self.advance();
                    return Ok(());
                }
            }
            fault => {
                known.failures += 1;
                known.set_host_feedback(fault.fault().unwrap_or_default());
                if !is_gate && known.failures < limit {
                    self.stage = Stage::Ready;
                    return Ok(());
                }
            }
        }
        self.stage = Stage::Returned { outcome: outcome.clone(), tests: None };
        Ok(())
    }

    /// Applies `baseline_ran`.
    pub(super) fn apply_baseline(&mut self, at: &AttemptId, run: &Digest) -> Result<(), String> {
        self.expect_turn(at)?;
        match &self.stage {
            Stage::Returned { tests: None, .. } => {
                self.baseline = Some(run.clone());
                Ok(())
            }
            Stage::Returned { .. } => Err(format!("the suite of {at} ran already")),
            _ => Err(format!("{at} has not submitted a suite")),
        }
    }

    /// Applies `tests_ran` of a suite.
    pub(super) fn apply_suite_run(&mut self, at: &AttemptId, run: &Digest) -> Result<(), String> {
        self.expect_turn(at)?;
        let Stage::Returned { tests, .. } = &mut self.stage else {
            return Err(format!("{at} has not submitted a suite"));
        };
        *tests = Some(run.clone());
        let known = self.phases.entry(at.phase.clone()).or_default();
        if let Some(suite) = known.suites.last_mut().filter(|suite| suite.attempt == at.attempt) {
            suite.run = Some(run.clone());
        }
        Ok(())
    }
}
