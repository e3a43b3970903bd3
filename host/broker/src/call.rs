//! A model call: the request of the runtime, its progress, and the form in which it passes through the layers.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use phasegate_process::model::{Error, Request, Usage};
use tokio::sync::mpsc::UnboundedSender;

use crate::worst_case::PromptMeasure;

/// The position of a call in its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPath {
    /// The phase that makes the call.
    pub phase: String,
    /// The attempt of the phase, from 1.
    pub attempt: u32,
    /// The number of the call within the attempt, from 1, in the order of the guest's calls.
    pub number: u32,
    /// The number of the call among those of the attempt with the same label, from 1.
    pub occurrence: u32,
}

/// One model call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its position; scripts select answers by it.
    pub path: CallPath,
    /// The request as the guest made it.
    pub request: Arc<Request>,
    /// Equal for all attempts of this call and unique among calls; sent to providers that support it.
    pub idempotency_key: String,
    /// The prompts of the run that its model has counted so far, for the check of the context window.
    pub measure: PromptMeasure,
}

/// The progress of a call that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The next request waits for a permit, because as many requests as `models.concurrency` allows are under way.
    Waiting,
    /// The call waits until the answer to an earlier one, whose prompt begins alike, begins.
    WaitingForCache,
    /// A request is about to be sent.
    Requesting {
        /// The number of the attempt to send it, from 1.
        attempt: u32,
    },
    /// A part of the answer has arrived.
    Receiving {
        /// Characters of the answer so far, tool calls included.
        characters: u64,
    },
    /// An attempt failed and is repeated.
    Retrying {
        /// The number of the attempt that failed, from 1.
        attempt: u32,
        /// The delay before the next attempt.
        after: Duration,
        /// The error of the attempt, as a message.
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
    /// The most output tokens of this attempt, where an earlier one showed that the request's own limit is too high.
    pub(crate) max_output_tokens: Option<NonZeroU32>,
    pub(crate) measure: PromptMeasure,
    pub(crate) progress: UnboundedSender<Progress>,
}

impl PendingCall {
    pub(crate) fn report(&self, progress: Progress) {
        // Sending fails only when the caller no longer listens.
        let _ = self.progress.send(progress);
    }
}

/// The error of an attempt, what is known of its cost, and whether another attempt may succeed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) retry: Option<Retry>,
    pub(crate) cost: FailureCost,
    /// The HTTP status of the answer; `None` where there was none.
    pub(crate) status: Option<u16>,
}

/// What is known of the cost of an attempt that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum FailureCost {
    /// No request reached the provider.
    Nothing,
    /// The provider may have billed the request, but did not say how much.
    #[default]
    Unknown,
    /// The provider counted the request.
    Known(Usage),
}

/// Another attempt may succeed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Retry {
    /// The delay that the provider asked for.
    pub(crate) after: Option<Duration>,
    /// The most output tokens of the next attempt, where the provider takes fewer than it was asked for.
    pub(crate) max_output_tokens: Option<NonZeroU32>,
    /// Whether the server still loads its model, so that it has computed nothing.
    pub(crate) is_loading: bool,
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum CallError<E> {
    /// The request cannot be sent as it is, or a script tells the call to fail. The plugin is to blame and gets this error.
    Rejected(Error),
    /// The last request failed: the provider, the network or the configuration is to blame.
    Failed(FailedRequest),
    /// The observer ended the call.
    Ended(E),
}

/// A request that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedRequest {
    /// The error, with the provider's words.
    pub error: Error,
    /// The HTTP status; `None` where the provider did not answer.
    pub status: Option<u16>,
    /// What is known of its cost.
    pub cost: FailureCost,
    /// From sending to the error.
    pub elapsed: Duration,
}

impl FailureCost {
    /// The cost of a request that a server answered before it could compute anything.
    pub(crate) fn nothing_used() -> Self {
        Self::Known(Usage { usd: Some(0.0), ..Usage::default() })
    }
}

impl Failure {
    /// Whether the plugin is to blame, and not the provider: the request was not sent because it is invalid, or a script
    /// tells the call to fail.
    pub(crate) fn is_rejection(&self, is_scripted: bool) -> bool {
        match &self.error {
            Error::Denied(_) | Error::Budget(_) | Error::Unavailable(_) => false,
            Error::Invalid(_) if self.cost == FailureCost::Nothing => self.status.is_none(),
            _ => is_scripted,
        }
    }

    /// Whether the server still loads its model.
    pub(crate) fn is_loading(&self) -> bool {
        self.retry.is_some_and(|retry| retry.is_loading)
    }

    /// A failure that another attempt may not have.
    pub(crate) fn temporary(message: impl Into<String>) -> Self {
        Self {
            error: Error::Unavailable(message.into()),
            retry: Some(Retry::default()),
            cost: FailureCost::Unknown,
            status: None,
        }
    }
}

impl From<Error> for Failure {
    /// The error of a request that was not sent.
    fn from(error: Error) -> Self {
        Self { error, retry: None, cost: FailureCost::Nothing, status: None }
    }
}
