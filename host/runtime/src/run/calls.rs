//! The waiting calls of one attempt: their order, their recorded answers, and the grants of the plugin.

use std::collections::BTreeMap;
use std::sync::Arc;

use phasegate_broker::OnUnknown;
use phasegate_journal::Blob;
use phasegate_process::pipeline::Grants;
use phasegate_process::state::{AgentWork, CallState};
use phasegate_process::{AttemptId, Digest, PluginName};
use tokio::sync::watch;
use tracing::Span;

use crate::error::Error;
use crate::output::diff::render_diff;
use crate::run::context::RunContext;

/// The requests of an attempt to providers.
#[derive(Debug, Clone, Copy, Default)]
struct RequestsUnderWay {
    number: u32,
    /// Whether the run is about to stop and no request may start.
    is_stopping: bool,
}

pub(crate) struct Calls {
    pub(crate) context: Arc<RunContext>,
    pub(crate) at: AttemptId,
    plugin: PluginName,
    pub(crate) grants: Grants,
    /// What the plugin's manifest asks for; `None` without a manifest.
    asks: Option<Grants>,
    /// Calls of this attempt that the journal holds, by number.
    pub(crate) recorded: BTreeMap<u32, CallState>,
    /// The number of the call whose turn it is; calls count from 1.
    turn: watch::Sender<u32>,
    requests: watch::Sender<RequestsUnderWay>,
    /// Parent of the spans of the calls.
    pub(crate) span: Span,
}

impl Calls {
    pub(crate) fn new(context: Arc<RunContext>, work: &AgentWork, asks: Option<Grants>, span: Span) -> Self {
        let recorded = match context.replay_check() {
            Some(check) => check.calls(&work.at),
            None => context.state().running().map(|(_, calls)| calls.clone()).unwrap_or_default(),
        };
        let grants = context.pipeline.grants(&work.phase.agent);
        let (at, plugin) = (work.at.clone(), work.phase.agent.clone());
        Self {
            context,
            at,
            plugin,
            grants,
            asks,
            recorded,
            turn: watch::Sender::new(1),
            requests: watch::Sender::default(),
            span,
        }
    }

    pub(crate) async fn wait_turn(&self, call: u32) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.turn.subscribe().wait_for(|turn| *turn >= call).await;
    }

    pub(crate) fn end_turn(&self, call: u32) {
        self.turn.send_modify(|turn| *turn = (*turn).max(call + 1));
    }

    /// Begins a request to a provider, which is under way until the result is dropped. `None` if the run is about to stop.
    pub(crate) fn begin_request(&self) -> Option<RequestUnderWay<'_>> {
        let begun = self.requests.send_if_modified(|requests| {
            requests.number += u32::from(!requests.is_stopping);
            !requests.is_stopping
        });
        begun.then_some(RequestUnderWay(self))
    }

    /// Lets no further request begin.
    pub(crate) fn stop_requests(&self) {
        self.requests.send_modify(|requests| requests.is_stopping = true);
    }

    /// Waits until no further request may begin.
    pub(crate) async fn stopping(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.requests.subscribe().wait_for(|requests| requests.is_stopping).await;
    }

    /// Waits until no request is under way.
    pub(crate) async fn requests_ended(&self) {
        let _ = self.requests.subscribe().wait_for(|requests| requests.number == 0).await;
    }

    /// Returns the recorded answer of a call, if there is one. Fails if the guest now makes another request than it
    /// did, and if the recorded request has no answer and may have been billed.
    pub(crate) fn recorded_answer(&self, call: u32, request: &Blob) -> Result<Option<Digest>, Error> {
        let Some(known) = self.recorded.get(&call) else { return Ok(None) };
        if known.request != request.digest && self.follows_repeated(call) {
            return Ok(None);
        }
        if known.request != request.digest {
            let before = self.context.blob(&known.request).ok();
            let diff = before
                .map(|before| format!("\n{}", render_diff(&before, &request.bytes).trim_end()))
                .unwrap_or_default();
            return Err(Error::Diverged {
                run: self.context.run().clone(),
                at: self.at.to_string(),
                call,
                diff: format!("{} then, {} now{diff}", known.request, request.digest),
            });
        }
        if known.open && self.context.settings.models.on_unknown == OnUnknown::Stop {
            return Err(Error::Unanswered {
                run: self.context.run().clone(),
                at: self.at.to_string(),
                call,
                label: known.label.clone(),
            });
        }
        Ok(known.answer.clone().filter(|_| !self.is_outdated_failure(known)))
    }

    /// Whether an earlier call is asked again although it was answered, so that this one may differ from the record.
    fn follows_repeated(&self, call: u32) -> bool {
        self.recorded.range(..call).any(|(_, known)| known.repeated || self.is_outdated_failure(known))
    }

    /// Whether the answer may be the failure of a provider, which older runs recorded as an answer: the call is made again.
    /// A script fails again, and the host rejects again what it rejected. A replay takes every answer from the record.
    fn is_outdated_failure(&self, known: &CallState) -> bool {
        known.rejected && self.context.broker.as_ref().is_some_and(|broker| !broker.is_scripted())
    }

    /// Renders why a call is not answered, for the plugin. `is_asked` tells whether a manifest asks for what is wanted; `grant`
    /// is what would be enough.
    pub(crate) fn render_denied(&self, wanted: &str, grant: &str, is_asked: impl Fn(&Grants) -> bool) -> String {
        let Self { plugin, at, .. } = self;
        let hint = match self.asks.as_ref().is_none_or(is_asked) {
            true => format!("set `grants = {{ {grant} }}` under `[plugins.{plugin}]`"),
            false => format!("its plugin.toml has to ask for it: `{grant}` under `[asks]`"),
        };
        format!(
            "plugin `{plugin}` (phase {}, attempt {}) asked for {wanted}, which is not granted\nhint: if it may have that, {hint}",
            at.phase, at.attempt
        )
    }
}

/// A request that is under way until this is dropped.
pub(crate) struct RequestUnderWay<'a>(&'a Calls);

impl Drop for RequestUnderWay<'_> {
    fn drop(&mut self) {
        self.0.requests.send_modify(|requests| requests.number = requests.number.saturating_sub(1));
    }
}
