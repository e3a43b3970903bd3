//! The files of the run's repository, for the agent of one attempt.
//!
//! Guarantees:
//! - The answer to a request is recorded when an agent of the run first makes it. Equal requests, also of later attempts, of
//!   a resumed run, of a fork and of a replay, get the recorded answer, and need no repository.
//! - Only phases whose `reads` have `repository/*` get answers.
//! - Requests and bytes of one attempt are limited.
//!
//! A repository that cannot be read stops the run. The texts that guests get are part of the record.

use std::sync::{Arc, Mutex};

use phasegate_journal::Blob;
use phasegate_process::repository::{
    FILE_PREFIX, FileList, MatchList, RepositoryAnswer, RepositoryRequest, RequestFailure,
};
use phasegate_process::state::AgentWork;
use phasegate_process::sync::lock;
use phasegate_process::{AttemptId, Event};
use phasegate_sandbox::ArtifactError;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::run::context::RunContext;
use crate::store::blobs::json_blob;

/// The most requests of one attempt.
const MAX_REQUESTS: u32 = 2_000;
/// The most bytes of all answers of one attempt.
const MAX_BYTES: u64 = 64 << 20;
/// The most bytes of a path.
const MAX_PATH_BYTES: usize = 1_024;
/// The most bytes of a text to search for.
const MAX_TEXT_BYTES: usize = 400;

/// Answers to an agent; an error is for the guest.
type Answered<T> = Result<T, ArtifactError>;

pub(crate) struct RepositoryFiles {
    context: Arc<RunContext>,
    at: AttemptId,
    granted: bool,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    requests: u32,
    bytes: u64,
}

impl RepositoryFiles {
    pub(crate) fn new(context: Arc<RunContext>, work: &AgentWork) -> Self {
        let granted = work.phase.reads.iter().any(|read| read.is_repository());
        Self { context, at: work.at.clone(), granted, used: Mutex::default() }
    }

    /// Returns the content of a file. Fails if the run cannot continue.
    pub(crate) async fn read(&self, path: &str) -> Result<Answered<Vec<u8>>, Error> {
        self.answer(RepositoryRequest::Read { path: path.to_owned() }).await
    }

    /// Returns the files below a folder. Fails if the run cannot continue.
    pub(crate) async fn list(&self, folder: &str) -> Result<Answered<FileList>, Error> {
        self.answer(RepositoryRequest::List { folder: without_slash(folder) }).await?.map_or_else(|e| Ok(Err(e)), parse)
    }

    /// Returns the lines that contain a text. Fails if the run cannot continue.
    pub(crate) async fn search(&self, text: &str, folder: &str) -> Result<Answered<MatchList>, Error> {
        let request = RepositoryRequest::Search { text: text.to_owned(), folder: without_slash(folder) };
        self.answer(request).await?.map_or_else(|e| Ok(Err(e)), parse)
    }

    async fn answer(&self, request: RepositoryRequest) -> Result<Answered<Vec<u8>>, Error> {
        if let Err(rejected) = self.admit(&request) {
            return Ok(Err(rejected));
        }
        let answer = find_answer(&self.context, &self.at, request).await?;
        let bytes = self.context.blob(&answer.content)?;
        let mut used = lock(&self.used);
        used.bytes = used.bytes.saturating_add(bytes.len() as u64);
        if used.bytes > MAX_BYTES {
            return Ok(Err(too_many_bytes()));
        }
        match answer.failed {
            false => Ok(Ok(bytes)),
            true => Ok(Err(match self.context.json(&answer.content)? {
                RequestFailure::Unknown(why) | RequestFailure::NotAFile(why) => ArtifactError::Unknown(why),
                RequestFailure::TooLarge(why) => ArtifactError::TooLarge(why),
            })),
        }
    }

