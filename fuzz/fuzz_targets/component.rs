//! Bytes of a plugin: inspected, compared with the contract, and compiled if they fit. Input that is text is also parsed as a
//! manifest, and settings and artifacts are checked against its schemas.
//!
//! Checks that nothing panics or hangs, that every rejection has a message, that an inspection is of these bytes, and that a
//! manifest survives being stored.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::panic;
use std::sync::Mutex;

use libfuzzer_sys::fuzz_target;
use phasegate_process::Digest;
use phasegate_process::artifact::{PathRules, Validator};
use phasegate_process::manifest::Manifest;
use phasegate_process::pipeline::{parse, standard};
use phasegate_process::source::Source;
use phasegate_process::sync::lock;
use phasegate_sandbox::{Engine, EngineSettings, inspect, with_manifest};
use serde_json::json;

/// Loads per engine. An engine keeps every component that it compiled, so a new one replaces it after this many.
const LOADS_PER_ENGINE: u32 = 200;

static ENGINE: Mutex<Option<(Engine, u32)>> = Mutex::new(None);

fuzz_target!(init: allow_decoder_panics(), |bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        check_manifest(text);
    }
    let Ok(inspection) = inspect(bytes) else { return };
    assert_eq!((inspection.size, &inspection.digest), (bytes.len() as u64, &Digest::from_content(bytes)));
    match inspection.misfit {
        Some(misfit) => assert!(!misfit.to_string().is_empty()),
        None => {
            assert!(inspection.world.is_some());
            if let Err(error) = engine().load(&"fuzz".parse().unwrap(), &inspection.digest, || Ok(bytes.to_vec())) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
});

/// Keeps libFuzzer from aborting on a panic in the WIT decoder, which `inspect` catches.
fn allow_decoder_panics() {
    let abort = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.location().is_some_and(|place| place.file().contains("wit-parser")) {
            abort(info);
        }
    }));
}

fn check_manifest(text: &str) {
    let Ok(manifest) = Manifest::parse(text) else { return };
    let stored = serde_json::to_string(&manifest).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&stored).unwrap(), manifest);
    let bytes = with_manifest(b"\0asm\x0d\0\x01\0", text).unwrap();
    assert_eq!(inspect(&bytes).unwrap().manifest, Some(manifest.clone()));
    let given = json!({"a": [1, "b", {"c": null}], "depth": -1.5, "e": {"a": {"a": {}}}});
    manifest.check_settings(&given);
    let source = Source { file: "tsp", text: standard("tsp").unwrap() };
    let mut pipeline = parse(source, &|_| Err(String::new())).unwrap();
    pipeline.kinds = manifest.kinds.iter().map(|(kind, schema)| (kind.clone(), schema.to_string().into())).collect();
    let paths = &PathRules::default();
    let validator = Validator { kinds: &pipeline.kinds, task_id: &"TASK-1".parse().unwrap(), plan: None, paths };
    for kind in pipeline.kinds.keys() {
        let _ = validator.validate(kind, given.to_string().as_bytes());
    }
}

fn engine() -> Engine {
    let mut current = lock(&ENGINE);
    let fresh = || {
        let settings = EngineSettings { max_instances: 1, max_large_instances: 1, ..EngineSettings::default() };
        (Engine::new(settings).unwrap(), 0)
    };
    let (engine, loads) = current.take().filter(|(_, loads)| *loads < LOADS_PER_ENGINE).unwrap_or_else(fresh);
    *current = Some((engine.clone(), loads + 1));
    engine
}
