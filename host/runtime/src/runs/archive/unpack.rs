//! The unpacked bytes of an archive, within bounds.
//!
//! Guarantees: decompression needs at most a few MiB of memory; no more is unpacked than an archive may have, and not more than
//! [`MAX_RATIO`] times what was read of the file.

use std::io::{self, BufRead, BufReader, Read};

use crate::error::archive::ArchiveError;
use crate::runs::archive::format::{MAX_BYTES, check_size};

/// First bytes of every zstd stream.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The largest window of the compression, as a power of 2. `export` uses 22.
const MAX_WINDOW_LOG: u32 = 24;

/// The most bytes that one byte of the file may unpack to, on average. Requests that repeat each other reach hundreds.
const MAX_RATIO: u64 = 2_000;

/// The bytes that any file may unpack to.
const FREE_BYTES: u64 = 16 << 20;

/// Reads the lines and blobs of an archive.
pub(super) struct Unpacked<R: Read>(BufReader<Bounded<R>>);

impl<R: Read> Unpacked<R> {
    /// Starts at the first byte of the file.
    pub(super) fn new(from: R) -> Result<Self, ArchiveError> {
        let mut packed = BufReader::new(Counted { from, bytes: 0 });
        if !packed.fill_buf().map_err(damaged)?.starts_with(&ZSTD) {
            return Err(ArchiveError::Foreign("it is not compressed with zstd".to_owned()));
        }
        let mut decoder = zstd::Decoder::with_buffer(packed).map_err(damaged)?;
        decoder.window_log_max(MAX_WINDOW_LOG).map_err(damaged)?;
        Ok(Self(BufReader::new(Bounded { decoder, unpacked: 0 })))
    }

    /// Reads a line of at most `max` bytes. `what` names the line in the error.
    pub(super) fn line(&mut self, what: &str, max: u64) -> Result<String, ArchiveError> {
        let mut text = String::new();
        (&mut self.0).take(max.saturating_add(1)).read_line(&mut text).map_err(damaged)?;
        match text.strip_suffix('\n') {
            Some(line) => Ok(line.to_owned()),
            None if text.len() as u64 > max => {
                Err(ArchiveError::OverLimit(format!("{what} has more than {max} bytes, which is the limit")))
            }
            None => Err(ArchiveError::Damaged("it is truncated".to_owned())),
        }
    }

    /// Reads this many bytes; fewer where the file ends.
    pub(super) fn bytes(&mut self, number: u64) -> Result<Vec<u8>, ArchiveError> {
        let mut bytes = Vec::new();
        (&mut self.0).take(number).read_to_end(&mut bytes).map_err(damaged)?;
        Ok(bytes)
    }

    /// Fails if there are more bytes.
    pub(super) fn end(&mut self) -> Result<(), ArchiveError> {
        match self.0.read(&mut [0]).map_err(damaged)? {
            0 => Ok(()),
            _ => Err(ArchiveError::Damaged("there are bytes after its last blob".to_owned())),
        }
    }
}

struct Counted<R> {
    from: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let number = self.from.read(into)?;
        self.bytes += number as u64;
        Ok(number)
    }
}

struct Bounded<R: Read> {
    decoder: zstd::Decoder<'static, BufReader<Counted<R>>>,
    unpacked: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let number = self.decoder.read(into)?;
        self.unpacked += number as u64;
        check_size(self.unpacked, MAX_BYTES).map_err(io::Error::other)?;
        let packed = self.decoder.get_ref().get_ref().bytes;
        if self.unpacked > FREE_BYTES.saturating_add(packed.saturating_mul(MAX_RATIO)) {
            let what = format!("it unpacks to more than {MAX_RATIO} times its size");
            return Err(io::Error::other(ArchiveError::OverLimit(what)));
        }
        Ok(number)
    }
}

/// Returns the bound that was exceeded, or why the file cannot be read.
fn damaged(why: io::Error) -> ArchiveError {
    why.downcast::<ArchiveError>().unwrap_or_else(|why| ArchiveError::Damaged(why.to_string()))
}
