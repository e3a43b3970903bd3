//! A journal with many runs: the time to create one more, to list them and to show one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use phasegate_journal::{Append, Journal};
use phasegate_process::{Event, Recorded, RunId};
use serde_json::{Value, json};

use super::runtime;
use crate::process::folder_bytes;
use crate::samples::Samples;
use crate::workload::{Durability, Shape, Workload};

const REPETITIONS: usize = 7;
/// Writers at once, so that one sync serves many runs.
const WRITERS: usize = 256;

/// Fills a journal with so many runs, copies of one that was executed.
pub fn measure(runs: usize, binary: &Path) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let state = dir.path().join("state");
    let runtime = runtime()?;
    let workload = Workload::new(dir.path(), Durability::Disk, Shape { attempts: Some(1), ..Shape::default() })?;
    let model = {
        let workload = workload.clone();
        runtime.block_on(runtime.spawn(async move {
            let run = workload.create().await?;
            workload.execute(&run, Arc::new(phasegate_runtime::NoObserver), &Default::default()).await?;
            anyhow::Ok(run)
        }))??
    };
    let events: Arc<Vec<Recorded>> = Arc::new(workload.journal.events(&model)?);
    let filling: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (journal, events, model) = (Arc::clone(&workload.journal), Arc::clone(&events), model.clone());
            runtime.spawn(async move {
                for number in (writer + 1..runs).step_by(WRITERS) {
                    copy(journal.as_ref(), &events, format!("{model}-{number}").parse()?).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for writer in filling {
        runtime.block_on(writer)??;
    }
    let mut create = Samples::default();
    for _ in 0..REPETITIONS {
        let (workload, began) = (workload.clone(), Instant::now());
        runtime.block_on(runtime.spawn(async move { workload.create().await }))??;
        create.add(began);
    }
    drop(workload);
    drop(runtime);
    let bytes = folder_bytes(&state);
    let (mut list, mut show) = (Samples::default(), Samples::default());
    for _ in 0..REPETITIONS {
        list.push(call(binary, &state, &["runs"])?);
        show.push(call(binary, &state, &["show", &model.to_string()])?);
    }
    Ok(json!({
        "create_ms": create.at(0.5),
        "runs_ms": list.at(0.5),
        "show_ms": show.at(0.5),
        "stored_bytes": bytes,
    }))
}

/// Writes the events of a finished run as those of another run.
async fn copy(journal: &dyn Journal, events: &[Recorded], run: RunId) -> Result<()> {
    let own = journal.acquire(&run).await?;
    let events = events.iter().map(|recorded| match recorded.event.clone() {
        Event::RunCreated(mut created) => {
            created.run_id = run.clone();
            Event::RunCreated(created)
        }
        event => event,
    });
    let events = events.collect();
    let at_ms = std::time::UNIX_EPOCH.elapsed().context("the clock is before 1970")?.as_millis() as u64;
    journal.append(Append { run: run.clone(), fence: own.fence(), next: 1, at_ms, events, blobs: Vec::new() }).await?;
    Ok(())
}

/// Runs the program and returns the time that it takes.
fn call(binary: &Path, state: &Path, args: &[&str]) -> Result<Duration> {
    let began = Instant::now();
    let mut command = Command::new(binary);
    command.args(args).arg("--state").arg(state).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status()?;
    if !status.success() {
        bail!("`phasegate {}` ended with {status}", args.join(" "));
    }
    Ok(began.elapsed())
}
