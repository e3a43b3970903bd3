//! Checks generated files beyond their schema: invalid or colliding paths, and fences or tags of the answer inside a file.
//! Faults are worded so that a model can correct them. Pure.

use std::collections::BTreeSet;

use phasegate_plugin::artifacts::GeneratedCode;

/// Returns every fault of the files and the language. Only the texts of `written` paths are searched for parts of the answer:
/// those of other files are the project's.
pub fn faults(code: &GeneratedCode, written: impl Fn(&str) -> bool) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for file in &code.files {
        if let Some(why) = path_fault(&file.path) {
            faults.push(format!("files: the path `{}` {why}", file.path));
        }
        if !seen.insert(file.path.to_lowercase()) {
            faults.push(format!("files: the path `{}` occurs twice (case is ignored)", file.path));
        }
        if written(&file.path)
            && let Some(line) = leaked_line(&file.path, &file.content)
        {
            faults
                .push(format!("files: `{}` begins or ends with `{line}`, which is not part of the program", file.path));
        }
    }
    if !is_language(&code.language) {
        faults.push(format!("language: `{}` is not the name of a language, for example `python`", code.language));
    }
    faults
}

/// Whether a text is one word, apart from a version at its end: the host understands the common names of a language.
fn is_language(text: &str) -> bool {
    let name = text.trim().trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '_' | ' '));
    !name.is_empty() && !name.contains(char::is_whitespace)
}

fn path_fault(path: &str) -> Option<&'static str> {
    if path.starts_with('/') || path.contains(':') {
        return Some("is not relative");
    }
    if path.contains('\\') {
        return Some("has a backslash; separate segments by `/`");
    }
    match path.split('/').any(|segment| segment.is_empty() || segment == "." || segment == "..") {
        true => Some("has an empty, `.` or `..` segment"),
        false => None,
    }
}

/// Returns a fence around the whole file, or a closing tag at the end of a file that is not markup.
pub fn leaked_line<'a>(path: &str, content: &'a str) -> Option<&'a str> {
    if path.ends_with(".md") {
        return None;
    }
    let mut lines = content.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next()?;
    let last = lines.next_back().unwrap_or(first);
    let markup = [".html", ".htm", ".xml", ".svg", ".vue", ".jsx", ".tsx", ".svelte", ".xhtml"];
    if first.starts_with("```") {
        return Some(first);
    }
    let closes_tag = last.starts_with("</") && last.ends_with('>') && !markup.iter().any(|end| path.ends_with(end));
    (closes_tag || last == "```").then_some(last)
}

#[cfg(test)]
mod tests {
    use phasegate_plugin::artifacts::CodeFile;

    use super::*;

    fn code(files: &[(&str, &str)]) -> GeneratedCode {
        let file = |(path, content): &(&str, &str)| CodeFile {
            path: (*path).to_owned(),
            content: (*content).to_owned(),
            ..Default::default()
        };
        GeneratedCode { files: files.iter().map(file).collect(), language: "python".into(), ..Default::default() }
    }

    #[test]
    fn accepts_valid_files() {
        let fine = [
            ("a/__init__.py", ""),
            ("a/b.py", "x = 1\n"),
            ("page.html", "<html>\n</html>\n"),
            ("README.md", "```\n```\n"),
        ];
        assert_eq!(faults(&code(&fine), |_| true), Vec::<String>::new());
    }

    #[test]
    fn rejects_unsafe_and_colliding_paths() {
        let bad = [("/etc/passwd", ""), ("../up.py", ""), ("a\\b.py", ""), ("C:/x.py", ""), ("A.py", ""), ("a.py", "")];
        assert_eq!(
            faults(&code(&bad), |_| true),
            [
                "files: the path `/etc/passwd` is not relative",
                "files: the path `../up.py` has an empty, `.` or `..` segment",
                "files: the path `a\\b.py` has a backslash; separate segments by `/`",
                "files: the path `C:/x.py` is not relative",
                "files: the path `a.py` occurs twice (case is ignored)",
            ]
        );
    }

    #[test]
    fn finds_leaked_tags_and_fences() {
        for content in ["x = 1\n</content>\n", "```python\nx = 1\n```\n", "x = 1\n```\n"] {
            assert_eq!(faults(&code(&[("a.py", content)]), |_| true).len(), 1, "{content}");
            assert_eq!(faults(&code(&[("a.py", content)]), |_| false), Vec::<String>::new());
        }
    }

    #[test]
    fn accepts_common_names_of_languages() {
        let with =
            |language: &str| faults(&GeneratedCode { language: language.into(), ..code(&[("a.py", "")]) }, |_| true);
        for name in ["python", "Python", "py", "python3", "Python 3.12", "C++20"] {
            assert_eq!(with(name), Vec::<String>::new(), "{name}");
        }
        assert_eq!(
            with("Python with pytest"),
            ["language: `Python with pytest` is not the name of a language, for example `python`"]
        );
        assert_eq!(with("3").len(), 1);
    }
}
