//! Files of people: tasks, pipelines, `phasegate.toml` and `phasegate.lock`. Each input is read as all four.
//!
//! Holds that no text panics or hangs, that every refusal says a line of the file and a hint, that a pipeline which is
//! taken reads back from the JSON it is pinned as, and a lock from the file it is written to.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use phasegate_process::lock::Lock;
use phasegate_process::pipeline::{Pipeline, check, parse};
use phasegate_process::source::{Source, SourceError};
use phasegate_process::task::Task;
use phasegate_runtime::{BUNDLED, Config};

/// There is nothing in it.
const NOWHERE: &str = "/nowhere/at/all";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Source { file: "fuzz.toml", text };
    if let Err(fault) = Task::parse(source) {
        in_the_file(text, &fault);
    }
    match parse(source, &|_| Err("there is no file".to_owned())).and_then(|pipeline| {
        check(source, &pipeline, &BUNDLED)?;
        Ok(pipeline)
    }) {
        Ok(pipeline) => reads_back(&pipeline),
        Err(fault) => in_the_file(text, &fault),
    }
    match Lock::parse(source) {
        Ok(lock) => assert_eq!(Lock::parse(Source { file: "again.toml", text: &lock.to_string() }), Ok(lock)),
        Err(fault) => in_the_file(text, &fault),
    }
    if let Ok(config) = Config::parse("fuzz.toml", text, Path::new(NOWHERE))
        && let Ok(loaded) = config.load_pipeline(None, None, Path::new(NOWHERE), &BUNDLED)
    {
        reads_back(&loaded.pipeline);
    }
});

/// Whether the place is one in the file, or in a file that it extends.
fn in_the_file(text: &str, fault: &SourceError) {
    assert!(fault.line >= 1 && (fault.file != "fuzz.toml" || fault.line <= text.lines().count() + 1), "{fault}");
    assert!(!fault.message.is_empty() && !fault.hint.is_empty(), "{fault:?}");
}

fn reads_back(pipeline: &Pipeline) {
    let pinned = serde_json::to_vec(pipeline).unwrap();
    assert_eq!(serde_json::from_slice::<Pipeline>(&pinned).unwrap(), *pipeline);
}
