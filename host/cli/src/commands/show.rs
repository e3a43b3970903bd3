//! `phasegate show`: explains a run: summary, attempts, open calls and the next step.

use std::collections::BTreeMap;

use phasegate_journal::Journal;
use phasegate_process::calendar::format_utc;
use phasegate_process::hint::split_hint;
use phasegate_process::pipeline::Phase;
use phasegate_process::result::TaskResult;
use phasegate_process::state::{RecordedJudgement, State};
use phasegate_process::{AttemptId, Event, PhaseName, PhaseOutcome, Recorded};
use phasegate_runtime::output::belongs_to;
use phasegate_runtime::{RunSettings, load_run, read_json};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run_or_newest;
use crate::open;
use crate::out_dir::out_dir;
use crate::paths;
use crate::terminal::format::{count, duration, one_line};
use crate::terminal::printer::Printer;
use crate::terminal::style::Paint;
use crate::terminal::width::wrap_lines;
use crate::view::event::{failure_reason, render_choice, render_decision, render_fork};
use crate::view::next_steps::{render_continuation, render_decision_commands};
use crate::view::{fork_tree, gate, header, summary};

/// Arguments of `show`.
#[derive(clap::Args)]
pub struct Args {
    /// Run id or its beginning, or a task id for its newest run [default: the newest run]
    run: Option<String>,
    /// Print the result as JSON, as in `result.json` of the output folder
    #[arg(long)]
    json: bool,
}

/// Explains the run.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Context { state: state_dir, printer, .. } = context;
    let journal = open::journal(context)?;
    let run = find_run_or_newest(context, &journal, args.run.as_deref())?;
    let (state, events) = load_run(&journal, &run)?;
    if args.json {
        printer.print_json_pretty(&TaskResult::from_events(&state, &events));
        return Ok(Exit::Passed);
    }
    let out = out_dir(state_dir, &run);
    let out = belongs_to(&out, &run).then(|| paths::display_path(&out));
    let paint = printer.paint();
    printer.print(&wrap_lines(&render_origin(&journal, &state, &events), paint.width()));
    if let Some(events) = journal.imported(&run)? {
        printer.print(&format!("imported: {} at its beginning come from elsewhere\n", count(events, "event")));
    }
    let summary = summary::render_summary(&journal, &state, &events, out.as_deref(), paint);
    printer.print(&printer.complete(&summary));
    printer.print(&fork_tree::render_fork_tree(&journal, &state, paint)?);
    printer.print(&wrap_lines(&render_attempts(&state, &events, paint), paint.width()));
    printer.print(&render_open_calls(&state, &events));
    printer.print(&render_next_step(&journal, &state, &events, printer));
    Ok(Exit::Passed)
}

fn render_origin(journal: &dyn Journal, state: &State, events: &[Recorded]) -> String {
    let started = events.first().map_or(0, |first| first.at_ms);
    let settings: Option<RunSettings> = read_json(journal, &state.created.settings).ok();
    let signers = settings.as_ref().and_then(|settings| header::render_signers(state, settings));
    let signers = signers.map(|line| format!("plugins {line}\n")).unwrap_or_default();
    let models = settings.map(|settings| settings.models).unwrap_or_default();
    let sampling = models.sampling();
    let sampling = if sampling.is_default() { String::new() } else { format!(" ({sampling})") };
    let model = models.default.map(|model| format!("{model}{sampling}"));
    format!(
        "{}\npipeline {}, strategy {}, model {}, started {}\n{signers}",
        header::render_task(journal, state),
        state.pipeline.name,
        state.pipeline.feedback.plugin,
        model.unwrap_or_else(|| "unknown".to_owned()),
        format_utc(started)
    )
}

