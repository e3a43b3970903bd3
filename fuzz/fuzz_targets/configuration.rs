//! Tasks, pipelines, `phasegate.toml` and `phasegate.lock`. Each input is parsed as all four.
//!
//! Checks that no text panics or hangs, that every error has a line of the file and a hint, that an accepted pipeline
//! survives being pinned as JSON, and that a lock survives being written.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use phasegate_process::lock::Lock;
use phasegate_process::pipeline::{Pipeline, check, parse};
use phasegate_process::source::{Source, SourceError};
use phasegate_process::task::Task;
use phasegate_runtime::{BUNDLED, Config};

/// A folder that does not exist.
const NOWHERE: &str = "/nowhere/at/all";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Source { file: "fuzz.toml", text };
    if let Err(fault) = Task::parse(source) {
        assert_located(text, &fault);
    }
    match parse(source, &|_| Err("there is no file".to_owned())).and_then(|pipeline| {
        check(source, &pipeline, &BUNDLED)?;
        Ok(pipeline)
    }) {
        Ok(pipeline) => assert_pins_unchanged(&pipeline),
        Err(fault) => assert_located(text, &fault),
    }
    match Lock::parse(source) {
        Ok(lock) => assert_eq!(Lock::parse(Source { file: "again.toml", text: &lock.to_string() }), Ok(lock)),
        Err(fault) => assert_located(text, &fault),
    }
    if let Ok(config) = Config::parse("fuzz.toml", text, Path::new(NOWHERE))
        && let Ok(loaded) = config.load_pipeline(None, None, Path::new(NOWHERE), &BUNDLED)
    {
        assert_pins_unchanged(&loaded.pipeline);
    }
});

/// Asserts that the error has a message, a hint, and a line of this file or of a file that it extends.
fn assert_located(text: &str, fault: &SourceError) {
    assert!(fault.line >= 1 && (fault.file != "fuzz.toml" || fault.line <= text.lines().count() + 1), "{fault}");
    assert!(!fault.message.is_empty() && !fault.hint.is_empty(), "{fault:?}");
}

fn assert_pins_unchanged(pipeline: &Pipeline) {
    let pinned = serde_json::to_vec(pipeline).unwrap();
    assert_eq!(serde_json::from_slice::<Pipeline>(&pinned).unwrap(), *pipeline);
}
