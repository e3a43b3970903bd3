//! Common beginnings of cells: each is driven once, by the first cell that needs it; then every cell goes on in a fork.

use std::sync::Arc;

use phasegate_experiment::PlannedRun;
use phasegate_runtime::Beginning;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ExperimentDriver;
use crate::commands::experiment::begun::Begun;
use crate::commands::experiment::others::wait_until_free;
use crate::exit::{Exit, Failure};

impl ExperimentDriver {
    /// Drives the common beginning of a cell, unless another cell does. A cell that waits for another one leaves its place to
    /// other cells.
    pub(super) async fn begin(
        &self,
        planned: &PlannedRun,
        permit: OwnedSemaphorePermit,
        permits: &Arc<Semaphore>,
    ) -> Begun {
        let Some(beginning) = planned.beginning() else { return Begun::Go(permit) };
        let of_all = self.beginnings.of(&beginning.place.run);
        let (mut ended, permit) = match of_all.try_lock() {
            Ok(ended) => (ended, permit),
            Err(_) => {
                drop(permit);
                let ended = of_all.lock().await;
                let permit = Arc::clone(permits).acquire_owned().await;
                let Ok(permit) = permit else { return Begun::Done(Exit::Infrastructure) };
                (ended, permit)
            }
        };
        if let Some(exit) = *ended {
            return Begun::Done(exit);
        }
        if self.is_halted() {
            return Begun::Done(self.exit_of_halt().await);
        }
        match self.drive_beginning(&beginning).await {
            Ok(Beginning::AtDecision) => Begun::Go(permit),
            Ok(_) => {
                self.print_cell(planned, Exit::Passed);
                Begun::Done(Exit::Passed)
            }
            Err(exit) => {
                *ended = Some(exit);
                Begun::Done(exit)
            }
        }
    }

    /// Drives a common beginning to its decision or its end. Fails with the exit of one that stopped before.
    async fn drive_beginning(&self, beginning: &PlannedRun) -> Result<Beginning, Exit> {
        let run = &beginning.place.run;
        let failed = |failure: Failure| {
            self.view.fail(&failure);
            failure.exit
        };
        loop {
            let journal = self.host.journal().as_ref();
            match Beginning::of(journal, run).map_err(|error| failed(self.record_fault(run, error)))? {
                there @ (Beginning::AtDecision | Beginning::Ended) => return Ok(there),
                Beginning::NotStarted | Beginning::Open => {}
            }
            let driven = self.drive_to_end(beginning).await;
            self.view.finish_run(run);
            match driven.map_err(failed)? {
                Some(Exit::Passed) => {}
                Some(exit) => return Err(exit),
                None => {
                    self.note_other_process(run);
                    tokio::select! {
                        () = wait_until_free(journal, run) => {}
                        cause = self.stop.stopped() => return Err(Exit::after_stop(&cause)),
                    }
                }
            }
        }
    }
}
