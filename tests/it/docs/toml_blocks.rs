//! TOML in the documentation: ` ```toml KIND FILE ` is a whole file, a block without KIND a part of one.

use std::fs;

use phasegate_process::source::Source;
use phasegate_process::task::Task;

use super::{Block, Reader};

/// Writes the block's file, if it is one. Returns what is wrong with the block.
pub fn fault(block: &Block, reader: &Reader) -> Option<String> {
    let [kind, file] = match block.info.as_slice() {
        [_] => return toml::from_str::<toml::Table>(&block.text).err().map(|why| why.to_string()),
        [_, kind, file] => [kind, file],
        _ => return Some("write ```toml, or ```toml KIND FILE".to_owned()),
    };
    let path = reader.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, &block.text).unwrap();
    let command = match kind.as_str() {
        "task" => return Task::parse(Source { file, text: &block.text }).err().map(|why| why.to_string()),
        "pipeline" => format!("phasegate pipeline check {file}"),
        "configuration" => format!("phasegate pipeline show tsp --config {file}"),
        // The page runs it.
        "experiment" => return None,
        other => return Some(format!("no kind `{other}`: write task, pipeline, configuration or experiment")),
    };
    let output = reader.run(&command);
    (output.code != 0).then(|| format!("`{command}`: {}", output.render(&[])))
}
