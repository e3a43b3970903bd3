//! Makes a component of a core module that a compiler for `wasm32-unknown-unknown` wrote with bindings of the contract.

use std::borrow::Cow;

use wit_component::ComponentEncoder;

/// Returns the component; bytes that are one already are returned as they are. The error says why the module cannot become a
/// component, in the words of the encoder.
pub fn componentize(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if !bytes.starts_with(b"\0asm") {
        return Err("it does not start with the header of WebAssembly".to_owned());
    }
    if !bytes.starts_with(b"\0asm\x01\0\0\0") {
        return Ok(Cow::Borrowed(bytes));
    }
    let encoder = ComponentEncoder::default().validate(true).module(bytes);
    let encoded = encoder.and_then(|mut encoder| encoder.encode());
    encoded.map(Cow::Owned).map_err(|why| format!("{why:#}"))
}
