//! Everything a plugin can ask of the host. In a component these are the contract's imports; in a native unit test they
//! are answered by [`crate::testing::MockHost`]. Fails as the contract says, never by panicking in a component.

use crate::types::{ArtifactError, BenchError, File, Level, ModelError, Request, Response, Subject, TestRun};

#[cfg(target_arch = "wasm32")]
use crate::bindings::agent::phasegate::plugin as wit;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing as wit;

/// Asks a model. Calls may overlap: join several futures.
pub async fn complete(request: Request) -> Result<Response, ModelError> {
    wit::models::complete(request).await
}

/// The bytes of an input or, as `previous/NAME`, of this phase's earlier artifact.
pub fn read(name: &str) -> Result<Vec<u8>, ArtifactError> {
    wit::artifacts::read(name)
}

/// Every reason why this content would not be taken as an artifact of this kind; none if it would.
pub fn faults(kind: &str, content: &[u8]) -> Vec<String> {
    wit::artifacts::check(kind, content).err().unwrap_or_default()
}

/// Tries tests on code. Needs the grant `test-bench`; never counts for a gate.
pub async fn run_tests(language: &str, code: Subject, tests: Vec<File>) -> Result<TestRun, BenchError> {
    wit::test_bench::run_tests(language.to_owned(), code, tests).await
}

/// A line for people.
pub fn log(level: Level, line: &str) {
    wit::log::write(level, line);
}

/// What the plugin is doing now, and how far, 0.0 to 1.0 where known.
pub fn progress(what: &str, fraction: Option<f32>) {
    wit::log::progress(what, fraction);
}
