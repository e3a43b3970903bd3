//! Tells tests from code in a folder that holds both.

/// Returns whether a file belongs to the tests: by its name, as test frameworks for Python find them, or because it lies below
/// a folder `tests` or `test`.
pub(crate) fn is_test_path(path: &str) -> bool {
    let mut folders = path.split('/').rev().skip(1);
    is_named_as_test(path) || folders.any(|part| matches!(part, "tests" | "test"))
}

/// Returns whether a file has a name by which runners for Python take it from the suite and not from the code.
pub(crate) fn is_named_as_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_test = (name.starts_with("test_") && name.ends_with(".py")) || name.ends_with("_test.py");
    is_test || matches!(name, "conftest.py" | "tests.py")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_tests_from_code() {
        for test in ["test_a.py", "a_test.py", "pkg/tests.py", "conftest.py", "tests/data/in.txt", "a/test/helper.py"] {
            assert!(is_test_path(test), "{test}");
        }
        for code in ["a.py", "testing.py", "pkg/contest.py", "test_data.json", "pkg/latest/a.py", "tests"] {
            assert!(!is_test_path(code), "{code}");
        }
    }
}
