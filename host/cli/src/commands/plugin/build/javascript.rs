//! Builds a plugin in JavaScript: componentize-qjs puts QuickJS and the author's modules into a component. In TypeScript, white
//! space replaces the types first, so that lines and columns of errors are those of the author's files.

use std::path::{Path, PathBuf};

use phasegate_files::MAX_TEXT_BYTES;
use phasegate_runtime::ErrorCode;
use phasegate_sandbox::World;

use super::output::{MADE, prepare_output};
use super::tool::Tool;
use crate::exit::Failure;
use crate::terminal::printer::Printer;

const INSTALL: &str = "npm install --save-dev componentize-qjs@0.4.5";
const INSTALL_NODE: &str = "install Node.js 20 or later";
/// Writes the modules without types into [`UNTYPED`].
const REMOVE_TYPES: &str = include_str!("remove_types.mjs");
const SCRIPT: &str = "build/remove_types.mjs";
/// Where the modules without types are, relative to the folder.
const UNTYPED: &str = "build/js";

/// Returns the component of a module, whose imports are found in the folder.
pub fn build(
    dir: &Path,
    entry: &str,
    world: Option<&str>,
    is_typed: bool,
    printer: &Printer,
) -> Result<PathBuf, Failure> {
    let tool = Tool::find("componentize-qjs", dir, INSTALL)?;
    let made = prepare_output(dir)?;
    let (root, entry) = match is_typed {
        false => (".".to_owned(), entry.to_owned()),
        true => (UNTYPED.to_owned(), remove_types(dir, entry, printer)?),
    };
    let world = world.into_iter().flat_map(|world| ["--world", world]);
    tool.run(
        |command| {
            let command = command.args(["--wit", "wit"]).args(world);
            command.args(["--js", &entry, "--module-root", &root, "--output", MADE])
        },
        dir,
        printer,
    )?;
    Ok(made)
}

/// Returns the path of the entry without types, relative to the folder.
fn remove_types(dir: &Path, entry: &str, printer: &Printer) -> Result<String, Failure> {
    let node = Tool::find("node", dir, INSTALL_NODE)?;
    // A file in the folder finds the packages of the folder.
    std::fs::write(dir.join(SCRIPT), REMOVE_TYPES)
        .map_err(|why| Failure::infrastructure(format!("{SCRIPT} cannot be written: {why}")))?;
    node.run(|command| command.args([SCRIPT, UNTYPED]), dir, printer)?;
    Ok(format!("{UNTYPED}/{entry}"))
}

/// Fails if the module does not name the export that its world needs. The tool does not check it.
pub fn check_export(dir: &Path, entry: &str, world: World) -> Result<(), Failure> {
    let name = match world {
        World::Agent => "agent",
        World::AgentBlocking => "agentBlocking",
        World::Feedback => "feedback",
        World::Runner => "runner",
    };
    let text = phasegate_files::read_text(&dir.join(entry), MAX_TEXT_BYTES).unwrap_or_default();
    match text.contains(&format!(" {name}")) {
        true => Ok(()),
        false => Err(Failure::check_failed(format!("{entry} does not export `{name}`, as its world in wit/ says"))
            .with_code(ErrorCode::BuildFailed)
            .with_hint(format!("write export const {name} = …"))),
    }
}
