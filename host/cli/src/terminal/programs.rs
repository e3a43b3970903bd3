//! The person's own programs: the pager and the editor.
//!
//! Both are commands of the shell, as git understands them: `less -R`, `code --wait`. They are the person's choice and come
//! from the environment only, never from a project.

use std::fs::{self, OpenOptions};
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::printer::Printer;
use super::text::sanitize;

/// Shows text in `$PAGER`, else `less`, else `more`; prints the text if none of them starts.
pub fn page(printer: &Printer, text: &str) {
    let text = sanitize(text);
    let pagers = match variable("PAGER") {
        Some(pager) => vec![pager],
        None => vec!["less -R".to_owned(), "more".to_owned()],
    };
    if !pagers.iter().any(|pager| pager != "cat" && page_with(pager, &text).is_ok()) {
        printer.note(&text);
    }
}

/// Fails if the pager cannot be started. The shell's exit code 127 says so.
fn page_with(pager: &str, text: &str) -> Result<(), Error> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", pager]).stdin(Stdio::piped());
    // As git does: a text that fits the screen is only printed, and stays there.
    if std::env::var_os("LESS").is_none() {
        shell.env("LESS", "FRX");
    }
    let mut child = shell.spawn()?;
    // A pager may be left before it has read everything.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(text.as_bytes()));
    match child.wait()?.code() {
        Some(127) => Err(ErrorKind::NotFound.into()),
        _ => Ok(()),
    }
}

/// Whether an editor is named.
pub fn has_editor() -> bool {
    editor().is_some()
}

fn editor() -> Option<String> {
    variable("VISUAL").or_else(|| variable("EDITOR"))
}

/// Lets the person continue a text in `$VISUAL` or `$EDITOR`. Lines that begin with `#` explain and are left out of the
/// result, and so are control characters. Fails if the editor cannot be started or ends with an error.
pub fn edit(text: &str, explanation: &str) -> Result<String, Error> {
    let editor = editor().ok_or(ErrorKind::NotFound)?;
    let file = TextFile::create(&render_for_editor(text, explanation))?;
    let shell = Command::new("/bin/sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(&file.0).status()?;
    if !shell.success() {
        return Err(Error::other(format!("`{editor}` ended with {shell}")));
    }
    let edited = fs::read_to_string(&file.0)?;
    let lines: Vec<&str> = edited.lines().filter(|line| !line.starts_with('#')).collect();
    Ok(sanitize(lines.join("\n").trim()))
}

fn render_for_editor(text: &str, explanation: &str) -> String {
    let lines: String =
        sanitize(explanation).lines().map(|line| format!("{}\n", format!("# {line}").trim_end())).collect();
    format!("{text}\n{lines}")
}

/// A private file that is removed with this value.
struct TextFile(PathBuf);

impl TextFile {
    fn create(text: &str) -> Result<Self, Error> {
        let folder = std::env::temp_dir();
        let (path, mut file) = (0..100)
            .find_map(|number| create_new(&folder.join(format!("phasegate-{}-{number}.md", std::process::id()))))
            .ok_or_else(|| Error::other(format!("no file can be created in {}", folder.display())))?;
        file.write_all(text.as_bytes())?;
        Ok(Self(path))
    }
}

fn create_new(path: &Path) -> Option<(PathBuf, fs::File)> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).ok()?;
    Some((path.to_owned(), file))
}

impl Drop for TextFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
