//! `phasegate runs`: lists the newest runs of the state folder.

use phasegate_journal::Journal;
use phasegate_process::calendar::format_utc;
use phasegate_process::result::TaskResult;
use phasegate_process::state::{JudgedAttempt, State};
use phasegate_process::{PersonName, RunId};
use phasegate_runtime::{Pipelines, continuing_experiment, load_run_sharing};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::numbers::whole_number;
use crate::open;
use crate::paths;
use crate::terminal::format::{compact_number, cost, count, one_line};
use crate::terminal::style::Paint;
use crate::terminal::table::{self, Column, Room};
use crate::view::owner::render_owner;
use crate::view::standing::Standing;

/// The version of the JSON form.
const FORMAT: u32 = 1;
/// Number of runs that are listed without `--limit`.
const DEFAULT_LIMIT: usize = 100;

/// Arguments of `runs`.
#[derive(clap::Args)]
pub struct Args {
    /// Number of runs to list; 0 lists all [default: 100]
    #[arg(long, value_name = "N", value_parser = whole_number::<usize>)]
    limit: Option<usize>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

struct ListedRun {
    run: RunId,
    started_ms: u64,
    /// The process that executes it; 0 where its id is unknown.
    owner: Option<u32>,
    /// What it waits for; empty after its end.
    waits_for: String,
    imported: bool,
    result: Result<(TaskResult, Standing), String>,
}

/// Lists the runs.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Context { state, printer, .. } = context;
    let mut runs = Vec::new();
    if let Some(journal) = open::find_journal(context)? {
        let mut names = journal.runs()?;
        let limit = args.limit.unwrap_or(DEFAULT_LIMIT);
        if limit > 0 && names.len() > limit {
            printer.note(&format!("the newest {limit} of {} runs; list all with --limit 0\n", names.len()));
            names.truncate(limit);
        }
        runs = list_runs(&journal, names);
    }
    if args.json {
        let list: Vec<Value> = runs.iter().map(to_json).collect();
        printer.print_json_pretty(&list);
    } else if runs.is_empty() {
        printer.print(&format!("No runs in {}.\n", paths::display_path(state)));
    } else {
        printer.print(&render_runs(&runs, printer.paint()));
    }
    Ok(Exit::Passed)
}

fn list_runs(journal: &dyn Journal, names: Vec<RunId>) -> Vec<ListedRun> {
    let pipelines = Pipelines::default();
    let known = |run: RunId| {
        let owner = journal.owner(&run).ok().flatten();
        let imported = journal.imported(&run).is_ok_and(|events| events.is_some());
        let (started_ms, waits_for, result) = match load_run_sharing(journal, &run, &pipelines) {
            Ok((state, events)) => {
                let started_ms = events.first().map_or(0, |first| first.at_ms);
                let result = TaskResult::from_events(&state, &events);
                let standing = Standing::new(journal, &result, &events);
                (started_ms, render_wait(journal, &state, owner, started_ms), Ok((result, standing)))
            }
            Err(error) => (0, String::new(), Err(error.to_string())),
        };
        ListedRun { run, started_ms, owner, waits_for, imported, result }
    };
    names.into_iter().map(known).collect()
}

/// Renders the people, the process, the experiment or the command that a run waits for.
fn render_wait(journal: &dyn Journal, state: &State, owner: Option<u32>, started_ms: u64) -> String {
    if state.ended().is_some() {
        return String::new();
    }
    match (state.waiting(), owner) {
        (Some((phase, judged, _)), _) => {
            let approvers = phase.gate.iter().flat_map(|gate| &gate.approval.approvers);
            let names: Vec<&str> = approvers.map(PersonName::as_str).collect();
            let people = if names.is_empty() { "a person".to_owned() } else { names.join(" or ") };
            format!("{people} ({})", JudgedAttempt::new(phase, judged).at)
        }
        (None, Some(pid)) => render_owner(pid, started_ms),
        (None, None) => match continuing_experiment(journal, state) {
            Some(experiment) => format!("experiment {}", one_line(&experiment)),
            None => "resume".to_owned(),
        },
    }
}

const COLUMNS: [Column; 7] = [
    Column::new("run", 0),
    Column::new("task", 4),
    Column::new("started", 5),
    Column::new("status", 1),
    Column::new("waits for", 2),
    Column::new("models", 6),
    Column::new("reason", 3).with(Room::Words(16)),
];

/// The place of the column `waits for`, which is left out where every run has ended.
const WAITS_FOR: usize = 4;

fn render_runs(runs: &[ListedRun], paint: Paint) -> String {
    let (mut columns, mut rows) = (COLUMNS.to_vec(), runs.iter().map(row).collect::<Vec<_>>());
    if runs.iter().all(|known| known.waits_for.is_empty()) {
        columns.remove(WAITS_FOR);
        rows.iter_mut().for_each(|row| drop(row.remove(WAITS_FOR)));
    }
    table::render(&columns, &rows, paint.width())
}

impl ListedRun {
    fn status(&self) -> &'static str {
        match &self.result {
            Err(_) => "unreadable",
            Ok((_, standing)) => standing.as_str(),
        }
    }
}

fn row(known: &ListedRun) -> Vec<String> {
    let (task, models, why) = match &known.result {
        Ok((result, standing)) => {
            let totals = &result.totals;
            let tokens = compact_number(totals.input_tokens + totals.output_tokens);
            let money = cost(totals.usd, result.scripted, totals.asks_models);
            let models = format!("{}, {tokens} tokens, {money}", count(totals.calls, "call"));
            (result.task_id.to_string(), models, standing.render_reason(&result.reason))
        }
        Err(why) => (String::new(), String::new(), why.clone()),
    };
    let status = format!("{}{}", known.status(), if known.imported { ", imported" } else { "" });
    let started = format_utc(known.started_ms);
    vec![known.run.to_string(), task, started, status, known.waits_for.clone(), models, why]
}

fn to_json(known: &ListedRun) -> Value {
    let base = json!({ "format": FORMAT, "run_id": known.run, "started_ms": known.started_ms, "status": known.status(), "under_way": known.owner.is_some(), "imported": known.imported, "waits_for": known.waits_for });
    let more = match &known.result {
        Ok((result, _)) => {
            json!({ "task_id": result.task_id, "reason": result.reason, "scripted": result.scripted, "totals": result.totals })
        }
        Err(why) => json!({ "reason": why }),
    };
    match (base, more) {
        (Value::Object(mut base), Value::Object(more)) => {
            base.extend(more);
            Value::Object(base)
        }
        (base, _) => base,
    }
}
