//! Loads precompiled machine code. This is the only hand-written unsafe code of the project. wasmtime requires that it wrote
//! the bytes itself and that nobody changes them while it uses them.
#![allow(unsafe_code)]

use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::Component;

/// Loads code from a file of the cache. The caller must have checked its digest and its owner. wasmtime rejects code of
/// another version or configuration.
pub(crate) fn from_cache_file(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: this program wrote the file under another name, renamed it into place, and never writes it again. Its digest
    // was just compared, which detects damage but not forgery. Only the owner of the folder and its files can forge them,
    // and the caller checked that both belong to this user and are writable by nobody else. A forger with the rights of
    // this user gains nothing here.
    unsafe { Component::deserialize_file(engine, path) }
}

/// Loads code that the compiler just returned.
pub(crate) fn from_compiler(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: this program compiled it, in this process or in a child process of the same program that did nothing else, and
    // received it through a pipe that nobody else can write to.
    unsafe { Component::deserialize(engine, code) }
}

/// Loads the code of a component for another engine of this process.
pub(crate) fn for_engine(component: &Component, engine: &Engine) -> wasmtime::Result<Component> {
    let code = component.serialize()?;
    // SAFETY: `serialize` just returned these bytes, and nothing else has access to them.
    unsafe { Component::deserialize(engine, code) }
}
