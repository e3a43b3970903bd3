//! `phasegate init`: writes a commented configuration and a first task. Never overwrites a file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::paths::{current_dir, display_path};

const FILES: [(&str, &str); 2] =
    [("phasegate.toml", include_str!("phasegate.toml")), ("task.toml", include_str!("task.toml"))];

/// Arguments of `init`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder; created if it does not exist
    #[arg(default_value = ".")]
    dir: PathBuf,
}

/// Writes both files, or neither.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let dir = current_dir().join(&args.dir);
    if let Some((name, _)) = FILES.iter().find(|(name, _)| dir.join(name).symlink_metadata().is_ok()) {
        return Err(Failure::usage(format!("{} already exists; nothing was written", display_path(&dir.join(name))))
            .with_hint("give another folder, or move the file"));
    }
    std::fs::create_dir_all(&dir).map_err(|why| unwritable(&dir, &why))?;
    for (name, text) in FILES {
        let file = dir.join(name);
        write_new(&file, text).map_err(|why| unwritable(&file, &why))?;
    }
    let (config, task) = (display_path(&dir.join("phasegate.toml")), display_path(&dir.join("task.toml")));
    context.printer.print(&format!(
        "Wrote {config}: models, prices, budget and approvals.\nWrote {task}: a first task.\n\n\
         Next: set ANTHROPIC_API_KEY or OPENAI_API_KEY, start Ollama, or set a model in {config}. Then run:\n  phasegate run --task {task}\n"
    ));
    Ok(Exit::Passed)
}

fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(file)?.write_all(text.as_bytes())
}

fn unwritable(file: &Path, why: &std::io::Error) -> Failure {
    let why = if why.kind() == ErrorKind::AlreadyExists { "it already exists".to_owned() } else { why.to_string() };
    Failure::usage(format!("{} cannot be written: {why}", display_path(file))).with_hint("choose a writable folder")
}
