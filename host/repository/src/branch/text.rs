//! Line ends and byte order marks of text that replaces a file.

use gix::bstr::ByteSlice;

const UTF8_MARK: &str = "\u{feff}";

/// Returns the new text with the byte order mark and the line ends of the file that it replaces. A file that ends most of its
/// lines in CRLF keeps that, if the new text has none of its own; a file that ends all of its lines so keeps it in any case.
/// Fails if the file is not text in UTF-8.
pub fn fit_text(new: &str, base: &[u8]) -> Result<Vec<u8>, &'static str> {
    let is_utf16 = base.starts_with(&[0xff, 0xfe]) || base.starts_with(&[0xfe, 0xff]);
    let base = match base.to_str() {
        Ok(text) if !text.contains('\0') => text,
        _ if is_utf16 => return Err("it is text in UTF-16"),
        _ if crate::kind::has_nul(base) => return Err("it is a binary file"),
        _ => return Err("it is not text in UTF-8"),
    };
    let ends = base.matches('\n').count();
    let windows_ends = base.matches("\r\n").count();
    let keeps_windows_ends = match new.contains("\r\n") {
        true => windows_ends == ends,
        false => windows_ends * 2 > ends,
    };
    let mut text = match windows_ends > 0 && keeps_windows_ends {
        true => new.replace("\r\n", "\n").replace('\n', "\r\n"),
        false => new.to_owned(),
    };
    if base.starts_with(UTF8_MARK) && !text.starts_with(UTF8_MARK) {
        text.insert_str(0, UTF8_MARK);
    }
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn fit(new: &str, base: &str) -> String {
        String::from_utf8(fit_text(new, base.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn windows_line_ends_are_kept() {
        assert_eq!(fit("a\nb\n", "x\r\ny\r\n"), "a\r\nb\r\n");
        assert_eq!(fit("a\nb\r\nc", "x\r\ny\r\n"), "a\r\nb\r\nc");
        assert_eq!(fit("a\nb\n", "x\r\ny\r\nz\n"), "a\r\nb\r\n");
        // The new text has mixed line ends as the file has, so it decides itself.
        assert_eq!(fit("a\nb\r\n", "x\r\ny\r\nz\n"), "a\nb\r\n");
        assert_eq!(fit("a\nb\n", "x\r\ny\nz\n"), "a\nb\n");
        assert_eq!(fit("a\nb\n", "x\ny\n"), "a\nb\n");
        assert_eq!(fit("a\r\n", "x\n"), "a\r\n");
        assert_eq!(fit("a\n", ""), "a\n");
        assert_eq!(fit("", "x\r\n"), "");
    }

    #[test]
    fn byte_order_marks_are_kept() {
        assert_eq!(fit("a\n", "\u{feff}x\r\n"), "\u{feff}a\r\n");
        assert_eq!(fit("\u{feff}a", "\u{feff}x"), "\u{feff}a");
        assert_eq!(fit("a", "x"), "a");
    }

    #[test]
    fn other_encodings_are_refused() {
        let why = |base: &[u8]| fit_text("a", base).unwrap_err();
        assert_eq!(why(b"caf\xe9\n"), "it is not text in UTF-8");
        assert_eq!(why(b"\xff\xfea\0\n\0"), "it is text in UTF-16");
        assert_eq!(why(b"\xfe\xff\0a"), "it is text in UTF-16");
        assert_eq!(why(b"a\0b"), "it is a binary file");
    }
}
