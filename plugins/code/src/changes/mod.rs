//! Changes of a repository as a model answers them, and the code that they make: whole files, and the paths to delete.
//!
//! A file is whole, edited or patched. Edits apply to the file of the previous attempt, or to that of the repository. Files of
//! the previous attempt that the answer does not name stay. Faults are worded so that a model can correct them.

use std::collections::BTreeSet;

use phasegate_plugin::artifacts::{CodeFile, GeneratedCode};
use phasegate_plugin::edits::{self, Edit, EditFault};
use phasegate_plugin::{Repository, Work};
use serde::Deserialize;

use crate::check::leaked_line;

/// The answer of a model.
#[derive(Debug, Deserialize)]
pub struct Answer {
    files: Vec<ChangedFile>,
    #[serde(default)]
    deleted: Vec<String>,
    #[serde(default)]
    restored: Vec<String>,
    language: String,
    dependencies: Vec<String>,
    #[serde(default)]
    setup: Option<String>,
    notes: String,
}

#[derive(Debug, Deserialize)]
struct ChangedFile {
    path: String,
    purpose: String,
    #[serde(default)]
    semantic_unit_id: Option<String>,
    #[serde(default)]
    renamed_from: Option<String>,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    edits: Option<Vec<Edit>>,
    #[serde(default)]
    diff: Option<String>,
}

/// The code that an answer makes.
#[derive(Debug)]
pub struct Changed {
    /// The artifact.
    pub code: GeneratedCode,
    /// The paths whose whole text the model wrote, without those that already had what looks like a part of an answer.
    pub written: BTreeSet<String>,
}

/// The files before the answer.
pub struct Project<'a> {
    /// Inputs, among them files of the project.
    pub work: &'a Work,
    /// The repository.
    pub repository: &'a Repository,
    /// The code of the previous attempt.
    pub previous: Option<&'a GeneratedCode>,
}

