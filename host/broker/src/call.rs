//! One model call, as the runtime makes it and as it is seen while it runs.

use std::sync::Arc;
use std::time::Duration;

use phasegate_process::model::{Error, Request};
use tokio::sync::mpsc::UnboundedSender;

/// Where in a run a call stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPath {
    /// The phase that asks.
    pub phase: String,
    /// Its attempt, from 1.
    pub attempt: u32,
    /// The call's number within the attempt, in the order asked.
    pub number: u32,
    /// Which of the attempt's calls with this label it is, from 1.
    pub occurrence: u32,
}

/// One model call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Where it stands.
    pub path: CallPath,
    /// What is asked.
    pub request: Request,
    /// The same for every try of this call, and for no other call.
    pub idempotency_key: String,
}

/// What can be seen of a call while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A request goes out.
    Requesting {
        /// Which try, from 1.
        attempt: u32,
    },
    /// Part of the answer has come.
    Receiving {
        /// Characters of the answer so far.
        characters: u64,
    },
    /// The try failed; there will be another.
    Retrying {
        /// Which try failed, from 1.
        attempt: u32,
        /// How long until the next.
        after: Duration,
        /// Why.
        reason: String,
    },
}

/// A call on its way through the layers.
#[derive(Debug, Clone)]
pub(crate) struct PendingCall {
    pub(crate) path: Arc<CallPath>,
    pub(crate) request: Arc<Request>,
    pub(crate) idempotency_key: Arc<str>,
    pub(crate) attempt: u32,
    pub(crate) progress: UnboundedSender<Progress>,
}

impl PendingCall {
    pub(crate) fn report(&self, progress: Progress) {
        // Nobody looks any more: nothing to tell.
        let _ = self.progress.send(progress);
    }
}

/// Why a try gave no answer, and whether another may.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) retry: Option<Retry>,
}

/// Another try may succeed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Retry {
    /// When the provider says so.
    pub(crate) after: Option<Duration>,
}

impl Failure {
    /// It failed in passing.
    pub(crate) fn temporary(message: impl Into<String>) -> Self {
        Self { error: Error::Unavailable(message.into()), retry: Some(Retry::default()) }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, retry: None }
    }
}
