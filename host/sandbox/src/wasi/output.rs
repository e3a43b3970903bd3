//! Standard output and error.

use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::capabilities::LogLevel;
use crate::log_book::LogBook;

/// Standard output or error: whole lines go into the log.
pub(crate) struct Printed {
    pub(crate) log: LogBook,
    pub(crate) level: LogLevel,
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Lines { log: self.log.clone(), level: self.level, line: Vec::new() })
    }
}

const LONGEST_LINE: usize = 8 << 10;
/// What may be printed at once.
const MOST_PRINTED: usize = 64 << 10;

struct Lines {
    log: LogBook,
    level: LogLevel,
    line: Vec<u8>,
}

impl Lines {
    fn end(&mut self) {
        if !self.line.is_empty() {
            self.log.write(self.level, &String::from_utf8_lossy(&self.line));
            self.line.clear();
        }
    }
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        if bytes.len() > MOST_PRINTED {
            return Err(StreamError::trap("more was printed at once than may be"));
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            self.line.extend_from_slice(text.get(..room.min(text.len())).unwrap_or_default());
            if part.ends_with(b"\n") {
                self.end();
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MOST_PRINTED)
    }
}

#[async_trait::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.end();
    }
}
