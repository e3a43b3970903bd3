//! Standard output and error.

use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::call_log::CallLog;
use crate::capabilities::LogLevel;

/// Standard output or error, written to the log line by line.
pub(crate) struct LogOutput {
    pub(crate) log: CallLog,
    pub(crate) level: LogLevel,
}

impl IsTerminal for LogOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogOutput {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(LineWriter { log: self.log.clone(), level: self.level, line: Vec::new() })
    }
}

const MAX_LINE_BYTES: usize = 8 << 10;
/// The most bytes per write.
const MAX_WRITE_BYTES: usize = 64 << 10;

struct LineWriter {
    log: CallLog,
    level: LogLevel,
    line: Vec<u8>,
}

impl LineWriter {
    fn end_line(&mut self) {
        if !self.line.is_empty() {
            let line = String::from_utf8_lossy(&self.line);
            match self.level {
                LogLevel::Info => self.log.write_output(&line),
                level => self.log.write(level, &line),
            }
            self.line.clear();
        }
    }
}

impl OutputStream for LineWriter {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        if bytes.len() > MAX_WRITE_BYTES {
            return Err(StreamError::trap("more was printed at once than may be"));
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let capacity = MAX_LINE_BYTES.saturating_sub(self.line.len());
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            self.line.extend_from_slice(text.get(..capacity.min(text.len())).unwrap_or_default());
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_WRITE_BYTES)
    }
}

#[async_trait::async_trait]
impl Pollable for LineWriter {
    async fn ready(&mut self) {}
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        self.end_line();
    }
}
