//! A mock host for native unit tests, with scripted inputs and answers. Not part of a component.
//!
//! A model call whose label has no scripted answer left panics, so a test must list every expected call.

use std::future::Future;

use crate::artifacts::{MappedFile, RepositoryMap};
use crate::macros::Agent;
use crate::mock::{MOCK, State, WHOLE_LIMIT};
use crate::types::{
    ArtifactRef, Assignment, BenchError, Content, Failure, ModelError, Request, Response, Submission, TestRun,
    ToolCall, Usage,
};
use crate::work::Work;

pub use crate::mock::Activity;

const MAP: &str = "repository_map";

/// A scripted host for one agent. Add inputs and answers, then call [`MockHost::run`].
#[derive(Default)]
pub struct MockHost {
    assignment: Option<Assignment>,
    state: State,
}

impl MockHost {
    /// Creates a host without inputs: task `TASK-001`, attempt 1, every artifact valid.
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes the assignment in place.
    #[must_use]
    pub fn assignment(mut self, change: impl FnOnce(&mut Assignment)) -> Self {
        change(self.assignment.get_or_insert_with(default_assignment));
        self
    }

    /// Adds an input with its kind and content.
    #[must_use]
    pub fn input(mut self, name: &str, kind: &str, content: impl Into<Vec<u8>>) -> Self {
        let reference = self.put(name, kind, content.into());
        self.assignment(|assignment| assignment.inputs.push(reference))
    }

