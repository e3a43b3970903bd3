//! Difficult and hostile Python code in the shipped Python runner.
//!
//! The cases are in the `.txt` files beside this one, one per theme. A case has the files of one call and the expected result of each
//! test. In every case all collected tests must report, and a second call must give the same result.

use std::path::Path;
use std::sync::OnceLock;

use crate::common::{call, engine, file};
use phasegate_process::Digest;
use phasegate_process::limits::{Limits, LimitsPatch};
use phasegate_process::testing::{File, TestRun};
use phasegate_sandbox::{Call, Plugin};

/// A case: `== name`, then sections that begin with `-- `.
struct Case {
    name: String,
    code: Vec<File>,
    tests: Vec<File>,
    limits: Limits,
    /// Expected results, one line per test.
    ends: Vec<String>,
}

impl Case {
    fn parse(text: &str) -> Self {
        let (name, rest) = text.split_once('\n').unwrap();
        let limits = Limits { memory_bytes: 384 << 20, ..Limits::runner() };
        let mut case = Self { name: name.to_owned(), code: Vec::new(), tests: Vec::new(), limits, ends: Vec::new() };
        for section in format!("\n{rest}").split("\n-- ").skip(1) {
            let (head, body) = section.split_once('\n').unwrap_or((section, ""));
            let body = format!("{body}\n");
            match head.split_once(' ') {
                Some(("code", path)) => case.code.push(file(path, &unescape(&body))),
                Some(("test", path)) => case.tests.push(file(path, &unescape(&body))),
                Some(("limits", json)) => {
                    case.limits = case.limits.with(serde_json::from_str::<LimitsPatch>(json).unwrap());
                }
                _ if head == "ends" => {
                    case.ends = body.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
                }
                _ => panic!("{name}: unknown section `{head}`"),
            }
        }
        assert!(rest.contains("-- ends"), "{name}: no section `ends`");
        case
    }

    /// Returns the path of the first test file.
    fn path(&self) -> &str {
        &self.tests[0].path
    }

    async fn run(&self, runner: &Plugin) -> Result<TestRun, String> {
        let call = self.call();
        let ran = runner.run_tests(&self.code, &self.tests, self.path(), &call).await;
        ran.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }

    fn call(&self) -> Call {
        Call { limits: self.limits, ..call("test run of phase test") }
    }

    /// Asserts that the results match the expected lines, in order and without others.
    async fn check(&self, runner: &Plugin) {
        let seen = match self.run(runner).await {
            Err(error) => vec![format!("call: {error}")],
            Ok(run) => {
                self.check_complete(runner, &run).await;
                assert_eq!(
                    self.run(runner).await.as_ref(),
                    Ok(&run),
                    "{}: the second call gave another result",
                    self.name
                );
                lines(self.path(), run)
            }
        };
        let fits = |(seen, wanted): (&String, &String)| {
            let (start, rest) = wanted.split_once(": ").unwrap_or((wanted, ""));
            let words = seen
                .strip_prefix(start)
                .and_then(|words| if words.is_empty() { Some("") } else { words.strip_prefix(": ") });
            words.is_some_and(|words| words.contains(rest))
        };
        let same = seen.len() == self.ends.len() && seen.iter().zip(&self.ends).all(fits);
        assert!(same, "{}: expected\n{}\nbut saw\n{}", self.name, self.ends.join("\n"), seen.join("\n"));
    }

    async fn check_complete(&self, runner: &Plugin, run: &TestRun) {
        let collected = runner.collect(&self.code, &self.tests, &self.call()).await.unwrap();
        for name in collected.unwrap_or_default().iter().filter(|name| name.starts_with(&format!("{}::", self.path())))
        {
            let is_reported = |test: &str| test == name || test.starts_with(&format!("{name}["));
            assert!(run.tests.iter().any(|test| is_reported(&test.name)), "{}: {name} did not report", self.name);
        }
    }
}

/// Renders results as `outcome name: message output`, one line per test, build errors first.
fn lines(path: &str, run: TestRun) -> Vec<String> {
    let mut seen: Vec<_> = run.build_errors.into_iter().map(|error| format!("build: {error}")).collect();
    for test in run.tests {
        let name = test.name.strip_prefix(&format!("{path}::")).unwrap_or(&test.name);
        let mut line = format!("{} {name}", test.outcome.as_str());
        let words = format!("{}{}", test.message.unwrap_or_default(), test.output);
        if !words.is_empty() {
            line += &format!(": {words}");
        }
        seen.push(line.replace('\n', "⏎"));
    }
    seen
}

/// Replaces `⟦hex⟧` with the character of this code point. Used for characters that editors change.
fn unescape(text: &str) -> String {
    let mut parts = text.split('⟦');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('⟧').expect("a closing bracket");
        whole.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        whole += rest;
    }
    whole
}

fn runner() -> &'static Plugin {
    static RUNNER: OnceLock<Plugin> = OnceLock::new();
    RUNNER.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist/runner-python.wasm.zst");
        let bytes = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
        engine().load(&"runner-python".parse().unwrap(), &Digest::from_content(&bytes), || Ok(bytes)).unwrap()
    })
}

async fn check_theme(theme: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/python_corpus").join(format!("{theme}.txt"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut failed = Vec::new();
    for case in text.split("\n== ").skip(1) {
        let case = Case::parse(case);
        let name = case.name.clone();
        if tokio::spawn(async move { case.check(runner()).await }).await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "failed cases:\n{}", failed.join("\n"));
}

macro_rules! themes {
    ($($test:ident: $theme:literal,)*) => {
        $(#[tokio::test]
        async fn $test() {
            check_theme($theme).await;
        })*
    };
}

themes! {
    endless_or_greedy_tests_fail_alone: "exhaustion",
    exiting_ends_only_one_test: "exits",
    denied_system_access_has_a_message: "denials",
    missing_modules_are_importable: "absent",
    differences_from_linux_are_named: "differences",
    tests_cannot_be_hidden: "hiding",
    tampering_with_the_judge_is_detected: "tampering",
    hidden_tests_disturb_no_suite: "hidden_tests",
    forged_passes_are_detected: "forgery",
    attacks_on_pytest_are_detected: "attacks_on_pytest",
    attacks_on_tests_are_detected: "attacks_on_tests",
    known_gaps_still_get_through: "not_claimed",
    odd_sources_are_accepted: "sources",
    project_layouts_are_accepted: "layouts",
    imports_are_judged_by_the_run: "imports",
    project_settings_cannot_hide_tests: "settings",
    test_styles_are_accepted: "styles",
    files_in_memory_behave_as_on_a_disk: "files",
    sqlite_databases_are_files: "databases",
    the_standard_library_uses_memory_files: "library",
    system_functions_are_those_of_linux: "system",
    threads_take_turns_and_end: "threads",
    threads_compute_as_usual: "thread_bodies",
    threaded_programs_end_as_usual: "thread_programs",
    errors_of_threaded_programs_show: "thread_errors",
}
