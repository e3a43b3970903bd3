//! The manifest inside a component: a custom section `phasegate:manifest` of the component itself or of a core module directly
//! inside it, where compilers put it. Manifests of nested components do not count.

use phasegate_process::manifest::{InvalidManifest, Manifest};
use phasegate_process::plugin_file::without_build;
use wasmparser::{BinaryReader, Chunk, Encoding, Parser, Payload};

/// Name of the custom section with the manifest.
pub const MANIFEST_SECTION: &str = "phasegate:manifest";

/// Bytes of magic number and version.
const HEADER: usize = 8;
/// Number of a custom section.
const CUSTOM: u8 = 0;
/// Number of a component's section that is a core module.
const CORE_MODULE: u8 = 1;

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

/// Puts a manifest into a component, in place of the one that it has. Fails if the text is not a valid manifest. `[build]` is
/// left out.
pub fn with_manifest(component: &[u8], text: &str) -> Result<Vec<u8>, InvalidManifest> {
    Manifest::parse(text)?;
    let text = without_build(text)?;
    let mut whole = without_manifest(component, 1)?;
    write_section(&mut whole, 0, &[&name_bytes(), text.as_bytes()].concat());
    Ok(whole)
}

/// Returns the bytes without manifests: of the component, and of the core modules directly inside it.
fn without_manifest(bytes: &[u8], depth: u8) -> Result<Vec<u8>, InvalidManifest> {
    let (header, mut rest) = bytes.split_at_checked(HEADER).ok_or_else(|| damaged("it has no header"))?;
    let mut whole = header.to_vec();
    let name = name_bytes();
    while let Some((kind, after)) = rest.split_first() {
        let mut reader = BinaryReader::new(after, 0);
        let size = reader.read_var_u32().map_err(damaged)? as usize;
        let content = reader.read_bytes(size).map_err(damaged)?;
        rest = after.get(reader.original_position()..).unwrap_or_default();
        match *kind {
            CUSTOM if content.starts_with(&name) => {}
            CORE_MODULE if depth > 0 => write_section(&mut whole, CORE_MODULE, &without_manifest(content, depth - 1)?),
            kind => write_section(&mut whole, kind, content),
        }
    }
    Ok(whole)
}

/// Returns the beginning of the manifest's section: its name with the length before it.
fn name_bytes() -> Vec<u8> {
    let mut name = Vec::new();
    leb128(&mut name, MANIFEST_SECTION.len());
    name.extend_from_slice(MANIFEST_SECTION.as_bytes());
    name
}

fn write_section(to: &mut Vec<u8>, kind: u8, content: &[u8]) {
    to.push(kind);
    leb128(to, content.len());
    to.extend_from_slice(content);
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
    fn a_new_manifest_replaces_the_old_one() {
        let newer = "name = \"x\"\nversion = \"2.0.0\"\n[build]\nlanguage = \"rust\"\n";
        let module = [b"\0asm\x01\0\0\0".as_slice(), &custom("a"), &section(0, b"\x01bc"), &custom(TEXT)].concat();
        let old = [&with_manifest(EMPTY, TEXT).unwrap(), section(1, &module).as_slice()].concat();
        let new = with_manifest(&old, newer).unwrap();
        let found = manifest(&new).unwrap().unwrap();
        assert_eq!((found.version.as_str(), new.windows(5).any(|part| part == b"build")), ("2.0.0", false));
        let kept = [EMPTY, &section(1, &[b"\0asm\x01\0\0\0".as_slice(), &section(0, b"\x01bc")].concat())].concat();
        assert!(new.starts_with(&kept));
        assert_eq!(with_manifest(&new, newer).unwrap(), new);
    }

    #[test]
    fn rejects_two_manifests_and_invalid_text() {
        let twice = [&with_manifest(EMPTY, TEXT).unwrap(), custom(TEXT).as_slice()].concat();
        assert!(manifest(&twice).unwrap_err().to_string().starts_with("it contains more than one manifest"));
        let bytes = [&[MANIFEST_SECTION.len() as u8], MANIFEST_SECTION.as_bytes(), b"\xff"].concat();
        let torn = [EMPTY, &section(0, &bytes)].concat();
        assert!(manifest(&torn).unwrap_err().to_string().starts_with("invalid utf-8"));
        assert!(with_manifest(EMPTY, "name").is_err());
    }
}
