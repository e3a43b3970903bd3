//! The report: what was asked, what came of it, why, and what it took, for somebody who was not there.
//!
//! Words of models and plugins are put in as plain text on one line, so that they cannot pretend to be the report's own.

use std::fmt::Write;

use phasegate_process::artifact::is_hidden;
use phasegate_process::artifact::kinds;
use phasegate_process::calendar::format_utc;
use phasegate_process::measures::efforts;
use phasegate_process::model::Usage;
use phasegate_process::result::{DecisionSummary, GateAttempt, PersonDecision, TaskResult};
use phasegate_process::state::RecordedJudgement;
use phasegate_process::{Event, FeedbackOutcome, Issue, Recorded, Verdict};
use serde_json::Value;

use crate::error::output::OutputError;
use crate::output::artifacts::ArtifactReader;
use crate::output::patch::Patch;
use crate::output::written::WrittenFiles;

/// Longer words of models are cut; the artifacts have them whole.
const MAX_WORDS: usize = 600;

/// More issues than these are in the artifacts only.
const MAX_ISSUES: usize = 200;

pub(crate) fn render(
    artifacts: &ArtifactReader<'_>,
    events: &[Recorded],
    result: &TaskResult,
    written: &WrittenFiles,
    patch: &Patch,
) -> Result<String, OutputError> {
    let mut page = Page { artifacts, events, result, text: String::new() };
    page.outcome(written, patch);
    page.asked()?;
    page.gates();
    page.issues();
    page.tests()?;
    page.people();
    page.effort();
    page.maybe_billed();
    page.proposals()?;
    page.pinned(written);
    Ok(page.text)
}

struct Page<'a> {
    artifacts: &'a ArtifactReader<'a>,
    events: &'a [Recorded],
    result: &'a TaskResult,
    text: String,
}

