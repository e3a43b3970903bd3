//! Helpers: configurations, calls, and servers for the wire formats.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;

use std::convert::Infallible;
use std::time::Duration;

use phasegate_broker::{
    Broker, Call, CallError, CallObserver, CallPath, ConfigError, FailedRequest, ModelsConfig, PriceTable, Progress,
    PromptMeasure, ProviderConfig, TrustedProviders,
};
use phasegate_process::model::{Content, Error, Message, Request, Response, Role, Tier};

pub mod server;

/// A key that must not appear anywhere.
pub const CANARY: &str = "sk-canary-7f3a9b1c2d4e5f60";

pub fn models(model: &str) -> ModelsConfig {
    ModelsConfig { default: Some(model.parse().unwrap()), ..ModelsConfig::default() }
}

/// A broker of these models and providers (TOML), with the canary in `CANARY_KEY` and the usual variables unset.
pub async fn broker(models: &ModelsConfig, providers: &str, folder: &Path) -> Result<Broker, ConfigError> {
    broker_with(models, providers, "", folder, &[("CANARY_KEY", CANARY)]).await
}

pub async fn broker_with(
    models: &ModelsConfig,
    providers: &str,
    prices: &str,
    folder: &Path,
    variables: &[(&str, &str)],
) -> Result<Broker, ConfigError> {
    let providers: BTreeMap<String, ProviderConfig> = toml::from_str(providers).unwrap();
    let prices: PriceTable = toml::from_str(prices).unwrap();
    let env = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Broker::new(models, TrustedProviders::check(&providers, folder, |_| true)?, &prices, &env).await
}

pub async fn refused(models: &ModelsConfig, providers: &str, folder: &Path) -> String {
    rendered(&broker(models, providers, folder).await.unwrap_err())
}

pub fn text(role: Role, text: &str) -> Message {
    Message { role, content: vec![Content::Text { text: text.into() }] }
}

pub fn request(prompt: &str) -> Request {
    Request {
        label: "test".into(),
        tier: Tier::Default,
        messages: vec![text(Role::User, prompt)],
        tools: Vec::new(),
        tool_choice: "auto".into(),
        answer_schema: None,
        max_output_tokens: NonZeroU32::new(1000).unwrap(),
        seed: None,
        temperature: None,
    }
}

pub fn call(request: Request) -> Call {
    let path = CallPath { phase: "code".into(), attempt: 1, number: 1, occurrence: 1 };
    Call { path, request: request.into(), idempotency_key: "run-1/code/1/1".into(), measure: PromptMeasure::default() }
}

/// Renders the message and the hint as a person sees them.
pub fn rendered(error: &ConfigError) -> String {
    error.hint().map_or_else(|| error.to_string(), |hint| format!("{error}\nhint: {hint}"))
}

/// Shows the progress of a call to a closure, and lets every request be sent.
struct Watch<F>(F);

impl<F: Fn(Progress) + Send + Sync> CallObserver for Watch<F> {
    type Error = Infallible;

    fn on_progress(&self, progress: Progress) {
        (self.0)(progress);
    }

    async fn before_request(&self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn after_failure(&self, _: &FailedRequest) -> Result<(), Infallible> {
        Ok(())
    }

    async fn before_retry(&self, delay: Duration) -> Result<(), Infallible> {
        tokio::time::sleep(delay).await;
        Ok(())
    }
}

/// Makes calls whose errors do not say who is to blame.
pub trait Complete {
    fn complete(
        &self,
        call: Call,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> impl Future<Output = Result<Response, Error>> + Send;
}

impl Complete for Broker {
    async fn complete(&self, call: Call, progress: impl Fn(Progress) + Send + Sync) -> Result<Response, Error> {
        self.call(call, &Watch(progress)).await.map_err(|error| match error {
            CallError::Rejected(error) => error,
            CallError::Failed(failed) => failed.error,
            CallError::Ended(never) => match never {},
        })
    }
}
