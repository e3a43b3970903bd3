//! The standard agents change the repository `ledger`, with scripted answers.

use phasegate_test::{GitRepository, Output, Workspace, repository};
use serde_json::{Value, json};

const ISSUE: &str = "\
# Amounts with thousands separators

Some banks write `1,234.50`. `parse_amount` refuses such texts.

- [ ] parse_amount reads commas between groups of three digits
- [ ] Every other text raises AmountError
";

struct Ledger {
    workspace: Workspace,
    repository: GitRepository,
}

impl Ledger {
    fn new() -> Self {
        let workspace = Workspace::with_shared_home(crate::PATHS, "repository");
        let answers = repository().join("tests/repositories/ledger-answers.toml");
        workspace.write("answers.toml", std::fs::read(answers).unwrap());
        workspace.write("issue.md", ISSUE);
        workspace.write("phasegate.toml", "[models]\ndefault = \"scripted:answers.toml\"\n");
        let repository = GitRepository::ledger(workspace.path("ledger"));
        Self { workspace, repository }
    }

    fn run(&self, more: &[&str]) -> Output {
        let author = "Ann Example <ann@example.org>";
        let args = ["run", "--repo", "ledger", "--issue", "issue.md", "--author", author, "--out", "out"];
        self.workspace.call(&[&args, more].concat())
    }

    fn artifact(&self, name: &str) -> Value {
        serde_json::from_str(&self.workspace.read(&format!("out/artifacts/{name}.json"))).unwrap()
    }
}

#[test]
fn a_regression_is_caught_and_mended() {
    let ledger = Ledger::new();
    let before = ledger.repository.checkout();
    let output = ledger.run(&["--json"]);
    assert_eq!(output.code, 0, "{}\n{}", output.stdout, output.stderr);
    assert!(output.story().contains("test#1 failed"), "{}", output.story());

    // The models asked for files, and the answers stand in the requests that followed.
    let asked = |label: &str| output.events_named("model_asked").filter(|event| event["label"] == label).count();
    assert_eq!(["planning/tools", "design/tools", "code/tools"].map(asked), [1, 1, 1]);
    let read = output.events_named("repository_read").count();
    assert!(read >= 4, "{read} reads");

    // The test that failed before is listed and does not count.
    let report = &ledger.artifact("test_report")["repository"];
    assert_eq!(report["still_failing"], json!(["tests/test_dates.py::test_quarters"]), "{report:#}");
    assert_eq!(report["not_run"][0]["path"], "tests/test_rates.py", "{report:#}");
    assert_eq!(report["regressed"], json!([]), "{report:#}");

    // The branch has the work, and the checkout is as it was.
    let branch = format!("phasegate/{}", output.run_id());
    ledger.repository.check();
    assert_eq!(ledger.repository.checkout(), before);
    let changed = ledger.repository.git(&["diff", "--name-status", "main", &branch]);
    assert_eq!(changed, "M\tsrc/ledger/amounts.py\nA\ttests/test_thousands.py\n");
    let code = ledger.repository.show(&branch, "src/ledger/amounts.py");
    assert!(code.contains(r"(?:,\d{3})+(?=\.|$)") && code.contains("def format_amount"), "{code}");

    let replay = ledger.workspace.call(&["replay", &output.run_id(), "--json"]);
    assert_eq!(replay.code, 0, "{}", replay.stderr);
}

#[test]
fn missing_requirements_are_named_before_models_are_asked() {
    let ledger = Ledger::new();
    let output = ledger.run(&[]);
    let note = "`src/ledger/rates.py` imports `requests`, which the test runner does not have.";
    let text = format!("{}{}", output.stdout, output.stderr);
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in {text}"));
    assert!(at(note) < at("planning#1 started"), "{text}");
    assert!(at("The project requires `requests`") < at("planning#1 started"), "{text}");
}