    /// Adds a text or binary file to the run's repository, and to its map. The phase may then read the repository.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.state.contents.insert(format!("repository/{path}"), content.into());
        self.state.repository.get_or_insert_default().insert(path.to_owned());
        let map = serde_json::to_vec(&self.map()).unwrap_or_default();
        let is_new = !self.state.contents.contains_key(MAP);
        let reference = self.put(MAP, MAP, map);
        if is_new { self.assignment(|assignment| assignment.inputs.push(reference)) } else { self }
    }

    fn map(&self) -> RepositoryMap {
        let mut map = RepositoryMap { commit: "1".repeat(40), tree: "2".repeat(40), ..RepositoryMap::default() };
        for path in self.state.repository.iter().flatten() {
            let content = self.state.contents.get(&format!("repository/{path}")).map(Vec::as_slice).unwrap_or_default();
            let is_text = !content.contains(&0);
            let size = content.len() as u64;
            map.files += 1;
            map.text_bytes += if is_text { size } else { 0 };
            let kind = (!is_text).then(|| "binary".to_owned());
            map.paths.push(MappedFile { path: path.clone(), size, kind, ..MappedFile::default() });
        }
        map
    }

    /// Adds an artifact of the previous attempt. Give `name` without `previous/`.
    #[must_use]
    pub fn previous(mut self, name: &str, kind: &str, content: impl Into<Vec<u8>>) -> Self {
        let reference = self.put(&format!("previous/{name}"), kind, content.into());
        self.assignment(|assignment| assignment.previous.push(reference))
    }

    /// Scripts the next complete answer for this label.
    #[must_use]
    pub fn answer(self, label: &str, text: &str) -> Self {
        self.response(label, text, "end")
    }

    /// Scripts the next answer for this label as cut off at the limit of the request (`max-tokens`).
    #[must_use]
    pub fn truncated_answer(self, label: &str, text: &str) -> Self {
        self.respond(label, text, "max-tokens", WHOLE_LIMIT)
    }

    /// Scripts the next answer for this label with a stop reason, for example `refusal`, after one output token. With
    /// `max-tokens`, the model stopped because its context window is full.
    #[must_use]
    pub fn response(self, label: &str, text: &str, stop: &str) -> Self {
        self.respond(label, text, stop, 1)
    }

    fn respond(self, label: &str, text: &str, stop: &str, output_tokens: u64) -> Self {
        let content = vec![Content::Text(text.to_owned())];
        self.content(label, content, stop, output_tokens)
    }

    /// Scripts the next answer for this label in all its parts, with the number of its output tokens.
    #[must_use]
    pub fn content(mut self, label: &str, content: Vec<Content>, stop: &str, output_tokens: u64) -> Self {
        let response = Response {
            content,
            stop: stop.to_owned(),
            model: "test:mock".to_owned(),
            usage: Usage { input_tokens: 1, output_tokens, cached_input_tokens: 0, usd: None },
        };
        self.state.answers.entry(label.to_owned()).or_default().push_back(Ok(response));
        self
    }

    /// Scripts the next answer for this label as calls of tools, each with its name and arguments. Their ids are `call-1`, `call-2`, ….
    #[must_use]
    pub fn calls(self, label: &str, calls: &[(&str, &str)]) -> Self {
        self.calls_after(label, Vec::new(), calls)
    }

    /// Scripts an answer as [`MockHost::calls`] does, with content before the calls.
    #[must_use]
    pub fn calls_after(self, label: &str, mut content: Vec<Content>, calls: &[(&str, &str)]) -> Self {
        content.extend(calls.iter().zip(1..).map(|((name, arguments), at)| {
            Content::ToolCall(ToolCall {
                id: format!("call-{at}"),
                name: (*name).to_owned(),
                arguments: (*arguments).to_owned(),
            })
        }));
        self.content(label, content, "tool-calls", 1)
    }

    /// Scripts an error for the next call of this label.
    #[must_use]
    pub fn model_error(mut self, label: &str, error: ModelError) -> Self {
        self.state.answers.entry(label.to_owned()).or_default().push_back(Err(error));
        self
    }

    /// Scripts the result of the next test run.
    #[must_use]
    pub fn test_run(mut self, run: Result<TestRun, BenchError>) -> Self {
        self.state.test_runs.push_back(run);
        self
    }

    /// Sets the validation of artifacts: a function from kind and content to faults.
    #[must_use]
    pub fn check_with(mut self, check: impl Fn(&str, &[u8]) -> Vec<String> + 'static) -> Self {
        self.state.check = Some(Box::new(check));
        self
    }

    /// Runs an agent on this host. Returns its result and its calls.
    pub fn run<A: Agent>(self) -> (Result<Submission, Failure>, Activity) {
        self.run_with(|work| A::run(work))
    }

    /// Runs a part of an agent on this host.
    pub fn run_with<F: Future>(self, run: impl FnOnce(Work) -> F) -> (F::Output, Activity) {
        let assignment = self.assignment.unwrap_or_else(default_assignment);
        MOCK.set(self.state);
        let output = futures_executor::block_on(run(Work::new(assignment)));
        (output, MOCK.take().activity)
    }

    fn put(&mut self, name: &str, kind: &str, content: Vec<u8>) -> ArtifactRef {
        let size = content.len() as u64;
        self.state.contents.insert(name.to_owned(), content);
        ArtifactRef { name: name.to_owned(), kind: kind.to_owned(), digest: format!("sha256:{:064}", size), size }
    }
}

/// All text of a request's messages, joined without a separator.
pub fn request_text(request: &Request) -> String {
    let texts = request.messages.iter().flat_map(|message| &message.content).filter_map(|content| match content {
        Content::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// Returns a number, as 16 hexadecimal digits, that depends on every byte of the requests. A test that compares it fails when a
/// change reaches what models are sent.
pub fn requests_fingerprint(requests: &[Request]) -> String {
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = requests.iter().flat_map(|request| format!("{request:?}").into_bytes());
    format!(
        "{:016x}",
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
    )
}

fn default_assignment() -> Assignment {
    Assignment {
        run_id: "run-1".to_owned(),
        task_id: "TASK-001".to_owned(),
        phase: "phase".to_owned(),
        attempt: 1,
        inputs: Vec::new(),
        expected: Vec::new(),
        previous: Vec::new(),
        feedback: Vec::new(),
        environment: "{}".to_owned(),
        settings: "{}".to_owned(),
    }
}
