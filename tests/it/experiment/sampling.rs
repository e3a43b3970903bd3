//! Temperature and seed of requests: sent, recorded, pinned for each repetition, and told where a provider takes no seed.

use std::sync::Arc;

use phasegate_test::{ModelServer, Output, ProviderKind, Scenario, scenarios};
use serde_json::Value;

const KEY: &str = "no-key";

fn server(kind: ProviderKind) -> ModelServer {
    ModelServer::start(KEY, Arc::new(move |request: &Value| kind.answer(request, "{ \"said\": \"yes\" }", 3)))
}

/// A scenario with this server as its provider, and these lines under `[models]`.
fn project(kind: ProviderKind, server: &ModelServer, models: &str) -> Scenario {
    let scenario = crate::scenario("asks-models");
    let base = if kind.name() == "openai" { "/v1" } else { "" };
    let pipeline = scenarios().join("asks-models/pipeline.toml").display().to_string();
    let tables = format!(
        "[models]\ndefault = \"mine:m\"\n{models}\n[providers.mine]\nkind = \"{}\"\nbase_url = \"{}{base}\"\n\
         [prices.\"mine:m\"]\ninput = 1.0\noutput = 1.0\n",
        kind.name(),
        server.address
    );
    scenario.set_user_config(&tables);
    std::fs::write(scenario.path("phasegate.toml"), format!("pipeline = '{pipeline}'\n{tables}")).unwrap();
    std::fs::copy(scenarios().join("task.toml"), scenario.path("task.toml")).unwrap();
    scenario
}

/// Temperature and seed of each request.
fn sampled(server: &ModelServer) -> Vec<(Option<f64>, Option<u64>)> {
    let requests = server.requests();
    requests.iter().map(|asked| (asked.body["temperature"].as_f64(), asked.body["seed"].as_u64())).collect()
}

fn json(output: &Output) -> Value {
    assert_eq!(output.code, 0, "{}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn each_repetition_has_its_own_seed() {
    let server = server(ProviderKind::Chat);
    let scenario = project(ProviderKind::Chat, &server, "");
    let file = "name = \"seeds\"\ntasks = [\"task.toml\"]\nrepetitions = 2\nseed = 11\ntemperature = 0.5\n\
                [budget]\ncalls = 100\ntokens = 1_000_000\nusd = 10.0\n\
                [[variant]]\nname = \"usual\"\n[[variant]]\nname = \"cold\"\nset = { models.temperature = 0 }\n";
    std::fs::write(scenario.path("x.toml"), file).unwrap();
    let results = json(&scenario.call(&["experiment", "x.toml", "--json", "--jobs", "1"]));
    // Planning and design ask once each.
    let asked = |temperature, seed| [(Some(temperature), Some(seed)); 2];
    let expected = [asked(0.5, 11), asked(0.0, 11), asked(0.5, 12), asked(0.0, 12)].concat();
    assert_eq!(sampled(&server), expected);
    let cells = results["cells"].as_array().unwrap();
    let told: Vec<_> = cells.iter().map(|cell| (cell["temperature"].as_f64(), cell["seed"].as_u64())).collect();
    assert_eq!(told, [(Some(0.5), Some(11)), (Some(0.0), Some(11)), (Some(0.5), Some(12)), (Some(0.0), Some(12))]);
    for cell in cells {
        scenario.check_replay(cell["run"].as_str().unwrap(), &[]);
    }
    let shown = scenario.call(&["show", cells[2]["run"].as_str().unwrap()]).stdout;
    assert!(shown.contains("model mine:m (temperature 0.5, seed 12)"), "{shown}");
    // Another seed is another experiment; the same one asks nothing.
    json(&scenario.call(&["experiment", "x.toml", "--json"]));
    assert_eq!(sampled(&server).len(), 8);
    std::fs::write(scenario.path("x.toml"), file.replace("seed = 11", "seed = 21")).unwrap();
    json(&scenario.call(&["experiment", "x.toml", "--json"]));
    assert_eq!(sampled(&server).len(), 16);
}

#[test]
fn forks_find_answers_of_the_same_seed_only() {
    let server = server(ProviderKind::Chat);
    let scenario = project(ProviderKind::Chat, &server, "seed = 3");
    let run = scenario.call(&["run", "--task", "task.toml", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(sampled(&server), [(None, Some(3)); 2]);
    let fork = |more: &[&str]| {
        let output = scenario.call(&[&["fork", &run.run_id(), "--at", "planning", "--json"], more].concat());
        assert_eq!(output.code, 0, "{}", output.stderr);
    };
    fork(&[]);
    assert_eq!(server.requests().len(), 2, "the recorded answers serve");
    fork(&["--set", "models.seed=4"]);
    assert_eq!(sampled(&server)[2..], [(None, Some(4)); 2]);
}

#[test]
fn providers_without_seeds_are_told_once() {
    let server = server(ProviderKind::Messages);
    let scenario = project(ProviderKind::Messages, &server, "seed = 3\ntemperature = 1.0");
    let said = "mine gets no seed: its answers vary between equal runs\n";
    let run = scenario.call(&["run", "--task", "task.toml", "--json"]);
    assert_eq!((run.code, run.stderr.matches(said).count()), (0, 1), "{}", run.stderr);
    assert_eq!(sampled(&server), [(Some(1.0), None); 2]);
    let file = "name = \"seeds\"\ntasks = [\"task.toml\"]\n[budget]\ncalls = 100\ntokens = 1_000_000\nusd = 10.0\n\
                [[variant]]\nname = \"a\"\n[[variant]]\nname = \"b\"\n\
                feedback = \"nearest-phase\"\n";
    std::fs::write(scenario.path("x.toml"), file).unwrap();
    let output = scenario.call(&["experiment", "x.toml"]);
    assert_eq!((output.code, output.stderr.matches(said).count()), (0, 1), "{}", output.stderr);
}

#[test]
fn rejects_temperatures_out_of_range() {
    let server = server(ProviderKind::Chat);
    let scenario = project(ProviderKind::Chat, &server, "");
    let file = "name = \"hot\"\ntasks = [\"task.toml\"]\ntemperature = 3\n[[variant]]\nname = \"a\"\n";
    std::fs::write(scenario.path("x.toml"), file).unwrap();
    let output = scenario.call(&["experiment", "x.toml"]);
    assert_eq!(output.code, 2);
    insta::assert_snapshot!(output.stderr, @r"
    error[PG-0102]: x.toml:3: `temperature` must be a number from 0.0 to 2.0, not 3
      3 | temperature = 3
        |               ^
    hint: see docs/experiments.md
    ");
}
