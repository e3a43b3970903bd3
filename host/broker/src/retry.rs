//! The retry layer: repeats calls that failed temporarily.
//!
//! Guarantees: the delay doubles with full jitter; a provider's Retry-After is honored up to two minutes; every attempt
//! sends the same request with the same idempotency key. Fails with the error of the last attempt and their number.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use phasegate_process::model::{Error, Response};
use tower::retry::Policy;

use crate::call::{Failure, PendingCall, Progress};

const FIRST_DELAY: Duration = Duration::from_millis(500);
const MAX_DELAY: Duration = Duration::from_secs(30);
const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

/// The policy of one call.
#[derive(Debug, Clone)]
pub(crate) struct RetryPolicy {
    pub(crate) allowed: u32,
}

impl Policy<PendingCall, Response, Failure> for RetryPolicy {
    type Future = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn retry(&mut self, call: &mut PendingCall, result: &mut Result<Response, Failure>) -> Option<Self::Future> {
        let failure = result.as_mut().err()?;
        let retry = failure.retry?;
        let tried = call.attempt;
        if tried > self.allowed {
            if let (Error::Unavailable(message), 2..) = (&mut failure.error, tried) {
                *message = format!("{message} (tried {tried} times)");
            }
            return None;
        }
        let after = delay(tried, retry.after);
        call.report(Progress::Retrying { attempt: tried, after, reason: failure.error.to_string() });
        call.attempt += 1;
        call.max_output_tokens = retry.max_output_tokens.or(call.max_output_tokens);
        Some(Box::pin(tokio::time::sleep(after)))
    }

    fn clone_request(&mut self, call: &PendingCall) -> Option<PendingCall> {
        Some(call.clone())
    }
}

fn delay(tried: u32, retry_after: Option<Duration>) -> Duration {
    match retry_after {
        // Jitter keeps calls that were rejected together from returning together.
        Some(retry_after) => retry_after.min(MAX_RETRY_AFTER) + jitter(FIRST_DELAY / 2),
        None => jitter(FIRST_DELAY.saturating_mul(2u32.saturating_pow(tried.saturating_sub(1))).min(MAX_DELAY)),
    }
}

fn jitter(longest: Duration) -> Duration {
    longest.mul_f64(rand::random_range(0.0..=1.0))
}
