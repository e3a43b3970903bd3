//! The retry layer: what failed in passing is asked again, later and later.
//!
//! Promises: full jitter over a doubling delay; a provider's Retry-After is honoured up to two minutes; every try of a
//! call is the same request with the same idempotency key. Fails with the last try's error and the number of tries.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use phasegate_process::model::{Error, Response};
use tower::retry::Policy;

use crate::call::{Ask, Failure, Progress};

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
const LONGEST_ASKED: Duration = Duration::from_secs(120);

/// How often one call may still be tried.
#[derive(Debug, Clone)]
pub(crate) struct Retries {
    pub(crate) allowed: u32,
}

impl Policy<Ask, Response, Failure> for Retries {
    type Future = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn retry(&mut self, ask: &mut Ask, result: &mut Result<Response, Failure>) -> Option<Self::Future> {
        let failure = result.as_mut().err()?;
        let again = failure.again?;
        let tried = ask.attempt;
        if tried > self.allowed {
            if let (Error::Unavailable(words), 2..) = (&mut failure.error, tried) {
                *words = format!("{words} (tried {tried} times)");
            }
            return None;
        }
        let after = delay(tried, again.after);
        ask.see(Progress::Retrying { attempt: tried, after, why: failure.error.to_string() });
        ask.attempt += 1;
        Some(Box::pin(tokio::time::sleep(after)))
    }

    fn clone_request(&mut self, ask: &Ask) -> Option<Ask> {
        Some(ask.clone())
    }
}

fn delay(tried: u32, asked: Option<Duration>) -> Duration {
    match asked {
        // A little late, each a little differently, so that those who were sent away together do not return together.
        Some(asked) => asked.min(LONGEST_ASKED) + jitter(FIRST / 2),
        None => jitter(FIRST.saturating_mul(2u32.saturating_pow(tried.saturating_sub(1))).min(LONGEST)),
    }
}

fn jitter(longest: Duration) -> Duration {
    longest.mul_f64(rand::random_range(0.0..=1.0))
}
