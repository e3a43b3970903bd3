//! A model call that a provider answers: its requests are recorded and charged, one by one.
//!
//! Guarantees: a request is durable before it is sent, and a failed one before the next is sent; each request has a
//! reservation of its own in the budgets of the run. No request starts once the run is about to stop. Fails with
//! [`CallEnd`].

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use futures::poll;
use phasegate_broker::{Broker, CallObserver, FailedRequest, FailureCost, Progress};
use phasegate_journal::Blob;
use phasegate_process::model::{Request, Usage};
use phasegate_process::sync::lock;
use phasegate_process::{Event, RequestBound, RequestCost};
use tokio::sync::OwnedSemaphorePermit;

use crate::budgets::{Exceeded, RequestReservation, ReserveError};
use crate::error::Error;
use crate::observer::Activity;
use crate::run::calls::{Calls, RequestUnderWay};
use crate::run::shared_prefix::FirstCall;

/// Why a call ends before a provider has answered it or failed for good.
pub(crate) enum CallEnd {
    /// The run is about to stop.
    Stopping,
    /// A budget has too little left for another request.
    Exceeded(Exceeded),
    /// The journal failed.
    Failed(Error),
}

impl From<ReserveError> for CallEnd {
    fn from(error: ReserveError) -> Self {
        match error {
            ReserveError::Exceeded(exceeded) => Self::Exceeded(exceeded),
            ReserveError::Failed(error) => Self::Failed(error),
        }
    }
}

/// What a call holds when its first request is sent.
pub(crate) struct Resources<'a> {
    /// The permit for calls that may be under way at once.
    pub(crate) permit: OwnedSemaphorePermit,
    /// The reservation of the first request.
    pub(crate) reservation: RequestReservation,
    /// Set if later calls wait for the beginning of the answer.
    pub(crate) first: Option<FirstCall<'a>>,
}

/// Records and charges the requests of one call.
pub(crate) struct ProviderCall<'a> {
    calls: &'a Calls,
    broker: &'a Broker,
    call: u32,
    request: &'a Request,
    asked: Blob,
    model: String,
    /// The number of requests that failed, those of the run before it was resumed included.
    failed: Mutex<u32>,
    reservation: Mutex<Option<RequestReservation>>,
    under_way: Mutex<Option<RequestUnderWay<'a>>>,
    permit: Mutex<Option<OwnedSemaphorePermit>>,
    first: Mutex<Option<FirstCall<'a>>>,
}

impl<'a> ProviderCall<'a> {
    /// Creates a call whose first request is reserved already.
    pub(crate) fn new(
        calls: &'a Calls,
        broker: &'a Broker,
        call: u32,
        request: &'a Request,
        asked: Blob,
        Resources { permit, reservation, first }: Resources<'a>,
    ) -> Self {
        Self {
            calls,
            broker,
            call,
            request,
            asked,
            model: broker.model_for(request.tier).to_string(),
            failed: Mutex::new(calls.recorded.get(&call).map_or(0, |known| known.failed)),
            reservation: Mutex::new(Some(reservation)),
            under_way: Mutex::default(),
            permit: Mutex::new(Some(permit)),
            first: Mutex::new(first),
        }
    }

    /// Charges the answered request, and notes the size of its prompt for later reservations.
    pub(crate) fn charge(&self, usage: Usage) {
        if let Some(reservation) = lock(&self.reservation).take() {
            let budgets = &self.calls.context.budgets;
            budgets.measure(&self.model, reservation.bound.prompt_bytes, &usage);
            reservation.commit(RequestCost::Known(usage));
        }
    }

    /// Reserves the repeated request, and waits for other requests if their result decides. Other calls of the run may be
    /// sent meanwhile, because they may hold what this one waits for.
    async fn reserve_again(&self) -> Result<(), CallEnd> {
        let context = &self.calls.context;
        let mut reserving = pin!(context.budgets.reserve(self.broker, self.request));
        let reserved = match poll!(&mut reserving) {
            Poll::Ready(reserved) => reserved,
            Poll::Pending => {
                lock(&self.permit).take();
                let reserved = reserving.await;
                let permit = Arc::clone(&context.overlap).acquire_owned().await;
                *lock(&self.permit) = permit.ok();
                reserved
            }
        };
        *lock(&self.reservation) = Some(reserved?);
        Ok(())
    }

    fn bound(&self) -> Option<RequestBound> {
        lock(&self.reservation).as_ref().map(|reservation| reservation.bound)
    }
}

impl CallObserver for ProviderCall<'_> {
    type Error = CallEnd;

    fn on_progress(&self, progress: Progress) {
        if let Progress::Receiving { .. } = progress
            && let Some(first) = lock(&self.first).take()
        {
            first.answer_begins();
        }
        let (call, label) = (self.call, self.request.label.clone());
        self.calls.context.on_activity(&self.calls.at, Activity::Model { call, label, progress });
    }

    async fn before_request(&self) -> Result<(), CallEnd> {
        *lock(&self.under_way) = Some(self.calls.begin_request().ok_or(CallEnd::Stopping)?);
        let asked = Event::ModelAsked {
            at: self.calls.at.clone(),
            call: self.call,
            label: self.request.label.clone(),
            request: self.asked.digest.clone(),
            model: self.model.clone(),
            bound: self.bound(),
        };
        let context = &self.calls.context;
        context.append_all(vec![asked], vec![self.asked.clone()]).map_err(CallEnd::Failed)?;
        context.durable().await.map_err(CallEnd::Failed)?;
        context.preload_plugins();
        Ok(())
    }

    async fn after_failure(&self, failed: &FailedRequest) -> Result<(), CallEnd> {
        let reservation = lock(&self.reservation).take();
        let most = reservation.as_ref().map(|reservation| reservation.bound.most).unwrap_or_default();
        let cost = match failed.cost {
            FailureCost::Nothing => RequestCost::Nothing,
            FailureCost::Known(usage) => RequestCost::Known(usage),
            FailureCost::Unknown => RequestCost::Unknown(most),
        };
        let request_number = *lock(&self.failed) + 1;
        let tried = Event::ModelTried {
            at: self.calls.at.clone(),
            call: self.call,
            request_number,
            status: failed.status,
            error: failed.error.clone(),
            cost,
            elapsed_ms: failed.elapsed.as_millis() as u64,
        };
        // It is durable before the next request is, and that before it is sent.
        self.calls.context.append(tried).map_err(CallEnd::Failed)?;
        *lock(&self.failed) = request_number;
        reservation.into_iter().for_each(|reservation| reservation.commit(cost));
        lock(&self.under_way).take();
        Ok(())
    }

    async fn before_retry(&self, delay: Duration) -> Result<(), CallEnd> {
        lock(&self.first).take();
        tokio::select! {
            biased;
            () = self.calls.stopping() => Err(CallEnd::Stopping),
            reserved = async {
                tokio::time::sleep(delay).await;
                self.reserve_again().await
            } => reserved,
        }
    }
}
