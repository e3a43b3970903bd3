//! A journal that finds bundled components outside of its file.
//!
//! It reads a component from the journal, else from the folder, else from this program. A bundled component that an event
//! names, or that is asked for, is stored in the folder soon afterwards; [`Journal::settle`] waits for it.

use std::io::ErrorKind;
use std::sync::Arc;

use async_trait::async_trait;
use phasegate_journal::{
    Append, AppendDone, Blob, BudgetLimits, BudgetState, Fork, Import, Imported, Journal, JournalError, Ownership,
    Payer, Removed, SettleDone, StoredEvent, check_import,
};
use phasegate_process::budget::Amount;
use phasegate_process::{Digest, Event, Recorded, RunId};
use tokio::sync::watch;

use super::folder::ComponentFolder;
use super::late_writes::LateWrites;
use crate::plugins::bundled::{bundled_blob, is_bundled};

/// A journal, and the folder of components beside it.
pub struct ComponentJournal {
    inner: Arc<dyn Journal>,
    /// `None` where the user has no folder for data: then the journal holds everything.
    folder: Option<ComponentFolder>,
    /// Stores components that are missing in the folder; `None` where there is no folder or the journal is open to read.
    writes: Option<LateWrites>,
}

impl ComponentJournal {
    /// Wraps a journal that is opened to write.
    pub fn to_write(inner: Box<dyn Journal>, folder: Option<ComponentFolder>) -> Self {
        let inner: Arc<dyn Journal> = Arc::from(inner);
        let writes = folder.clone().map(|folder| LateWrites::new(folder, Arc::clone(&inner)));
        Self { inner, folder, writes }
    }

    /// Wraps a journal that is opened to read: the folder is not changed either.
    pub fn to_read(inner: Box<dyn Journal>, folder: Option<ComponentFolder>) -> Self {
        Self { inner: Arc::from(inner), folder, writes: None }
    }

    /// Stores a bundled component in the folder soon, unless it is there. Returns whether there is a folder.
    fn keep(&self, digest: &Digest) -> bool {
        let (Some(folder), Some(writes)) = (&self.folder, &self.writes) else { return false };
        if !folder.has(digest) {
            writes.request(digest);
        }
        true
    }

    /// Makes sure that the bundled ones of these components last. Returns `blobs` without those that the folder holds, and
    /// with those that the journal has to hold.
    fn place(&self, blobs: Vec<Blob>, components: &[Digest]) -> Result<Vec<Blob>, JournalError> {
        let keep_here = |blob: &Blob| !(is_bundled(&blob.digest) && self.keep(&blob.digest));
        let mut for_journal: Vec<Blob> = blobs.into_iter().filter(keep_here).collect();
        for digest in components.iter().filter(|digest| is_bundled(digest)) {
            let is_here = for_journal.iter().any(|blob| blob.digest == *digest) || self.inner.has_blob(digest)?;
            if !is_here && !self.keep(digest) {
                for_journal.extend(bundled_blob(digest));
            }
        }
        Ok(for_journal)
    }
}

/// Returns the components that these events pin.
fn components_of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<Digest> {
    let created = events.into_iter().filter_map(|event| match event {
        Event::RunCreated(created) => Some(created.as_ref()),
        Event::RunForked(forked) => Some(&forked.created),
        _ => None,
    });
    created.flat_map(|created| created.components.values().cloned()).collect()
}

#[async_trait]
impl Journal for ComponentJournal {
    async fn append(&self, mut append: Append) -> Result<Vec<Recorded>, JournalError> {
        let components = components_of(&append.events);
        append.blobs = self.place(append.blobs, &components)?;
        self.inner.append(append).await
    }

    fn submit(&self, mut append: Append, done: AppendDone) {
        let components = components_of(&append.events);
        match self.place(std::mem::take(&mut append.blobs), &components) {
            Ok(blobs) => self.inner.submit(Append { blobs, ..append }, done),
            Err(error) => done(Err(error)),
        }
    }

    fn request_sync(&self) {
        self.inner.request_sync();
    }

    async fn fork(&self, mut fork: Fork) -> Result<Vec<Recorded>, JournalError> {
        let components = components_of(&fork.events);
        fork.blobs = self.place(fork.blobs, &components)?;
        self.inner.fork(fork).await
    }

    fn origin(&self, run: &RunId) -> Result<Option<(RunId, u64)>, JournalError> {
        self.inner.origin(run)
    }

    fn forks(&self, of: &RunId) -> Result<Vec<(RunId, u64)>, JournalError> {
        self.inner.forks(of)
    }

