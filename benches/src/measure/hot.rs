//! Hot paths, one at a time and without threads that matter, so that their instructions can be counted.

use std::path::Path;

use anyhow::{Context, Result, bail};
use phasegate_journal::{Append, Journal, MemoryJournal, SqliteJournal};
use phasegate_process::Recorded;
use phasegate_process::artifact::{AddedKinds, PathRules, Validator};
use phasegate_runtime::load_run;
use serde_json::Value;

use crate::workload::{Durability, Shape, Workload};

/// Executes one hot path so often. `folder` keeps compiled components from one call to the next.
pub fn execute(name: &str, times: usize, folder: Option<&Path>) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = folder.unwrap_or_else(|| temporary.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let workload = Workload::new(folder, Durability::Memory, Shape { instances: Some(1), ..Shape::default() })?;
        match name {
            "run" => {
                for _ in 0..=times {
                    workload.run().await?;
                }
            }
            "create" => {
                for _ in 0..=times {
                    workload.create().await?;
                }
            }
            "fold" => {
                let run = workload.run().await?;
                for _ in 0..=times {
                    load_run(workload.journal.as_ref(), &run)?;
                }
            }
            "validate" => {
                for _ in 0..=times {
                    validate()?;
                }
            }
            "append" => {
                let run = workload.run().await?;
                let events = workload.journal.events(&run)?;
                append(&MemoryJournal::new(), &events, times).await?;
            }
            "store" => {
                let run = workload.run().await?;
                let events = workload.journal.events(&run)?;
                let state = tempfile::tempdir()?;
                append(&SqliteJournal::open(state.path())?, &events, times).await?;
            }
            other => bail!("there is no hot path `{other}`"),
        }
        Ok(())
    })
}

/// Validates a plan against its schema and the rules of its kind.
fn validate() -> Result<()> {
    let samples: Value =
        serde_json::from_str(include_str!("../../../host/cli/src/commands/plugin/dry_run/samples.json"))?;
    let plan = samples.get("project_plan").context("no plan")?.to_string();
    let (kinds, paths) = (AddedKinds::default(), PathRules::default());
    let validator = Validator { kinds: &kinds, task_id: &"CHECK-1".parse()?, plan: None, paths: &paths };
    match validator.validate(&"project_plan".parse()?, plan.as_bytes()) {
        Ok(_) => Ok(()),
        Err(faults) => bail!("the plan has faults: {}", faults.join("; ")),
    }
}

/// Appends the events of a run, in batches as a run writes them, to so many runs.
async fn append(journal: &dyn Journal, events: &[Recorded], times: usize) -> Result<()> {
    for time in 0..=times {
        let run: phasegate_process::RunId = format!("run-{time}").parse()?;
        let own = journal.acquire(&run).await?;
        for batch in events.chunks(4) {
            let next = batch.first().context("empty")?.number;
            let events = batch.iter().map(|recorded| recorded.event.clone()).collect();
            let append = Append { run: run.clone(), fence: own.fence(), next, at_ms: 0, events, blobs: Vec::new() };
            journal.append(append).await?;
        }
    }
    Ok(())
}
