//! Calls to the host. In a component they are the contract's imports; in a native unit test
//! [`crate::testing::MockHost`] answers them. Errors are those of the contract.

use crate::types::{
    ArtifactError, BenchError, File, FileList, Level, MatchList, ModelError, Request, Response, Subject, TestRun,
};

#[cfg(target_arch = "wasm32")]
use crate::bindings::agent::phasegate::plugin as wit;
#[cfg(not(target_arch = "wasm32"))]
use crate::mock as wit;

/// Sends one request to a model. Calls may overlap: join several futures.
pub async fn complete(request: Request) -> Result<Response, ModelError> {
    wit::models::complete(request).await
}

/// Returns the content of an input or, as `previous/NAME`, of this phase's artifact of the previous attempt. `repository/PATH`
/// reads a file of the run's repository.
pub fn read(name: &str) -> Result<Vec<u8>, ArtifactError> {
    wit::artifacts::read(name)
}

/// Returns the files of the run's repository below a folder, sorted by path; the empty text is the whole repository.
pub fn list_files(folder: &str) -> Result<FileList, ArtifactError> {
    wit::artifacts::list_files(folder)
}

/// Returns lines of the repository's text files that contain the text, without regard to case, sorted by path.
pub fn search_text(text: &str, folder: &str) -> Result<MatchList, ArtifactError> {
    wit::artifacts::search_text(text, folder)
}

/// Validates content as an artifact of this kind. Returns every fault; empty if the host would accept it.
pub fn faults(kind: &str, content: &[u8]) -> Vec<String> {
    wit::artifacts::check(kind, content).err().unwrap_or_default()
}

/// Runs tests on code. Requires the grant `test-bench`. The result never counts for a gate.
pub async fn run_tests(language: &str, code: Subject, tests: Vec<File>) -> Result<TestRun, BenchError> {
    wit::test_bench::run_tests(language.to_owned(), code, tests).await
}

/// Writes one line to the run's log.
pub fn log(level: Level, line: &str) {
    wit::log::write(level, line);
}

/// Reports the current activity and, where known, the completed fraction from 0.0 to 1.0.
pub fn progress(what: &str, fraction: Option<f32>) {
    wit::log::progress(what, fraction);
}
