//! `phasegate init`: writes a commented configuration and a first task, or an example that runs without a key, and the schemas
//! that their first lines name to an editor. Never overwrites a file.

mod demo;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use phasegate_files::quote;

use crate::commands::schema::{FOLDER, add_schema_line};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::ignored::ignore_in_project;
use crate::paths::{current_dir, display_path};

const FILES: [(&str, &str); 2] =
    [("phasegate.toml", include_str!("phasegate.toml")), ("task.toml", include_str!("task.toml"))];

/// Arguments of `init`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder; created if it does not exist
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Write an example with scripted answers, which runs without a model and without a key
    #[arg(long)]
    demo: bool,
}

/// Writes all files, or none if one of them exists.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let dir = current_dir().join(&args.dir);
    let files: &[(&str, &str)] = if args.demo { &demo::FILES } else { &FILES };
    if let Some((name, _)) = files.iter().find(|(name, _)| dir.join(name).symlink_metadata().is_ok()) {
        return Err(Failure::usage(format!("{} already exists; nothing was written", display_path(&dir.join(name))))
            .with_hint("give another folder, or move the file"));
    }
    for (name, text) in files {
        let mut text = (*text).to_owned();
        let kind = add_schema_line(name, &mut text);
        write_new(&dir.join(name), &text)?;
        let schema = kind.map(|kind| (dir.join(FOLDER).join(kind.file_name()), kind));
        if let Some((file, kind)) = schema.filter(|(file, _)| file.symlink_metadata().is_err()) {
            write_new(&file, &kind.render())?;
        }
    }
    let shown = |name: &str| display_path(&dir.join(name));
    let (config, task, schemas) = (shown("phasegate.toml"), shown("task.toml"), shown(FOLDER));
    let run = context.printer.command(&format!("run {}", quote(Path::new(&task))));
    context.printer.print(&match args.demo {
        false => format!(
            "Wrote {config}: models, prices, budget and approvals.\nWrote {task}: a first task.\n\
             Wrote {schemas}: what editors show about both.\n\n\
             Next: set ANTHROPIC_API_KEY or OPENAI_API_KEY, start Ollama, or set a model in {config}. Then run:\n  {run}\n"
        ),
        true => format!(
            "Wrote {task}: a task.\nWrote {config}: it names the scripted answers.\n\
             Wrote {}: answers written by hand; no model is asked, and no key is needed.\n\
             Wrote {schemas}: what editors show about these files.\n\n\
             Next:\n  {run}\n",
            shown("answers.toml")
        ),
    });
    context.printer.note(&ignore_in_project(&dir));
    Ok(Exit::Passed)
}

/// Writes a file that must not exist, and its folder.
fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(file);
    std::fs::create_dir_all(folder).map_err(|why| unwritable(folder, &why))?;
    let opened = OpenOptions::new().write(true).create_new(true).open(file);
    opened.and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(|why| unwritable(file, &why))
}

fn unwritable(file: &Path, why: &std::io::Error) -> Failure {
    let why = if why.kind() == ErrorKind::AlreadyExists { "it already exists".to_owned() } else { why.to_string() };
    Failure::usage(format!("{} cannot be written: {why}", display_path(file))).with_hint("choose a writable folder")
}
