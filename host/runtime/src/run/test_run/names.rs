//! Names of tests: `file::class::test[parameters]`, or a bare path that stands for all tests of a file. Pure.

use std::collections::HashSet;

pub(crate) use phasegate_process::testing::without_parameters as base_name;

/// Returns the file of a test name such as `t.py::test_a[1]`.
pub(crate) fn file_of(test: &str) -> &str {
    test.split_once("::").map_or(test, |(file, _)| file)
}

/// Returns whether the name stands for a whole file.
pub(crate) fn is_file(test: &str) -> bool {
    !test.contains("::")
}

/// Returns a name that a suite states, without `./` in front.
pub(crate) fn without_dots(test: &str) -> &str {
    let mut name = test.trim();
    while let Some(rest) = name.strip_prefix("./") {
        name = rest;
    }
    name
}

/// Returns a name that a suite states, without `./` in front and without parameters.
pub(crate) fn stated_name(test: &str) -> &str {
    base_name(without_dots(test))
}

/// Returns the name and everything that contains it: the class and the file of a test.
pub(crate) fn with_containers(test: &str) -> impl Iterator<Item = &str> {
    let ends = test.match_indices("::").map(|(place, _)| place).chain([test.len()]);
    ends.filter_map(|end| test.get(..end))
}

/// Names that have to report, indexed.
pub(crate) struct Wanted<'a>(HashSet<&'a str>);

impl<'a> Wanted<'a> {
    pub(crate) fn new(names: &'a [String]) -> Self {
        Self(names.iter().map(String::as_str).collect())
    }

    /// Returns whether a reported test, with or without parameters, is one of these names or in a file that is.
    pub(crate) fn has(&self, reported: &str) -> bool {
        self.0.contains(base_name(reported)) || self.0.contains(file_of(reported))
    }
}

/// Returns the tests of a suite after it ran: those that were collected, and those that only the run found. A file that
/// was collected as a whole is replaced by its tests, where there are any.
pub(crate) fn tests_that_ran(collected: Vec<String>, found: &[String]) -> Vec<String> {
    let found: Vec<&str> = found.iter().map(String::as_str).filter(|name| !is_file(name)).collect();
    let files: HashSet<&str> = found.iter().map(|name| file_of(name)).collect();
    let mut tests = collected;
    tests.retain(|name| !is_file(name) || !files.contains(name.as_str()));
    let new: Vec<String> = {
        let mut known: HashSet<&str> = tests.iter().map(String::as_str).collect();
        found.into_iter().filter(|name| known.insert(name)).map(str::to_owned).collect()
    };
    tests.extend(new);
    tests
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn brackets_in_paths_are_no_parameters() {
        assert_eq!(base_name("t[1].py::a[2]"), "t[1].py::a");
        assert_eq!(base_name("t[1].py"), "t[1].py");
    }

    #[test]
    fn stated_names_may_begin_with_a_dot() {
        for stated in ["./t/x.py::a", " t/x.py::a[1]", "././t/x.py::a[b::c]"] {
            assert_eq!(stated_name(stated), "t/x.py::a");
        }
        assert_eq!(stated_name(".x.py::a"), ".x.py::a");
    }

    #[test]
    fn containers_are_classes_and_files() {
        assert_eq!(with_containers("t.py::A::b").collect::<Vec<_>>(), ["t.py", "t.py::A", "t.py::A::b"]);
        assert_eq!(with_containers("t.py").collect::<Vec<_>>(), ["t.py"]);
    }

    #[test]
    fn whole_files_want_each_of_their_tests() {
        let names = ["t.py".to_owned(), "u.py::a".to_owned()];
        let wanted = Wanted::new(&names);
        assert!(wanted.has("t.py") && wanted.has("t.py::A::b[1]") && wanted.has("u.py::a[2]"));
        assert!(!wanted.has("u.py::b") && !wanted.has("u.py"));
    }

    #[test]
    fn tests_of_the_run_are_added_once() {
        let collected = vec!["t.py::a".to_owned(), "u.py".to_owned(), "v.py".to_owned()];
        let found = ["t.py::a", "t.py::new", "t.py::new", "u.py::b", "v.py"].map(str::to_owned);
        assert_eq!(tests_that_ran(collected, &found), ["t.py::a", "v.py", "t.py::new", "u.py::b"]);
    }
}
