//! The options of `cargo xtask bench`.

use std::path::PathBuf;

/// What the command line says.
#[derive(Debug, Default)]
pub struct Options {
    pub names: Vec<String>,
    pub rounds: Option<usize>,
    pub quick: bool,
    pub no_peers: bool,
    pub programs: Option<PathBuf>,
    pub before: bool,
    pub accept: bool,
}

impl Options {
    /// Returns `None` for arguments that the usage does not have.
    pub fn parse(args: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self::default();
        let mut args = args;
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--rounds" => options.rounds = Some(args.next()?.parse().ok()?),
                "--quick" => options.quick = true,
                "--no-peers" => options.no_peers = true,
                "--programs" => options.programs = Some(PathBuf::from(args.next()?)),
                "--before" => options.before = true,
                "--accept" => options.accept = true,
                flag if flag.starts_with('-') => return None,
                name => options.names.push(name.to_owned()),
            }
        }
        Some(options)
    }

    pub fn selects(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|part| name.contains(part.as_str()))
    }

    pub fn rounds(&self, usual: usize) -> usize {
        self.rounds.unwrap_or(if self.quick { 1 } else { usual })
    }
}
