//! The manifest: what a plugin says of itself, for operators to read before they trust it. It is a custom section of the
//! component; [`manifest!`](crate::manifest) puts it there, from `Cargo.toml` and `plugin.toml`.

/// Puts the plugin's manifest into the component: name, version and description from `Cargo.toml`, and from `plugin.toml`
/// beside it what the plugin asks for, the kinds of artifacts that it brings, and the JSON Schema of its settings.
///
/// ```toml
/// [asks]
/// models = ["default"]       # tiers; the operator's grants may be fewer
/// test-bench = ["python"]    # languages to try tests in, or ["*"]
///
/// [[kind]]
/// name = "haiku"
/// schema = '{"type": "object", "required": ["lines"]}'
///
/// [settings]
/// type = "object"
/// additionalProperties = false
/// properties.season = { description = "What it is about.", enum = ["spring", "autumn"] }
/// ```
#[macro_export]
macro_rules! manifest {
    () => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            const TEXT: &str = concat!(
                "name = '",
                env!("CARGO_PKG_NAME"),
                "'\nversion = '",
                env!("CARGO_PKG_VERSION"),
                "'\npurpose = '''",
                env!("CARGO_PKG_DESCRIPTION"),
                "'''\ncontract = '0.1.0'\n",
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/plugin.toml"))
            );
            #[used]
            #[unsafe(link_section = "phasegate:manifest")]
            static MANIFEST: [u8; TEXT.len()] = $crate::__bytes(TEXT);
        };
    };
}

/// A text's bytes as an array, which a section needs.
#[doc(hidden)]
pub const fn bytes<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    match text.as_bytes().first_chunk() {
        Some(bytes) => *bytes,
        None => [0; LENGTH],
    }
}
