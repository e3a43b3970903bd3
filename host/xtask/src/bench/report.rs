//! Writes what is generated into BENCHMARKS.md: everything between `<!-- NAME -->` and `<!-- end -->`. The rest is written by
//! hand.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::results::{BEFORE, GROWTH, NOW, PROFILE, Results};
use super::{growth, profile, rows};

const FILE: &str = "BENCHMARKS.md";

/// Writes tables and plots from the stored results.
pub fn write(root: &Path) -> Result<()> {
    let load = |file: &str| Results::load(&root.join(file));
    let (now, before, grown) = (load(NOW)?, load(BEFORE)?, load(GROWTH)?);
    let shares: profile::Shares = match fs::read_to_string(root.join(PROFILE)) {
        Ok(text) => serde_json::from_str(&text).context(PROFILE)?,
        Err(_) => profile::Shares::new(),
    };
    let path = root.join(FILE);
    let mut text = fs::read_to_string(&path).context(FILE)?;
    let blocks = [
        ("machine", render_machine(&now)),
        ("runs", rows::render_table(&now, &before)),
        ("profile", profile::render(&shares)),
        ("growth", growth::render(root, &grown)?),
    ];
    for (name, block) in blocks {
        text = replace(&text, name, &block).with_context(|| format!("{FILE} has no block <!-- {name} -->"))?;
    }
    fs::write(&path, text).context(FILE)?;
    eprintln!("wrote {FILE}");
    Ok(())
}

fn render_machine(results: &Results) -> String {
    let mut lines: Vec<_> = results.machine.iter().map(|(what, which)| format!("- {what}: {which}")).collect();
    if !results.peers.is_empty() {
        lines.push(format!("- peers: {}", results.peers.join(", ")));
    }
    lines.join("\n")
}

/// Replaces the lines between the two marks of a block.
fn replace(text: &str, name: &str, block: &str) -> Option<String> {
    let (before, rest) = text.split_once(&format!("<!-- {name} -->\n"))?;
    let (_, after) = rest.split_once("<!-- end -->")?;
    Some(format!("{before}<!-- {name} -->\n\n{block}\n\n<!-- end -->{after}"))
}
