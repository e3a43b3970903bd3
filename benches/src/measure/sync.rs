//! The disk: how long it takes until a small append is durable. No durable step can be faster than the syncs it waits for.

use std::io::Write;
use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};

use crate::samples::Samples;

/// The bytes of an append: a page of the journal.
const PAGE: [u8; 4096] = [0x5a; 4096];

/// Appends and syncs so many pages, one after another, in the folder of temporary files.
pub fn measure(times: usize) -> Result<Value> {
    let mut file = tempfile::tempfile()?;
    let mut samples = Samples::default();
    for _ in 0..times {
        let began = Instant::now();
        file.write_all(&PAGE)?;
        file.sync_data()?;
        samples.add(began);
    }
    Ok(json!({ "ms": samples.at(0.5), "p90_ms": samples.at(0.9) }))
}
