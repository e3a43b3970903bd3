//! `phasegate log`: a run as it was recorded, event by event, like a story or as JSON lines.
//!
//! It needs the events alone: a run whose state cannot be made of them any more can still be read here. What an event only
//! names (tests, errors of models) is looked up, and left away where it is gone. Followed, a run is told until it is over,
//! waits for a person, or nobody carries it any more.

use std::future::ready;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use phasegate_journal::Journal;
use phasegate_process::calendar::moment;
use phasegate_process::gate::SuiteRun;
use phasegate_process::model::Answer;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::testing::{BenchError, Outcome, TestCase, TestRun};
use phasegate_process::{
    ArtifactRef, AttemptId, Decided, Digest, Event, Issue, PhaseOutcome, Recorded, RunCreated, RunId,
};
use phasegate_runtime::{load, read_json};

use crate::carry::what_a_person_can_do;
use crate::events::{decision, end_word, forked_words, json_line, said, verdict_word};
use crate::fail::{Exit, Failure};
use crate::place::{self, find_run};
use crate::words::{Paint, complain, count, figure, heard, money, one_line, say, short, size, time};

/// How often a run that is followed is looked at.
const POLL: Duration = Duration::from_millis(200);
/// How often in a row nobody must be seen carrying it: a run that was just made has no owner for a moment.
const UNOWNED: u32 = 3;
/// How many tests that did not pass are told by name.
const TESTS: usize = 10;
/// How long the words are that a phase is given to revise its work by.
const INSTRUCTIONS: usize = 240;

/// Arguments of `log`.
#[derive(clap::Args)]
pub struct Args {
    /// The run, the beginning of its id, or its task
    run: String,
    /// One JSON object a line, exactly as `run --json` writes them
    #[arg(long)]
    json: bool,
    /// Go on with new events until the run is over, waits for a person, or is carried by nobody
    #[arg(short, long)]
    follow: bool,
}

/// Tells the run.
pub async fn go(args: &Args, state_dir: &Path) -> Result<Exit, Failure> {
    let journal = place::journal(state_dir)?;
    let run = find_run(&journal, &args.run)?;
    let mut telling =
        Telling { journal: &journal, run: &run, json: args.json, paint: Paint::stdout(), started_ms: None };
    let mut ctrl_c = pin!(tokio::signal::ctrl_c());
    if args.follow {
        // Heeded from here on, and not only once the first events are told.
        tokio::select! {
            biased;
            _ = &mut ctrl_c => return Ok(Exit::Interrupted),
            () = ready(()) => {}
        }
    }
    let (mut known, mut seen_unowned) = (0, 0);
    loop {
        // Asked before the events are read: what an owner wrote before it went is among them then.
        let owned = journal.owner(&run)?.is_some();
        seen_unowned = if owned { 0 } else { seen_unowned + 1 };
        let new = journal.events_after(&run, known)?;
        for recorded in &new {
            known = recorded.number;
            if !heard(&telling.tell(recorded)) {
                return Ok(Exit::Passed);
            }
        }
        if !args.follow {
            return Ok(Exit::Passed);
        }
        let unowned = seen_unowned >= UNOWNED;
        if (unowned || !new.is_empty())
            && let Some(end) = ending(&journal, &run, unowned)?
        {
            if args.json {
                complain(&end)
            } else {
                say(&end)
            }
            return Ok(Exit::Passed);
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = &mut ctrl_c => return Ok(Exit::Interrupted),
        }
    }
}

/// What is to be said where nothing more will come for now.
fn ending(journal: &dyn Journal, run: &RunId, unowned: bool) -> Result<Option<String>, Failure> {
    let (state, _) = load(journal, run)?;
    Ok(match (state.waiting(), &state.stopped) {
        _ if state.ended().is_some() => Some(String::new()),
        (Some((_, judged, _)), _) => Some(what_a_person_can_do(run, judged.verdict.passes())),
        (None, Some(_)) if unowned => Some(format!("\ngo on with: phasegate resume {run}\n")),
        (None, None) if unowned => Some(format!("\nits process is gone; go on with: phasegate resume {run}\n")),
        _ => None,
    })
}

struct Telling<'a> {
    journal: &'a dyn Journal,
    run: &'a RunId,
    json: bool,
    paint: Paint,
    started_ms: Option<u64>,
}

impl Telling<'_> {
    fn tell(&mut self, recorded: &Recorded) -> String {
        if self.json {
            return json_line(self.run, recorded);
        }
        let mut text = String::new();
        let started_ms = *self.started_ms.get_or_insert_with(|| {
            text = format!("{} {}\n", self.paint.bold(self.run.as_str()), moment(recorded.at_ms));
            recorded.at_ms
        });
        let offset = offset(recorded.at_ms.saturating_sub(started_ms));
        let mut lines = told(self.journal, recorded, self.paint).into_iter();
        text.push_str(&format!("{} {}\n", self.paint.dim(&offset), lines.next().unwrap_or_default()));
        let gap = " ".repeat(offset.chars().count() + 3);
        lines.for_each(|line| text.push_str(&format!("{gap}{line}\n")));
        text
    }
}

