//! A provider that moved: a run continues with the address of today's configuration.

use std::fs;

use insta::assert_snapshot;

use super::Case;
use super::server::{FailingServer, Reply};

/// A run whose provider is no longer at the address that the run pinned, and its id.
fn stopped() -> (Case, String) {
    let server = FailingServer::start(|_, _| Reply::Answer);
    let before = FailingServer::start(|_, _| Reply::Fail(404, "nothing is here"));
    let case = Case::new("asks-models", server, "", "");
    fs::write(case.scenario.path("models.toml"), before.config("", "")).unwrap();
    let output = case.run(&[]);
    let run = output.run_id();
    let hint = format!(
        "hint: if you change [providers.mine], continue with `phasegate resume {run} --provider mine --config "
    );
    assert!(output.stderr.contains(&hint), "{}", output.stderr);
    (case, run)
}

#[test]
fn resume_takes_the_provider_from_the_configuration() {
    let (case, run) = stopped();
    case.scenario.set_user_config(&case.server.config("", ""));
    let resumed = case.scenario.call(&["resume", &run, "--provider", "mine", "--json"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert_eq!(case.server.count(), 2);
}

#[test]
fn unknown_providers_are_refused_with_words() {
    let (case, run) = stopped();
    let refused = |provider: &str| case.errors(&case.scenario.call(&["resume", &run, "--provider", provider]));
    assert_snapshot!(refused("other"), @r"
    exit 2
    error[PG-0104]: provider `other`: the run does not ask this provider
    hint: name a provider that it asks: mine
    ");
    assert_snapshot!(refused("mine"), @r"
    exit 2
    error[PG-0104]: provider `mine`: the configuration does not have this provider
    hint: describe it as [providers.mine] in phasegate.toml or in your own configuration
    ");
}
