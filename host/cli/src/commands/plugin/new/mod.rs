//! `phasegate plugin new`: writes a plugin that does something, with its SDK, its tests and everything that a first run needs.
//!
//! Works offline: the templates and the SDKs are part of the program. Writes a whole folder, or nothing.

mod kind;
mod language;
mod sources;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use phasegate_files::quote;
use phasegate_process::PluginName;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::paths::{current_dir, display_path};
use kind::Kind;
use language::Language;
use sources::{File, files};

/// Arguments of `plugin new`.
#[derive(clap::Args)]
pub struct Args {
    /// Name of the plugin
    name: PluginName,
    /// Language of its sources
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    lang: Language,
    /// What it is: the agent of a phase, the agent of a gate, a feedback strategy, or a test runner
    #[arg(long, value_enum, value_name = "KIND", default_value = "agent")]
    kind: Kind,
    /// Folder to write; new or empty [default: NAME]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Writes the folder and prints what to do next.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let dir = current_dir().join(args.dir.clone().unwrap_or_else(|| PathBuf::from(args.name.as_str())));
    let shown = display_path(&dir);
    check_is_free(&dir, &shown)?;
    let files = files(&args.name, args.lang, args.kind);
    write_all(&dir, &files).map_err(|why| {
        Failure::usage(format!("{shown} cannot be written: {why}")).with_hint("name another folder with --dir DIR")
    })?;
    let (install, build) = (args.lang.install_command(), context.printer.command("plugin build"));
    let go = format!("cd {}", quote(Path::new(&shown)));
    context.printer.print(&format!(
        "Wrote {shown}: {} in {}. Its README.md has every command.\n\nNext:\n  {go}\n  {install}\n  {}\n  {build}\n",
        args.kind.title(),
        args.lang.title(),
        args.lang.test_command(),
    ));
    Ok(Exit::Passed)
}

fn check_is_free(dir: &Path, shown: &str) -> Result<(), Failure> {
    let taken = match dir.read_dir() {
        Ok(mut entries) => entries.next().is_some().then_some("is not empty"),
        Err(why) if why.kind() == ErrorKind::NotFound => None,
        Err(_) => Some("is not a folder that can be read"),
    };
    match taken {
        None => Ok(()),
        Some(why) => {
            Err(Failure::usage(format!("{shown} {why}; nothing was written"))
                .with_hint("name a new folder with --dir DIR"))
        }
    }
}

/// Writes everything beside the folder first, so that a failure leaves nothing.
fn write_all(dir: &Path, files: &[File]) -> std::io::Result<()> {
    let parent = dir.parent().unwrap_or(dir);
    std::fs::create_dir_all(parent)?;
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let draft = parent.join(format!(".{name}.new-{}", std::process::id()));
    let written = write_draft(&draft, files).and_then(|()| std::fs::rename(&draft, dir));
    if written.is_err() {
        let _ = std::fs::remove_dir_all(&draft);
    }
    written
}

fn write_draft(draft: &Path, files: &[File]) -> std::io::Result<()> {
    for file in files {
        let path = draft.join(&file.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, &file.content)?;
    }
    Ok(())
}
