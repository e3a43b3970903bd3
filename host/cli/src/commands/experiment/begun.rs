//! What is known of common beginnings while cells are driven.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use phasegate_process::RunId;
use phasegate_process::sync::lock;
use tokio::sync::OwnedSemaphorePermit;

use crate::exit::Exit;

/// For each common beginning, how it ended in this process, if it did not come to its decision.
#[derive(Default)]
pub struct Beginnings(Mutex<BTreeMap<RunId, Arc<tokio::sync::Mutex<Option<Exit>>>>>);

impl Beginnings {
    /// Returns the entry of a beginning. It is locked while a cell drives the beginning.
    pub fn of(&self, run: &RunId) -> Arc<tokio::sync::Mutex<Option<Exit>>> {
        Arc::clone(lock(&self.0).entry(run.clone()).or_default())
    }
}

/// What is left to do for a cell.
pub enum Begun {
    /// Its own run.
    Go(OwnedSemaphorePermit),
    /// Nothing; the cell ended like this.
    Done(Exit),
}
