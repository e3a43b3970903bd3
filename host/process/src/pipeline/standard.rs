//! The pipelines inside the binary.

/// Name and text of each.
pub const STANDARD: [(&str, &str); 2] = [
    ("tsp", include_str!("../../pipelines/tsp.toml")),
    ("planning-design", include_str!("../../pipelines/planning-design.toml")),
];

/// The text of a standard pipeline.
pub fn standard(name: &str) -> Option<&'static str> {
    STANDARD.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
