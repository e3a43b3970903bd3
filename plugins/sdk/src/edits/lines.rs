//! A text in lines that remembers its line endings and its byte order mark.

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The end of a line that another one follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Lf,
    CrLf,
}

/// A text in lines. A text that ends with a line break has an empty last line.
#[derive(Debug, Clone)]
pub struct TextLines {
    has_mark: bool,
    lines: Vec<String>,
    /// The ending of each line; that of the last line is not used.
    endings: Vec<Ending>,
    /// The ending of new lines.
    usual: Ending,
}

impl TextLines {
    /// Splits a text.
    pub fn parse(text: &str) -> Self {
        let has_mark = text.starts_with(BYTE_ORDER_MARK);
        let mut lines = Vec::new();
        let mut endings = Vec::new();
        for line in text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).split('\n') {
            let (line, ending) = line.strip_suffix('\r').map_or((line, Ending::Lf), |line| (line, Ending::CrLf));
            lines.push(line.to_owned());
            endings.push(ending);
        }
        // The last line has no ending: what looks like one belongs to the line.
        if let (Some(line), Some(ending @ Ending::CrLf)) = (lines.last_mut(), endings.last_mut()) {
            line.push('\r');
            *ending = Ending::Lf;
        }
        let ended = endings.split_last().map(|(_, ended)| ended).unwrap_or_default();
        let crlf = ended.iter().filter(|ending| **ending == Ending::CrLf).count();
        let usual = if crlf * 2 > ended.len() { Ending::CrLf } else { Ending::Lf };
        if let Some(last) = endings.last_mut() {
            *last = usual;
        }
        Self { has_mark, lines, endings, usual }
    }

    /// Returns a text with the form of this one: its byte order mark, and its usual line ending in every line unless the text
    /// has carriage returns of its own.
    pub fn with_text(&self, text: &str) -> Self {
        let mut new = Self::parse(text);
        new.has_mark = self.has_mark;
        if !text.contains('\r') {
            new.endings.fill(self.usual);
            new.usual = self.usual;
        }
        new
    }

    /// Returns the lines without their endings.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Returns whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(String::is_empty) && self.lines.len() <= 1
    }

    /// Returns the text with line feeds alone, without a byte order mark.
    pub fn plain(&self) -> String {
        self.lines.join("\n")
    }

    /// Replaces lines. Lines that stay at the start and the end of the range keep their endings.
    pub fn splice(&mut self, from: usize, to: usize, new: Vec<String>) {
        let to = to.min(self.lines.len());
        let from = from.min(to);
        let old = self.lines.get(from..to).unwrap_or_default();
        let same_start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let most = old.len().min(new.len()) - same_start;
        let same_end = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
        let is_same_count = old.len() == new.len();
        let count = new.len();
        let old_endings: Vec<Ending> = self.endings.get(from..to).unwrap_or_default().to_vec();
        let ending = |at: usize| {
            let kept = if at < same_start || is_same_count {
                old_endings.get(at)
            } else if at + same_end >= count {
                old_endings.get(at + old_endings.len() - count)
            } else {
                None
            };
            kept.copied().unwrap_or(self.usual)
        };
        let endings: Vec<Ending> = (0..count).map(ending).collect();
        self.lines.splice(from..to, new);
        self.endings.splice(from..to, endings);
        if self.lines.is_empty() {
            self.lines.push(String::new());
            self.endings.push(self.usual);
        }
    }

    /// Replaces a range of bytes of [`TextLines::plain`].
    pub fn replace_span(&mut self, start: usize, end: usize, text: &str) {
        let plain = self.plain();
        let line_of = |at: usize| plain.get(..at).unwrap_or_default().matches('\n').count();
        let (first, last) = (line_of(start), line_of(end));
        let before = plain.get(..start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        let after = plain.get(end..).unwrap_or_default().split('\n').next().unwrap_or_default();
        let new = format!("{before}{text}{after}");
        self.splice(first, last + 1, new.split('\n').map(str::to_owned).collect());
    }

    /// Returns the whole text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        if self.has_mark {
            text.push(BYTE_ORDER_MARK);
        }
        for (at, (line, ending)) in self.lines.iter().zip(&self.endings).enumerate() {
            text.push_str(line);
            if at + 1 < self.lines.len() {
                text.push_str(if *ending == Ending::CrLf { "\r\n" } else { "\n" });
            }
        }
        text
    }
}

/// Returns a text as models write it, with line feeds alone and without a byte order mark.
pub fn normalize(text: &str) -> String {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).replace("\r\n", "\n")
}
