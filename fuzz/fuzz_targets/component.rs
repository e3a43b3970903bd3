//! Bytes that are given as a plugin: inspected, held against the contract, and compiled if they fit. Text is taken for the
//! manifest of one, and settings and artifacts are held against the schemas in it.
//!
//! Holds that none of it panics or hangs, that whatever does not fit is told in words, that what is said of a component is
//! about these bytes, and that a manifest can be kept.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::panic;
use std::sync::{Mutex, PoisonError};

use libfuzzer_sys::fuzz_target;
use phasegate_process::Digest;
use phasegate_process::artifact::Validator;
use phasegate_process::manifest::Manifest;
use phasegate_process::pipeline::{parse, standard};
use phasegate_process::source::Source;
use phasegate_sandbox::{Engine, EngineSettings, inspect, with_manifest};
use serde_json::json;

/// An engine keeps what it compiled; so many are kept before the next begins with nothing.
const KEPT: u32 = 200;

static ENGINE: Mutex<Option<(Engine, u32)>> = Mutex::new(None);

fuzz_target!(init: let_the_decoder_panic(), |bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        manifest(text);
    }
    let Ok(inspection) = inspect(bytes) else { return };
    assert_eq!((inspection.size, &inspection.digest), (bytes.len() as u64, &Digest::from_content(bytes)));
    match inspection.misfit {
        Some(misfit) => assert!(!misfit.to_string().is_empty()),
        None => {
            assert!(inspection.world.is_some());
            if let Err(refused) = engine().load(&"fuzz".parse().unwrap(), &inspection.digest, || Ok(bytes.to_vec())) {
                assert!(!refused.to_string().is_empty());
            }
        }
    }
});

/// `inspect` catches it.
fn let_the_decoder_panic() {
    let abort = panic::take_hook();
    panic::set_hook(Box::new(move |told| {
        if !told.location().is_some_and(|place| place.file().contains("wit-parser")) {
            abort(told);
        }
    }));
}

fn manifest(text: &str) {
    let Ok(manifest) = Manifest::parse(text) else { return };
    let stored = serde_json::to_string(&manifest).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&stored).unwrap(), manifest);
    let bytes = with_manifest(b"\0asm\x0d\0\x01\0", text).unwrap();
    assert_eq!(inspect(&bytes).unwrap().manifest, Some(manifest.clone()));
    let given = json!({"a": [1, "b", {"c": null}], "depth": -1.5, "e": {"a": {"a": {}}}});
    manifest.check_settings(&given);
    let source = Source { file: "tsp", text: standard("tsp").unwrap() };
    let mut pipeline = parse(source, &|_| Err(String::new())).unwrap();
    pipeline.kinds = manifest.kinds.iter().map(|(kind, schema)| (kind.clone(), schema.to_string())).collect();
    let validator = Validator { kinds: &pipeline.kinds, task_id: &"TASK-1".parse().unwrap(), plan: None };
    for kind in pipeline.kinds.keys() {
        let _ = validator.validate(kind, given.to_string().as_bytes());
    }
}

fn engine() -> Engine {
    let mut kept = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = || {
        let settings = EngineSettings { max_instances: 1, max_large_instances: 1, ..EngineSettings::default() };
        (Engine::new(settings).unwrap(), 0)
    };
    let (engine, loads) = kept.take().filter(|(_, loads)| *loads < KEPT).unwrap_or_else(fresh);
    *kept = Some((engine.clone(), loads + 1));
    engine
}
