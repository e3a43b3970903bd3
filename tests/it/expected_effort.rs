//! The start of a run names what earlier runs of its pipeline took.

use phasegate_test::{Output, Scenario};

fn run(scenario: &Scenario) -> String {
    let config = scenario.file("phasegate.toml");
    let output = Output::from_command(scenario.run_with(&["--config", &config, "--force"]));
    assert_eq!(output.code, 0, "{}", output.stderr);
    output.stdout.lines().filter(|line| line.starts_with("expected ")).collect()
}

#[test]
fn start_names_what_earlier_runs_took() {
    let scenario = crate::scenario("asks-models");
    assert_eq!(run(&scenario), "");
    insta::assert_snapshot!(run(&scenario), @"expected  2 calls, 39 tokens, as the one earlier run of scenario");
    insta::assert_snapshot!(run(&scenario), @"expected  2 calls, 39 tokens: the median of 2 earlier runs of scenario (2 to 2 calls, 39 to 39 tokens)");
}
