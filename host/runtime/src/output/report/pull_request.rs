//! Title and body of a pull request in Markdown, for whatever opens it.
//!
//! Texts of models and plugins are plain text on one line, as in the report. Fails with [`OutputError`] if an artifact cannot
//! be read.

use std::time::Duration;

use phasegate_journal::Journal;
use phasegate_process::Recorded;
use phasegate_process::artifact::kinds;
use phasegate_process::repository::RunBranch;
use phasegate_process::result::{TaskResult, TaskStatus};
use phasegate_process::state::State;
use serde::Serialize;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::page::Page;
use super::request_text::{inline_text, quoted_text};
use super::text::{
    array_field, capitalize, plain_text, plural, render_count, render_duration, render_usd, table_cell, text_field,
    text_or_json,
};
use crate::error::output::OutputError;
use crate::output::artifacts::ArtifactReader;
use crate::output::base_file::BaseFile;
use crate::output::files::RunFiles;
use crate::output::work::Work;

/// The most characters of a title.
const MAX_TITLE: usize = 100;
/// The most files that are listed.
const MAX_FILES: usize = 100;
/// The most issues that are listed.
const MAX_ISSUES: usize = 50;
/// Time to compare one file.
const TIMEOUT: Duration = Duration::from_secs(1);

/// A pull request for the branch of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullRequest {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// The branch with the work, if it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<RunBranch>,
    /// The branch that the run started from, as `main`; absent if it started from a commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Says that the run has not passed, as the first line of the body does.
    #[serde(skip)]
    pub note: Option<String>,
}

impl PullRequest {
    /// Describes a run in its current state.
    pub fn describe(journal: &dyn Journal, state: &State, events: &[Recorded]) -> Result<Self, OutputError> {
        let artifacts = ArtifactReader { journal, state };
        let result = TaskResult::from_events(state, events);
        let task = artifacts.current(kinds::TASK_REQUIREMENTS)?.unwrap_or_default();
        let description = text_field(&task, "description");
        let first = description.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("Change files");
        let mut title = plain_text(first.trim_start_matches('#'));
        if title.chars().count() > MAX_TITLE {
            title = title.chars().take(MAX_TITLE - 1).chain("…".chars()).collect();
        }
        let mut page = Page { artifacts: &artifacts, events, result: &result, text: String::new() };
        page.not_passed();
        page.asked(&task);
        page.changed_files()?;
        page.uncommitted();
        page.gates_of_request();
        page.tests_of_request()?;
        page.acceptance_of_request();
        page.open_issues();
        page.cost_of_request();
        let base = state.created.repository.as_ref();
        let target = base.and_then(|base| base.reference.as_deref()?.strip_prefix("refs/heads/").map(str::to_owned));
        Ok(Self {
            title,
            body: page.text.trim_start().to_owned(),
            branch: state.branch.clone(),
            target,
            note: not_passed_note(&result),
        })
    }
}