impl Page<'_> {
    // Writing to a String cannot fail.
    fn line(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(self.text, "{line}");
    }

    fn heading(&mut self, heading: &str) {
        self.line(format_args!("\n## {heading}\n"));
    }

    fn table<const N: usize>(&mut self, head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
        self.line(format_args!("| {} |", head.join(" | ")));
        self.line(format_args!("|{}", "---|".repeat(N)));
        for row in rows {
            self.line(format_args!("| {} |", row.join(" | ")));
        }
    }

    fn outcome(&mut self, written: &WrittenFiles, patch: &Patch) {
        let result = self.result;
        self.line(format_args!("# {}: {}\n", result.task_id, result.status.as_str()));
        let scripted = if result.scripted { " The answers are scripted: no model was asked." } else { "" };
        let reason = words(&result.reason);
        let stop = if reason.ends_with(['.', '?', '!']) { "" } else { "." };
        self.line(format_args!("**{}**: {reason}{stop}{scripted}\n", capital(result.status.as_str())));
        if let Some(remedy) = &result.remedy {
            self.line(format_args!("What to do: {}.\n", words(remedy)));
        }
        self.line(format_args!("Run `{}`, pipeline `{}`.", result.run_id, words(&self.artifacts.state.pipeline.name)));
        if !written.files.is_empty() {
            let files: Vec<_> = written.files.iter().map(|path| format!("`{}`", words(path))).collect();
            self.line(format_args!("Generated: {}.", files.join(", ")));
        }
        if let Some(name) = &written.patch {
            self.line(format_args!(
                "`{name}` holds the changes against the files that were there: `git apply {name}`."
            ));
        }
        for path in &patch.left_out {
            self.line(format_args!("`{}` is not in the patch, because the old file is not text.", words(path)));
        }
    }

    fn asked(&mut self) -> Result<(), OutputError> {
        let task = self.artifacts.current(kinds::TASK_REQUIREMENTS)?.unwrap_or_default();
        self.heading("What was asked");
        self.line(words(text_of(&task, "description")));
        for (index, requirement) in list(&task, "requirements").iter().enumerate() {
            let lead = if index == 0 { "\n" } else { "" };
            self.line(format_args!("{lead}- R{}: {}", index + 1, words(&said(requirement))));
        }
        let constraints = list(&task, "constraints");
        if !constraints.is_empty() {
            self.line("\nConstraints:\n");
        }
        for constraint in constraints {
            self.line(format_args!("- {}", words(&said(constraint))));
        }
        let context =
            self.artifacts.state.created.inputs.iter().filter(|input| input.name.as_str().starts_with("context/"));
        let context = context.count();
        if context > 0 {
            self.line(format_args!("\nContext: {context} {}.", plural(context, "file", "files")));
        }
        Ok(())
    }

    fn gates(&mut self) {
        self.heading("Gates");
        let mut rows = Vec::new();
        for gate in &self.result.gates {
            if gate.attempts.is_empty() {
                rows.push([
                    gate.gate.to_string(),
                    "–".into(),
                    "not reached".into(),
                    "–".into(),
                    String::new(),
                    String::new(),
                ]);
            }
            for attempt in &gate.attempts {
                rows.push([
                    gate.gate.to_string(),
                    attempt.attempt.to_string(),
                    attempt.verdict.as_str().replace('_', " "),
                    tally(attempt),
                    cell(&attempt.reason),
                    cell(&what_followed(attempt)),
                ]);
            }
        }
        self.table(["gate", "attempt", "verdict", "issues", "why", "then"], rows);
    }

    fn issues(&mut self) {
        self.heading("Issues, and what became of them");
        let state = self.artifacts.state;
        let mut count = 0;
        for phase in &state.pipeline.phases {
            let judged = state.phases.get(&phase.name).map(|known| known.judged.as_slice()).unwrap_or_default();
            for (index, one) in judged.iter().enumerate() {
                let later = judged.get(index + 1);
                for issue in &one.issues {
                    count += 1;
                    if count <= MAX_ISSUES {
                        let place = issue.location.as_ref().map_or(String::new(), place);
                        self.line(format_args!(
                            "- **{}** {} (from {}{place}): {} *{}*",
                            issue.severity.as_str(),
                            words(&issue.id),
                            words(&issue.phase_injected),
                            words(&issue.description),
                            words(&became(issue, one, later)),
                        ));
                    }
                }
            }
        }
        match count {
            0 => self.line("No gate found anything."),
            _ if count > MAX_ISSUES => self.line(format_args!("- and {} more, in the artifacts", count - MAX_ISSUES)),
            _ => {}
        }
    }

    fn tests(&mut self) -> Result<(), OutputError> {
        let state = self.artifacts.state;
        let test_gates = || {
            let gates = state.pipeline.phases.iter();
            gates.filter(|phase| phase.gate.as_ref().is_some_and(|gate| gate.tests.is_some()))
        };
        if test_gates().next().is_none() {
            return Ok(());
        }
        self.heading("Tests that ran");
        let mut rows = Vec::new();
        let mut last = None;
        for phase in test_gates() {
            for judged in state.phases.get(&phase.name).map(|known| known.judged.as_slice()).unwrap_or_default() {
                let Some(report) = &judged.report else { continue };
                let report = self.artifacts.json(report.name.as_str(), &report.digest)?;
                let total = |key| number(report.get("totals").and_then(|totals| totals.get(key)));
                rows.push([
                    format!("{}#{}", phase.name, judged.attempt),
                    total("passed"),
                    total("failed"),
                    total("errored"),
                    total("skipped"),
                    short(text_of(&report, "code")),
                ]);
                last = Some(report);
            }
        }
        let Some(last) = last else {
            self.line("No test ran.");
            return Ok(());
        };
        self.line("The host ran them itself, on the code of this digest. Code and tests share one interpreter: what");
        self.line(
            "replaces the judges is looked for, but code that sets out to forge its results is not always caught.\n",
        );
        self.table(["run", "passed", "failed", "errored", "skipped", "code"], rows);
        for error in last.get("build").map(|build| list(build, "errors")).unwrap_or_default() {
            self.line(format_args!("- build error: {}", words(&said(error))));
        }
        for test in list(&last, "tests").iter().filter(|test| text_of(test, "outcome") != "passed") {
            let message = test.get("message").map(said).unwrap_or_default();
            let (name, outcome) = (words(text_of(test, "name")), words(text_of(test, "outcome")));
            self.line(format_args!("- `{name}` {outcome}: {}", words(&message)));
        }
        if !self.result.dropped_tests.is_empty() {
            self.line("\nTests that were given up:\n");
        }
        for dropped in &self.result.dropped_tests {
            let (test, reason) = (words(&dropped.test), words(&dropped.reason));
            self.line(format_args!("- `{test}` in {}#{}: {reason}", dropped.gate, dropped.attempt));
        }
        Ok(())
    }

    fn people(&mut self) {
        if self.result.approvals.is_empty() {
            return;
        }
        self.heading("Decisions of people");
        let rows = self.result.approvals.iter().map(|said| {
            let about: Vec<_> = said.about.iter().map(|digest| digest.short()).collect();
            let gate = format!("{}#{}", said.gate, said.attempt);
            [format_utc(said.at_ms), gate, choice(said), cell(&said.by), cell(&said.reason), about.join(" ")]
        });
        let rows = rows.collect::<Vec<_>>();
        self.table(["when", "gate", "decision", "by", "why", "about"], rows);
    }

    fn effort(&mut self) {
        self.heading("Cost and time");
        let efforts = efforts(self.events);
        let state = self.artifacts.state;
        let mut rows = Vec::new();
        for phase in &state.pipeline.phases {
            let effort = efforts.get(&phase.name).copied().unwrap_or_default();
            let attempts = state.phases.get(&phase.name).map_or(0, |known| known.attempts);
            rows.push([
                phase.name.to_string(),
                attempts.to_string(),
                effort.spent.calls.to_string(),
                effort.spent.input_tokens.to_string(),
                effort.spent.output_tokens.to_string(),
                usd(effort.spent.usd),
                duration(effort.elapsed_ms),
            ]);
        }
        let totals = &self.result.totals;
        rows.push([
            "**all**".to_owned(),
            String::new(),
            totals.calls.to_string(),
            totals.input_tokens.to_string(),
            totals.output_tokens.to_string(),
            usd(totals.usd),
            duration(totals.elapsed_ms),
        ]);
        self.table(["phase", "attempts", "model calls", "tokens in", "tokens out", "USD", "time"], rows);
        self.line("\nTime is that of agents and tests; waiting for people is not counted.");
        if totals.usd.is_none() {
            let known: Vec<f64> = self.events.iter().filter_map(|recorded| priced(&recorded.event)).collect();
            match known.is_empty() {
                true => self.line("The price of the models is not known, so neither is the cost."),
                false => {
                    let sum: f64 = known.iter().sum();
                    self.line(format_args!("The price of some calls is not known; the others cost {sum:.4} USD."));
                }
            }
        }
    }

    fn maybe_billed(&mut self) {
        if self.result.maybe_billed.is_empty() {
            return;
        }
        self.heading("Calls that may have been billed");
        self.line("They were asked and never answered, so nobody here knows what they cost.\n");
        let calls = self.result.maybe_billed.iter().map(|open| {
            let when = format_utc(open.asked_at_ms);
            format!("- {} call {} ({}) to {}, asked {when}", open.at, open.call, words(&open.label), words(&open.model))
        });
        let calls = calls.collect::<Vec<_>>().join("\n");
        self.line(calls);
    }

    fn proposals(&mut self) -> Result<(), OutputError> {
        let Some(pips) = self.artifacts.current(kinds::PIPS)? else { return Ok(()) };
        let proposals = list(&pips, "proposals");
        if proposals.is_empty() {
            return Ok(());
        }
        self.heading("Proposals to improve the process");
        for proposal in proposals {
            let id = text_of(proposal, "id");
            let decided = self.result.proposals.iter().rev().find(|decided| decided.id == id);
            let status = decided.map_or("pending".to_owned(), |decided| {
                let word = if decided.approved { "approved" } else { "rejected" };
                format!("{word} by {}: {}", words(&decided.by), words(&decided.reason))
            });
            self.line(format_args!("- **{}** ({status}): {}", words(id), words(text_of(proposal, "analysis"))));
            for change in list(proposal, "proposed_changes") {
                let (verb, target) = (words(text_of(change, "change")), words(text_of(change, "target")));
                self.line(format_args!("  - {verb} {target}: {}", words(text_of(change, "proposed"))));
            }
        }
        Ok(())
    }

    fn pinned(&mut self, written: &WrittenFiles) {
        self.heading("What this run was made with");
        let created = &self.artifacts.state.created;
        let rows: Vec<_> =
            created.components.iter().map(|(name, digest)| [name.to_string(), format!("`{digest}`")]).collect();
        self.table(["component", "digest"], rows);
        self.line(format_args!("\nPipeline `{}`, settings `{}`.", created.pipeline, created.settings));
        self.line(format_args!("The digests of all artifacts are in `{}`.", written.result));
    }
}

