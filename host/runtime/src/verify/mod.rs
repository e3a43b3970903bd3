//! `verify-sandbox`: attacks this very host, as configured, and says what came of each.
//!
//! Promises: nothing is held by assumption. An attack holds when the words that it must end in were seen, when what must not
//! be seen was not, when the host has given its memory back, and when neighbours in the same house, one beside the attack
//! and one after it, came to their ordinary end. Nothing is left behind and no model is asked. Fails with [`Error`] only
//! where the attacks could not begin.

mod corpus;
mod live;
mod memory;
mod run;
mod story;

use phasegate_sandbox::EngineSettings;
use serde::Serialize;

use crate::{Config, ConfigFault, Error, LoadedPipeline};
pub(crate) use corpus::component;
use run::Ground;

/// An attack, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// What was tried.
    pub attack: String,
    /// The limit or rule that it was to meet.
    pub bound: String,
    /// Whether it held.
    pub held: bool,
    /// The words that it ended in.
    pub outcome: String,
    /// What was otherwise than it must be.
    pub faults: Vec<String>,
    /// Milliseconds until it was over.
    pub elapsed_ms: u64,
    /// Bytes of memory that the host held more when it was over, where that is known.
    pub growth_bytes: Option<i64>,
}

/// What came of all attacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Whether every one of them held.
    pub held: bool,
    /// Bytes of memory that the host held more at the end, where that is known.
    pub growth_bytes: Option<i64>,
    /// In the order in which they were made.
    pub attacks: Vec<Tried>,
}

/// Attacks a house with this engine and configuration; the pipeline says how the operator's plugins are bounded.
pub async fn verify(engine: EngineSettings, config: &Config, pipeline: &LoadedPipeline) -> Result<Verified, Error> {
    let ground = Ground::new(engine, config)?;
    ground.warm().await?;
    if let Some(fault) = ground.neighbour().await {
        return Err(Error::NotNow(format!("without any attack, {fault}\nhint: this is a fault of the host")));
    }
    let mut attacks = corpus::attacks().map_err(ConfigFault::from)?;
    attacks.extend(live::attacks(&pipeline.pipeline)?);
    let before = memory::resident();
    let mut tried = Vec::new();
    for attack in &attacks {
        tried.push(ground.attempt(attack).await);
    }
    let growth_bytes = before.zip(memory::resident()).map(|(before, after)| after - before);
    Ok(Verified { held: tried.iter().all(|one| one.held), growth_bytes, attacks: tried })
}

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod tests;
