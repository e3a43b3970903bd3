//! `phasegate runs`: lists the newest runs of the state folder.

use phasegate_journal::Journal;
use phasegate_process::RunId;
use phasegate_process::calendar::format_utc;
use phasegate_process::result::{TaskResult, TaskStatus};
use phasegate_runtime::{Pipelines, load_run_sharing};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::paths;
use crate::terminal::format::{compact_number, cost, count, table, truncate};

/// Number of runs that are listed without `--limit`.
const DEFAULT_LIMIT: usize = 100;

/// Arguments of `runs`.
#[derive(clap::Args)]
pub struct Args {
    /// Number of runs to list; 0 lists all [default: 100]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

struct ListedRun {
    run: RunId,
    started_ms: u64,
    under_way: bool,
    imported: bool,
    result: Result<TaskResult, String>,
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
        let head = ["run", "task", "started", "status", "models", "reason"].map(str::to_owned).to_vec();
        let rows: Vec<_> = std::iter::once(head).chain(runs.iter().map(row)).collect();
        printer.print(&table(&rows));
    }
    Ok(Exit::Passed)
}

fn list_runs(journal: &dyn Journal, names: Vec<RunId>) -> Vec<ListedRun> {
    let pipelines = Pipelines::default();
    let known = |run: RunId| {
        let under_way = journal.owner(&run).is_ok_and(|owner| owner.is_some());
        let imported = journal.imported(&run).is_ok_and(|events| events.is_some());
        let (started_ms, result) = match load_run_sharing(journal, &run, &pipelines) {
            Ok((state, events)) => {
                (events.first().map_or(0, |first| first.at_ms), Ok(TaskResult::from_events(&state, &events)))
            }
            Err(error) => (0, Err(error.to_string())),
        };
        ListedRun { run, started_ms, under_way, imported, result }
    };
    names.into_iter().map(known).collect()
}

impl ListedRun {
    fn status(&self) -> &'static str {
        match &self.result {
            Err(_) => "unreadable",
            // No process executes it, so it continues only with `resume`.
            Ok(result) if result.status == TaskStatus::Running && !self.under_way => "interrupted",
            Ok(result) => result.status.as_str(),
        }
    }
}

fn row(known: &ListedRun) -> Vec<String> {
    let (task, models, why) = match &known.result {
        Ok(result) => {
            let totals = &result.totals;
            let tokens = compact_number(totals.input_tokens + totals.output_tokens);
            let money = cost(totals.usd, result.scripted);
            let models = format!("{}, {tokens} tokens, {money}", count(totals.calls, "call"));
            (result.task_id.to_string(), models, truncate(&result.reason, 70))
        }
        Err(why) => (String::new(), String::new(), truncate(why, 70)),
    };
    let status = format!("{}{}", known.status(), if known.imported { ", imported" } else { "" });
    vec![known.run.to_string(), task, format_utc(known.started_ms), status, models, why]
}

fn to_json(known: &ListedRun) -> Value {
    let base = json!({ "run_id": known.run, "started_ms": known.started_ms, "status": known.status(), "under_way": known.under_way, "imported": known.imported });
    let more = match &known.result {
        Ok(result) => {
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
