//! The pipelines that are compiled into the binary.

/// The name and the TOML text of each.
pub const STANDARD: [(&str, &str); 3] = [
    ("tsp", include_str!("../../pipelines/tsp.toml")),
    ("lean", include_str!("../../pipelines/lean.toml")),
    ("planning-design", include_str!("../../pipelines/planning-design.toml")),
];

/// Returns the TOML text of the standard pipeline of this name.
pub fn standard(name: &str) -> Option<&'static str> {
    STANDARD.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
