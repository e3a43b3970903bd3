//! Bytes that are given as a plugin: inspected, held against the contract, and compiled if they fit.
//!
//! Holds that none of it panics or hangs, that whatever does not fit is told in words, and that what is said of a component
//! is about these bytes.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::sync::{Mutex, PoisonError};

use libfuzzer_sys::fuzz_target;
use phasegate_process::Digest;
use phasegate_sandbox::{Engine, EngineSettings, inspect};

/// An engine keeps what it compiled; so many are kept before the next begins with nothing.
const KEPT: u32 = 200;

static ENGINE: Mutex<Option<(Engine, u32)>> = Mutex::new(None);

fuzz_target!(|bytes: &[u8]| {
    let Ok(inspection) = inspect(bytes) else { return };
    assert_eq!((inspection.size, &inspection.digest), (bytes.len() as u64, &Digest::of(bytes)));
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
