//! The file for a picture that the user names. It is checked before anything else happens, and replaced as a whole or not at
//! all.

use std::io::Write;
use std::path::PathBuf;

use phasegate_files::{NewFile, check_output, describe};

use crate::exit::Failure;

/// A file that can be written.
#[derive(Debug)]
pub struct PictureFile(PathBuf);

impl PictureFile {
    /// Fails for a file that cannot be written, and without `force` for one that exists.
    pub fn check(file: PathBuf, force: bool) -> Result<Self, Failure> {
        let shown = file.display();
        match check_output(&file) {
            Err(why) => Err(Failure::usage(format!("{shown} cannot be written: {why}; nothing was written"))
                .with_hint("name a regular file or a new one, such as runs.svg")),
            Ok(true) if !force => Err(Failure::usage(format!("{shown} already exists; nothing was written"))
                .with_hint("choose another name, or overwrite it with --force")),
            Ok(_) => Ok(Self(file)),
        }
    }

    /// Writes the picture. Returns the note that says where it is.
    pub fn write(&self, svg: &str) -> Result<String, Failure> {
        let unwritable = |why: std::io::Error| {
            let (file, why) = (self.0.display(), describe(&why));
            Failure::infrastructure(format!("{file} cannot be written: {why}; nothing was written"))
                .with_hint("name a file in a folder that exists and can be written")
        };
        let new = NewFile::create(&self.0, 0o666).map_err(unwritable)?;
        new.file().write_all(svg.as_bytes()).map_err(unwritable)?;
        new.place().map_err(unwritable)?;
        Ok(format!("\nThe picture is in {}.\n", self.0.display()))
    }
}