fn became(issue: &Issue, judged: &RecordedJudgement, later: Option<&RecordedJudgement>) -> String {
    let overridden = judged.approvals.last().filter(|said| said.choice == phasegate_process::Choice::Override);
    if let Some(said) = overridden {
        return format!("Accepted by {}: {}", said.by, said.reason);
    }
    if judged.verdict.passes() && judged.decided.is_none() {
        return "Went along to the next phase.".to_owned();
    }
    let Some(FeedbackOutcome::Revise { rework }) = &judged.decided else { return "Open.".to_owned() };
    let given = |rework: &&phasegate_process::Rework| rework.feedback.issues.iter().any(|known| known.id == issue.id);
    let mut phases: Vec<_> = rework.iter().filter(given).map(|rework| rework.phase.as_str()).collect();
    if phases.is_empty() {
        phases = rework.iter().map(|rework| rework.phase.as_str()).collect();
    }
    let back = format!("Sent back to {}", phases.join(", "));
    match later.map(|later| (later.attempt, later.verdict)) {
        None => format!("{back}; not judged again."),
        Some((attempt, Verdict::Passed | Verdict::PassedWithConditions)) => {
            format!("{back}; attempt {attempt} passed.")
        }
        Some((attempt, Verdict::Failed)) => format!("{back}; attempt {attempt} failed."),
        Some((attempt, Verdict::NotJudged)) => format!("{back}; attempt {attempt} could not be judged."),
    }
}

