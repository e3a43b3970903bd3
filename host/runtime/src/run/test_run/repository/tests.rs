#![allow(clippy::unwrap_used)]
use super::*;

fn listed(path: &str, size: u64) -> Listed {
    Listed { path: path.to_owned(), size, readable: true }
}

fn load(files: Vec<(Listed, Vec<u8>)>) -> TestBase {
    let all = files.iter().map(|(listed, _)| listed.clone()).collect();
    let read = |listed: &Listed| Ok(files.iter().find(|(other, _)| other == listed).unwrap().1.clone());
    let is_test = |path: &&str| path.rsplit('/').next().unwrap().starts_with("test_");
    let mut tests: Vec<String> =
        files.iter().map(|(file, _)| file.path.as_str()).filter(is_test).map(str::to_owned).collect();
    tests.sort();
    TestBase::load("tree".to_owned(), all, &tests, read).unwrap()
}

fn text(path: &str) -> (Listed, Vec<u8>) {
    (listed(path, 2), b"x\n".to_vec())
}

fn code(files: &[&str], deleted: &[&str]) -> TestedCode {
    let files = files.iter().map(|path| File { path: (*path).to_owned(), content: "new".to_owned() }).collect();
    TestedCode { files, deleted: deleted.iter().map(|path| (*path).to_owned()).collect() }
}

fn paths(files: &[File]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn tells_tests_from_code_of_a_repository() {
    let base =
        load(["pyproject.toml", "src/app.py", "tests/conftest.py", "tests/test_a.py", "README.md"].map(text).to_vec());
    assert_eq!(paths(&base.code), ["README.md", "pyproject.toml", "src/app.py"]);
    assert_eq!(paths(&base.suite), ["tests/conftest.py", "tests/test_a.py"]);
    assert_eq!((base.tests.as_slice(), base.left_out), (["tests/test_a.py".to_owned()].as_slice(), 0));
    assert!(base.has_code("src/app.py") && !base.has_code("tests/test_a.py"));
}

#[test]
fn files_beyond_the_limits_are_left_out() {
    let mut files = vec![text("a.py")];
    files.push((listed("test_big.py", MAX_FILE_BYTES + 1), Vec::new()));
    files.push((listed("test_latin.py", 1), vec![0xe9]));
    files.push((Listed { readable: false, ..listed("test_link.py", 1) }, Vec::new()));
    files.extend(
        (0..40).map(|n| (listed(&format!("data/{n:02}.txt"), MAX_FILE_BYTES), vec![b'x'; MAX_FILE_BYTES as usize])),
    );
    let base = load(files);
    assert_eq!(base.left_out, 3 + 9);
    assert_eq!(base.code.len(), 1 + 31);
    let reasons: Vec<_> = base.unreadable.iter().map(|file| (file.path.as_str(), file.reason.as_str())).collect();
    let expected = [("test_big.py", "it is too large for a test run"), ("test_latin.py", "it is not text in UTF-8")];
    assert_eq!(reasons, expected);
}

#[test]
fn delivered_code_replaces_and_deletes_files() {
    let base = load(
        ["setup.cfg", "app.py", "old.py", "pkg/b.py", "tests/help.py", "tests/test_a.py", "tests/test_b.py"]
            .map(text)
            .to_vec(),
    );
    let tested = base.with_code(&code(&["app.py", "tests/help.py", "tests/test_b.py"], &["old.py", "tests/test_a.py"]));
    assert_eq!(paths(&tested.code), ["pkg/b.py", "setup.cfg", "app.py", "tests/help.py"]);
    assert_eq!(paths(tested.outline()), ["setup.cfg", "app.py", "tests/help.py"]);
    let suite = [File { path: "tests/test_new.py".to_owned(), content: String::new() }];
    assert_eq!(paths(&tested.with_suite(&suite)), ["tests/test_b.py", "tests/test_new.py"]);
    let suite = [File { path: "tests/test_a.py".to_owned(), content: "new".to_owned() }];
    let unchanged = base.unchanged();
    assert_eq!(paths(&unchanged.with_suite(&suite)), ["tests/help.py", "tests/test_b.py", "tests/test_a.py"]);
}
