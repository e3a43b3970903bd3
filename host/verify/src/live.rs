//! Attacks under the limits of the operator's own plugins, which find limits that are set too high.

use std::collections::BTreeMap;

use phasegate_process::PluginName;
use phasegate_process::limits::{Limits, LimitsPatch};
use phasegate_process::pipeline::Pipeline;
use serde_json::json;

use phasegate_runtime::{Error, plugin_limits};

use crate::corpus::{Attack, Strategy};

/// The highest limit of computing time for which an endless loop is tried, in ms.
const WAITED_OUT_MS: u64 = 6_000;

/// Returns attacks for each distinct set of limits among the agents, and for the strategy.
pub(crate) fn attacks(pipeline: &Pipeline) -> Result<Vec<Attack>, Error> {
    let set = plugin_limits(pipeline)?;
    let patch = |plugin: &PluginName| set.get(plugin).copied().unwrap_or_default();
    let mut bounds: Vec<(LimitsPatch, &PluginName)> = Vec::new();
    for phase in &pipeline.phases {
        let patch = patch(&phase.agent);
        if !bounds.iter().any(|(known, _)| *known == patch) {
            bounds.push((patch, &phase.agent));
        }
    }
    let mut attacks = Vec::new();
    for (patch, agent) in bounds {
        attacks.extend(of_agent(agent, patch)?);
    }
    let strategy = &pipeline.feedback.plugin;
    attacks.extend(of_strategy(strategy, patch(strategy))?);
    Ok(attacks)
}

fn of_agent(agent: &PluginName, patch: LimitsPatch) -> Result<Vec<Attack>, Error> {
    let limits = Limits::default().with(patch);
    let planning: phasegate_process::PhaseName = "planning".parse()?;
    let attack = |name: String, bound: String, plugin: &str, settings, words: [String; 2]| {
        let plugin: PluginName = plugin.parse()?;
        Ok::<_, Error>(Attack {
            name,
            bound,
            agents: BTreeMap::from([(planning.clone(), plugin.clone())]),
            limits: BTreeMap::from([(plugin, patch)]),
            settings: BTreeMap::from([(planning.clone(), settings)]),
            seen: words.to_vec(),
            ..Attack::default()
        })
    };
    let crashed = |plugin: &str| format!("planning#1 crashed: plugin `{plugin}` (phase planning, attempt 1) ");
    let (memory, carried) = (limits.memory_bytes, limits.host_call_bytes);
    let mut attacks = vec![attack(
        format!("reserve memory, bounded as `{agent}` is"),
        format!("memory_bytes = {memory}"),
        "liar",
        json!({ "do": "reserve memory" }),
        [crashed("liar") + "wanted memory of ", format!("may have {memory}")],
    )?];
    // The text must fit into the memory of the guest.
    if carried.saturating_mul(2) < memory {
        attacks.push(attack(
            format!("return one giant text, bounded as `{agent}` is"),
            format!("host_call_bytes = {carried}"),
            "visitor",
            json!({ "do": "return much", "bytes": carried + 1 }),
            [crashed("visitor") + "handed the host more than ", format!("{carried} bytes")],
        )?);
    }
    let cpu = limits.cpu_ms.get();
    if cpu <= WAITED_OUT_MS {
        attacks.push(attack(
            format!("spin, bounded as `{agent}` is"),
            format!("cpu_ms = {cpu}"),
            "visitor",
            json!({ "do": "spin" }),
            [crashed("visitor"), format!("used up its {cpu} ms of computing time")],
        )?);
    }
    Ok(attacks)
}

fn of_strategy(strategy: &PluginName, patch: LimitsPatch) -> Result<Option<Attack>, Error> {
    let cpu = Limits::strategy().with(patch).cpu_ms.get();
    let settings = json!({ "findings": { "issues": [{ "phase_injected": "planning" }] } });
    let attack = Attack {
        name: format!("spin, bounded as `{strategy}` is"),
        bound: format!("cpu_ms = {cpu}"),
        settings: BTreeMap::from([("review".parse()?, settings)]),
        limits: BTreeMap::from([("visitor-strategy".parse()?, patch)]),
        strategy: Strategy { plugin: None, settings: Some(json!({ "do": "spin" })) },
        attempts: std::num::NonZeroU32::new(2),
        seen: vec![format!(
            "review#1 strategy refused: plugin `visitor-strategy` (feedback on gate review, attempt 1) used up its {cpu} ms"
        )],
        ..Attack::default()
    };
    Ok((cpu <= WAITED_OUT_MS).then_some(attack))
}
