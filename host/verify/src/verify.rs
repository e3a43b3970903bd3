//! Runs all attacks of `verify-sandbox`.
//!
//! An attack counts as stopped if its run contains the expected texts and none of the forbidden ones, if the host has
//! returned the memory, and if two ordinary runs in the same host pass: one beside the attack and one after it. No
//! provider is called, and nothing is left on disk. Fails only if the attacks cannot start.

use phasegate_runtime::{Config, ConfigFault, Error, ErrorCode, LoadedPipeline};
use phasegate_sandbox::EngineSettings;

use crate::report::VerifyReport;
use crate::test_bed::TestBed;
use crate::{corpus, live, memory};

/// Runs all attacks against a host with this engine and configuration, under the limits that the pipeline sets for its
/// plugins.
pub async fn verify(engine: EngineSettings, config: &Config, pipeline: &LoadedPipeline) -> Result<VerifyReport, Error> {
    let test_bed = TestBed::new(engine, config)?;
    test_bed.warm().await?;
    if let Some(fault) = test_bed.run_ordinary().await {
        let message = format!("without any attack: {fault}");
        return Err(Error::rejected(ErrorCode::HostFailed, message, "report this fault of the host"));
    }
    let mut attacks = corpus::attacks().map_err(ConfigFault::from)?;
    attacks.extend(live::attacks(&pipeline.pipeline)?);
    let before = memory::resident();
    let mut results = Vec::new();
    for attack in &attacks {
        results.push(test_bed.run_attack(attack).await);
    }
    let growth_bytes = before.zip(memory::resident()).map(|(before, after)| after - before);
    Ok(VerifyReport { held: results.iter().all(|result| result.held), growth_bytes, attacks: results })
}