impl Project<'_> {
    /// Applies an answer. Returns every fault.
    pub fn apply(&self, answer: &Answer) -> Result<Changed, Vec<String>> {
        let mut faults = Vec::new();
        let mut files = Vec::new();
        let mut written = BTreeSet::new();
        let mut deleted: Vec<String> = answer.deleted.clone();
        for file in &answer.files {
            match self.content(file) {
                Ok(content) => files.push(CodeFile {
                    path: file.path.clone(),
                    content,
                    purpose: file.purpose.clone(),
                    semantic_unit_id: file.semantic_unit_id.clone().filter(|id| !id.is_empty()),
                }),
                Err(found) => faults.extend(found.into_iter().map(|fault| format!("files: `{}`{fault}", file.path))),
            }
            let had_leak = |text: String| leaked_line(&file.path, &text).is_some();
            if file.has_content() && !self.text(&file.path).is_some_and(had_leak) {
                written.insert(file.path.clone());
            }
            deleted.extend(file.source().map(str::to_owned));
        }
        faults.extend(self.path_faults(answer));
        if !faults.is_empty() {
            return Err(faults);
        }
        let code = GeneratedCode {
            files: self.merge_files(files, &deleted, &answer.restored),
            language: answer.language.clone(),
            dependencies: answer.dependencies.clone(),
            setup: answer.setup.clone().filter(|setup| !setup.trim().is_empty()),
            notes: answer.notes.clone(),
            deleted: self.merge_deleted(answer, deleted),
        };
        Ok(Changed { code, written })
    }

    fn content(&self, file: &ChangedFile) -> Result<String, Vec<String>> {
        let edits = file.edits.as_deref().unwrap_or_default();
        let diff = file.diff.as_deref().filter(|diff| !diff.trim().is_empty());
        let source = file.source().unwrap_or(&file.path);
        let base = self.text(source);
        let with_place = |faults: Vec<EditFault>| faults.iter().map(|fault| format!(": {fault}")).collect::<Vec<_>>();
        match (file.has_content(), edits, diff) {
            (true, [], None) => {
                let content = file.content.as_deref().unwrap_or_default();
                Ok(base.map_or_else(|| content.to_owned(), |base| edits::keep_form(&base, content)))
            }
            (false, [], None) if file.source().is_some() => base.ok_or_else(|| vec![missing(source)]),
            (false, [], None) => Err(vec![" has no `content`, `edits` or `diff`".to_owned()]),
            (false, edits, None) => {
                let base = base.ok_or_else(|| vec![missing(source)])?;
                edits::apply_edits(&base, edits).map_err(with_place)
            }
            (false, [], Some(diff)) => {
                let base = match base {
                    Some(base) => base,
                    None if diff.contains("@@ -0,0 ") => String::new(),
                    None => return Err(vec![missing(source)]),
                };
                edits::apply_diff(&base, diff).map_err(with_place)
            }
            _ => Err(vec![" has several of `content`, `edits` and `diff`; give one".to_owned()]),
        }
    }

    /// The text of a file before the answer.
    fn text(&self, path: &str) -> Option<String> {
        if let Some(file) = self.previous_file(path) {
            return Some(file.content.clone());
        }
        let input = format!("context/{path}");
        let is_base = self.work.assignment.inputs.iter().any(|known| known.name == input && known.kind == "base_file");
        self.repository.text(path).or_else(|| self.work.read_text(&input).ok().filter(|_| is_base))
    }

    fn previous_file(&self, path: &str) -> Option<&CodeFile> {
        self.previous?.files.iter().find(|file| file.path == path)
    }

    fn path_faults(&self, answer: &Answer) -> Vec<String> {
        let mut faults = Vec::new();
        let sources = answer.files.iter().filter_map(ChangedFile::source);
        for (field, path) in answer
            .deleted
            .iter()
            .map(|path| ("deleted", path.as_str()))
            .chain(sources.map(|path| ("renamed_from", path)))
        {
            if answer.files.iter().any(|file| file.path == path) {
                faults.push(format!("{field}: `{path}` is also the path of a file in `files`"));
            }
            if self.previous_file(path).is_none() && !self.repository.contains(path) {
                faults.push(format!("{field}: there is no file `{path}`"));
            }
        }
        for path in &answer.restored {
            let is_deleted = self.previous.is_some_and(|code| code.deleted.contains(path));
            if self.previous_file(path).is_none() && !is_deleted {
                faults.push(format!("restored: the previous attempt did not change `{path}`"));
            }
        }
        faults
    }

    fn merge_files(&self, new: Vec<CodeFile>, deleted: &[String], restored: &[String]) -> Vec<CodeFile> {
        let is_given = |path: &String| new.iter().any(|file| file.path == *path);
        let earlier = self.previous.map(|code| code.files.as_slice()).unwrap_or_default().iter();
        let kept = earlier
            .filter(|file| !is_given(&file.path) && !deleted.contains(&file.path) && !restored.contains(&file.path));
        let kept: Vec<CodeFile> = kept.cloned().collect();
        kept.into_iter().chain(new).collect()
    }

    /// Files that only the previous attempt had need no deletion.
    fn merge_deleted(&self, answer: &Answer, deleted: Vec<String>) -> Vec<String> {
        let earlier = self.previous.map(|code| code.deleted.clone()).unwrap_or_default();
        let is_given = |path: &String| answer.files.iter().any(|file| file.path == *path);
        let earlier = earlier.into_iter().filter(|path| !answer.restored.contains(path) && !is_given(path));
        let new = deleted.into_iter().filter(|path| self.repository.contains(path));
        earlier.chain(new).collect::<BTreeSet<String>>().into_iter().collect()
    }
}

impl ChangedFile {
    /// Returns whether the whole text is given. Some models fill in fields that they do not need, with nothing.
    fn has_content(&self) -> bool {
        let has_changes = self.edits.as_ref().is_some_and(|edits| !edits.is_empty())
            || self.diff.as_ref().is_some_and(|diff| !diff.trim().is_empty())
            || self.source().is_some();
        self.content.as_ref().is_some_and(|content| !content.is_empty() || !has_changes)
    }

    fn source(&self) -> Option<&str> {
        self.renamed_from.as_deref().filter(|path| !path.is_empty() && *path != self.path)
    }
}

fn missing(path: &str) -> String {
    format!(": there is no text file `{path}` to change; give the whole `content` of a new file")
}

#[cfg(test)]
mod tests;
