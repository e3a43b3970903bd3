//! An issue in Markdown as the text of a task.
//!
//! The first heading is the title, else the first line with text. Items of checklists (`- [ ] …`) become requirements, whether
//! they are checked or not; everything else is the description. Text in fenced blocks is never a title or an item.

/// A parsed issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The title; empty if the issue has no text.
    pub title: String,
    /// The title and the text below it.
    pub description: String,
    /// The items of checklists, in order.
    pub requirements: Vec<String>,
}

impl Issue {
    /// Parses an issue. Every text is an issue.
    pub fn parse(text: &str) -> Self {
        let mut title = String::new();
        let mut rest: Vec<&str> = Vec::new();
        let mut requirements: Vec<String> = Vec::new();
        let mut fence = None;
        let mut in_item = false;
        let lines: Vec<&str> = without_front_matter(text).lines().collect();
        let has_heading = lines.iter().any(|line| heading(line).is_some());
        for line in lines {
            if let Some(mark) = fence_mark(line) {
                match fence {
                    None => fence = Some(mark),
                    Some(open) if open == mark => fence = None,
                    Some(_) => {}
                }
            } else if fence.is_none() {
                let as_title = if has_heading { heading(line) } else { Some(line.trim()) };
                if let (true, Some(found)) = (title.is_empty(), as_title.filter(|found| !found.is_empty())) {
                    title = found.to_owned();
                    continue;
                }
                if let Some(item) = checklist_item(line) {
                    in_item = !item.is_empty();
                    requirements.extend(in_item.then(|| item.to_owned()));
                    continue;
                }
                // An indented line continues the item above it.
                if let (true, true, Some(last)) = (in_item, is_continuation(line), requirements.last_mut()) {
                    last.push(' ');
                    last.push_str(line.trim());
                    continue;
                }
            }
            in_item = false;
            rest.push(line);
        }
        let body = rest.join("\n");
        let body = body.trim();
        let description = if body.is_empty() { title.clone() } else { format!("{title}\n\n{body}") };
        Self { title, description: description.trim().to_owned(), requirements }
    }

    /// Returns a task id made from the title: lower-case words joined by `-`, at most 60 characters; `None` if the title has
    /// fewer than three letters and digits.
    pub fn task_id(&self) -> Option<String> {
        let mut id = String::new();
        for c in self.title.chars() {
            match c.is_ascii_alphanumeric() {
                true => id.push(c.to_ascii_lowercase()),
                false if !id.is_empty() && !id.ends_with('-') => id.push('-'),
                false => {}
            }
        }
        let mut id: String = id.chars().take(60).collect();
        while id.ends_with('-') {
            id.pop();
        }
        (id.len() >= 3).then_some(id)
    }
}

fn without_front_matter(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}');
    let is_mark =
        |line: &str| line.strip_suffix('\n').is_some_and(|line| line.strip_suffix('\r').unwrap_or(line) == "---");
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        at += line.len();
        match (index, is_mark(line)) {
            (0, false) => return text,
            (1.., true) => return text.get(at..).unwrap_or_default(),
            _ => {}
        }
    }
    text
}

fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    let text = rest.strip_prefix(' ')?.trim().trim_end_matches('#').trim();
    ((1..=6).contains(&level) && !text.is_empty()).then_some(text)
}

fn fence_mark(line: &str) -> Option<char> {
    let line = line.trim_start();
    ['`', '~'].into_iter().find(|mark| line.chars().take_while(|c| c == mark).count() >= 3)
}

fn checklist_item(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = ["- [", "* [", "+ ["].iter().find_map(|start| line.strip_prefix(start))?;
    let rest = [" ]", "x]", "X]"].iter().find_map(|mark| rest.strip_prefix(mark))?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
}

fn is_continuation(line: &str) -> bool {
    let text = line.trim_start();
    line.starts_with("  ") && !text.is_empty() && !text.starts_with(['-', '*', '+', '>', '|', '#'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checklists_become_requirements() {
        let text = "---\nlabels: [bug]\n---\n# Parse `1h 30m` (#12)\n\nToday it fails:\n\n```\n- [ ] no item\n# no title\n```\n\n\
                    - [ ] hours and minutes,\n  with spaces\n- [x] empty text is an error\n- [ ]\n* plain item\n\nThanks!\n";
        let issue = Issue::parse(text);
        assert_eq!(issue.title, "Parse `1h 30m` (#12)");
        assert_eq!(issue.requirements, ["hours and minutes, with spaces", "empty text is an error"]);
        assert_eq!(
            issue.description,
            "Parse `1h 30m` (#12)\n\nToday it fails:\n\n```\n- [ ] no item\n# no title\n```\n\n* plain item\n\nThanks!"
        );
        assert_eq!(issue.task_id().as_deref(), Some("parse-1h-30m-12"));
        assert_eq!(Issue::parse(&text.replace('\n', "\r\n")), issue);
    }

    #[test]
    fn the_first_line_is_the_title_without_heading() {
        let issue = Issue::parse("\nDo it better\nand faster\n");
        assert_eq!((issue.title.as_str(), issue.description.as_str()), ("Do it better", "Do it better\n\nand faster"));
        let empty = Issue::parse(" \n");
        assert_eq!((empty.title.as_str(), empty.description.as_str(), empty.task_id()), ("", "", None));
    }

    #[test]
    fn ids_are_short_and_plain() {
        let id =
            |title: &str| Issue { title: title.into(), description: String::new(), requirements: vec![] }.task_id();
        assert_eq!(id("Ünïcode: a/b"), Some("n-code-a-b".to_owned()));
        assert_eq!(id("日本語"), None);
        assert_eq!(id(&"word ".repeat(30)).map(|id| id.len()), Some(59));
    }
}
