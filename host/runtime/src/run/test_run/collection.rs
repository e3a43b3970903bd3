//! Collects the tests of a suite. Files that do not parse stop only what needs them.
//!
//! A runner answers either the tests or the errors of files, `path:line: message`. The errors do not tell which tests the
//! remaining files hold, so the runner is asked again with those files emptied. Every test file then still runs, and the run
//! reports what is wrong with it: a suite with a test file that does not parse cannot pass.

use std::collections::HashSet;

use phasegate_process::testing::File;
use phasegate_sandbox::Call;

use crate::run::test_run::names::{file_of, is_file};
use crate::run::test_run::report::limit_errors;
use crate::run::test_run::session::Session;

/// Returns the names of the tests, and a bare path for each test file in which the runner sees no test. Fails with the
/// errors because of which the tests are unknown.
pub(crate) async fn collect(session: &Session<'_>, code: &[File], tests: &[File]) -> Result<Vec<String>, Vec<String>> {
    let errors = match ask(session, code, tests).await {
        Err(errors) if !errors.is_empty() => errors,
        answer => return answer,
    };
    let paths = paths_of(code.iter().chain(tests));
    let Some(broken) = errors.iter().map(|error| path_of(error, &paths)).collect::<Option<HashSet<&str>>>() else {
        return Err(limit_errors(errors));
    };
    let Ok(names) = ask(session, &emptied(code, &broken), &emptied(tests, &broken)).await else {
        return Err(limit_errors(errors));
    };
    let named: HashSet<&str> = names.iter().map(|name| file_of(name)).collect();
    let suite = paths_of(tests.iter());
    let is_unknown = |error: &String| path_of(error, &suite).is_some_and(|path| !named.contains(path));
    if errors.iter().any(is_unknown) && !names_empty_files(session, &names).await {
        let unknown = errors.iter().filter(|error| is_unknown(error)).cloned().collect();
        return Err(limit_errors(unknown));
    }
    Ok(names)
}

/// Asks the runner once.
pub(crate) async fn ask(session: &Session<'_>, code: &[File], tests: &[File]) -> Result<Vec<String>, Vec<String>> {
    let call: Call = session.call("collecting tests");
    match session.runner.collect(code, tests, &call).await {
        Ok(answer) => answer,
        Err(error) => Err(vec![session.hit.record(error)]),
    }
}

/// Returns whether the runner names test files in which it sees no test. Runners of earlier versions do not: a file that
/// they do not name may be a test file.
async fn names_empty_files(session: &Session<'_>, names: &[String]) -> bool {
    if names.iter().any(|name| is_file(name)) {
        return true;
    }
    let Some(path) = names.first().map(|name| file_of(name)) else { return false };
    let empty = [File { path: path.to_owned(), content: String::new() }];
    ask(session, &[], &empty).await.is_ok_and(|names| names == [path])
}

/// Returns the errors that are not about these files.
pub(crate) fn errors_elsewhere(errors: Vec<String>, files: &[File]) -> Vec<String> {
    let paths = paths_of(files.iter());
    errors.into_iter().filter(|error| path_of(error, &paths).is_none()).collect()
}

fn paths_of<'a>(files: impl Iterator<Item = &'a File>) -> HashSet<&'a str> {
    files.map(|file| file.path.as_str()).collect()
}

/// Returns the file that an error `path:line: message` is about, if it is one of these.
fn path_of<'a>(error: &str, paths: &HashSet<&'a str>) -> Option<&'a str> {
    error.match_indices(':').find_map(|(end, _)| paths.get(error.get(..end)?).copied())
}

/// Returns the files, without the content of the broken ones.
fn emptied(files: &[File], broken: &HashSet<&str>) -> Vec<File> {
    let empty = |file: &File| match broken.contains(file.path.as_str()) {
        true => File { path: file.path.clone(), content: String::new() },
        false => file.clone(),
    };
    files.iter().map(empty).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> Vec<File> {
        paths.iter().map(|path| File { path: (*path).to_owned(), content: "x".to_owned() }).collect()
    }

    #[test]
    fn errors_belong_to_the_file_they_name() {
        let files = files(&["a.py", "b:c.py"]);
        let paths = paths_of(files.iter());
        assert_eq!(path_of("a.py:3: invalid syntax: a", &paths), Some("a.py"));
        assert_eq!(path_of("b:c.py:3: invalid syntax", &paths), Some("b:c.py"));
        assert_eq!(path_of("plugin `runner` (test run) ran too long", &paths), None);
    }

    #[test]
    fn errors_of_other_files_remain() {
        let errors = vec!["docs/conf.py:1: invalid syntax".to_owned(), "app.py:2: invalid syntax".to_owned()];
        assert_eq!(errors_elsewhere(errors, &files(&["docs/conf.py"])), ["app.py:2: invalid syntax"]);
    }

    #[test]
    fn only_broken_files_are_emptied() {
        let files = emptied(&files(&["a.py", "b.py"]), &HashSet::from(["b.py"]));
        assert_eq!((files[0].content.as_str(), files[1].content.as_str()), ("x", ""));
    }
}
