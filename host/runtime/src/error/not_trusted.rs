//! What a project or a run uses of the user's authority without the user's agreement.

use std::fmt;
use std::path::{Path, PathBuf};

use phasegate_broker::ProviderAccess;
use phasegate_process::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The most entries that a message lists.
const MAX_SHOWN: usize = 20;

/// Addresses, keys and limits that a project names and its user has not agreed to. `Display` lists them in one sentence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct NotTrusted {
    /// Folder of the project's configuration.
    pub project: PathBuf,
    /// Providers, in the order of names.
    pub providers: Vec<ProviderAccess>,
    /// Limits above the user's own.
    pub limits: Vec<RaisedLimit>,
    /// The file or run that names them.
    pub origin: Origin,
}

/// The file or run that uses the user's authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `phasegate.toml` in the project's folder.
    Project,
    /// A configuration with another name.
    Config(PathBuf),
    /// An experiment.
    Experiment(PathBuf),
    /// A run, by its id.
    Run(String),
}

/// A limit of a project above the user's own.
#[derive(Debug, Clone, PartialEq)]
pub struct RaisedLimit {
    /// The key in `phasegate.toml`, as `budget.usd`.
    pub key: String,
    /// The value that the project sets.
    pub wanted: LimitValue,
    /// The value of the user.
    pub own: LimitValue,
}

/// A number, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LimitValue {
    /// A number.
    Number(f64),
    /// No limit, written `"unlimited"`.
    Unlimited(Unlimited),
}

/// The word for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Unlimited {
    /// No limit.
    #[serde(rename = "unlimited")]
    Unlimited,
}

impl LimitValue {
    /// Returns the value of an optional limit; `None` is unlimited.
    pub fn new(limit: Option<f64>) -> Self {
        limit.map_or(Self::Unlimited(Unlimited::Unlimited), Self::Number)
    }

    /// Whether this limit allows more than `other`.
    pub fn exceeds(self, other: Self) -> bool {
        match (self, other) {
            (_, Self::Unlimited(_)) => false,
            (Self::Unlimited(_), Self::Number(_)) => true,
            (Self::Number(wanted), Self::Number(own)) => wanted > own,
        }
    }
}

impl NotTrusted {
    /// The same, named by another file or run.
    pub fn named_by(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Adds providers and limits of another variant of the same project. Of a limit, the higher value counts.
    pub fn merge(&mut self, other: Self) {
        for access in other.providers {
            if !self.providers.contains(&access) {
                self.providers.push(access);
            }
        }
        for limit in other.limits {
            match self.limits.iter_mut().find(|known| known.key == limit.key) {
                Some(known) if limit.wanted.exceeds(known.wanted) => *known = limit,
                Some(_) => {}
                None => self.limits.push(limit),
            }
        }
    }

    /// Returns a short digest of providers and limits. `phasegate trust allow --digest` agrees to exactly these.
    pub fn digest(&self) -> String {
        let limits: Vec<_> = self.limits.iter().map(|limit| (&limit.key, limit.wanted)).collect();
        agreement_digest(&json!({ "project": self.project, "providers": self.providers, "limits": limits }))
    }

    /// Returns the command that agrees, and the alternative.
    pub fn hint(&self) -> String {
        let command = self.allow_command();
        let otherwise = match &self.origin {
            Origin::Project => "remove it from the project's phasegate.toml".to_owned(),
            Origin::Config(file) => format!("remove it from {}", file.display()),
            Origin::Experiment(file) => format!("change {}", file.display()),
            Origin::Run(_) => "start the task as a new run".to_owned(),
        };
        format!("if you trust it, run `{command}`; otherwise {otherwise}")
    }

    /// Returns the command that agrees to exactly these.
    pub fn allow_command(&self) -> String {
        let path = |path: &Path| quote(&path.display().to_string());
        let origin = match &self.origin {
            Origin::Project => path(&self.project),
            Origin::Config(file) => format!("--config {}", path(file)),
            Origin::Experiment(file) => format!("--experiment {}", path(file)),
            Origin::Run(run) => format!("--run {run}"),
        };
        format!("phasegate trust allow {origin} --digest {}", self.digest())
    }

    /// Returns one line for each provider and limit.
    pub fn lines(&self) -> Vec<String> {
        let providers = self.providers.iter().map(ToString::to_string);
        providers.chain(self.limits.iter().map(ToString::to_string)).collect()
    }
}

impl fmt::Display for NotTrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.lines();
        let mut lines = all.iter().take(MAX_SHOWN).map(String::as_str).collect::<Vec<_>>().join("; ");
        if all.len() > MAX_SHOWN {
            lines.push_str(&format!("; and {} more", all.len() - MAX_SHOWN));
        }
        match &self.origin {
            Origin::Run(run) => write!(f, "run {run} uses what you have not agreed to: {lines}"),
            _ => write!(f, "the project {} uses what you have not agreed to: {lines}", self.project.display()),
        }
    }
}

impl fmt::Display for RaisedLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}, your limit is {}", self.key, self.wanted, self.own)
    }
}

impl fmt::Display for LimitValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Unlimited(_) => f.write_str("\"unlimited\""),
        }
    }
}

/// Returns 128 bits of a digest. Finding two lists with equal digests is not feasible at this length.
pub(super) fn agreement_digest(content: &Value) -> String {
    let digest = Digest::from_content(content.to_string().as_bytes());
    digest.as_str().trim_start_matches("sha256:").chars().take(32).collect()
}

/// Quotes a word for a shell where it needs quotes.
pub(crate) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    match !word.is_empty() && word.chars().all(plain) && !word.starts_with('-') {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
