//! The programs of a language's toolchain: where they are, and how they are run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use phasegate_runtime::ErrorCode;

use crate::exit::Failure;
use crate::terminal::printer::Printer;

/// Folders with the programs of a project, beside its sources or above them.
const LOCAL: [&str; 2] = [".venv/bin", "node_modules/.bin"];

/// A program that exists.
#[derive(Debug)]
pub struct Tool {
    program: PathBuf,
    name: String,
}

impl Tool {
    /// Finds a program: a path, in the folders of the project (`.venv/bin`, `node_modules/.bin`), or in PATH. The error has
    /// the command that installs it as its hint.
    pub fn find(name: &str, dir: &Path, install: &str) -> Result<Self, Failure> {
        let found = match Path::new(name).components().count() {
            1 => in_project(name, dir).or_else(|| in_path(name)),
            _ => Some(dir.join(name)).filter(|program| program.is_file()),
        };
        match found {
            Some(program) => Ok(Self { program, name: name.to_owned() }),
            None => Err(missing(&format!("`{name}` was not found"), install)),
        }
    }

    /// The same as the program that an environment variable names, if it is set.
    pub fn from_environment(variable: &str, name: &str, dir: &Path, install: &str) -> Result<Self, Failure> {
        match std::env::var_os(variable).filter(|value| !value.is_empty()) {
            Some(program) => Ok(Self { program: program.into(), name: name.to_owned() }),
            None => Self::find(name, dir, install),
        }
    }

    /// Runs it in the folder and shows the command line and its output. Fails with exit code 1 if it fails.
    pub fn run(
        &self,
        prepare: impl FnOnce(&mut Command) -> &mut Command,
        dir: &Path,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let mut command = Command::new(&self.program);
        // Backtraces of the tool itself hide what it says.
        prepare(&mut command)
            .env_remove("RUST_BACKTRACE")
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(std::io::stderr());
        let arguments = command.get_args().map(OsStr::to_string_lossy);
        let words: Vec<_> = std::iter::once(self.name.as_str().into()).chain(arguments).collect();
        printer.note(&format!("{}\n", words.join(" ")));
        let status = command.status().map_err(|why| self.unstartable(&why))?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::check_failed(format!("`{}` failed with {status}, see its output above", self.name))
                .with_code(ErrorCode::BuildFailed)),
        }
    }

    /// Returns what it prints, or `None` if it fails.
    pub fn output(&self, arguments: &[&str], dir: &Path) -> Option<String> {
        let output = Command::new(&self.program).args(arguments).current_dir(dir).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn unstartable(&self, why: &std::io::Error) -> Failure {
        missing(&format!("`{}` cannot be started: {why}", self.name), "install it again")
    }
}

/// The error about a tool that is not there.
pub fn missing(message: &str, install: &str) -> Failure {
    Failure::usage(message).with_code(ErrorCode::ToolMissing).with_hints(Some(install.to_owned()))
}

fn in_project(name: &str, dir: &Path) -> Option<PathBuf> {
    let places = dir.ancestors().flat_map(|folder| LOCAL.iter().map(move |local| folder.join(local).join(name)));
    places.into_iter().find(|program| program.is_file())
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}
