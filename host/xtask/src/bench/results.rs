//! Results: all figures of all rounds, in JSON.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::build::Figures;
use super::statistics::short;

/// The figures of this version.
pub const NOW: &str = "benches/results/runs.json";
/// The figures of an older version, with the same workload.
pub const BEFORE: &str = "benches/results/before.json";
/// How cost grows.
pub const GROWTH: &str = "benches/results/growth.json";
/// Where CPU time goes.
pub const PROFILE: &str = "benches/results/profile.json";

/// Figures of all rounds by measurement, side and name of the figure.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// The machine that measured.
    pub machine: Vec<(String, String)>,
    /// The versions of the peers.
    pub peers: Vec<String>,
    figures: BTreeMap<String, BTreeMap<String, BTreeMap<String, Vec<f64>>>>,
}

impl Results {
    /// Creates results without figures.
    pub fn new(machine: Vec<(String, String)>, peers: Vec<String>) -> Self {
        Self { machine, peers, figures: BTreeMap::new() }
    }

    /// Adds the figures of one process.
    pub fn add(&mut self, measurement: &str, side: &str, figures: &Figures) {
        let sides = self.figures.entry(measurement.to_owned()).or_default();
        let all = sides.entry(side.to_owned()).or_default();
        for (name, value) in figures {
            all.entry(name.clone()).or_default().push(*value);
        }
    }

    /// Returns the values of a figure in all rounds; none if it was not measured.
    pub fn values(&self, measurement: &str, side: &str, figure: &str) -> Option<&[f64]> {
        self.figures.get(measurement)?.get(side)?.get(figure).map(Vec::as_slice)
    }

    /// Reads results; empty ones if there is no such file.
    pub fn load(file: &Path) -> Result<Self> {
        match fs::read_to_string(file) {
            Ok(text) => serde_json::from_str(&text).with_context(|| file.display().to_string()),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Writes the results to a file, and keeps its figures of what was not measured now.
    pub fn merge_into(mut self, file: &Path) -> Result<()> {
        let older = Self::load(file)?;
        for (measurement, sides) in older.figures {
            let kept = self.figures.entry(measurement).or_default();
            for (side, figures) in sides {
                kept.entry(side).or_insert(figures);
            }
        }
        for version in older.peers {
            if !self.peers.contains(&version) {
                self.peers.push(version);
            }
        }
        fs::write(file, serde_json::to_string_pretty(&self)? + "\n").with_context(|| file.display().to_string())
    }
}

/// Returns figures in one line.
pub fn brief(figures: &Figures) -> String {
    let bytes = |name: &str| name.contains("bytes");
    let one = |(name, value): (&String, &f64)| match bytes(name) {
        true => format!("{} {} MB", name.replace("_bytes", "").replace("bytes_", ""), short(value / 1e6)),
        false => format!("{name} {}", short(*value)),
    };
    figures.iter().map(one).collect::<Vec<_>>().join(", ")
}