impl Page<'_> {
    fn not_passed(&mut self) {
        if let Some(note) = not_passed_note(self.result) {
            self.line(format_args!("{note}\n"));
        }
    }

    /// Changes that were not committed when the run was created; the branch begins with them.
    fn uncommitted(&mut self) {
        let base = self.artifacts.state.created.repository.as_ref();
        let files = base.map(|base| base.uncommitted.as_slice()).unwrap_or_default();
        if files.is_empty() {
            return;
        }
        let paths: Vec<_> = files.iter().take(MAX_FILES).map(|file| format!("`{}`", plain_text(&file.path))).collect();
        let more = files.len() - paths.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let (number, changes) = (files.len(), plural(files.len(), "change", "changes"));
        self.line(format_args!(
            "\nThe branch begins with a commit of {number} uncommitted {changes} of the working tree, which the run started \
             from: {}{more}.",
            paths.join(", ")
        ));
    }

    fn asked(&mut self, task: &Value) {
        self.heading("What was asked");
        self.line(quoted_text(text_field(task, "description")));
        if !array_field(task, "requirements").is_empty() {
            self.line("");
        }
        for (index, requirement) in array_field(task, "requirements").iter().enumerate() {
            self.line(format_args!("- R{}: {}", index + 1, inline_text(&text_or_json(requirement))));
        }
    }

    fn changed_files(&mut self) -> Result<(), OutputError> {
        self.heading("What changed");
        let artifacts = self.artifacts;
        let files = RunFiles::load(artifacts)?;
        let contents = files.code_and_tests();
        let work = Work::load(artifacts.journal, artifacts.state)?;
        let (mut rows, mut total) = (Vec::new(), (0, 0));
        for (path, is_there) in work.paths() {
            let base = artifacts.base_file(path)?;
            let new = contents.get(path).copied().filter(|_| is_there).unwrap_or_default();
            let (added, removed) = count_lines(base.as_ref(), new);
            total = (total.0 + added, total.1 + removed);
            let kind = match (base, is_there) {
                (_, false) => "deleted",
                (None, true) => "new",
                (Some(_), true) => "changed",
            };
            rows.push([format!("`{}`", table_cell(path)), kind.to_owned(), format!("+{added}"), format!("−{removed}")]);
        }
        if rows.is_empty() {
            self.line("No file changed.");
            return Ok(());
        }
        let number = rows.len();
        rows.truncate(MAX_FILES);
        self.table(["file", "change", "lines added", "lines removed"], rows);
        let more = number.saturating_sub(MAX_FILES);
        let more = if more > 0 { format!(", {more} of them not listed") } else { String::new() };
        let files = plural(number, "file", "files");
        self.line(format_args!("\n{number} {files}{more}, +{} −{} lines.", total.0, total.1));
        Ok(())
    }

    fn gates_of_request(&mut self) {
        if self.result.gates.is_empty() {
            return;
        }
        self.heading("Gates");
        let rows: Vec<_> = self
            .result
            .gates
            .iter()
            .map(|gate| {
                let last = gate
                    .attempts
                    .last()
                    .map(|attempt| inline_text(&attempt.reason).replace('|', "\\|"))
                    .unwrap_or_default();
                let standing = gate.standing.as_str().replace('_', " ");
                [gate.gate.to_string(), standing, gate.attempts.len().to_string(), last]
            })
            .collect();
        self.table(["gate", "status", "attempts", "last reason"], rows);
    }

    fn acceptance_of_request(&mut self) {
        if let Some(acceptance) = self.result.acceptance.describe() {
            self.heading("Acceptance tests");
            self.line(format_args!("{}.", capitalize(&plain_text(&acceptance))));
        }
    }

    fn tests_of_request(&mut self) -> Result<(), OutputError> {
        let mut gates = self.artifacts.state.pipeline.phases.iter().filter_map(|phase| phase.gate.as_ref());
        let Some(gate) = gates.rfind(|gate| gate.tests.is_some()) else { return Ok(()) };
        let Some(report) = self.artifacts.current(gate.report.as_str())? else { return Ok(()) };
        self.heading("Tests");
        let total = |key: &str| render_count(report.get("totals").and_then(|totals| totals.get(key)));
        self.line(format_args!(
            "{} passed, {} failed, {} errored, {} skipped.",
            total("passed"),
            total("failed"),
            total("errored"),
            total("skipped")
        ));
        let lists = [
            ("fixed", "Failed before and pass now"),
            ("regressed", "Passed before and fail now"),
            ("still_failing", "Failed before and still fail"),
        ];
        for (field, what) in lists {
            let tests = report.get("repository").map(|tests| array_field(tests, field)).unwrap_or_default();
            if tests.is_empty() {
                continue;
            }
            self.line(format_args!("\n{what}:\n"));
            for test in tests.iter().take(MAX_ISSUES) {
                let name = if test.is_object() { text_field(test, "name").to_owned() } else { text_or_json(test) };
                self.line(format_args!("- `{}`", plain_text(&name)));
            }
        }
        Ok(())
    }

    /// Issues that a gate accepted, and tests that were given up.
    fn open_issues(&mut self) {
        let state = self.artifacts.state;
        let mut lines = Vec::new();
        for phase in &state.pipeline.phases {
            let judged = state.phases.get(&phase.name).and_then(|known| known.judged.last());
            for issue in judged.into_iter().flat_map(|judged| &judged.issues) {
                let (severity, text) = (issue.severity.as_str(), inline_text(&issue.description));
                lines.push(format!("- **{severity}** ({}): {text}", phase.name));
            }
            for approval in judged.into_iter().flat_map(|judged| &judged.approvals) {
                let (choice, by) = (approval.choice.as_str(), inline_text(&approval.by));
                let reason = inline_text(&approval.reason);
                let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                lines.push(format!("- {}: {choice} by {by}{reason}", phase.name));
            }
        }
        for dropped in &self.result.dropped_tests {
            lines.push(format!("- dropped test `{}`: {}", plain_text(&dropped.test), inline_text(&dropped.reason)));
        }
        if lines.is_empty() {
            return;
        }
        self.heading("Open issues and conditions");
        let more = lines.len().saturating_sub(MAX_ISSUES);
        lines.truncate(MAX_ISSUES);
        lines.iter().for_each(|line| self.line(line));
        if more > 0 {
            self.line(format_args!("- {more} more, in the report of the run"));
        }
    }

    fn cost_of_request(&mut self) {
        self.heading("Cost");
        let totals = &self.result.totals;
        let usd = if self.result.scripted {
            "scripted answers".to_owned()
        } else {
            format!("{} USD", render_usd(totals.usd))
        };
        let calls = plural(totals.calls as usize, "model call", "model calls");
        self.line(format_args!(
            "{} {calls}, {} tokens in, {} tokens out, {usd}, in {} of work.",
            totals.calls,
            totals.input_tokens,
            totals.output_tokens,
            render_duration(totals.elapsed_ms)
        ));
        let base = self.artifacts.state.created.repository.as_ref();
        let base = base.map(|base| format!(", from commit {}", base.commit)).unwrap_or_default();
        self.line(format_args!("\nRun `{}` of Phasegate{base}.", self.result.run_id));
    }
}

/// Returns the first line of a request for a run that has not passed.
fn not_passed_note(result: &TaskResult) -> Option<String> {
    let status = result.status;
    (status != TaskStatus::Passed).then(|| format!("The run has not passed: its status is `{}`.", status.as_str()))
}

/// Returns the numbers of added and removed lines; of a base that is not text, none are removed.
fn count_lines(base: Option<&BaseFile>, new: &str) -> (usize, usize) {
    let old = match base {
        Some(BaseFile::Read(bytes)) => std::str::from_utf8(bytes).unwrap_or_default().replace("\r\n", "\n"),
        Some(BaseFile::TooLarge) | None => String::new(),
    };
    let new = new.replace("\r\n", "\n");
    let mut config = TextDiff::configure();
    let diff = config.timeout(TIMEOUT).diff_lines(old.as_str(), new.as_str());
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    (count(ChangeTag::Insert), count(ChangeTag::Delete))
}
