//! Results in JSON with the version of their form.
//!
//! `docs/schemas` describes every form. A form changes by addition; any other change raises its number.

use serde::Serialize;

/// A result whose first key is `format`, the version of its form.
#[derive(Debug, Serialize)]
pub struct Versioned<T> {
    format: u32,
    #[serde(flatten)]
    result: T,
}

impl<T: Serialize> Versioned<T> {
    /// Adds a version to a result, which must be an object without the key `format`.
    pub fn new(format: u32, result: T) -> Self {
        Self { format, result }
    }
}
