//! The report of a run in Markdown, for readers who did not follow the run.
//!
//! Guarantees: texts of models and plugins are plain text on one line, so that they cannot look like a part of the report.
//! Fails with [`OutputError`] if an artifact cannot be read.

mod acceptance;
mod attempts;
mod cost;
mod decisions;
mod gates;
mod page;
mod pull_request;
mod request_text;
mod summary;
mod test_runs;
mod text;

use phasegate_process::Recorded;
use phasegate_process::result::TaskResult;

use self::page::Page;
pub use self::pull_request::PullRequest;
use crate::error::output::OutputError;
use crate::output::artifacts::ArtifactReader;
use crate::output::patch::Patch;
use crate::output::written::WrittenFiles;

/// Renders the report of a run in its current state.
pub(crate) fn render(
    artifacts: &ArtifactReader<'_>,
    events: &[Recorded],
    result: &TaskResult,
    written: &WrittenFiles,
    patch: &Patch,
) -> Result<String, OutputError> {
    let mut page = Page { artifacts, events, result, text: String::new() };
    page.outcome(written, patch);
    page.task()?;
    page.gates();
    page.issues();
    page.failed_attempts();
    page.test_runs()?;
    page.acceptance_tests()?;
    page.decisions();
    page.cost();
    page.maybe_billed();
    page.proposals()?;
    page.components(written);
    Ok(page.text)
}
