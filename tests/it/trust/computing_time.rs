//! The computing time that a plugin causes in the host counts as its own.

use std::fs;

use phasegate_test::{Output, Scenario, scenarios};

/// Runs an agent that lets the host check code in this language: 200,000 lines, which the runner rejects one by one.
fn check_code(language: &str, cpu_ms: u64) -> Output {
    let scenario = Scenario::new(crate::PATHS, "plain-pass");
    let code = "x\\n".repeat(200_000);
    let pipeline = format!(
        "extends = \"{base}\"\n\n[[phase]]\nname = \"planning\"\n\n[phase.settings.check]\nkind = \"generated_code\"\n\n\
         [phase.settings.check.content]\nfiles = [{{ path = \"a.lines\", content = \"{code}\", purpose = \"it is needed\" }}]\n\
         language = \"{language}\"\ndependencies = []\nnotes = \"\"\n\n[plugins.fixture]\nlimits = {{ cpu_ms = {cpu_ms} }}\n",
        base = scenarios().join("base.toml").display()
    );
    fs::write(scenario.path("pipeline.toml"), pipeline).unwrap();
    let (task, config, pipeline) =
        (scenario.file("task.toml"), scenario.file("phasegate.toml"), scenario.path("pipeline.toml"));
    scenario.call(&["run", "--json", "--task", &task, "--config", &config, "--pipeline", pipeline.to_str().unwrap()])
}

#[test]
fn runner_time_of_checks_counts_for_the_plugin() {
    // A limit that is enough for the agent itself, on this machine, and for a language without a runner.
    let enough = |limit: &u64| check_code("prose", *limit).code == 0;
    let limit = (3..12).map(|power| 2_u64.pow(power)).find(enough).expect("a limit that the agent keeps");
    let over = check_code("lines", limit);
    assert_eq!(over.code, 1, "{limit} ms: {}", over.stderr);
    let words = format!(
        "plugin `fixture` (phase planning, attempt 1) used up its {limit} ms of computing time and was stopped"
    );
    assert!(over.stderr.contains(&words), "{}", over.stderr);
    assert_eq!(check_code("lines", 30_000).code, 0);
}
