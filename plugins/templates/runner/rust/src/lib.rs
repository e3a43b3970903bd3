//! A test runner for files whose lines say which text another file contains: `PATH contains TEXT`.

use phasegate_plugin::types::{BenchError, File, Outcome, TestCase, TestRun};
use phasegate_plugin::{Runner, runner};

struct Contains;

runner!(Contains);

/// One line of a test file.
struct Expectation<'a> {
    name: String,
    path: &'a str,
    text: &'a str,
}

impl Runner for Contains {
    fn environment() -> String {
        r#"{"language": "{{name}}", "version": "1", "modules": [], "test_frameworks": ["contains"],
            "notes": ["A test is a line `PATH contains TEXT` of a file in `tests/`."]}"#
            .to_owned()
    }

    fn collect(_code: Vec<File>, tests: Vec<File>) -> Result<Vec<String>, Vec<String>> {
        let (mut names, mut faults) = (Vec::new(), Vec::new());
        for file in &tests {
            match parse(file) {
                Ok(expectations) if expectations.is_empty() => names.push(file.path.clone()),
                Ok(expectations) => names.extend(expectations.into_iter().map(|one| one.name)),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(names) } else { Err(faults) }
    }

    fn run_tests(code: Vec<File>, tests: Vec<File>, path: String) -> Result<TestRun, BenchError> {
        let file = tests.iter().find(|file| file.path == path);
        let file = file.ok_or_else(|| BenchError::Invalid(format!("there is no test file {path}")))?;
        let expectations = parse(file).map_err(BenchError::Invalid)?;
        let tests = expectations.into_iter().map(|expectation| run(&expectation, &code)).collect();
        Ok(TestRun { build_errors: Vec::new(), tests })
    }
}

/// Returns the lines of a file, or the first fault as `path:line: message`.
fn parse(file: &File) -> Result<Vec<Expectation<'_>>, String> {
    let lines = file.content.lines().zip(1..);
    let lines = lines.filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'));
    let parsed = lines.map(|(line, number)| match line.split_once(" contains ") {
        Some((path, text)) => Ok(Expectation { name: format!("{}::line {number}", file.path), path, text }),
        None => Err(format!("{}:{number}: write `PATH contains TEXT`", file.path)),
    });
    parsed.collect()
}

fn run(expectation: &Expectation<'_>, code: &[File]) -> TestCase {
    let Expectation { name, path, text } = expectation;
    let (outcome, message) = match code.iter().find(|file| file.path == *path) {
        None => (Outcome::Errored, Some(format!("there is no file {path}"))),
        Some(file) if file.content.contains(text) => (Outcome::Passed, None),
        Some(_) => (Outcome::Failed, Some(format!("{path} does not contain `{text}`"))),
    };
    TestCase { name: name.clone(), outcome, message, output: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, content: &str) -> File {
        File { path: path.to_owned(), content: content.to_owned() }
    }

    #[test]
    fn each_line_is_a_test() {
        let tests =
            vec![file("tests/a.expect", "# words\na.txt contains yes\na.txt contains no\nb.txt contains yes\n")];
        let code = vec![file("a.txt", "yes")];
        let run = Contains::run_tests(code, tests.clone(), "tests/a.expect".to_owned()).unwrap();
        let outcomes: Vec<_> = run.tests.iter().map(|test| test.outcome).collect();
        assert_eq!(outcomes, [Outcome::Passed, Outcome::Failed, Outcome::Errored]);
        assert_eq!(Contains::collect(Vec::new(), tests).unwrap()[0], "tests/a.expect::line 2");
    }

    #[test]
    fn other_lines_are_faults() {
        let tests = vec![file("tests/a.expect", "a.txt has yes\n")];
        let faults = Contains::collect(Vec::new(), tests).unwrap_err();
        assert_eq!(faults, ["tests/a.expect:1: write `PATH contains TEXT`"]);
    }
}
