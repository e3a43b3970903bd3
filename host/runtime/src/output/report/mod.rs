//! The report: what was asked, what came of it, why, and what it took, for somebody who was not there.
//!
//! Words of models and plugins are put in as plain text on one line, so that they cannot pretend to be the report's own.

mod cost;
mod decisions;
mod gates;
mod page;
mod summary;
mod test_runs;
mod text;

use phasegate_process::Recorded;
use phasegate_process::result::TaskResult;

use self::page::Page;
use crate::error::output::OutputError;
use crate::output::artifacts::ArtifactReader;
use crate::output::patch::Patch;
use crate::output::written::WrittenFiles;

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
