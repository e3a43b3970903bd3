//! The manifest describes a plugin to operators before they trust it. It is a custom section of the component that
//! [`manifest!`](crate::manifest) creates from `Cargo.toml` and `plugin.toml`.

/// Adds the plugin's manifest to the component: name, version and description from `Cargo.toml`; from `plugin.toml` beside
/// it the requested grants, the kinds of artifacts that the plugin defines, and the JSON Schema of its settings.
///
/// ```toml
/// [asks]
/// models = ["default"]       # tiers; the operator may grant fewer
/// test-bench = ["python"]    # languages to run tests in, or ["*"]
///
/// [[kind]]
/// name = "haiku"
/// schema = '{"type": "object", "required": ["lines"]}'
///
/// [settings]
/// type = "object"
/// additionalProperties = false
/// properties.season = { description = "Topic of the poem", enum = ["spring", "autumn"] }
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

/// Converts text to an array, the form that a link section needs.
#[doc(hidden)]
pub const fn bytes<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    match text.as_bytes().first_chunk() {
        Some(bytes) => *bytes,
        None => [0; LENGTH],
    }
}
