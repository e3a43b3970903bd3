//! Conversion of files, tests and test runs.

use phasegate_process::testing::{BenchError, File, Outcome, Subject, TestCase, TestRun};

use crate::bindings::phasegate::plugin::types as wit;

pub(crate) fn files(files: Vec<wit::File>) -> Vec<File> {
    files.into_iter().map(|wit::File { path, content }| File { path, content }).collect()
}

pub(crate) fn to_files(files: &[File]) -> Vec<wit::File> {
    files.iter().map(|file| wit::File { path: file.path.clone(), content: file.content.clone() }).collect()
}

pub(crate) fn subject(subject: wit::Subject) -> Result<Subject, BenchError> {
    match subject {
        wit::Subject::Input(name) => Ok(Subject::Input(name)),
        wit::Subject::Draft(draft) => Ok(Subject::Draft(files(draft))),
        wit::Subject::Other(what) => Err(BenchError::Invalid(format!("this host does not know the subject `{what}`"))),
    }
}

/// Returns the size of code and tests in bytes, for the limit on the requests of an agent.
pub(crate) fn subject_size(code: &wit::Subject, tests: &[wit::File]) -> usize {
    let files = |files: &[wit::File]| {
        files.iter().map(|file| file.path.len() + file.content.len() + size_of::<wit::File>()).sum::<usize>()
    };
    let code = match code {
        wit::Subject::Input(text) | wit::Subject::Other(text) => text.len(),
        wit::Subject::Draft(draft) => files(draft),
    };
    code + files(tests)
}

pub(crate) fn result(result: Result<TestRun, BenchError>) -> Result<wit::TestRun, wit::BenchError> {
    result.map(to_run).map_err(|error| match error {
        BenchError::NoRunner(text) => wit::BenchError::NoRunner(text),
        BenchError::Limit(text) => wit::BenchError::Limit(text),
        BenchError::Invalid(text) => wit::BenchError::Invalid(text),
        BenchError::Other(text) => wit::BenchError::Other(text),
    })
}

fn to_run(run: TestRun) -> wit::TestRun {
    let tests = run.tests.into_iter().map(|TestCase { name, outcome, message, output }| {
        let outcome = match outcome {
            Outcome::Passed => wit::Outcome::Passed,
            Outcome::Failed => wit::Outcome::Failed,
            Outcome::Errored => wit::Outcome::Errored,
            Outcome::Skipped => wit::Outcome::Skipped,
        };
        wit::TestCase { name, outcome, message, output }
    });
    wit::TestRun { tests: tests.collect(), build_errors: run.build_errors }
}

pub(crate) fn from_result(result: Result<wit::TestRun, wit::BenchError>) -> Result<TestRun, BenchError> {
    result.map(from_run).map_err(|error| match error {
        wit::BenchError::NoRunner(text) => BenchError::NoRunner(text),
        wit::BenchError::Limit(text) => BenchError::Limit(text),
        wit::BenchError::Invalid(text) => BenchError::Invalid(text),
        wit::BenchError::Other(text) => BenchError::Other(text),
    })
}

fn from_run(run: wit::TestRun) -> TestRun {
    let tests = run.tests.into_iter().map(|wit::TestCase { name, outcome, message, output }| {
        let outcome = match outcome {
            wit::Outcome::Passed => Outcome::Passed,
            wit::Outcome::Failed => Outcome::Failed,
            wit::Outcome::Errored => Outcome::Errored,
            wit::Outcome::Skipped => Outcome::Skipped,
        };
        TestCase { name, outcome, message, output }
    });
    TestRun { tests: tests.collect(), build_errors: run.build_errors }
}

/// Returns the size of a result in bytes, for the limit on output.
pub(crate) fn size(result: &Result<wit::TestRun, wit::BenchError>) -> usize {
    match result {
        Ok(run) => {
            let case = |t: &wit::TestCase| t.name.len() + t.output.len() + t.message.as_deref().map_or(0, str::len);
            run.tests.iter().map(case).sum::<usize>() + run.build_errors.iter().map(String::len).sum::<usize>()
        }
        Err(
            wit::BenchError::NoRunner(text)
            | wit::BenchError::Limit(text)
            | wit::BenchError::Invalid(text)
            | wit::BenchError::Other(text),
        ) => text.len(),
    }
}
