//! The requests of a call: one, and another for each that failed temporarily.
//!
//! Guarantees: delays double with full jitter; a provider's own delay is kept, up to ten minutes; every request of a call is
//! equal and has the same idempotency key, unless the provider allows fewer output tokens than were asked for. The observer
//! hears of each request before it is sent, and of each failure before the next request. Fails with the error of the last
//! request.

use std::future::Future;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use phasegate_process::model::{Error, Response};
use tokio::sync::{Semaphore, mpsc};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

use crate::call::{CallError, FailedRequest, Failure, FailureCost, PendingCall, Progress};

const FIRST_DELAY: Duration = Duration::from_millis(500);
const MAX_DELAY: Duration = Duration::from_secs(30);
/// The longest delay of a provider that is kept; a call ends at once where the provider asks for more.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);
/// How often a call is repeated with fewer output tokens, which is not counted as a retry.
const MAX_LOWERED: u32 = 3;

pub(crate) type Service = BoxCloneSyncService<PendingCall, Response, Failure>;

/// Follows the requests of a call. An error of a method ends the call.
pub trait CallObserver: Send + Sync {
    /// Why the observer ends a call.
    type Error: Send;

    /// Called on the task of the call, in order.
    fn on_progress(&self, progress: Progress);

    /// Called before each request, which is sent when this returns.
    fn before_request(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Called for each request that failed.
    fn after_failure(&self, failed: &FailedRequest) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Waits for `delay` before a request is repeated. No permit for requests is held meanwhile.
    fn before_retry(&self, delay: Duration) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// The services that the requests of a call pass through.
pub(crate) struct Requests<'a> {
    pub(crate) service: &'a Service,
    /// One permit for each request that may be under way.
    pub(crate) permits: &'a Semaphore,
    /// How often a request that failed temporarily is repeated.
    pub(crate) retries: u32,
    /// How long a server may load its model. Requests during that time are not counted as retries.
    pub(crate) max_loading: Duration,
    /// Whether answers come from a script, which may tell a call to fail.
    pub(crate) is_scripted: bool,
}

impl Requests<'_> {
    /// Sends requests until one is answered, one fails for good, or the observer ends the call.
    pub(crate) async fn complete<O: CallObserver>(
        &self,
        mut call: PendingCall,
        mut progress: mpsc::UnboundedReceiver<Progress>,
        observer: &O,
    ) -> Result<Response, CallError<O::Error>> {
        let mut policy = RetryPolicy::new(self.retries, self.max_loading);
        loop {
            let permit = match self.permits.try_acquire() {
                Ok(permit) => Ok(permit),
                Err(_) => {
                    observer.on_progress(Progress::Waiting);
                    self.permits.acquire().await
                }
            };
            observer.before_request().await.map_err(CallError::Ended)?;
            let began = Instant::now();
            let answer = self.send(call.clone(), &mut progress, observer).await;
            let elapsed = began.elapsed();
            drop(permit);
            let failure = match answer {
                Ok(response) => return Ok(response),
                Err(failure) if failure.is_rejection(self.is_scripted) => {
                    return Err(CallError::Rejected(failure.error));
                }
                Err(failure) => failure,
            };
            let failed = FailedRequest {
                error: failure.error.clone(),
                status: failure.status,
                cost: if failure.is_loading() { FailureCost::nothing_used() } else { failure.cost },
                elapsed,
            };
            let most = call.max_output_tokens.unwrap_or(call.request.max_output_tokens);
            observer.after_failure(&failed).await.map_err(CallError::Ended)?;
            let Some(retry) = policy.next(&failure, most, elapsed) else {
                return Err(CallError::Failed(FailedRequest { error: policy.with_tries(failed.error), ..failed }));
            };
            if let Some(most) = retry.max_output_tokens {
                call.max_output_tokens = Some(most);
                call.idempotency_key = format!("{}-{most}", call.idempotency_key).into();
            }
            let reason = failure.error.to_string();
            observer.on_progress(Progress::Retrying { attempt: call.attempt, after: retry.delay, reason });
            observer.before_retry(retry.delay).await.map_err(CallError::Ended)?;
            call.attempt += 1;
        }
    }

    async fn send<O: CallObserver>(
        &self,
        call: PendingCall,
        progress: &mut mpsc::UnboundedReceiver<Progress>,
        observer: &O,
    ) -> Result<Response, Failure> {
        let mut answer = std::pin::pin!(self.service.clone().oneshot(call));
        let answer = loop {
            tokio::select! {
                biased;
                Some(update) = progress.recv() => observer.on_progress(update),
                answer = &mut answer => break answer,
            }
        };
        while let Ok(update) = progress.try_recv() {
            observer.on_progress(update);
        }
        answer
    }
}

