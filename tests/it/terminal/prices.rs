//! Prices that are built in, and limits in US dollars that are not in force.

use insta::assert_snapshot;
use phasegate_test::{Output, Workspace};

use crate::PATHS;
use crate::cli::TASK;

/// A provider at which nobody answers; no request is made, as the budget allows none.
const LOCAL: &str =
    "[models]\ndefault = \"local:x\"\n[providers.local]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n";
const NO_CALL: &str = "[budget]\ncalls = 0\n";

/// The rows of the header about money, and the errors, of a run that may make no call.
fn start(config: &str, environment: &[(&str, &str)]) -> String {
    let workspace = Workspace::with_shared_home(PATHS, "prices").with_files(&[("task.toml", TASK)]);
    workspace.write("phasegate.toml", config);
    let mut command = workspace.command(&["run", "task.toml"]);
    // Nothing is asked outside of this machine, not even for a list of models.
    command.env("HTTPS_PROXY", "http://127.0.0.1:9").envs(environment.iter().copied());
    let output = Output::from_command(command);
    let text = format!("{}{}", output.stdout, output.stderr);
    let told = ["budget ", "max cost ", "error", "hint: ["];
    text.lines().filter(|line| told.iter().any(|told| line.starts_with(told))).map(|line| format!("{line}\n")).collect()
}

#[test]
fn default_models_have_dated_prices() {
    let anthropic = ("ANTHROPIC_API_KEY", "sk-test");
    assert_snapshot!(start(NO_CALL, &[anthropic]), @"
    budget    at most 0 calls, 2000000 tokens, 20.00 USD
    max cost  20.00 USD, by list prices of 2026-11; [prices] takes precedence
    error[PG-0205]: planning#1 (planning): call budget exhausted: needs 1, 0 of 0 left
    ");
    assert_snapshot!(start(NO_CALL, &[("OPENAI_API_KEY", "sk-test")]), @"
    budget    at most 0 calls, 2000000 tokens, 20.00 USD
    max cost  20.00 USD, by list prices of 2026-11; [prices] takes precedence
    error[PG-0205]: planning#1 (planning): call budget exhausted: needs 1, 0 of 0 left
    ");
    // An explicit limit is accepted, and the configuration's prices take precedence.
    let own = "[budget]\ncalls = 0\ntokens = 1_000_000\nusd = 9.0\n[prices]\n";
    let own = ["claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-8"]
        .iter()
        .fold(own.to_owned(), |text, model| format!("{text}\"anthropic:{model}\" = {{ input = 1.0, output = 2.0 }}\n"));
    assert_snapshot!(start(&own, &[anthropic]), @"
    budget    at most 0 calls, 1000000 tokens, 9.00 USD
    max cost  2.00 USD
    error[PG-0205]: planning#1 (planning): call budget exhausted: needs 1, 0 of 0 left
    ");
}

#[test]
fn limits_that_do_not_hold_are_told() {
    assert_snapshot!(start(&format!("{LOCAL}{NO_CALL}"), &[]), @"
    budget    at most 0 calls, 2000000 tokens; the limit of 20.00 USD is not in force for local:x
    max cost  unknown, [prices] has no price for local:x
    error[PG-0205]: planning#1 (planning): call budget exhausted: needs 1, 0 of 0 left
    ");
    let experiment =
        "name = \"x\"\ntasks = [\"task.toml\"]\nrepetitions = 1\n[budget]\ncalls = 0\n[[variant]]\nname = \"one\"\n";
    let files = [("task.toml", TASK), ("phasegate.toml", LOCAL), ("experiment.toml", experiment)];
    let workspace = Workspace::with_shared_home(PATHS, "prices").with_files(&files);
    let output = workspace.call(&["experiment", "experiment.toml"]);
    assert!(output.stderr.starts_with("experiment x: 1 task × 1 variant × 1 repetition = 1 run"), "{}", output.stderr);
    let told = "in one, the limit of 20.00 USD for each run is not in force for local:x\n";
    assert!(output.stderr.contains(told), "{}", output.stderr);
}

#[test]
fn explicit_limits_need_a_price() {
    let limit = format!("{LOCAL}{NO_CALL}usd = 5\n");
    let workspace = Workspace::new(PATHS).with_files(&[("task.toml", TASK), ("phasegate.toml", &limit)]);
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r#"
    task      TASK-1: Parse durations such as 1h30m
    pipeline  tsp: planning → design → design-review → code → code-review → test → postmortem
    config    phasegate.toml
    exit 2
    error[PG-0102]: phasegate.toml:8: [budget] usd: the limit of 5.00 USD would not hold, because no price is known for `local:x`
      8 | usd = 5
        | ^^^
    hint: write what it costs, in US dollars per million tokens, into the configuration:
    hint: [prices."local:x"]
    hint: input = 0.0
    hint: output = 0.0
    hint: or leave out usd, or set it to "unlimited"
    "#);
    let experiment =
        "name = \"x\"\ntasks = [\"task.toml\"]\nrepetitions = 1\n[budget]\nusd = 5\n[[variant]]\nname = \"one\"\n";
    workspace.write("experiment.toml", experiment);
    workspace.write("phasegate.toml", LOCAL);
    assert_snapshot!(workspace.reject(&["experiment", "experiment.toml"]), @r#"
    exit 2
    experiment x: 1 task × 1 variant × 1 repetition = 1 run, 4 at once
    error[PG-0208]: [budget] usd: the limit of 5.00 USD would not hold, because no price is known for `local:x`
    hint: write what it costs, in US dollars per million tokens, into the configuration:
    hint: [prices."local:x"]
    hint: input = 0.0
    hint: output = 0.0
    hint: or leave out usd, or set it to "unlimited"
    "#);
    let flag = workspace.reject(&["run", "task.toml", "--set", "budget.usd=5"]);
    assert!(flag.contains("error[PG-0208]: --set: `budget.usd`: the limit of 5.00 USD would not hold"), "{flag}");
    workspace.set_user_config("[budget]\nusd = 5\n");
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r#"
    task      TASK-1: Parse durations such as 1h30m
    pipeline  tsp: planning → design → design-review → code → code-review → test → postmortem
    config    phasegate.toml
    exit 2
    error[PG-0208]: [budget] usd: the limit of 5.00 USD would not hold, because no price is known for `local:x`
    hint: write what it costs, in US dollars per million tokens, into the configuration:
    hint: [prices."local:x"]
    hint: input = 0.0
    hint: output = 0.0
    hint: or leave out usd, or set it to "unlimited"
    "#);
    let priced = "[prices.\"local:x\"]\ninput = 0.0\noutput = 0.0\n";
    assert_snapshot!(start(&format!("{limit}{priced}"), &[]), @"
    budget    at most 0 calls, 2000000 tokens, 5.00 USD
    max cost  0.00 USD
    error[PG-0205]: planning#1 (planning): call budget exhausted: needs 1, 0 of 0 left
    ");
}
