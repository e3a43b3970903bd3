//! Texts of a task and of models in a pull request.
//!
//! Guarantees: such a text makes no heading, table or list of its own, mentions nobody and refers to no issue, so that it
//! cannot look like a section of the request or close an issue.

use super::text::plain_text;

/// The most lines that are quoted.
const MAX_LINES: usize = 200;

/// Marks that begin a block of Markdown at the start of a line.
const BLOCK_MARKS: [char; 9] = ['#', '~', '-', '+', '=', '|', '[', '>', '*'];

/// Returns the lines of a text as a quote in Markdown.
pub(super) fn quoted_text(text: &str) -> String {
    let mut lines: Vec<String> = text.trim().lines().take(MAX_LINES).map(quoted_line).collect();
    lines.dedup_by(|next, last| next == ">" && last == ">");
    if text.trim().lines().count() > MAX_LINES {
        lines.push("> …".to_owned());
    }
    lines.join("\n")
}

fn quoted_line(line: &str) -> String {
    let line = inline_text(line);
    match line.starts_with(BLOCK_MARKS) {
        _ if line.is_empty() => ">".to_owned(),
        true => format!("> \\{line}"),
        false => format!("> {line}"),
    }
}

/// Returns a text on one line, without mentions and references.
pub(super) fn inline_text(text: &str) -> String {
    let mut inline = String::new();
    let plain = plain_text(&text.replace('&', "&amp;"));
    let mut chars = plain.chars().peekable();
    let mut last = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        inline.push(c);
        // Forges look for mentions after Markdown is rendered, so a backslash would not be enough.
        let is_mention = c == '@' && next.is_alphanumeric();
        let is_reference = c == '#' && last != '&' && next.is_ascii_digit();
        if is_mention || is_reference {
            inline.push_str("&#8203;");
        }
        last = c;
    }
    inline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_texts_make_no_blocks() {
        let text = "Fix it\n\n\n## Gates\n\n| gate | status |\n|---|---|\n- a\n  - b\n===\n[x]: http://x\n<details>\n";
        let shown = "> Fix it\n>\n> \\## Gates\n>\n> \\| gate | status |\n> \\|---|---|\n> \\- a\n> \\- b\n> \\===\n> \\[x]: \
                     http://x\n> &lt;details>";
        assert_eq!(quoted_text(text), shown);
        let long = quoted_text(&"x\n".repeat(300));
        assert!(long.ends_with("> x\n> …") && long.lines().count() == 201, "{long}");
    }

    #[test]
    fn texts_mention_nobody() {
        assert_eq!(
            inline_text("fixes #12, a/b#3, @ann &#64;ann R&D C# a @ b"),
            "fixes #&#8203;12, a/b#&#8203;3, @&#8203;ann &amp;#&#8203;64;ann R&amp;D C# a @ b"
        );
    }
}
