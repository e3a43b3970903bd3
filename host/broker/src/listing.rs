//! Asks providers for their models, which costs nothing, before a run pays for its first call.
//!
//! Guarantees: only addresses and keys of the broker are used; a listing is bounded in time and size; a server without a
//! listing is no fault. A key that is refused, and a model that the provider does not list, are faults. A server that lists a
//! single model may serve it under any name, as many local servers do; an Ollama does not.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use phasegate_process::model::Tier;
use phasegate_process::source::nearest;
use serde_json::Value;

use crate::broker::Broker;
use crate::config::ConfigError;
use crate::model_id::ModelId;
use crate::provider::endpoint::Endpoint;

/// The longest wait for a listing.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The port of an Ollama, which serves no other models than those that it lists.
const OLLAMA_PORT: u16 = 11_434;
/// The most bytes of a listing.
const MAX_BYTES: usize = 4 << 20;
/// The most models that an error names.
const MAX_NAMED: usize = 8;

/// What a provider answered.
enum Listing {
    Models(Vec<String>),
    /// The provider refuses the key, with this status.
    KeyRefused(u16),
    /// The provider lists nothing, for this reason.
    None(String),
}

impl Broker {
    /// Asks the provider of each tier for its models, all at once. Returns a note for each provider whose models cannot be
    /// checked. Fails with [`ConfigError::KeyRefused`] or [`ConfigError::NotListed`].
    pub async fn check_listings(&self) -> Result<Vec<String>, ConfigError> {
        let mut seen = BTreeSet::new();
        let tiers = Tier::ALL.into_iter().filter_map(|tier| {
            let (model, endpoint) = self.endpoint_of(tier).filter(|(_, endpoint)| endpoint.lists_models)?;
            seen.insert(model.clone()).then_some((tier, model, endpoint))
        });
        let asked =
            tiers.map(|(tier, model, endpoint)| async move { (tier, model, endpoint, endpoint.list_models().await) });
        let mut notes = BTreeSet::new();
        for (tier, model, endpoint, listing) in join_all(asked).await {
            match listing {
                Listing::KeyRefused(status) => {
                    return Err(ConfigError::KeyRefused { provider: model.provider().to_owned(), status });
                }
                Listing::Models(listed) => check_listed(tier, model, &listed, endpoint.is_ollama())?,
                Listing::None(why) => {
                    notes.insert(format!("the models of {} cannot be checked before the run: {why}", model.provider()));
                }
            }
        }
        Ok(notes.into_iter().collect())
    }
}

fn check_listed(tier: Tier, model: &ModelId, listed: &[String], is_ollama: bool) -> Result<(), ConfigError> {
    let wanted = model.model();
    // A listing may have dates and tags where the name has none.
    let is_version = |name: &str| {
        let rest = name.strip_prefix(wanted).or_else(|| wanted.strip_prefix(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', ':', '@']))
    };
    let may_be_any = listed.len() < 2 && !is_ollama;
    if may_be_any || listed.iter().any(|name| is_version(name)) {
        return Ok(());
    }
    let near = nearest(wanted, listed.iter().map(String::as_str)).map(str::to_owned);
    let mut names: Vec<String> = listed.iter().take(MAX_NAMED).cloned().collect();
    if listed.len() > MAX_NAMED {
        names.push(format!("{} more", listed.len() - MAX_NAMED));
    }
    Err(ConfigError::NotListed { tier, model: model.clone(), near, listed: names.join(", ") })
}

impl Endpoint {
    fn is_ollama(&self) -> bool {
        self.url.port() == Some(OLLAMA_PORT)
    }

    async fn list_models(&self) -> Listing {
        match tokio::time::timeout(TIMEOUT, self.ask_for_models()).await {
            Ok(listing) => listing,
            Err(_) => Listing::None(format!("it did not answer within {} s", TIMEOUT.as_secs())),
        }
    }

    async fn ask_for_models(&self) -> Listing {
        let none = |why: &str| Listing::None(why.to_owned());
        let Some(url) = self.models_url() else { return none("its address has no listing") };
        let (Ok(client), Ok(headers)) = (self.client(), self.headers(None)) else {
            return none("a request cannot be made");
        };
        let answer = match client.get(url).headers(headers).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let why = self.connection_failure(error).error.to_string();
                return Listing::None(why.strip_prefix("model unavailable: ").unwrap_or(&why).to_owned());
            }
        };
        match answer.status().as_u16() {
            200 => {}
            401 => return Listing::KeyRefused(401),
            status => return Listing::None(format!("it answered {status} to a request for its list")),
        }
        match read_models(answer).await {
            Some(models) => Listing::Models(models),
            None => none("its list cannot be read"),
        }
    }
}

async fn read_models(mut answer: reqwest::Response) -> Option<Vec<String>> {
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.ok()? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MAX_BYTES {
            return None;
        }
    }
    let list: Value = serde_json::from_slice(&bytes).ok()?;
    let models = match list.get("data")? {
        // The list of an Ollama without a model.
        Value::Null => return Some(Vec::new()),
        list => list.as_array()?,
    };
    Some(models.iter().filter_map(|model| Some(model.get("id")?.as_str()?.to_owned())).collect())
}
