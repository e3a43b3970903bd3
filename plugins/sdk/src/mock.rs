//! The state of a mock host and its answers to the contract's imports. [`crate::testing`] fills it and reads it back.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::types::{BenchError, File, ModelError, Request, Response, Subject, TestRun};

thread_local! {
    pub(crate) static MOCK: RefCell<State> = RefCell::default();
}

/// As many output tokens as the request allows.
pub(crate) const WHOLE_LIMIT: u64 = u64::MAX;

pub(crate) type Check = Box<dyn Fn(&str, &[u8]) -> Vec<String>>;

/// Scripted inputs and answers, and the calls made so far.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) contents: BTreeMap<String, Vec<u8>>,
    /// The paths of the repository's files, if the run has one; their contents are in `contents`.
    pub(crate) repository: Option<BTreeSet<String>>,
    pub(crate) answers: BTreeMap<String, VecDeque<Result<Response, ModelError>>>,
    pub(crate) test_runs: VecDeque<Result<TestRun, BenchError>>,
    pub(crate) check: Option<Check>,
    pub(crate) activity: Activity,
}

/// The calls that an agent made.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    /// Model calls, in order.
    pub requests: Vec<Request>,
    /// Test runs, in order: language, code and test files.
    pub test_runs: Vec<(String, Subject, Vec<File>)>,
    /// Log lines as `Level: line`, and progress reports.
    pub log: Vec<String>,
}

pub(crate) mod models {
    use super::{MOCK, ModelError, Request, Response};

    pub(crate) async fn complete(request: Request) -> Result<Response, ModelError> {
        MOCK.with_borrow_mut(|host| {
            let label = request.label.clone();
            let limit = u64::from(request.max_output_tokens);
            host.activity.requests.push(request);
            let next = host.answers.get_mut(&label).and_then(|answers| answers.pop_front());
            assert!(next.is_some(), "MockHost has no answer left for `{label}`");
            let mut response = next.unwrap_or(Err(ModelError::Other(label)))?;
            response.usage.output_tokens = response.usage.output_tokens.min(limit);
            Ok(response)
        })
    }
}

pub(crate) mod artifacts {
    use super::MOCK;
    use crate::types::{ArtifactError, FileList, MatchList, RepositoryFile, TextMatch};

    pub(crate) fn read(name: &str) -> Result<Vec<u8>, ArtifactError> {
        MOCK.with_borrow(|host| host.contents.get(name).cloned()).ok_or_else(|| ArtifactError::Unknown(name.to_owned()))
    }

    pub(crate) fn list_files(folder: &str) -> Result<FileList, ArtifactError> {
        let files = repository_files(folder)?.into_iter().map(|(path, content)| RepositoryFile {
            path,
            size: content.len() as u64,
            kind: if content.contains(&0) { "binary".to_owned() } else { "text".to_owned() },
        });
        Ok(FileList { files: files.collect(), left_out: 0 })
    }

    pub(crate) fn search_text(text: &str, folder: &str) -> Result<MatchList, ArtifactError> {
        let wanted = text.to_lowercase();
        let mut matches = Vec::new();
        for (path, content) in repository_files(folder)? {
            let content = String::from_utf8_lossy(&content).into_owned();
            let found = content.lines().zip(1_u32..).filter(|(line, _)| line.to_lowercase().contains(&wanted));
            matches.extend(found.map(|(line, at)| TextMatch { path: path.clone(), line: at, text: line.to_owned() }));
        }
        Ok(MatchList { matches, incomplete: false })
    }

    fn repository_files(folder: &str) -> Result<Vec<(String, Vec<u8>)>, ArtifactError> {
        MOCK.with_borrow(|host| {
            let Some(paths) = &host.repository else {
                return Err(ArtifactError::Unknown("this run has no repository".to_owned()));
            };
            let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            let paths = paths.iter().filter(|path| path.starts_with(&start));
            let content = |path: &String| host.contents.get(&format!("repository/{path}")).cloned().unwrap_or_default();
            Ok(paths.map(|path| (path.clone(), content(path))).collect())
        })
    }

    pub(crate) fn check(kind: &str, content: &[u8]) -> Result<(), Vec<String>> {
        let faults = MOCK.with_borrow(|host| host.check.as_ref().map(|check| check(kind, content)).unwrap_or_default());
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

pub(crate) mod test_bench {
    use super::{BenchError, File, MOCK, Subject, TestRun};

    pub(crate) async fn run_tests(language: String, code: Subject, tests: Vec<File>) -> Result<TestRun, BenchError> {
        MOCK.with_borrow_mut(|host| {
            host.activity.test_runs.push((language, code, tests));
            host.test_runs
                .pop_front()
                .unwrap_or_else(|| Err(BenchError::NoRunner("MockHost has no test run left".to_owned())))
        })
    }
}

pub(crate) mod log {
    use super::MOCK;
    use crate::types::Level;

    pub(crate) fn write(level: Level, line: &str) {
        MOCK.with_borrow_mut(|host| host.activity.log.push(format!("{level:?}: {line}")));
    }

    pub(crate) fn progress(what: &str, fraction: Option<f32>) {
        MOCK.with_borrow_mut(|host| host.activity.log.push(format!("progress: {what} {fraction:?}")));
    }
}