/// When a request that failed is repeated.
#[derive(Debug)]
struct RetryPolicy {
    allowed: u32,
    max_loading: Duration,
    /// Requests so far.
    tried: u32,
    /// Those of them that count as retries.
    retried: u32,
    lowered: u32,
    /// How long the server has been loading its model.
    loading: Duration,
}

/// How a request is repeated.
#[derive(Debug, PartialEq)]
struct NextRequest {
    delay: Duration,
    /// Lower than before, where the provider allows no more.
    max_output_tokens: Option<NonZeroU32>,
}

impl RetryPolicy {
    fn new(allowed: u32, max_loading: Duration) -> Self {
        Self { allowed, max_loading, tried: 0, retried: 0, lowered: 0, loading: Duration::ZERO }
    }

    /// Returns how to go on after a request that took `elapsed` and failed; `None` if the call has failed.
    fn next(&mut self, failure: &Failure, max_output_tokens: NonZeroU32, elapsed: Duration) -> Option<NextRequest> {
        self.tried += 1;
        let retry = failure.retry?;
        if let Some(most) =
            retry.max_output_tokens.filter(|most| *most < max_output_tokens && self.lowered < MAX_LOWERED)
        {
            self.lowered += 1;
            return Some(NextRequest { delay: Duration::ZERO, max_output_tokens: Some(most) });
        }
        let delay = match retry.after {
            Some(after) if after > MAX_RETRY_AFTER => return None,
            // Jitter keeps calls that were rejected together from returning together.
            Some(after) => after + jitter(FIRST_DELAY / 2),
            None => jitter(FIRST_DELAY.saturating_mul(2u32.saturating_pow(self.tried - 1)).min(MAX_DELAY)),
        };
        match failure.is_loading() {
            true if self.loading > self.max_loading => return None,
            true => self.loading += elapsed + delay,
            false if self.retried >= self.allowed => return None,
            false => self.retried += 1,
        }
        Some(NextRequest { delay, max_output_tokens: None })
    }

    /// Adds the number of requests to a message, where there were several.
    fn with_tries(&self, error: Error) -> Error {
        let add = |message: String| {
            let (message, hint) = message.split_once('\n').map_or((&*message, ""), |(first, rest)| (first, rest));
            let hint = if hint.is_empty() { String::new() } else { format!("\n{hint}") };
            format!("{message} (tried {} times){hint}", self.tried)
        };
        match error {
            Error::Unavailable(message) if self.tried > 1 => Error::Unavailable(add(message)),
            Error::Denied(message) if self.tried > 1 => Error::Denied(add(message)),
            other => other,
        }
    }
}

fn jitter(longest: Duration) -> Duration {
    longest.mul_f64(rand::random_range(0.0..=1.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::call::Retry;

    const MOST: NonZeroU32 = NonZeroU32::MAX;

    fn answered(status: u16, text: &str, retry: Retry) -> Failure {
        Failure { status: Some(status), retry: Some(retry), ..Failure::temporary(text) }
    }

    fn allowing(allowed: u32) -> RetryPolicy {
        RetryPolicy::new(allowed, Duration::from_secs(600))
    }

    #[test]
    fn loading_is_bounded_by_time_not_count() {
        let failure = answered(503, "busy", Retry { is_loading: true, ..Retry::default() });
        let mut policy = allowing(0);
        let seconds = Duration::from_secs(30);
        let repeated = std::iter::from_fn(|| policy.next(&failure, MOST, seconds)).take(100).count();
        assert!((11..=21).contains(&repeated), "{repeated}");
        assert_eq!(allowing(0).next(&answered(503, "Loading model", Retry::default()), MOST, seconds), None);
    }

    #[test]
    fn keeps_the_delay_of_the_provider() {
        let after = |seconds| Retry { after: Some(Duration::from_secs(seconds)), ..Retry::default() };
        let next = allowing(1).next(&answered(429, "slow down", after(300)), MOST, Duration::ZERO).unwrap();
        assert!(next.delay >= Duration::from_secs(300) && next.delay < Duration::from_secs(301));
        assert_eq!(allowing(1).next(&answered(429, "slow down", after(3600)), MOST, Duration::ZERO), None);
    }

    #[test]
    fn fewer_output_tokens_are_asked_for_at_once() {
        let failure =
            answered(400, "too large", Retry { max_output_tokens: NonZeroU32::new(4096), ..Retry::default() });
        let mut policy = allowing(0);
        let next = policy.next(&failure, MOST, Duration::ZERO);
        assert_eq!(next, Some(NextRequest { delay: Duration::ZERO, max_output_tokens: NonZeroU32::new(4096) }));
        assert_eq!(policy.next(&failure, NonZeroU32::new(4096).unwrap(), Duration::ZERO), None);
    }
}
