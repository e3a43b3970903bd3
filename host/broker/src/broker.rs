//! The models of a process: builds the stack of services for each tier and makes calls through it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use phasegate_process::model::{Error, Request, Response, Tier};
use tokio::sync::{Semaphore, mpsc};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::retry::RetryLayer;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

use crate::budget::Cost;
use crate::call::{Call, Failure, PendingCall, Progress};
use crate::config::{ConfigError, ModelsConfig, ProviderConfig};
use crate::key::Scrubber;
use crate::model_id::ModelId;
use crate::price::{Price, PriceTable};
use crate::provider::format::ModelOptions;
use crate::provider::{http, scripted};
use crate::resolve;
use crate::retry;
use crate::trusted_providers::TrustedProviders;
use crate::worst_case::worst_case;

/// The most retries of a call, whatever the configuration says: a provider may bill each try.
const MAX_RETRIES: u32 = 10;

type Service = BoxCloneSyncService<PendingCall, Response, Failure>;

/// The models of a process, one for each tier. Clones share connections and the concurrency limit.
#[derive(Debug, Clone)]
pub struct Broker {
    fast: ServedModel,
    default: ServedModel,
    deep: ServedModel,
    scrubber: Scrubber,
}

#[derive(Debug, Clone)]
struct ServedModel {
    id: ModelId,
    service: Service,
    price: Option<Price>,
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
        let semaphore = Arc::new(Semaphore::new(models.concurrency.get() as usize));
        let mut keys = Vec::new();
        let mut served: BTreeMap<ModelId, ServedModel> = BTreeMap::new();
        let mut serve = |(tier, id): (Tier, ModelId)| {
            if let Some(already) = served.get(&id) {
                return Ok(already.clone());
            }
            let price = prices.get(&id);
            let bottom = match id.is_scripted() {
                true => scripted_service(tier, &id, price, base_dir)?,
                false => {
                    let (endpoint, table) = resolver.endpoint(tier, &id)?;
                    keys.extend(endpoint.key.clone());
                    model_service(endpoint, &table, models, &id, price)
                }
            };
            let layers = ServiceBuilder::new()
                .layer(RetryLayer::new(retry::RetryPolicy { allowed: models.retries.min(MAX_RETRIES) }))
                .layer(GlobalConcurrencyLimitLayer::with_semaphore(Arc::clone(&semaphore)));
            let service = BoxCloneSyncService::new(layers.service(bottom));
            Ok(served.entry(id.clone()).or_insert(ServedModel { id, service, price }).clone())
        };
        let (fast, default, deep) = (serve(fast)?, serve(default)?, serve(deep)?);
        Ok(Self { fast, default, deep, scrubber: Scrubber::new(keys) })
    }

    /// Returns the model that serves a tier.
    pub fn model_for(&self, tier: Tier) -> &ModelId {
        &self.served_model(tier).id
    }

    /// Whether a script serves any tier.
    pub fn is_scripted(&self) -> bool {
        [&self.fast, &self.default, &self.deep].iter().any(|served| served.id.is_scripted())
    }

    /// Returns the most that one attempt of a request can use: each byte is a token, and the answer has maximum length.
    pub fn worst_case(&self, request: &Request) -> Cost {
        worst_case(request, self.served_model(request.tier).price)
    }

    /// Makes a call with the model of its tier, with retries. Calls `progress` on this task, in order.
    pub async fn complete(&self, call: Call, progress: impl Fn(Progress) + Send + Sync) -> Result<Response, Error> {
        let Call { path, request, idempotency_key } = call;
        let service = self.served_model(request.tier).service.clone();
        let (progress_sender, mut updates) = mpsc::unbounded_channel();
        let call = PendingCall {
            path: path.into(),
            request: request.into(),
            idempotency_key: idempotency_key.into(),
            attempt: 1,
            max_output_tokens: None,
            progress: progress_sender,
        };
        let answer = service.oneshot(call);
        tokio::pin!(answer);
        let answer = loop {
            tokio::select! {
                biased;
                Some(update) = updates.recv() => progress(update),
                answer = &mut answer => break answer,
            }
        };
        while let Ok(update) = updates.try_recv() {
            progress(update);
        }
        answer.map_err(|failure| failure.error)
    }

    /// Returns a text with every key of this process redacted, for text that another module prints.
    pub fn scrub(&self, text: &str) -> String {
        self.scrubber.scrub(text)
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
    read.map(BoxCloneSyncService::new).map_err(|fault| ConfigError::Script {
        tier,
        problem: fault.message,
        hint: fault.hint,
    })
}

fn model_service(
    endpoint: http::Endpoint,
    table: &ProviderConfig,
    models: &ModelsConfig,
    id: &ModelId,
    price: Option<Price>,
) -> Service {
    let options = ModelOptions {
        model: id.model().to_owned(),
        stream: table.stream.unwrap_or(models.stream),
        structured: table.structured.unwrap_or(true),
        temperature: table.temperature.unwrap_or(true),
        max_completion_tokens: table
            .max_completion_tokens
            .unwrap_or_else(|| resolve::uses_max_completion_tokens(&endpoint.url)),
        price,
    };
    BoxCloneSyncService::new(http::Model { endpoint: Arc::new(endpoint), options: Arc::new(options) })
}
