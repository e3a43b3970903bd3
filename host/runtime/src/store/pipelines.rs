//! Pipelines by the digest of their JSON: runs that pin the same pipeline share one in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use phasegate_journal::Journal;
use phasegate_process::Digest;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::sync::lock;

use crate::error::Error;
use crate::store::blobs::read_json;

/// The most pipelines that are remembered.
const MAX_KNOWN: usize = 64;

/// The pipelines of the runs that were loaded.
#[derive(Default)]
pub struct Pipelines(Mutex<HashMap<Digest, Arc<Pipeline>>>);

impl Pipelines {
    /// Returns the pipeline with this digest. Reads it from the journal if it is not known yet.
    pub(crate) fn load(&self, journal: &dyn Journal, digest: &Digest) -> Result<Arc<Pipeline>, Error> {
        if let Some(known) = lock(&self.0).get(digest) {
            return Ok(Arc::clone(known));
        }
        let pipeline = Arc::new(read_json(journal, digest)?);
        Ok(self.share(digest, pipeline))
    }

    /// Returns the pipeline that is known by this digest, which becomes `pipeline` if there is none.
    pub(crate) fn share(&self, digest: &Digest, pipeline: Arc<Pipeline>) -> Arc<Pipeline> {
        let mut known = lock(&self.0);
        if known.len() >= MAX_KNOWN && !known.contains_key(digest) {
            known.clear();
        }
        Arc::clone(known.entry(digest.clone()).or_insert(pipeline))
    }
}