/// Hours, minutes, seconds and tenths since the run was made.
fn offset(ms: u64) -> String {
    let seconds = ms / 1_000;
    format!("{}:{:02}:{:02}.{}", seconds / 3_600, seconds / 60 % 60, seconds % 60, ms % 1_000 / 100)
}

/// An event as a line, and lines of what belongs to it.
pub fn told(journal: &dyn Journal, recorded: &Recorded, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    match &recorded.event {
        Event::RunCreated(created) => lines.extend(creation(journal, created)),
        Event::RunForked(forked) => lines.push(forked_words(forked)),
        Event::PhaseStarted { at, inputs } => {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            lines.push(if names.is_empty() {
                format!("{at} started")
            } else {
                format!("{at} started with {}", names.join(", "))
            });
        }
        Event::ModelAsked { at, call, label, model, request } => lines.push(format!(
            "{at} call {call} asks {} for {} (request {})",
            one_line(model),
            one_line(label),
            request.short()
        )),
        Event::ModelAnswered { at, call, answer, usage, stop, elapsed_ms, recorded } => {
            let from = if *recorded {
                "answered from the record".to_owned()
            } else {
                format!("answered in {}", time(*elapsed_ms))
            };
            let tokens = format!("{} tokens read, {} written", figure(usage.input_tokens), figure(usage.output_tokens));
            lines.push(format!("{at} call {call} {from}: {}, {tokens}, {}", one_line(stop), money(usage.usd)));
            let answer: Option<Answer> = if stop == "error" { read_json(journal, answer).ok() } else { None };
            lines.extend(answer.and_then(Result::err).map(|error| one_line(&error.to_string())));
        }
        Event::ArtifactStored { at, artifact } => lines.push(format!("{at} stored {}", described(artifact))),
        Event::TestsRan { at, call, run, elapsed_ms, limit, .. } => {
            let who = call.map_or("the host ran".to_owned(), |call| format!("call {call} tried"));
            let (all, more) = tests(journal, call.is_some(), run);
            lines.push(format!("{at} {who} {all} (in {})", time(*elapsed_ms)));
            lines.extend(more.into_iter().chain(limit_hit(limit.as_deref())));
        }
        Event::PhaseFinished { at, outcome, elapsed_ms, limit } => {
            let (words, more) = came_back(at, outcome, *elapsed_ms, paint);
            lines.push(format!("{at} {words}"));
            lines.extend(more.into_iter().chain(limit_hit(limit.as_deref())));
        }
        Event::GateJudged { at, verdict, reason, issues, dropped, report, .. } => {
            lines.push(format!("{at} {}: {}", verdict_word(*verdict, paint), one_line(reason)));
            lines.extend(issues.iter().map(issue));
            lines.extend(
                dropped.iter().map(|test| format!("given up {}: {}", one_line(&test.test), one_line(&test.reason))),
            );
            lines.extend(report.as_ref().map(|report| format!("report {}", described(report))));
        }
        Event::FeedbackDecided { at, decided, limit } => {
            lines.push(format!("{at} {}", one_line(&decision(decided))));
            if let Decided::Revise { rework } = decided {
                let words = |text: &str| short(text, INSTRUCTIONS);
                lines.extend(rework.iter().map(|it| format!("{}: {}", it.phase, words(&it.feedback.instructions))));
            }
            lines.extend(limit_hit(limit.as_deref()));
        }
        Event::ApprovalAsked { at, question, .. } => {
            lines.push(format!("{at} {}: {}", paint.yellow("waits for a person"), one_line(question)));
        }
        Event::ApprovalGiven { at, choice, by, reason, about } => {
            let about: Vec<&str> = about.iter().map(|digest| digest.short()).collect();
            lines.push(format!("{at} {} by {}{}", said(choice), one_line(by), words_of(reason)));
            lines.extend((!about.is_empty()).then(|| format!("about {}", about.join(", "))));
        }
        Event::RunStopped { reason } => lines.push(format!("{}: {}", paint.yellow("stopped"), one_line(reason))),
        Event::RunFinished { status, reason } => {
            lines.push(format!("{}: {}", end_word(*status, paint), one_line(reason)));
        }
        Event::ProposalDecided { id, approved, by, reason } => {
            let word = if *approved { "approved" } else { "rejected" };
            lines.push(format!("proposal {} {word} by {}{}", one_line(id), one_line(by), words_of(reason)));
        }
    }
    lines
}

