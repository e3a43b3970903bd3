//! Reads of files that a person, a flag or a configuration names.
//!
//! Guarantees: a device, a pipe or a folder is rejected without waiting for it; at most the given number of bytes is read.
//! Symbolic links are followed, because the reader may have put them there.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// The limit of a text file that a person writes: a task, a configuration, a pipeline, a schema. In bytes.
pub const MAX_TEXT_BYTES: u64 = 4 << 20;

/// Opens a regular file to read. Fails with a text such as `it is a device, not a regular file`.
pub fn open_input(path: &Path) -> io::Result<File> {
    // Without NONBLOCK, opening a pipe waits for a writer.
    let flags = OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(not_regular(&file)),
    }
}

/// Reads a regular file of at most `max` bytes.
pub fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let file = open_input(path)?;
    let too_large =
        || io::Error::new(ErrorKind::FileTooLarge, format!("it has more than {max} bytes, which is the limit"));
    let size = file.metadata()?.len();
    if size > max {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    // The file may grow meanwhile, and files of the system have size 0.
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max { Err(too_large()) } else { Ok(bytes) }
}

/// Reads a regular file of at most `max` bytes that is text in UTF-8; a byte order mark at its start is left out. Other content
/// is an error of kind `InvalidData` that says which encoding it has, as far as the bytes show it.
pub fn read_text(path: &Path, max: u64) -> io::Result<String> {
    let bytes = read(path, max)?;
    let invalid = |why: String| io::Error::new(ErrorKind::InvalidData, why);
    if is_utf16(&bytes) {
        return Err(invalid("it is text in UTF-16, not in UTF-8".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = bytes.iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
        let guess = if bytes.contains(&0) { "" } else { "; it may be in Latin-1" };
        invalid(format!("it is not text in UTF-8, first in line {line}{guess}"))
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// Whether bytes begin with the mark of UTF-16, or with an ASCII character in two bytes.
fn is_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
        || matches!(bytes, [0, low, ..] | [low, 0, ..] if low.is_ascii_graphic())
}

/// Describes why a file or folder cannot be used, in lower case and without the system's number of the error.
pub fn describe(why: &io::Error) -> String {
    if why.kind() == ErrorKind::NotFound {
        return "there is no such file or folder".to_owned();
    }
    let text = why.to_string();
    let text = text.split_once(" (os error ").map_or(text.as_str(), |(text, _)| text);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Checks that a regular file can be read. The reason calls it `given`, as the person named it.
pub fn check_input(path: &Path, given: &str) -> Result<(), String> {
    match open_input(path) {
        Ok(_) => Ok(()),
        Err(why) if why.kind() == ErrorKind::NotFound => Err(format!("there is no file `{given}`")),
        Err(why) => Err(format!("`{given}` cannot be read: {why}")),
    }
}

/// Returns the error for a file that is not a regular one.
pub(crate) fn not_regular(file: &File) -> io::Error {
    is_no_file(file.metadata().ok().map(|metadata| metadata.file_type()))
}

/// The same for the type of a file; `None` where it is unknown.
pub(crate) fn is_no_file(kind: Option<FileType>) -> io::Error {
    let (error, kind) = match kind {
        Some(kind) if kind.is_dir() => (ErrorKind::IsADirectory, "folder"),
        Some(kind) if kind.is_fifo() => (ErrorKind::InvalidInput, "pipe"),
        Some(kind) if kind.is_socket() => (ErrorKind::InvalidInput, "socket"),
        _ => (ErrorKind::InvalidInput, "device"),
    };
    io::Error::new(error, format!("it is a {kind}, not a regular file"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rejects_devices_pipes_and_folders_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        let refusal = |path: &Path| read(path, 100).unwrap_err().to_string();
        assert_eq!(refusal(&pipe), "it is a pipe, not a regular file");
        assert_eq!(refusal(&link), "it is a device, not a regular file");
        assert_eq!(refusal(dir.path()), "it is a folder, not a regular file");
    }

    #[test]
    fn reads_at_most_the_given_number_of_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("text");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_text(&path, 5).unwrap(), "12345");
        assert_eq!(read(&path, 4).unwrap_err().to_string(), "it has more than 4 bytes, which is the limit");
        // A file of the system says that it has no bytes.
        assert!(read(Path::new("/proc/self/status"), 10).unwrap_err().to_string().starts_with("it has more than 10"));
    }

    #[test]
    fn says_which_encoding_a_text_has() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("text");
        let refusal = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read_text(&path, 100).unwrap_err().to_string()
        };
        for bytes in [b"\xff\xfea\0".as_slice(), b"\xfe\xff\0a", b"a\0b\0", b"\0a\0b"] {
            assert_eq!(refusal(bytes), "it is text in UTF-16, not in UTF-8");
        }
        assert_eq!(refusal(b"a\ncaf\xe9\n"), "it is not text in UTF-8, first in line 2; it may be in Latin-1");
        assert_eq!(refusal(b"\x7fELF\0\xff"), "it is not text in UTF-8, first in line 1");
        std::fs::write(&path, b"\xef\xbb\xbftext").unwrap();
        assert_eq!(read_text(&path, 100).unwrap(), "text");
    }
}
