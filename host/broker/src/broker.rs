//! The models of a process: builds the service of each tier and makes calls through it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use phasegate_process::RequestBound;
use phasegate_process::model::{Request, Response, Tier};
use tokio::sync::{Semaphore, mpsc};

use crate::call::{Call, CallError, PendingCall};
use crate::config::{ConfigError, ModelsConfig};
use crate::key::Scrubber;
use crate::model_id::ModelId;
use crate::price::{Price, PriceTable};
use crate::provider::endpoint::Endpoint;
use crate::provider::format::ModelOptions;
use crate::provider::scripted;
use crate::resolve;
use crate::retry::{CallObserver, Requests, Service};
use crate::trusted_providers::TrustedProviders;
use crate::worst_case::PromptMeasure;

/// The most retries of a call, whatever the configuration says: a provider may bill each request.
const MAX_RETRIES: u32 = 10;

/// The models of a process, one for each tier. Clones share connections and the concurrency limit.
#[derive(Debug, Clone)]
pub struct Broker {
    fast: ServedModel,
    default: ServedModel,
    deep: ServedModel,
    /// One permit for each request that may be under way.
    permits: Arc<Semaphore>,
    /// How often a request that failed temporarily is repeated.
    retries: u32,
    /// How long a server may load its model.
    max_loading: Duration,
    /// Whether calls wait for the cache of providers, see [`Broker::waits_for_cache`].
    wait_for_cache: bool,
    scrubber: Scrubber,
}

#[derive(Debug, Clone)]
struct ServedModel {
    id: ModelId,
    service: Service,
    price: Option<Price>,
    is_streamed: bool,
    takes_seed: bool,
    /// `None` for a script.
    endpoint: Option<Arc<Endpoint>>,
}

impl Broker {
    /// Builds the models that `[models]` names. Where it names none, uses the first of: `ANTHROPIC_API_KEY` is set,
    /// `OPENAI_API_KEY` is set, an Ollama answers. Scripts are relative to the folder of the providers; `env` reads an
    /// environment variable.
    ///
    /// Reads scripts and keys, and asks Ollama for its models; sends nothing else.
    pub async fn new(
        models: &ModelsConfig,
        providers: TrustedProviders<'_>,
        prices: &PriceTable,
        env: &(dyn Fn(&str) -> Option<String> + Sync),
    ) -> Result<Self, ConfigError> {
        let resolver = resolve::Resolver { models, providers, env };
        let base_dir = providers.base_dir();
        let [fast, default, deep] = resolver.tiers().await?;
        let mut keys = Vec::new();
        let mut served: BTreeMap<ModelId, ServedModel> = BTreeMap::new();
        let mut serve = |(tier, id): (Tier, ModelId)| {
            if let Some(already) = served.get(&id) {
                return Ok(already.clone());
            }
            let price = prices.get(&id);
            let (service, price, is_streamed, takes_seed, endpoint) = match id.is_scripted() {
                true => (scripted_service(tier, &id, price, base_dir)?, price, false, false, None),
                false => {
                    let (model, secrets) = resolver.model(tier, &id, price)?;
                    keys.extend(secrets);
                    let ModelOptions { price, stream, seed, .. } = *model.options;
                    let endpoint = Arc::clone(&model.endpoint);
                    (Service::new(model), price, stream, seed, Some(endpoint))
                }
            };
            Ok(served
                .entry(id.clone())
                .or_insert(ServedModel { id, service, price, is_streamed, takes_seed, endpoint })
                .clone())
        };
        let (fast, default, deep) = (serve(fast)?, serve(default)?, serve(deep)?);
        Ok(Self {
            fast,
            default,
            deep,
            permits: Arc::new(Semaphore::new(models.concurrency.get() as usize)),
            retries: models.retries.min(MAX_RETRIES),
            max_loading: Duration::from_secs(models.timeout_seconds.get().into()),
            wait_for_cache: models.wait_for_cache,
            scrubber: Scrubber::new(keys),
        })
    }

    /// Returns the model that serves a tier.
    pub fn model_for(&self, tier: Tier) -> &ModelId {
        &self.served_model(tier).id
    }

    /// Whether a script serves any tier.
    pub fn is_scripted(&self) -> bool {
        [&self.fast, &self.default, &self.deep].iter().any(|served| served.id.is_scripted())
    }

    /// Returns the providers that get no seed, in the order of their names. A script, whose answers are fixed, is left out.
    pub fn providers_without_seed(&self) -> BTreeSet<&str> {
        let served = [&self.fast, &self.default, &self.deep].into_iter();
        let seedless = served.filter(|served| !served.takes_seed && !served.id.is_scripted());
        seedless.map(|served| served.id.provider()).collect()
    }

    /// Whether a call of this tier is sent only when the answer to an earlier one with the same beginning has begun. That an
    /// answer begins is seen only in a stream.
    pub fn waits_for_cache(&self, tier: Tier) -> bool {
        self.wait_for_cache && self.served_model(tier).is_streamed
    }

    /// Returns what a request can use at most, as far as measured prompts of its model are like it.
    pub fn bound(&self, request: &Request, measure: &PromptMeasure) -> RequestBound {
        measure.bound(request, self.served_model(request.tier).price)
    }

    /// Makes a call with the model of its tier. The observer follows its requests: one, and another for each that failed
    /// temporarily.
    pub async fn call<O: CallObserver>(&self, call: Call, observer: &O) -> Result<Response, CallError<O::Error>> {
        let Call { path, request, idempotency_key, measure } = call;
        let served = self.served_model(request.tier);
        let (progress, updates) = mpsc::unbounded_channel();
        let call = PendingCall {
            path: path.into(),
            request,
            idempotency_key: idempotency_key.into(),
            attempt: 1,
            max_output_tokens: None,
            measure,
            progress,
        };
        let requests = Requests {
            service: &served.service,
            permits: &self.permits,
            retries: self.retries,
            max_loading: self.max_loading,
            is_scripted: served.id.is_scripted(),
        };
        requests.complete(call, updates, observer).await
    }

    /// Returns a text with every key of this process redacted, for text that another module prints.
    pub fn scrub(&self, text: &str) -> String {
        self.scrubber.scrub(text)
    }

    /// Returns the model of a tier and its endpoint, unless a script serves it.
    pub(crate) fn endpoint_of(&self, tier: Tier) -> Option<(&ModelId, &Endpoint)> {
        let served = self.served_model(tier);
        Some((&served.id, served.endpoint.as_deref()?))
    }

    fn served_model(&self, tier: Tier) -> &ServedModel {
        match tier {
            Tier::Fast => &self.fast,
            Tier::Default => &self.default,
            Tier::Deep => &self.deep,
        }
    }
}

fn scripted_service(tier: Tier, id: &ModelId, price: Option<Price>, base_dir: &Path) -> Result<Service, ConfigError> {
    let read = scripted::Scripted::read(&base_dir.join(id.model()), price);
    read.map(Service::new).map_err(|fault| ConfigError::Script { tier, problem: fault.message, hint: fault.hint })
}
