//! The run's repository in prompts: a small one whole, a larger one as a map with tools to read it. All agents of a run get
//! the same text and the same tools, so that providers can reuse it.

use std::fmt::Write as _;
use std::rc::Rc;

use phasegate_plugin::artifacts::{GeneratedCode, MappedFile, RepositoryMap};
use phasegate_plugin::repository::WholeFile;
use phasegate_plugin::{Failure, Prompt, Repository, Toolbox, Work, diff, fenced, fenced_named};

const WHOLE: Prompt = Prompt::new(include_str!("../prompts/repository-whole.md"));
const MAPPED: Prompt = Prompt::new(include_str!("../prompts/repository-map.md"));
/// Size of the text of a repository that is given whole, in tokens.
const WHOLE_TOKENS: u64 = 12_000;

/// The repository as models see it.
#[derive(Debug)]
pub struct RepositoryView {
    /// Access to the files.
    pub repository: Repository,
    section: String,
    tools: Option<Rc<dyn Toolbox>>,
}

impl RepositoryView {
    /// Reads the repository; `None` if the run has none. It is given whole if its text takes at most `tokens`, by default
    /// 12,000.
    pub fn load(work: &Work, tokens: Option<u64>) -> Result<Option<Self>, Failure> {
        let Some(repository) = Repository::open(work)? else { return Ok(None) };
        let map = repository.map();
        let summary = summary(map);
        let (section, tools): (String, Option<Rc<dyn Toolbox>>) =
            match repository.whole(tokens.unwrap_or(WHOLE_TOKENS))? {
                Some(files) => (WHOLE.render(&[("summary", &summary), ("files", &render_files(&files))]), None),
                None => {
                    let section = MAPPED.render(&[("summary", &summary), ("map", &fenced("Map", &render_map(map)))]);
                    (section, Some(Rc::new(repository.tools())))
                }
            };
        Ok(Some(Self { repository, section, tools }))
    }

    /// Returns the section of the prompt.
    pub fn section(&self) -> &str {
        &self.section
    }

    /// Returns the tools for models; `None` if the section contains all files.
    pub fn tools(&self) -> Option<Rc<dyn Toolbox>> {
        self.tools.clone()
    }

    /// Renders what the code changes in the repository, as one unified diff. Files that are not text are named.
    pub fn render_changes(&self, code: &GeneratedCode) -> String {
        let mut changes = String::new();
        for file in &code.files {
            changes.push_str(&match self.repository.text(&file.path) {
                Some(old) if old == file.content => format!("{} is not changed\n", file.path),
                old => diff::unified(&file.path, old.as_deref(), Some(&file.content)),
            });
        }
        for path in &code.deleted {
            changes.push_str(&match self.repository.text(path) {
                Some(old) => diff::unified(path, Some(&old), None),
                None => format!("{path} is deleted\n"),
            });
        }
        fenced("Changes of the repository", &changes)
    }
}

fn summary(map: &RepositoryMap) -> String {
    let languages: Vec<String> = map.languages.iter().map(|(name, files)| format!("{name} {files}")).collect();
    let mut text = format!("Files: {}. Bytes of text: {}.", map.files, map.text_bytes);
    if !languages.is_empty() {
        let _ = write!(text, " Files by language: {}.", languages.join(", "));
    }
    for note in &map.notes {
        let _ = write!(text, "\n{}", one_line(note));
    }
    fenced("Summary of the repository", &text)
}

fn render_files(files: &[WholeFile]) -> String {
    let mut others = String::new();
    let mut parts = Vec::new();
    for file in files {
        match &file.text {
            Some(text) => parts.push(fenced_named("File of the repository", &file.path, text)),
            None => {
                let kind = if file.kind == "text" { "not UTF-8" } else { &file.kind };
                let _ = writeln!(others, "{} ({} bytes, {kind})", one_line(&file.path), file.size);
            }
        }
    }
    if !others.is_empty() {
        parts.push(fenced("Files without text", &others));
    }
    parts.join("\n")
}

fn render_map(map: &RepositoryMap) -> String {
    let mut text: String = map.paths.iter().map(render_file).collect();
    if map.left_out > 0 {
        let _ = writeln!(text, "{} more files are not in this map", map.left_out);
    }
    text
}

fn render_file(file: &MappedFile) -> String {
    let kind = file.kind.as_ref().map(|kind| format!(", {kind}")).unwrap_or_default();
    let names: Vec<String> = file
        .definitions
        .iter()
        .map(|found| format!("{} {} {}", one_line(&found.kind), one_line(&found.name), found.line))
        .collect();
    let names = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    format!("{} ({} bytes{kind}){names}\n", one_line(&file.path), file.size)
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use phasegate_plugin::artifacts::{CodeFile, Definition};
    use phasegate_plugin::testing::MockHost;

    use super::*;

    fn host() -> MockHost {
        MockHost::new().file("a.py", "x = 1\ny = 2\n").file("logo.png", vec![0, 1]).file("b.py", "z = 3\n")
    }

    #[test]
    fn gives_small_repositories_whole() {
        let (view, _) = host().run_with(async |work| RepositoryView::load(&work, None).unwrap().unwrap());
        assert!(view.tools().is_none());
        for part in ["Files: 3. Bytes of text: 18.", "```\na.py\n----\nx = 1\n", "logo.png (2 bytes, binary)"] {
            assert!(view.section().contains(part), "{part} is missing in {}", view.section());
        }
    }

    #[test]
    fn gives_large_repositories_as_a_map() {
        let (view, _) = host().run_with(async |work| RepositoryView::load(&work, Some(4)).unwrap().unwrap());
        assert_eq!(view.tools().unwrap().tools().len(), 3);
        assert!(view.section().contains("a.py (12 bytes)\nb.py (6 bytes)\nlogo.png (2 bytes, binary)\n"), "{view:?}");
        assert!(!view.section().contains("x = 1"));
    }

    #[test]
    fn renders_definitions_and_what_is_left_out() {
        let definition = Definition { name: "total".into(), kind: "function".into(), line: 4 };
        let file =
            MappedFile { path: "a\n.py".into(), size: 9, definitions: vec![definition], ..MappedFile::default() };
        let map = RepositoryMap { paths: vec![file], left_out: 2, ..RepositoryMap::default() };
        assert_eq!(render_map(&map), "a .py (9 bytes): function total 4\n2 more files are not in this map\n");
    }

    #[test]
    fn shows_changes_as_one_diff() {
        let file =
            |path: &str, content: &str| CodeFile { path: path.into(), content: content.into(), ..CodeFile::default() };
        let code = GeneratedCode {
            files: vec![file("a.py", "x = 1\ny = 5\n"), file("new.py", "n = 0\n"), file("b.py", "z = 3\n")],
            deleted: vec!["b.py".into(), "logo.png".into()],
            ..GeneratedCode::default()
        };
        let (changes, _) =
            host().run_with(async |work| RepositoryView::load(&work, None).unwrap().unwrap().render_changes(&code));
        for part in [
            "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n x = 1\n-y = 2\n+y = 5\n",
            "--- /dev/null\n+++ b/new.py\n",
            "b.py is not changed\n",
            "+++ /dev/null\n@@ -1 +0,0 @@\n-z = 3\n",
            "logo.png is deleted\n",
        ] {
            assert!(changes.contains(part), "{part} is missing in {changes}");
        }
    }
}