    async fn import(&self, mut import: Import) -> Result<Imported, JournalError> {
        let events = check_import(&import.run, &import.events)?;
        let components = components_of(events.iter().map(|recorded| &recorded.event));
        import.blobs = self.place(import.blobs, &components)?;
        let imported = self.inner.import(import).await?;
        self.settle().await;
        Ok(imported)
    }

    fn imported(&self, run: &RunId) -> Result<Option<u64>, JournalError> {
        self.inner.imported(run)
    }

    async fn put_blobs(&self, blobs: Vec<Blob>) -> Result<(), JournalError> {
        let blobs = self.place(blobs, &[])?;
        match blobs.is_empty() {
            true => Ok(()),
            false => self.inner.put_blobs(blobs).await,
        }
    }

    fn stored_after(&self, run: &RunId, number: u64) -> Result<Vec<StoredEvent>, JournalError> {
        self.inner.stored_after(run, number)
    }

    fn location(&self) -> String {
        self.inner.location()
    }

    fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        self.inner.runs()
    }

    fn newest(&self, made_here: bool, count: usize) -> Result<Vec<(RunId, u64)>, JournalError> {
        self.inner.newest(made_here, count)
    }

    fn last_number(&self, run: &RunId) -> Result<Option<u64>, JournalError> {
        self.inner.last_number(run)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        if let Some(bytes) = self.inner.blob(digest)? {
            return Ok(Some(bytes));
        }
        let Some(folder) = &self.folder else { return Ok(bundled_blob(digest).map(|blob| blob.bytes.into())) };
        let fault = match folder.read(digest) {
            Ok(Some(bytes)) => return Ok(Some(bytes)),
            Ok(None) => None,
            Err(why) => Some(why),
        };
        match (bundled_blob(digest), fault) {
            (Some(blob), fault) => {
                if let (Some(_), Some(writes)) = (fault, &self.writes) {
                    writes.request(digest);
                }
                Ok(Some(blob.bytes.into()))
            }
            (None, Some(why)) if why.kind() == ErrorKind::InvalidData => {
                let location = folder.file(digest).display().to_string();
                Err(JournalError::DamagedBlob { digest: digest.clone(), location })
            }
            (None, Some(why)) => {
                tracing::warn!("{} is not used: {why}", folder.file(digest).display());
                Ok(None)
            }
            (None, None) => Ok(None),
        }
    }

    /// Also stores a bundled component that the folder lost, if the journal is open to write: a newer program may bundle
    /// another one.
    fn has_blob(&self, digest: &Digest) -> Result<bool, JournalError> {
        if self.inner.has_blob(digest)? {
            return Ok(true);
        }
        if is_bundled(digest) {
            self.keep(digest);
            return Ok(true);
        }
        Ok(self.folder.as_ref().is_some_and(|folder| folder.has(digest)))
    }

    fn blob_sizes(&self) -> Result<Vec<(Digest, u64)>, JournalError> {
        self.inner.blob_sizes()
    }

    async fn remove(&self, runs: Vec<RunId>, blobs: Vec<Digest>) -> Result<Removed, JournalError> {
        self.inner.remove(runs, blobs).await
    }

    fn check(&self) -> Result<Vec<String>, JournalError> {
        self.inner.check()
    }

    async fn acquire(&self, run: &RunId) -> Result<Ownership, JournalError> {
        self.inner.acquire(run).await
    }

    fn owner(&self, run: &RunId) -> Result<Option<u32>, JournalError> {
        self.inner.owner(run)
    }

    async fn request_cancel(&self, run: &RunId, by: &str) -> Result<(), JournalError> {
        self.inner.request_cancel(run, by).await
    }

    fn cancel_request(&self, run: &RunId) -> Result<Option<String>, JournalError> {
        self.inner.cancel_request(run)
    }

    fn cancel_requests(&self, run: &RunId) -> Result<watch::Receiver<Option<String>>, JournalError> {
        self.inner.cancel_requests(run)
    }

    async fn set_budget(&self, budget: &str, limits: BudgetLimits) -> Result<(), JournalError> {
        self.inner.set_budget(budget, limits).await
    }

    fn budget(&self, budget: &str) -> Result<BudgetState, JournalError> {
        self.inner.budget(budget)
    }

    async fn set_charge(&self, payer: &Payer, charged: Amount) -> Result<(), JournalError> {
        self.inner.set_charge(payer, charged).await
    }

    async fn reserve(&self, payer: &Payer, amount: Amount) -> Result<bool, JournalError> {
        self.inner.reserve(payer, amount).await
    }

    fn settle_reservation(&self, payer: &Payer, reservation: Amount, used: Amount, done: SettleDone) {
        self.inner.settle_reservation(payer, reservation, used, done);
    }

    async fn settle(&self) {
        if let Some(writes) = &self.writes {
            writes.settle().await;
        }
    }
}

#[cfg(test)]
mod tests;
