//! Builds a plugin in Python: componentize-py puts CPython and the author's modules into a component.

use std::path::{Path, PathBuf};

use super::output::{MADE, prepare_output};
use super::tool::Tool;
use crate::exit::Failure;
use crate::terminal::printer::Printer;

const INSTALL: &str = "python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.0";

/// Returns the component of a module, whose imports are found in the folder.
pub fn build(dir: &Path, module: &str, world: Option<&str>, printer: &Printer) -> Result<PathBuf, Failure> {
    let tool = Tool::find("componentize-py", dir, INSTALL)?;
    let made = prepare_output(dir)?;
    // By default, the tool adds the packages of the Python in PATH, which differ between machines.
    let own = dir.join(".venv");
    let packages = if own.is_dir() { own } else { dir.join("build") };
    let world = world.into_iter().flat_map(|world| ["--world", world]);
    tool.run(
        |command| {
            let command = command.env("VIRTUAL_ENV", &packages).args(["--wit-path", "wit"]).args(world);
            command.args(["componentize", module, "--python-path", ".", "--output", MADE])
        },
        dir,
        printer,
    )?;
    Ok(made)
}