/// Renders attempts and verdicts in order, with issues, feedback and decisions.
fn render_attempts(state: &State, events: &[Recorded], paint: Paint) -> String {
    let mut text = format!("\n{}\n", paint.bold("attempts"));
    for recorded in events {
        match &recorded.event {
            Event::PhaseFinished { at, outcome, elapsed_ms, log, .. } => {
                text.push_str(&render_attempt(state, at, outcome, *elapsed_ms));
                text.extend(
                    log.iter().flat_map(|log| log.lines()).map(|line| format!("    log: {}\n", one_line(line))),
                );
            }
            Event::GateJudged { at, .. } => {
                let judged = find_judged(state, at);
                text.push_str(&judged.map(|(phase, judged)| render_judged(phase, judged, paint)).unwrap_or_default());
            }
            Event::RunForked(forked) => text.push_str(&format!("  {}\n", render_fork(forked))),
            // The summary above has the reason of the latest stop.
            Event::RunStopped { .. } if state.stopped.is_some() && recorded.number == state.events => {}
            Event::RunStopped { reason } => {
                text.push_str(&format!("  stopped: {}\n", one_line(split_hint(reason).0)));
            }
            Event::BudgetChanged { limits, by } => {
                text.push_str(&format!("  budget changed to {limits} by {}\n", one_line(by)));
            }
            Event::RunFinished { status, reason } => {
                text.push_str(&format!("  ended {}: {}\n", format!("{status:?}").to_lowercase(), one_line(reason)));
            }
            _ => {}
        }
    }
    text
}

fn render_attempt(state: &State, at: &AttemptId, outcome: &PhaseOutcome, elapsed_ms: u64) -> String {
    let made = match outcome {
        PhaseOutcome::Submitted { artifacts, .. } => {
            let names: Vec<String> =
                artifacts.iter().map(|artifact| format!("{} {}", artifact.name, artifact.digest.short())).collect();
            if names.is_empty() { "done".to_owned() } else { format!("stored {}", names.join(", ")) }
        }
        other => format!("failed: {}", one_line(&failure_reason(state, at, other))),
    };
    format!("  {at}: {made} ({})\n", duration(elapsed_ms))
}

fn find_judged<'a>(state: &'a State, at: &AttemptId) -> Option<(&'a Phase, &'a RecordedJudgement)> {
    let phase = state.pipeline.phase(&at.phase)?;
    let judged = state.phases.get(&at.phase)?.judged.iter().find(|judged| judged.attempt == at.attempt)?;
    Some((phase, judged))
}

fn render_judged(phase: &Phase, judged: &RecordedJudgement, paint: Paint) -> String {
    let verdict = judged.verdict.as_str().replace('_', " ");
    let verdict = if judged.verdict.passes() { paint.green(&verdict) } else { paint.red(&verdict) };
    let mut text = format!("  {}#{} {verdict}: {}\n", phase.name, judged.attempt, one_line(&judged.reason));
    for issue in &judged.issues {
        text.push_str(&format!(
            "    {} {} (from {}): {}\n",
            issue.severity.as_str(),
            one_line(&issue.id),
            one_line(&issue.phase_injected),
            one_line(&issue.description)
        ));
    }
    for dropped in &judged.dropped {
        text.push_str(&format!("    dropped {}: {}\n", one_line(&dropped.test), one_line(&dropped.reason)));
    }
    if let Some(decided) = &judged.decided {
        text.push_str(&format!("    {}\n", one_line(&render_decision(decided))));
    }
    for approval in &judged.approvals {
        let about: Vec<&str> = approval.about.iter().map(|digest| digest.short()).collect();
        text.push_str(&format!(
            "    {} by {} on {}, about {}: {}\n",
            render_choice(&approval.choice),
            one_line(&approval.by),
            format_utc(approval.at_ms),
            about.join(", "),
            one_line(&approval.reason)
        ));
    }
    text
}

fn render_open_calls(state: &State, events: &[Recorded]) -> String {
    let open = TaskResult::from_events(state, events).maybe_billed;
    if open.is_empty() {
        return String::new();
    }
    let mut by_attempt: BTreeMap<(&PhaseName, u32), Vec<String>> = BTreeMap::new();
    for call in &open {
        let line = format!(
            "call {} to {} for {}, asked {}",
            call.call,
            one_line(&call.model),
            one_line(&call.label),
            format_utc(call.asked_at_ms)
        );
        by_attempt.entry((&call.at.phase, call.at.attempt)).or_default().push(line);
    }
    let lines = by_attempt.into_iter().flat_map(|((phase, attempt), calls)| {
        calls.into_iter().map(move |call| format!("  {phase}#{attempt} {call}\n"))
    });
    format!("\nmodel calls without an answer, which may have been billed\n{}", lines.collect::<String>())
}

fn render_next_step(journal: &dyn Journal, state: &State, events: &[Recorded], printer: &Printer) -> String {
    match state.waiting() {
        Some(_) => {
            let report = gate::render_gate(state, printer.paint());
            format!("{report}{}", render_decision_commands(state, printer))
        }
        None => render_continuation(journal, state, events, printer),
    }
}
