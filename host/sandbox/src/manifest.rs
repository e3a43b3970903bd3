//! The manifest inside a component: a custom section `phasegate:manifest` of the component itself or of a core module directly
//! inside it, where compilers put it. Manifests of nested components do not count.

use phasegate_process::manifest::{InvalidManifest, Manifest};
use wasmparser::{Chunk, Encoding, Parser, Payload};

/// Name of the custom section with the manifest.
pub const MANIFEST_SECTION: &str = "phasegate:manifest";

/// Reads the manifest of a component. Fails if there are several or if the manifest is invalid. Does not look at code.
pub fn manifest(component: &[u8]) -> Result<Option<Manifest>, InvalidManifest> {
    let mut found = Vec::new();
    let mut inside: Vec<Encoding> = Vec::new();
    // The innermost parser is the last.
    let mut parsers = vec![Parser::new(0)];
    let mut rest = component;
    while let Some(parser) = parsers.last_mut() {
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).map_err(damaged)? else { break };
        rest = rest.get(consumed..).unwrap_or_default();
        match payload {
            Payload::Version { encoding, .. } => inside.push(encoding),
            Payload::ModuleSection { parser, .. } | Payload::ComponentSection { parser, .. } => parsers.push(parser),
            Payload::CodeSectionStart { size, .. } => {
                parser.skip_section();
                rest = rest.get(size as usize..).unwrap_or_default();
            }
            Payload::End(_) => {
                inside.pop();
                parsers.pop();
            }
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION && is_top_level(&inside) => {
                found.push(section.data());
            }
            _ => {}
        }
    }
    let bytes = match found.as_slice() {
        [] => return Ok(None),
        [bytes] => bytes,
        _ => return Err(InvalidManifest::new("it contains more than one manifest", "keep only one")),
    };
    let text = std::str::from_utf8(bytes).map_err(damaged)?;
    Manifest::parse(text).map(Some)
}

fn damaged(error: impl std::fmt::Display) -> InvalidManifest {
    InvalidManifest::new(error.to_string(), "rebuild the plugin")
}

fn is_top_level(inside: &[Encoding]) -> bool {
    matches!(inside, [Encoding::Component] | [Encoding::Component, Encoding::Module])
}

/// Adds a manifest to a component, for toolchains that cannot embed one. Fails if the text is not a valid manifest.
pub fn with_manifest(component: &[u8], text: &str) -> Result<Vec<u8>, InvalidManifest> {
    Manifest::parse(text)?;
    let mut section = Vec::new();
    leb128(&mut section, MANIFEST_SECTION.len());
    section.extend_from_slice(MANIFEST_SECTION.as_bytes());
    section.extend_from_slice(text.as_bytes());
    let mut whole = component.to_vec();
    whole.push(0);
    leb128(&mut whole, section.len());
    whole.extend_from_slice(&section);
    Ok(whole)
}

/// Appends an unsigned number in LEB128 encoding.
fn leb128(to: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
    const TEXT: &str = "name = \"x\"\nversion = \"1.0.0\"\n";

    fn section(of: u8, bytes: &[u8]) -> Vec<u8> {
        let mut whole = vec![of];
        leb128(&mut whole, bytes.len());
        whole.extend_from_slice(bytes);
        whole
    }

    fn custom(text: &str) -> Vec<u8> {
        let mut bytes = vec![MANIFEST_SECTION.len() as u8];
        bytes.extend_from_slice(MANIFEST_SECTION.as_bytes());
        bytes.extend_from_slice(text.as_bytes());
        section(0, &bytes)
    }

    #[test]
    fn finds_manifests_in_component_and_module() {
        assert_eq!(manifest(EMPTY).unwrap(), None);
        let outside = with_manifest(EMPTY, TEXT).unwrap();
        assert_eq!(manifest(&outside).unwrap().unwrap().version, "1.0.0");
        let module = [b"\0asm\x01\0\0\0".as_slice(), &custom(TEXT)].concat();
        let inside = [EMPTY, &section(1, &module)].concat();
        assert_eq!(manifest(&inside).unwrap().unwrap().name, "x");
    }

    #[test]
    fn ignores_manifests_of_nested_components() {
        let part = with_manifest(EMPTY, TEXT).unwrap();
        assert_eq!(manifest(&[EMPTY, &section(4, &part)].concat()).unwrap(), None);
    }

    #[test]
    fn rejects_two_manifests_and_invalid_text() {
        let twice = with_manifest(&with_manifest(EMPTY, TEXT).unwrap(), TEXT).unwrap();
        assert!(manifest(&twice).unwrap_err().to_string().starts_with("it contains more than one manifest"));
        let bytes = [&[MANIFEST_SECTION.len() as u8], MANIFEST_SECTION.as_bytes(), b"\xff"].concat();
        let torn = [EMPTY, &section(0, &bytes)].concat();
        assert!(manifest(&torn).unwrap_err().to_string().starts_with("invalid utf-8"));
        assert!(with_manifest(EMPTY, "name").is_err());
    }
}
