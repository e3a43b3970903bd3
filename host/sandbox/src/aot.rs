//! Loads precompiled machine code. This is the only hand-written unsafe code of the project. wasmtime requires that it wrote
//! the bytes itself and that they do not change while it uses them.
#![allow(unsafe_code)]

use std::fs::{File, Metadata};
use std::io::{Read, Seek};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use wasmtime::Engine;
use wasmtime::component::Component;

/// Loads code from an open file of the cache. The caller must have checked its digest, now or since the file changed last, and
/// its owner. wasmtime rejects code of another version or configuration.
pub(crate) fn from_cache_file(engine: &Engine, file: &mut File) -> wasmtime::Result<Component> {
    // The name of the open file: its path may lead to another file by now. wasmtime maps it instead of copying the code.
    let opened = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let is_same =
        |there: Metadata| file.metadata().is_ok_and(|ours| (ours.dev(), ours.ino()) == (there.dev(), there.ino()));
    let mut code = Vec::new();
    let can_map = std::fs::metadata(&opened).is_ok_and(is_same);
    if !can_map {
        file.rewind()?;
        file.read_to_end(&mut code)?;
    }
    // SAFETY: this program wrote the file under another name, renamed it into place, and never writes it again. Its digest
    // was compared after its last change, which detects damage but not forgery. Only the owner of the file can forge it, and
    // the caller checked of the open file that it belongs to this user and is writable by nobody else. A forger with the
    // rights of this user gains nothing here.
    unsafe {
        match can_map {
            true => Component::deserialize_file(engine, &opened),
            false => Component::deserialize(engine, code),
        }
    }
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