fn what_followed(attempt: &GateAttempt) -> String {
    let people = attempt.approvals.iter().map(|said| format!("{} by {}", choice(said), said.by));
    let decided = attempt.decided.as_ref().map(|decided| match decided {
        DecisionSummary::Revise(phases) => {
            let phases: Vec<_> = phases.iter().map(|phase| phase.as_str()).collect();
            format!("back to {}", phases.join(", "))
        }
        DecisionSummary::AskAPerson(reason) => format!("the strategy asked for a person: {reason}"),
        DecisionSummary::GiveUp(reason) => format!("the strategy gave up: {reason}"),
        DecisionSummary::Refused(reason) => format!("the strategy's decision was refused: {reason}"),
    });
    people.chain(decided).collect::<Vec<_>>().join("; ")
}

fn choice(said: &PersonDecision) -> String {
    let word = match said.choice {
        "approve" => "approved",
        "reject" => "rejected",
        "override" => "overridden",
        _ => "aborted",
    };
    match &said.revise {
        Some(phase) => format!("{word}, back to {phase}"),
        None => word.to_owned(),
    }
}

fn tally(attempt: &GateAttempt) -> String {
    let counts = &attempt.issues;
    let all = [(counts.critical, "critical"), (counts.high, "high"), (counts.medium, "medium"), (counts.low, "low")];
    let some: Vec<_> =
        all.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}

fn place(location: &phasegate_process::Location) -> String {
    let line = location.line.map_or(String::new(), |line| format!(":{line}"));
    format!(", `{}{line}`", words(&location.path))
}

fn priced(event: &Event) -> Option<f64> {
    match event {
        Event::ModelAnswered { usage: Usage { usd, .. }, .. } => *usd,
        _ => None,
    }
}

/// On one line, without marks that would begin a tag, a heading or code, and not longer than a person reads.
fn words(text: &str) -> String {
    let mut plain: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.chars().count() > MAX_WORDS {
        plain = plain.chars().take(MAX_WORDS).chain("…".chars()).collect();
    }
    plain
        .chars()
        .filter(|c| !c.is_control() && !is_hidden(*c))
        .collect::<String>()
        .replace('<', "&lt;")
        .replace('`', "'")
        .replace("](", "] (")
}

fn cell(text: &str) -> String {
    words(text).replace('|', "\\|")
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A text, or whatever else it is, as JSON.
fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn number(value: Option<&Value>) -> String {
    value.and_then(Value::as_u64).map_or("?".to_owned(), |number| number.to_string())
}

fn short(digest: &str) -> String {
    digest.parse::<phasegate_process::Digest>().map(|digest| digest.short().to_owned()).unwrap_or_default()
}

fn usd(sum: Option<f64>) -> String {
    sum.map_or("unknown".to_owned(), |sum| format!("{sum:.4}"))
}

fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_in_its_line_and_cell() {
        assert_eq!(cell("fine |\n## Gates\n<b>`x`"), "fine \\| ## Gates &lt;b>'x'");
        assert_eq!(words("a\u{202e}b\u{200b}c\u{9b}"), "abc");
        assert_eq!(words(&"x".repeat(700)).chars().count(), MAX_WORDS + 1);
    }

    #[test]
    fn durations_are_said_in_the_unit_that_fits() {
        assert_eq!([12, 1_250, 125_000].map(duration), ["12 ms", "1.2 s", "2 min 5 s"]);
    }
}
