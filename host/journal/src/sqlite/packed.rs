//! Compression of what is stored, which is mostly JSON.
//!
//! Bytes are stored compressed only where that makes them shorter, and with their length before compression: bytes of that
//! length are not compressed. The dictionary belongs to version 4 of the file and never changes.

use std::cell::RefCell;
use std::io;

use bytes::Bytes;
use zstd::bulk::{Compressor, Decompressor};

use crate::bounds::MAX_EVENT_BYTES;

/// The most bytes that are compressed, and so the most that a few stored bytes can become.
const MAX_PACKED: usize = MAX_EVENT_BYTES;

/// The level of zstd: higher ones take longer and save next to nothing on texts of a few KB.
const LEVEL: i32 = 1;

/// Text that events, requests and answers share: halves what a few events take.
static DICTIONARY: &[u8] = include_bytes!("dictionary.txt");

thread_local! {
    static COMPRESSOR: RefCell<io::Result<Compressor<'static>>> =
        RefCell::new(Compressor::with_dictionary(LEVEL, DICTIONARY));
    static DECOMPRESSOR: RefCell<io::Result<Decompressor<'static>>> =
        RefCell::new(Decompressor::with_dictionary(DICTIONARY));
}

/// Bytes as they are stored, and their length before compression.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    pub(super) size: usize,
    pub(super) bytes: Bytes,
}

impl Packed {
    /// Compresses bytes, if that makes them shorter.
    pub(super) fn new(bytes: Bytes) -> Self {
        let size = bytes.len();
        let shorter = |packed: &Vec<u8>| packed.len() < size;
        match Some(()).filter(|()| size <= MAX_PACKED).and_then(|()| compress(&bytes)).filter(shorter) {
            Some(packed) => Self { size, bytes: packed.into() },
            None => Self { size, bytes },
        }
    }
}

fn compress(bytes: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| compressor.as_mut().ok()?.compress(bytes).ok())
}

/// Returns the bytes that were stored; `None` where they are damaged.
pub(super) fn unpack(stored: &[u8], size: usize) -> Option<Vec<u8>> {
    if stored.len() == size {
        return Some(stored.to_vec());
    }
    if size > MAX_PACKED {
        return None;
    }
    let unpacked =
        DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.as_mut().ok()?.decompress(stored, size).ok());
    unpacked.filter(|bytes| bytes.len() == size)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn everything_is_unpacked_as_it_was() {
        let texts = ["", "a", "{\"event\":\"run_stopped\",\"reason\":\"enough\"}", &"0123456789".repeat(10_000)];
        for text in texts {
            let packed = Packed::new(Bytes::from(text.to_owned()));
            assert!(packed.bytes.len() <= text.len());
            assert_eq!(unpack(&packed.bytes, packed.size), Some(text.as_bytes().to_vec()));
        }
    }

    #[test]
    fn damage_and_bombs_are_refused() {
        let packed = Packed::new(Bytes::from(vec![7; 1 << 20]));
        assert!(packed.bytes.len() < 1_000);
        assert_eq!(unpack(&packed.bytes, (1 << 20) - 1), None, "it is longer than it says");
        assert_eq!(unpack(&packed.bytes, (1 << 20) + 1), None, "it is shorter than it says");
        assert_eq!(unpack(b"no compressed bytes", 500), None);
        let bomb = zstd::bulk::compress(&vec![0; MAX_PACKED + 1], 1).unwrap();
        assert_eq!(unpack(&bomb, MAX_PACKED + 1), None);
        let large = Packed::new(Bytes::from(vec![0; MAX_PACKED + 1]));
        assert_eq!(large.bytes.len(), MAX_PACKED + 1, "it is stored as it is");
    }
}
