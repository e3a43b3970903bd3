//! Test runs that an agent requests through `test-bench`.

use std::sync::Arc;
use std::time::Instant;

use phasegate_process::artifact::kinds;
use phasegate_process::manifest::ANY_LANGUAGE;
use phasegate_process::pipeline::Grants;
use phasegate_process::testing::{BenchError, File, Subject, TestRun};
use phasegate_process::{ArtifactRef, Digest, Event};
use tracing::Instrument;

use crate::error::Error;
use crate::run::calls::Calls;
use crate::run::limit_hit::LimitHit;
use crate::run::test_run;
use crate::run::test_run::suite::Code;
use crate::run::test_run::tested::TestedCode;
use crate::store::blobs::json_blob;

/// Files to test, with the digest of their artifact if they are from one.
type TestedFiles = (TestedCode, Option<Digest>);

pub(crate) struct TrialRuns {
    calls: Arc<Calls>,
    inputs: Vec<ArtifactRef>,
}

impl TrialRuns {
    pub(crate) fn new(calls: Arc<Calls>, inputs: Vec<ArtifactRef>) -> Self {
        Self { calls, inputs }
    }

    pub(crate) async fn run_tests(
        &self,
        call: u32,
        language: String,
        code: Subject,
        tests: Vec<File>,
    ) -> Result<Result<TestRun, BenchError>, Error> {
        self.calls.wait_turn(call).await;
        let request = json_blob(&(&language, &code, &tests));
        let recorded = self.calls.recorded_answer(call, &request);
        self.calls.end_turn(call);
        if let Some(run) = recorded? {
            return self.calls.context.json(&run);
        }
        if !self.may_test(&language) {
            let shown: String = language.chars().take(40).collect();
            let shown = shown.escape_debug();
            let (wanted, grant) = (format!("test runs in `{shown}`"), format!("test-bench = [\"{shown}\"]"));
            let is_any = |asks: &Grants| asks.test_bench.iter().any(|name| name == ANY_LANGUAGE);
            let is_asked = |asks: &Grants| is_any(asks) || self.serves(&asks.test_bench, &language);
            let why = self.calls.render_denied(&wanted, &grant, is_asked);
            return Ok(Err(BenchError::NoRunner(why)));
        }
        if let Some(run) = self.calls.context.trial_without_repository(&self.calls.at, call).await {
            return self.calls.context.json(&run);
        }
        let began = Instant::now();
        let (code, digest) = match self.resolve_subject(code)? {
            Ok(subject) => subject,
            Err(error) => return Ok(Err(error)),
        };
        let hit = LimitHit::new(&self.calls.at);
        let span = tracing::info_span!(parent: &self.calls.span, "test_run", call, language);
        let trial = test_run::run_trial(&self.calls.context, &language, &code, &tests, &hit);
        let run = trial.instrument(span).await?;
        let blob = json_blob(&run);
        let ran = Event::TestsRan {
            at: self.calls.at.clone(),
            call: Some(call),
            run: blob.digest.clone(),
            code: digest,
            request: Some(request.digest),
            elapsed_ms: began.elapsed().as_millis() as u64,
            limit: hit.first(),
        };
        self.calls.context.append_all(vec![ran], vec![blob])?;
        Ok(run)
    }

    /// Whether the agent may run tests in this language. A grant holds for every name of its language.
    fn may_test(&self, language: &str) -> bool {
        self.serves(&self.calls.grants.test_bench, language)
    }

    /// Whether this language is one of these, by one of its names.
    fn serves(&self, languages: &[String], language: &str) -> bool {
        let pipeline = &self.calls.context.pipeline;
        let served = |name: &str| pipeline.runner_for(name).map(|(language, _)| language);
        let wanted = served(language);
        languages.iter().any(|name| name == language || (wanted.is_some() && served(name) == wanted))
    }

    /// Returns the files to test: a draft of the agent, or the code of one of its inputs.
    fn resolve_subject(&self, subject: Subject) -> Result<Result<TestedFiles, BenchError>, Error> {
        let name = match subject {
            Subject::Draft(files) => {
                let paths = &self.calls.context.paths;
                let bad = files.iter().find_map(|file| Some((file.path.clone(), paths.fault(&file.path)?)));
                return Ok(match bad {
                    Some((path, why)) => Err(BenchError::Invalid(format!("path \"{}\": {why}", path.escape_debug()))),
                    None => Ok((TestedCode { files, deleted: Vec::new() }, None)),
                });
            }
            Subject::Input(name) => name,
        };
        let known = self
            .inputs
            .iter()
            .find(|input| input.name.as_str() == name && input.kind.as_str() == kinds::GENERATED_CODE);
        let Some(known) = known else {
            return Ok(Err(BenchError::Invalid(format!("no input of kind generated_code is called `{name}`"))));
        };
        let code: Code = self.calls.context.json(&known.digest)?;
        Ok(Ok((code.tested(), Some(known.digest.clone()))))
    }
}
