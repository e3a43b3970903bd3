//! `verify-sandbox`: attacks this very host, as configured, and says what came of each.
//!
//! Promises: nothing is held by assumption. An attack holds when the words that it must end in were seen, when what must not
//! be seen was not, when the host has given its memory back, and when neighbours in the same house, one beside the attack
//! and one after it, came to their ordinary end. Nothing is left behind and no model is asked. Fails with [`Error`] only
//! where the attacks could not begin.

use phasegate_runtime::{Config, ConfigFault, Error, LoadedPipeline};
use phasegate_sandbox::EngineSettings;

use crate::report::VerifyReport;
use crate::run::TestBed;
use crate::{corpus, live, memory};

/// Attacks a house with this engine and configuration; the pipeline says how the operator's plugins are bounded.
pub async fn verify(engine: EngineSettings, config: &Config, pipeline: &LoadedPipeline) -> Result<VerifyReport, Error> {
    let test_bed = TestBed::new(engine, config)?;
    test_bed.warm().await?;
    if let Some(fault) = test_bed.neighbour().await {
        return Err(Error::NotNow(format!("without any attack, {fault}\nhint: this is a fault of the host")));
    }
    let mut attacks = corpus::attacks().map_err(ConfigFault::from)?;
    attacks.extend(live::attacks(&pipeline.pipeline)?);
    let before = memory::resident();
    let mut tried = Vec::new();
    for attack in &attacks {
        tried.push(test_bed.run_attack(attack).await);
    }
    let growth_bytes = before.zip(memory::resident()).map(|(before, after)| after - before);
    Ok(VerifyReport { held: tried.iter().all(|one| one.held), growth_bytes, attacks: tried })
}
