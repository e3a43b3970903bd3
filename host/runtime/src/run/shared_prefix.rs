//! Calls of one attempt whose prompts begin alike: the first is sent, and the others wait until its answer begins.
//!
//! A provider has a prompt in its cache when it begins to answer. Later calls that begin alike then cost less, and their
//! answers begin sooner.
//!
//! Guarantees: a call that waits is waited for by none, so calls cannot wait for each other. A call waits once, and at most
//! until the answer to the first call begins, the first call is about to be repeated, or it has ended in any way. Cannot fail.

use std::collections::BTreeMap;
use std::sync::Mutex;

use phasegate_process::Digest;
use phasegate_process::model::Request;
use phasegate_process::sync::lock;
use tokio::sync::watch;

/// The bytes with which two prompts begin alike: 1,024 tokens of four bytes, the least that most providers cache.
const PREFIX_BYTES: usize = 4 * 1024;

/// The beginnings of the prompts of an attempt.
#[derive(Debug, Default)]
pub(crate) struct SharedPrefixes {
    /// By beginning, the call that is sent first: its answer has begun once the channel says so.
    first: Mutex<BTreeMap<Digest, watch::Receiver<bool>>>,
}

/// When a call is sent.
pub(crate) enum SendTime<'a> {
    /// At once.
    Now,
    /// At once, and later calls that begin alike wait for it.
    First(FirstCall<'a>),
    /// After [`EarlierCall::answer_begins`].
    After(EarlierCall),
}

impl SharedPrefixes {
    /// Returns when a call to `model` is sent. Calls must be passed in their order.
    pub(crate) fn enter(&self, model: &str, request: &Request) -> SendTime<'_> {
        let Some(prefix) = prefix_of(model, request) else { return SendTime::Now };
        let mut first = lock(&self.first);
        match first.get(&prefix) {
            Some(begun) if *begun.borrow() => SendTime::Now,
            Some(begun) => SendTime::After(EarlierCall(begun.clone())),
            None => {
                let (sender, begun) = watch::channel(false);
                first.insert(prefix.clone(), begun);
                SendTime::First(FirstCall { prefixes: self, prefix, begun: sender })
            }
        }
    }
}

/// The call that others wait for, until this is dropped.
pub(crate) struct FirstCall<'a> {
    prefixes: &'a SharedPrefixes,
    prefix: Digest,
    begun: watch::Sender<bool>,
}

impl FirstCall<'_> {
    /// Notes that the answer has begun: no later call waits for this one.
    pub(crate) fn answer_begins(self) {
        self.begun.send_replace(true);
    }
}

impl Drop for FirstCall<'_> {
    fn drop(&mut self) {
        if !*self.begun.borrow() {
            lock(&self.prefixes.first).remove(&self.prefix);
        }
    }
}

/// A call whose prompt begins alike and that was made earlier.
pub(crate) struct EarlierCall(watch::Receiver<bool>);

impl EarlierCall {
    /// Waits until the answer begins, or will not begin for now.
    pub(crate) async fn answer_begins(mut self) {
        // Fails when the earlier call is repeated or over, and then there is nothing to wait for.
        let _ = self.0.wait_for(|begun| *begun).await;
    }
}

/// Returns the beginning of a prompt in the order in which providers read it; `None` for a short one.
fn prefix_of(model: &str, request: &Request) -> Option<Digest> {
    let mut prompt = serde_json::to_vec(&(&request.tools, &request.answer_schema, &request.messages)).ok()?;
    if prompt.len() < PREFIX_BYTES {
        return None;
    }
    prompt.truncate(PREFIX_BYTES);
    prompt.extend_from_slice(model.as_bytes());
    Some(Digest::from_content(&prompt))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::num::NonZeroU32;

    use phasegate_process::model::{Content, Message, Role, Tier};

    use super::*;

    /// A request whose prompt begins with this text, often enough.
    fn request(start: &str, question: &str) -> Request {
        let text = |text: String| Content::Text { text };
        let content = vec![text(start.repeat(PREFIX_BYTES / start.len())), text(question.to_owned())];
        Request {
            label: question.to_owned(),
            tier: Tier::Default,
            messages: vec![Message { role: Role::User, content }],
            tools: Vec::new(),
            tool_choice: "none".to_owned(),
            answer_schema: None,
            max_output_tokens: NonZeroU32::MIN,
            temperature: None,
            seed: None,
        }
    }

    fn is_later(time: &SendTime<'_>) -> bool {
        matches!(time, SendTime::After(_))
    }

    #[tokio::test]
    async fn later_calls_wait_for_the_first_answer() {
        let prefixes = SharedPrefixes::default();
        let SendTime::First(first) = prefixes.enter("a:m", &request("task ", "one")) else { panic!("is first") };
        let SendTime::After(earlier) = prefixes.enter("a:m", &request("task ", "two")) else { panic!("is later") };
        let mut waits = std::pin::pin!(earlier.answer_begins());
        assert!(futures::poll!(&mut waits).is_pending());
        first.answer_begins();
        waits.await;
        assert!(matches!(prefixes.enter("a:m", &request("task ", "three")), SendTime::Now), "the cache has it");
    }

    #[tokio::test]
    async fn a_call_that_ends_is_not_waited_for() {
        let prefixes = SharedPrefixes::default();
        let first = prefixes.enter("a:m", &request("task ", "one"));
        let SendTime::After(earlier) = prefixes.enter("a:m", &request("task ", "two")) else { panic!("is later") };
        drop(first);
        earlier.answer_begins().await;
        assert!(matches!(prefixes.enter("a:m", &request("task ", "three")), SendTime::First(_)));
    }

    #[test]
    fn other_prompts_and_models_do_not_wait() {
        let prefixes = SharedPrefixes::default();
        let first = prefixes.enter("a:m", &request("task ", "one"));
        assert!(!is_later(&prefixes.enter("a:m", &request("other ", "one"))));
        assert!(!is_later(&prefixes.enter("a:n", &request("task ", "one"))));
        let short = Request { messages: Vec::new(), ..request("task ", "one") };
        assert!(matches!(prefixes.enter("a:m", &short), SendTime::Now));
        assert!(is_later(&prefixes.enter("a:m", &request("task ", "one"))));
        drop(first);
    }
}
