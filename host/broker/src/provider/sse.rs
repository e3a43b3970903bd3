//! Parses server-sent events.
//!
//! Guarantees: bounded memory, time linear in the bytes, and any division of the bytes into pieces. Fails on a line that
//! is too long or not UTF-8. An event that the end of the stream cuts off is not delivered.

/// The longest line, in bytes.
const LONGEST_LINE: usize = 8 * 1024 * 1024;

/// A parser that takes bytes and returns the data of complete events, one at a time.
#[derive(Debug, Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    data: Option<String>,
}

impl Events {
    /// Returns the data of the next event that these bytes complete, and removes the bytes that it has read.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<String>, String> {
        while !bytes.is_empty() {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (piece, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + piece.len() > LONGEST_LINE {
                return Err(format!("a line of the stream is longer than {LONGEST_LINE} bytes"));
            }
            self.line.extend_from_slice(piece);
            *bytes = rest.get(1..).unwrap_or_default();
            if end.is_some()
                && let Some(data) = self.end_line()?
            {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    fn end_line(&mut self) -> Result<Option<String>, String> {
        let bytes = std::mem::take(&mut self.line);
        let line = std::str::from_utf8(&bytes).map_err(|_| "the stream is not UTF-8".to_owned())?;
        let line = line.trim_start_matches('\u{feff}');
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let Some(value) = line.strip_prefix("data:") else { return Ok(None) };
        let value = value.strip_prefix(' ').unwrap_or(value);
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => self.data = Some(value.to_owned()),
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const STREAM: &str = ": hello\r\nevent: a\r\ndata: {\"x\":1}\r\n\r\n\
                          data: one\ndata:two\nid: 7\n\nretry: 3\n\ndata: grüß\n\ndata: cut";

    /// Every event that these bytes complete.
    fn push(events: &mut Events, mut bytes: &[u8]) -> Result<Vec<String>, String> {
        let mut all = Vec::new();
        while let Some(data) = events.next(&mut bytes)? {
            all.push(data);
        }
        Ok(all)
    }

    #[test]
    fn parses_events_from_any_chunks() {
        for size in [1, 2, 3, 7, 1000] {
            let mut events = Events::default();
            let got: Vec<String> =
                STREAM.as_bytes().chunks(size).flat_map(|piece| push(&mut events, piece).unwrap()).collect();
            assert_eq!(got, ["{\"x\":1}", "one\ntwo", "grüß"], "in pieces of {size}");
        }
    }

    #[test]
    fn rejects_endless_lines() {
        let mut events = Events::default();
        let piece = vec![b'x'; 1024 * 1024];
        let error = (0..9).find_map(|_| push(&mut events, &piece).err()).unwrap();
        assert_eq!(error, "a line of the stream is longer than 8388608 bytes");
    }

    #[test]
    fn rejects_lines_that_are_not_utf8() {
        assert_eq!(push(&mut Events::default(), b"data: \xff\n").unwrap_err(), "the stream is not UTF-8");
    }
}