fn creation(journal: &dyn Journal, created: &RunCreated) -> Vec<String> {
    let pipeline: Option<Pipeline> = read_json(journal, &created.pipeline).ok();
    let by = pipeline.map_or_else(
        || format!("pipeline {}", created.pipeline.short()),
        |pipeline| format!("pipeline {}, strategy {}", pipeline.name, pipeline.feedback.plugin),
    );
    let scripted = if created.scripted { ", answers scripted" } else { "" };
    let mut lines = vec![format!("created for task {}: {by}{scripted}", created.task_id)];
    lines.extend(created.inputs.iter().map(|input| format!("given {}", described(input))));
    lines
}

fn described(artifact: &ArtifactRef) -> String {
    let (name, kind) = (artifact.name.as_str(), artifact.kind.as_str());
    let kind = if name == kind { String::new() } else { format!("{kind}, ") };
    format!("{name} ({kind}{}, {})", size(artifact.size), artifact.digest.short())
}

/// How an agent came back, and every fault of what it handed in.
fn came_back(at: &AttemptId, outcome: &PhaseOutcome, elapsed_ms: u64, paint: Paint) -> (String, Vec<String>) {
    let (word, reason) = match outcome {
        PhaseOutcome::Submitted { findings, .. } => {
            let found = findings.as_ref().map_or(String::new(), |found| format!(", findings {}", found.short()));
            return (format!("done in {}{found}", time(elapsed_ms)), Vec::new());
        }
        PhaseOutcome::Invalid { faults } => ("could not be taken", count(faults.len() as u64, "fault")),
        PhaseOutcome::Failed { reason } => ("failed", one_line(reason)),
        PhaseOutcome::Crashed { reason } => ("crashed", one_line(reason)),
    };
    let faults = if let PhaseOutcome::Invalid { faults } = outcome { faults.as_slice() } else { &[] };
    let words = format!("{} after {}: {reason}", paint.yellow(word), time(elapsed_ms));
    let remedy = outcome.remedy(at).map(|remedy| format!("hint: {remedy}"));
    (words, faults.iter().map(|fault| one_line(fault)).chain(remedy).collect())
}

fn issue(issue: &Issue) -> String {
    let (id, phase, words) = (one_line(&issue.id), one_line(&issue.phase_injected), one_line(&issue.description));
    format!("{} {id} (from {phase}): {words}", issue.severity.as_str())
}

fn limit_hit(limit: Option<&str>) -> Option<String> {
    limit.map(|limit| format!("a limit was hit: {}", one_line(limit)))
}

fn words_of(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {}", one_line(reason)) }
}

/// How a run of tests ended, and the tests that did not pass.
fn tests(journal: &dyn Journal, trial: bool, run: &Digest) -> (String, Vec<String>) {
    let ran = match trial {
        true => {
            read_json::<Result<TestRun, BenchError>>(journal, run).map(|ran| ran.map_err(|error| error.to_string()))
        }
        false => read_json::<SuiteRun>(journal, run).map(|ran| match ran.no_runner {
            Some(why) => Err(why),
            None => Ok(TestRun { build_errors: ran.build_errors, tests: ran.tests }),
        }),
    };
    let ran = match ran {
        Ok(Ok(ran)) => ran,
        Ok(Err(why)) => return (format!("no test: {}", one_line(&why)), Vec::new()),
        Err(_) => return (format!("tests, result {}", run.short()), Vec::new()),
    };
    let number = |outcome| ran.tests.iter().filter(|test| test.outcome == outcome).count();
    let outcomes = [Outcome::Passed, Outcome::Failed, Outcome::Errored, Outcome::Skipped];
    let outcomes = outcomes.map(|outcome| (number(outcome), outcome.as_str()));
    let counts: Vec<String> = outcomes.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    let mut more: Vec<String> =
        ran.build_errors.iter().map(|error| format!("not loaded: {}", one_line(error))).collect();
    let failing: Vec<&TestCase> = ran.tests.iter().filter(|test| test.outcome != Outcome::Passed).collect();
    more.extend(failing.iter().take(TESTS).map(|test| {
        let words = words_of(&short(test.message.as_deref().unwrap_or_default(), INSTRUCTIONS));
        format!("{} {}{words}", test.outcome.as_str(), one_line(&test.name))
    }));
    let hidden = failing.len().saturating_sub(TESTS);
    more.extend((hidden > 0).then(|| format!("… and {hidden} more")));
    (format!("{}{counts}", count(ran.tests.len() as u64, "test")), more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_reads_like_a_clock_however_long_it_is() {
        assert_eq!([offset(0), offset(3_250), offset(176_403_999)], ["0:00:00.0", "0:00:03.2", "49:00:03.9"]);
    }
}
