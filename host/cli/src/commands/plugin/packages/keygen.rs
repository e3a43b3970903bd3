//! `phasegate plugin keygen`: makes a key pair to sign plugins with.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use phasegate_registry::NewKey;
use phasegate_runtime::ErrorCode;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::paths::display_path;

/// Arguments of `plugin keygen`.
#[derive(clap::Args)]
pub struct Args {
    /// Name of the files: NAME.key and NAME.pub
    name: PathBuf,
}

/// Writes both files; never over existing ones.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let key = NewKey::generate().ok_or_else(|| Failure::infrastructure("this machine has no source of randomness"))?;
    let [private, public] = ["key", "pub"].map(|end| args.name.with_added_extension(end));
    write_new(&private, &key.private, 0o600)?;
    write_new(&public, &key.public, 0o666)?;
    let (private, public) = (display_path(&private), display_path(&public));
    context.printer.print(&format!(
        "Wrote {private}: sign with it, and keep it secret; it is not encrypted.\n\
         Wrote {public}: give it to operators, for [trust.publishers] in their configuration.\n"
    ));
    Ok(Exit::Passed)
}

fn write_new(file: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let written = OpenOptions::new().write(true).create_new(true).mode(mode).open(file);
    written.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|why| {
        let why = match why.kind() {
            std::io::ErrorKind::AlreadyExists => "it already exists".to_owned(),
            _ => why.to_string(),
        };
        Failure::usage(format!("{} cannot be written: {why}", display_path(file)))
            .with_code(ErrorCode::UnwritableOutput)
            .with_hint("give another name")
    })
}
