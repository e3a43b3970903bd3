//! Plugins in registries: `add`, `pull`, `update`, `outdated`, `push`, `sign` and `keygen`.
//!
//! Nothing is fetched inside a run: these commands fetch, and `phasegate.lock` says what runs use. A change that asks for more,
//! or whose signer is another one, is recorded only after a person has accepted it.

pub mod add;
mod fetch;
pub mod keygen;
pub mod outdated;
pub mod pull;
pub mod push;
mod record;
pub mod sign;
mod view;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// How registries are asked.
#[derive(clap::Args)]
pub struct RegistryArgs {
    /// Seconds without data after which a registry has failed
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    timeout: NonZeroU32,
}

impl RegistryArgs {
    fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.get().into())
    }
}

/// Where packages are named, and which changes are accepted.
#[derive(clap::Args)]
pub struct PackageArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// Accept plugins that ask for more, are older, or have another signer
    #[arg(long)]
    accept: bool,
    /// Take plugins whose signature no trusted publisher made
    #[arg(long)]
    unverified: bool,
    /// Configuration file [default: nearest phasegate.toml upwards]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}
