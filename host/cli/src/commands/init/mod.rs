//! `phasegate init`: a commented configuration and a first task. What is there already stays as it is.

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
    /// Where; made if it is not there
    #[arg(default_value = ".")]
    dir: PathBuf,
}

/// Writes both files, or neither.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let dir = current_dir().join(&args.dir);
    if let Some((name, _)) = FILES.iter().find(|(name, _)| dir.join(name).symlink_metadata().is_ok()) {
        return Err(Failure::usage(format!(
            "{} is there already, nothing was written\nhint: name another folder, or move it away",
            display_path(&dir.join(name))
        )));
    }
    std::fs::create_dir_all(&dir).map_err(|why| unwritable(&dir, &why))?;
    for (name, text) in FILES {
        let file = dir.join(name);
        write_new(&file, text).map_err(|why| unwritable(&file, &why))?;
    }
    let (config, task) = (display_path(&dir.join("phasegate.toml")), display_path(&dir.join("task.toml")));
    context.printer.print(&format!(
        "wrote {config}: which models, at what price and budget, and whom to ask\nwrote {task}: a first task\n\n\
         next: set ANTHROPIC_API_KEY or OPENAI_API_KEY, start Ollama, or name a model in {config}; then\n  phasegate run --task {task}\n"
    ));
    Ok(Exit::Passed)
}

fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(file)?.write_all(text.as_bytes())
}

fn unwritable(file: &Path, why: &std::io::Error) -> Failure {
    let why = if why.kind() == ErrorKind::AlreadyExists { "it is there already".to_owned() } else { why.to_string() };
    Failure::usage(format!(
        "{} cannot be written: {why}\nhint: choose a folder that you may write into",
        display_path(file)
    ))
}
