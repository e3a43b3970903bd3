//! Test runners by language. People and models write one language in many ways: `python`, `Python`, `python3`, `py`.

use super::definition::Pipeline;
use crate::artifact::kinds;
use crate::names::PluginName;

/// Common short names of languages, and the names that they stand for.
const SHORT_NAMES: [(&str, &str); 11] = [
    ("py", "python"),
    ("js", "javascript"),
    ("node", "javascript"),
    ("nodejs", "javascript"),
    ("ts", "typescript"),
    ("rs", "rust"),
    ("golang", "go"),
    ("rb", "ruby"),
    ("cpp", "c++"),
    ("csharp", "c#"),
    ("cs", "c#"),
];

impl Pipeline {
    /// Returns the language of `[runners]` that a name means, and its runner; `None` where no runner serves it. An equal name
    /// is found first. Otherwise capitals, spaces around the name, a version at its end and common short names make no
    /// difference, provided that exactly one language fits.
    pub fn runner_for(&self, name: &str) -> Option<(&str, &PluginName)> {
        if let Some((language, runner)) = self.runners.get_key_value(name) {
            return Some((language, runner));
        }
        let wanted = common_name(name);
        let mut fitting = self.runners.iter().filter(|(language, _)| common_name(language) == wanted);
        match (fitting.next(), fitting.next()) {
            (Some((language, runner)), None) => Some((language, runner)),
            _ => None,
        }
    }

    /// Whether a phase makes code.
    pub fn makes_code(&self) -> bool {
        self.phases.iter().flat_map(|phase| &phase.produces).any(|made| made.kind.as_str() == kinds::GENERATED_CODE)
    }

    /// Whether the host runs tests for a gate.
    pub fn has_test_gate(&self) -> bool {
        self.phases.iter().any(|phase| phase.gate.as_ref().is_some_and(|gate| gate.tests.is_some()))
    }
}

fn common_name(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '_' | ' '));
    let bare = if bare.is_empty() { &name } else { bare };
    let long = SHORT_NAMES.iter().find(|(short, _)| *short == bare).map(|(_, long)| *long);
    long.unwrap_or(bare).to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fixtures::RunBuilder;

    fn serving(languages: &[&str]) -> Pipeline {
        let mut pipeline = Pipeline::clone(&RunBuilder::new().state.pipeline);
        let runners = languages.iter().map(|language| ((*language).to_owned(), "runner".parse().unwrap()));
        pipeline.runners = runners.collect();
        pipeline
    }

    #[test]
    fn a_language_has_many_names() {
        let pipeline = serving(&["python", "c++"]);
        for name in ["python", "Python", " PYTHON ", "py", "Py3", "python3", "Python 3.12", "python-3"] {
            assert_eq!(pipeline.runner_for(name).unwrap().0, "python", "{name}");
        }
        assert_eq!(pipeline.runner_for("C++20").unwrap().0, "c++");
        for name in ["", "c", "pythons", "pypy", "cobol", "3"] {
            assert_eq!(pipeline.runner_for(name), None, "{name}");
        }
    }

    #[test]
    fn pipelines_may_tell_versions_apart() {
        let pipeline = serving(&["python2", "Python3"]);
        assert_eq!(pipeline.runner_for("python2").unwrap().0, "python2");
        assert_eq!(pipeline.runner_for("Python3").unwrap().0, "Python3");
        assert_eq!(pipeline.runner_for("python"), None);
    }
}
