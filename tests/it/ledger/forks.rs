//! A fork with another model asks it, and only answers of equal requests to the same model are used again.

use insta::assert_snapshot;

use super::Case;
use super::server::{FailingServer, Reply};

/// A run that has ended, with a configuration that knows provider `other`, too; and its id.
fn recorded() -> (Case, String) {
    let server = FailingServer::start(|_, _| Reply::Answer);
    let other = format!("[providers.other]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n", server.address);
    let case = Case::new("asks-models", server, "", "");
    let output = case.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    case.scenario.set_user_config(&other);
    (case, output.run_id())
}

fn fork(case: &Case, run: &str, more: &[&str]) -> (String, u64, usize) {
    let before = case.server.count();
    let fork = case.scenario.call(&[&["fork", run, "--at", "planning", "--json"], more].concat());
    assert_eq!(fork.code, 0, "{}", fork.stderr);
    let reused = fork.events_named("model_answered").filter(|event| event["recorded"] == true).count() as u64;
    (fork.run_id(), reused, case.server.count() - before)
}

#[test]
fn another_model_is_asked() {
    let (case, run) = recorded();
    let (child, reused, asked) = fork(&case, &run, &["--set", "models.default=other:m"]);
    assert_eq!((reused, asked), (0, 2));
    let (same, reused, asked) = fork(&case, &run, &[]);
    assert_eq!((reused, asked), (2, 0));
    let more = ["--set", "models.default=other:m", "--reuse-answers-of-other-models"];
    let (kept, reused, asked) = fork(&case, &run, &more);
    assert_eq!((reused, asked), (2, 0));
    let compared = case.scenario.call(&["compare", &run, &child, &same, &kept]).stdout;
    let models: String =
        compared.lines().filter(|line| line.starts_with("   model ")).map(|it| format!("{it}\n")).collect();
    assert_snapshot!(models, @r"
       model mine:m
       model other:m
       model mine:m
       model mine:m
    ");
}