    /// Rejects a request without looking at the repository.
    fn admit(&self, request: &RepositoryRequest) -> Answered<()> {
        if self.context.state().created.repository.is_none() {
            return Err(ArtifactError::no_repository());
        }
        if !self.granted {
            let why =
                format!("phase `{}` does not read the repository: its `reads` lack `repository/*`", self.at.phase);
            return Err(ArtifactError::Unknown(why));
        }
        let (path, text) = match request {
            RepositoryRequest::Read { path } => (path, None),
            RepositoryRequest::List { folder } => (folder, None),
            RepositoryRequest::Search { text, folder } => (folder, Some(text)),
        };
        if path.len() > MAX_PATH_BYTES {
            return Err(ArtifactError::Unknown(format!("a path has at most {MAX_PATH_BYTES} bytes")));
        }
        let is_line = |text: &String| (1..=MAX_TEXT_BYTES).contains(&text.len()) && !text.contains(['\n', '\r', '\0']);
        if text.is_some_and(|text| !is_line(text)) {
            let why = format!("the text to search for must be one line of 1 to {MAX_TEXT_BYTES} bytes");
            return Err(ArtifactError::Other(why));
        }
        let mut used = lock(&self.used);
        used.requests += 1;
        match () {
            () if used.requests > MAX_REQUESTS => {
                Err(ArtifactError::Other(format!("an attempt asks for files at most {MAX_REQUESTS} times")))
            }
            () if used.bytes >= MAX_BYTES => Err(too_many_bytes()),
            () => Ok(()),
        }
    }
}

/// Returns the answer to a request: the recorded one, or that of the repository, which is then recorded for this attempt.
async fn find_answer(
    context: &RunContext,
    at: &AttemptId,
    request: RepositoryRequest,
) -> Result<RepositoryAnswer, Error> {
    if let Some(known) = context.state().repository.get(&request) {
        return Ok(known.clone());
    }
    if let Some(check) = context.replay_check() {
        return check.repository_answer(&request).ok_or_else(|| Error::Differs {
            run: context.run().clone(),
            place: at.to_string(),
            what: format!("it {request}, which is not in the record"),
            diff: String::new(),
        });
    }
    let (blob, failed) = match context.base_tree().await?.answer(request.clone()).await? {
        Ok(bytes) => (Blob::new(bytes), false),
        Err(failure) => (json_blob(&failure), true),
    };
    let answer = RepositoryAnswer { content: blob.digest.clone(), failed };
    let event = Event::RepositoryRead { at: at.clone(), request, answer: answer.content.clone(), failed };
    context.append_all(vec![event], vec![blob])?;
    Ok(answer)
}

/// Reads a file of the repository for the host: a file that an attempt replaces or deletes. It counts as no request of the
/// agent.
pub(crate) async fn read_base(
    context: &RunContext,
    at: &AttemptId,
    path: &str,
) -> Result<Result<Vec<u8>, RequestFailure>, Error> {
    let answer = find_answer(context, at, RepositoryRequest::Read { path: path.to_owned() }).await?;
    match answer.failed {
        false => context.blob(&answer.content).map(Ok),
        true => context.json(&answer.content).map(Err),
    }
}

/// Returns the path of a file of the repository that an agent reads by this name.
pub(crate) fn path_of(name: &str) -> Option<&str> {
    name.strip_prefix(FILE_PREFIX)
}

fn too_many_bytes() -> ArtifactError {
    ArtifactError::Other(format!("the answers of this attempt exceed the limit of {} MiB", MAX_BYTES >> 20))
}

fn without_slash(folder: &str) -> String {
    folder.strip_suffix('/').unwrap_or(folder).to_owned()
}

/// Parses an answer that this version wrote, or an older one.
fn parse<T: DeserializeOwned>(bytes: Vec<u8>) -> Result<Answered<T>, Error> {
    let why =
        |why: serde_json::Error| Error::host_failed(format!("the recorded answer of a repository is invalid: {why}"));
    serde_json::from_slice(&bytes).map(Ok).map_err(why)
}
