//! The documentation, held against the program: commands run, examples are valid, links and paths exist.
//!
//! Fenced `sh` blocks run line by line, in the order of the page, in a copy of `examples/`. A line that ends in `# exit N`
//! must end with that code, each other line with 0. A block ` ```toml KIND FILE ` is written as FILE and validated as KIND.

pub mod commands;
mod keys;
mod links;
mod phases;
mod picture;
mod providers;
mod reference;
mod toml_blocks;

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use phasegate_test::{Output, copy_folder, repository};
use tempfile::TempDir;

use crate::plugins::tools::{build_environment, debian_compiler};

/// Folders below the repository's root that hold pages. Prompts of plugins are Markdown as well, but no documentation.
const FOLDERS: [&str; 6] = ["docs", "examples", "fuzz", "plugins/sdk", "plugins/runner-python", "tests"];

/// Folders whose commands a reader runs from the repository's root.
const RUNNABLE: [&str; 4] = ["README.md", "docs/", "examples/", "plugins/sdk/"];

/// A Markdown file.
struct Page {
    /// Relative to the repository's root, with `/`.
    name: String,
    text: String,
}

/// A fenced block.
struct Block {
    /// Of the opening fence, from 1.
    line: usize,
    /// The words behind the opening fence.
    info: Vec<String>,
    text: String,
}

/// All pages, sorted by name.
fn pages() -> Vec<Page> {
    let root = repository();
    let mut files: Vec<PathBuf> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    for folder in FOLDERS {
        collect(&root.join(folder), &mut files);
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    let page = |file: PathBuf| {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        Page { name, text: fs::read_to_string(&file).unwrap() }
    };
    files.into_iter().map(page).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "build", "prompts", "scenarios", "corpus"].contains(&name.as_str()) {
            collect(&path, files);
        } else if path.is_file() {
            files.push(path);
        }
    }
}

/// A block ` ```toml KIND FILE `, a whole file.
pub struct WholeFile {
    pub kind: String,
    pub text: String,
    /// Page and line.
    pub place: String,
}

/// The blocks of all pages that are whole files.
pub fn whole_files() -> Vec<WholeFile> {
    let mut found = Vec::new();
    for page in pages() {
        for block in page.blocks() {
            if let [language, kind, _] = block.info.as_slice()
                && language == "toml"
            {
                let place = format!("{}:{}", page.name, block.line);
                found.push(WholeFile { kind: kind.clone(), text: block.text, place });
            }
        }
    }
    found
}

impl Page {
    fn is_runnable(&self) -> bool {
        RUNNABLE.iter().any(|start| self.name.starts_with(start))
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<(Block, usize)> = None;
        for (number, line) in self.text.lines().enumerate() {
            let fence = line.trim_start().strip_prefix("```");
            match (&mut open, fence) {
                (None, Some(info)) => {
                    let info = info.split_whitespace().map(str::to_owned).collect();
                    let indent = line.len() - line.trim_start().len();
                    open = Some((Block { line: number + 1, info, text: String::new() }, indent));
                }
                (Some(_), Some("")) => blocks.extend(open.take().map(|(block, _)| block)),
                (Some((block, indent)), _) => {
                    block.text.push_str(line.get(*indent..).unwrap_or_default());
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.name);
        blocks
    }

    /// The lines outside of fenced blocks, each with its number from 1.
    fn prose(&self) -> Vec<(usize, &str)> {
        let mut fenced = false;
        let outside = self.text.lines().enumerate().filter(|(_, line)| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        });
        outside.map(|(number, line)| (number + 1, line)).collect()
    }

    /// What stands in backquotes outside of fenced blocks, with line numbers.
    fn code_spans(&self) -> Vec<(usize, String)> {
        let spans = |(number, line): (usize, &str)| {
            let inside = line.split('`').skip(1).step_by(2).map(move |span| (number, span.to_owned()));
            inside.collect::<Vec<_>>()
        };
        self.prose().into_iter().flat_map(spans).collect()
    }
}

/// A reader's folder: `examples/` is in it, and `phasegate` is on the path.
pub struct Reader {
    folder: TempDir,
    /// Where `cd` has led.
    here: RefCell<PathBuf>,
    /// The folder with the tools of plugins, for the pages that build some.
    tools: Option<PathBuf>,
}

impl Reader {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&repository().join("examples"), &folder.path().join("examples"));
        Self { here: RefCell::new(folder.path().to_owned()), folder, tools: None }
    }

    /// A reader who has installed what plugins in every language are built with.
    pub fn with_tools(tools: PathBuf) -> Self {
        let reader = Self::new();
        for folder in [".venv", "node_modules"] {
            std::os::unix::fs::symlink(tools.join(folder), reader.path().join(folder)).unwrap();
        }
        Self { tools: Some(tools), ..reader }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Goes back to the folder that every page begins in.
    fn go_home(&self) {
        *self.here.borrow_mut() = self.folder.path().to_owned();
    }

    /// Runs a line of shell, without keys and without a terminal. A line `cd FOLDER` also counts for the lines after it.
    pub fn run(&self, line: &str) -> Output {
        if let Some(folder) = line.strip_prefix("cd ") {
            self.here.borrow_mut().push(folder);
        }
        let binary = Path::new(crate::PATHS.binary).parent().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", if line.starts_with("cd ") { "true" } else { line }]);
        command.current_dir(&*self.here.borrow()).stdin(Stdio::null()).env_clear();
        command.env("PATH", format!("{}:/usr/bin:/bin", binary.display()));
        command.env("USER", "ada").env("HOME", self.path());
        command.env("XDG_CACHE_HOME", Path::new(crate::PATHS.scratch).join("scenarios"));
        if let Some(tools) = &self.tools {
            let programs = std::env::var("PATH").unwrap();
            command.env("PATH", format!("{}:{programs}", binary.display())).envs(build_environment(tools));
            if line == "phasegate plugin build" {
                command.envs(debian_compiler());
            }
        }
        Output::from_command(command)
    }
}
