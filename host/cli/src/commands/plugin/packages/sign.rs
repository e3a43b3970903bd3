//! `phasegate plugin sign`: signs a component file, or a package in a registry.

use std::path::{Path, PathBuf};

use phasegate_process::registry_reference::RegistryReference;
use phasegate_registry::{KeyError, Registry, SigningKey, bundle_path, sign_file};
use phasegate_runtime::{Error, ErrorCode};
use phasegate_sandbox::inspect;

use super::RegistryArgs;
use super::add::parse_reference;
use crate::commands::plugin::inspect::read_bytes;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::paths::display_path;

/// The password of a private key, as cosign takes it.
const PASSWORD: &str = "COSIGN_PASSWORD";

/// Arguments of `plugin sign`.
#[derive(clap::Args)]
pub struct Args {
    /// Component file, or a package such as oci://ghcr.io/acme/audit:1.2.0
    target: String,
    /// Private key: that of cosign, of openssl, or of `plugin keygen`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Signs the target. The signature of a file is written beside it.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let key = read_key(&args.key)?;
    if RegistryReference::is_meant(&args.target) {
        let reference = parse_reference(&args.target).map_err(Failure::usage)?;
        let registry = Registry::open(&reference, args.registry.timeout()).map_err(Error::from)?;
        let manifest = registry.sign(&reference, &key).await.map_err(Error::from)?;
        context.printer.print(&format!("Signed {reference}: manifest {manifest}.\n"));
        return Ok(Exit::Passed);
    }
    let file = Path::new(&args.target);
    let bundle = bundle_path(file);
    let component = read_bytes(file)?;
    // Any other content, signed, could say that a package is the publisher's.
    inspect(&component).map_err(|why| {
        Failure::usage(format!("{}: {why}", args.target)).with_code(ErrorCode::NotAPlugin).with_hints(why.hint())
    })?;
    let text = sign_file(&component, &key);
    phasegate_files::replace(&bundle, text.as_bytes(), 0o666).map_err(|why| {
        Failure::infrastructure(format!("{} cannot be written: {why}", display_path(&bundle)))
            .with_code(ErrorCode::UnwritableOutput)
            .with_hint("make the folder of the component writable")
    })?;
    context.printer.print(&format!("Wrote {}; it belongs beside the component.\n", display_path(&bundle)));
    Ok(Exit::Passed)
}

/// Reads a private key; the password of an encrypted one comes from the environment.
pub fn read_key(file: &Path) -> Result<SigningKey, Failure> {
    SigningKey::read(file, || std::env::var(PASSWORD).ok()).map_err(|error: KeyError| {
        Failure::usage(error.to_string()).with_code(ErrorCode::InvalidKey).with_hint(error.hint())
    })
}
