//! Machine code that was compiled before becomes a component again. The one unsafe thing of the project is here, and its
//! argument: wasmtime must be given bytes that it wrote itself, and that stay as they are while it uses them.
#![allow(unsafe_code)]

use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::Component;

/// The code that the cache keeps in this file, whose digest was just found to be right. wasmtime refuses code of another
/// version or configuration.
pub(crate) fn from_cache_file(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file was renamed into place whole by this program and is never written again, and its digest was just
    // compared. A digest guards against damage only, not against somebody who writes sheet and code to fit each other.
    // That nobody does is why folder and files must be ours and writable by nobody else, which was checked of both. Who
    // can still forge them runs as this user already.
    unsafe { Component::deserialize_file(engine, path) }
}

/// The code that the compiler just made.
pub(crate) fn from_compiler(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: this program made it, in this process or in one that it started from its own file and that did nothing else,
    // and nobody had it in hand meanwhile.
    unsafe { Component::deserialize(engine, code) }
}

/// The same code for another engine of this process.
pub(crate) fn for_engine(component: &Component, engine: &Engine) -> wasmtime::Result<Component> {
    let code = component.serialize()?;
    // SAFETY: `serialize` wrote it just now, and nobody had it in hand meanwhile.
    unsafe { Component::deserialize(engine, code) }
}
