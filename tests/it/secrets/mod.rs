//! Servers on this machine repeat the key in every way that they can; the output of every command and all files that runs
//! leave behind are then searched for it.

mod egress;
mod search;

use std::fs;
use std::sync::Arc;

use self::search::{FORMS, KEY, assert_keyless, search_files};
use axum::body::Body;
use axum::http::Response;
use phasegate_test::{ModelServer, Output, ProviderKind, Respond, RunningProcess, Scenario, scenarios};
use serde_json::{Value, json};

/// An answer in JSON that contains the key in all its forms and stays JSON when they are redacted.
fn echo() -> String {
    let forms: Vec<String> = FORMS.iter().map(|form| format!("\"it is {form}.\"")).collect();
    format!("{{ \"said\": [{}] }}", forms.join(", "))
}

/// The same as a provider's error.
fn complaint() -> Value {
    json!({ "type": "error", "error": { "type": format!("bad {KEY}"), "code": KEY, "message": FORMS.join(" and ") } })
}

fn answer(status: u16, kind: &str, body: impl Into<Body>) -> Response<Body> {
    Response::builder().status(status).header("content-type", kind).body(body.into()).unwrap()
}

/// Runs every command that shows a run which has ended or stopped, and searches its output.
fn search_commands(scenario: &Scenario, run: &str) {
    let ask = |args: &[&str]| {
        let mut command = scenario.command(args);
        command.args(["-v", "-v"]).env("MY_KEY", KEY).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        let output = Output::from_command(command);
        assert_keyless(args[0], output.stdout.as_bytes());
        assert_keyless(args[0], output.stderr.as_bytes());
        output
    };
    let export = scenario.path("run.phasegate").display().to_string();
    let commands: [&[&str]; 14] = [
        &["runs"],
        &["runs", "--json"],
        &["show", run],
        &["show", run, "--json"],
        &["log", run],
        &["log", run, "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["gc"],
        &["export", run, &export],
        &["replay", run],
        &["replay", run, "--json"],
        &["resume", run],
        &["resume", run, "--json"],
    ];
    for args in commands {
        ask(args);
    }
    let forked = ask(&["fork", run, "--at", "design", "--feedback", "nearest-phase", "--json"]);
    if !forked.events.is_empty() {
        let fork = forked.run_id();
        for more in [vec![], vec!["--json"], vec!["--markdown"]] {
            ask(&[&["compare", run, &fork], more.as_slice()].concat());
        }
    }
}

/// Runs a scenario with this configuration and environment.
fn run(scenario: &Scenario, config: &str, environment: &[(&str, &str)]) -> Output {
    let command = scenario.verbose_run_command(config, environment);
    Output::from_command(command)
}

/// A configuration that uses the server.
fn config(server: &ModelServer, kind: ProviderKind, stream: bool) -> String {
    kind.config(&format!("{}/v1", server.address), stream, "")
}

/// Runs a scenario against a server, searches everything, and returns the output and the scenario.
fn run_and_search(kind: ProviderKind, stream: bool, answer: Respond) -> (Output, Scenario) {
    let server = ModelServer::start(KEY, answer);
    let scenario = crate::scenario("asks-models");
    let output = run(&scenario, &config(&server, kind, stream), &[("MY_KEY", KEY)]);
    assert!(server.requests().iter().all(|request| request.keyed), "a request came without the key");
    assert!(!server.requests().is_empty(), "{}", output.stderr);
    assert_keyless("the run's own words", output.stdout.as_bytes());
    assert_keyless("the run's own words", output.stderr.as_bytes());
    let name = output.run_id();
    search_commands(&scenario, &name);
    search_files(&scenario);
    (output, scenario)
}

#[test]
fn redacts_keys_in_answers_before_recording() {
    for kind in [ProviderKind::Chat, ProviderKind::Messages] {
        for stream in [true, false] {
            // The stream is cut within the key.
            let message = move |asked: &Value| {
                let text = echo();
                let mut answer = kind.answer(asked, &text, text.find(KEY).unwrap() + 9);
                for form in FORMS {
                    answer.headers_mut().append("x-request-id", form.parse().unwrap());
                }
                answer
            };
            let (output, scenario) = run_and_search(kind, stream, Arc::new(message));
            assert_eq!(output.code, 0, "{}", output.stderr);
            let text = fs::read_to_string(scenario.path("out/artifacts/plan.json")).unwrap();
            let plan: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(plan["said"][0], "it is [redacted].");
            assert_eq!(text.matches("[redacted]").count(), FORMS.len(), "{text}");
            // The agent was given what is recorded: a replay has the same result.
            scenario.check_replay(&output.run_id(), &[]);
        }
    }
}

#[test]
fn redacts_keys_in_provider_errors() {
    for kind in [ProviderKind::Chat, ProviderKind::Messages] {
        for status in [400, 401, 503] {
            let refuse = move |_: &Value| {
                let mut refusal = answer(status, "application/json", complaint().to_string().replace('/', "\\/"));
                refusal.headers_mut().insert("retry-after", "0".parse().unwrap());
                refusal
            };
            let (output, _) = run_and_search(kind, true, Arc::new(refuse));
            assert_ne!(output.code, 0, "{}", output.stderr);
            assert!(output.stderr.contains("[redacted]"), "{status}: {}", output.stderr);
        }
    }
}

#[test]
fn redacts_keys_in_malformed_answers() {
    let page = || format!("<html><p title=\"{}\">{}</p>", KEY, FORMS.join("\n"));
    let odd: [(&str, Respond); 6] = [
        (
            "a redirect",
            Arc::new(|_| {
                let to = format!("http://127.0.0.1:1/{KEY}?key={}", FORMS[1]);
                Response::builder().status(307).header("location", to).body(Body::from(echo())).unwrap()
            }),
        ),
        ("a page", Arc::new(move |_| answer(200, "text/html", page()))),
        ("a page of an error", Arc::new(move |_| answer(502, "text/html", page()))),
        (
            "an event that is no JSON",
            Arc::new(|_| answer(200, "text/event-stream", format!("data: {{{KEY}\n\ndata: {KEY}\n\n"))),
        ),
        (
            "a complaint within a stream",
            Arc::new(|_| answer(200, "text/event-stream", format!("event: error\ndata: {}\n\n", complaint()))),
        ),
        (
            "JSON of another kind",
            Arc::new(|_| {
                let odd = json!({ "content": KEY, "choices": [{ "message": { "content": [KEY], "tool_calls": [{ "id": KEY,
                "function": { "name": KEY, "arguments": format!("{{\"{KEY}\"") } }] }, "finish_reason": KEY }],
                "stop_reason": KEY, "model": KEY, "usage": { KEY: KEY } });
                answer(200, "application/json", odd.to_string())
            }),
        ),
    ];
    for (name, answer) in odd {
        for kind in [ProviderKind::Chat, ProviderKind::Messages] {
            let (output, _) = run_and_search(kind, true, Arc::clone(&answer));
            assert_ne!(output.code, 0, "{name}: {}", output.stderr);
        }
    }
}

#[test]
fn killed_run_leaves_no_key_behind() {
    let server = ModelServer::start(KEY, Arc::new(|asked: &Value| ProviderKind::Chat.answer(asked, &echo(), 20)));
    let scenario = crate::scenario("asks-models");
    let command = scenario.verbose_run_command(&config(&server, ProviderKind::Chat, true), &[("MY_KEY", KEY)]);
    let output = RunningProcess::start(command, |event| event["event"] == "model_answered").signal("KILL");
    assert_keyless("the killed run's words", output.stderr.as_bytes());
    let left: Vec<_> = search::files(&scenario.path("state"));
    assert!(left.iter().any(|file| file.ends_with("journal.db-wal")), "{left:?}");
    search_files(&scenario);
}

#[test]
fn experiments_and_tables_contain_no_key() {
    let server = ModelServer::start(KEY, Arc::new(|asked: &Value| ProviderKind::Chat.answer(asked, &echo(), 20)));
    let scenario = crate::scenario("asks-models");
    fs::write(scenario.path("phasegate.toml"), config(&server, ProviderKind::Chat, true)).unwrap();
    let budget = "[budget]\ncalls = \"unlimited\"\ntokens = \"unlimited\"\n";
    scenario.set_user_config(&(config(&server, ProviderKind::Chat, true) + budget));
    let scenarios = scenarios();
    let (task, pipeline) = (scenarios.join("task.toml"), scenarios.join("asks-models/pipeline.toml"));
    let experiment = format!(
        "name = \"canary\"\ntasks = [\"{}\"]\nrepetitions = 1\n[budget]\nusd = 5.0\n\
         [[variant]]\nname = \"one\"\npipeline = \"{}\"\n[[variant]]\nname = \"two\"\npipeline = \"{}\"\nfeedback = \"nearest-phase\"\n",
        task.display(),
        pipeline.display(),
        pipeline.display()
    );
    fs::write(scenario.path("experiment.toml"), experiment).unwrap();
    let mut command = scenario.command(&["experiment", "experiment.toml", "-v", "-v"]);
    command.env("MY_KEY", KEY).env("RUST_LOG", "trace");
    let output = Output::from_command(command);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert_keyless("the experiment's words", output.stdout.as_bytes());
    assert_keyless("the experiment's words", output.stderr.as_bytes());
    search_files(&scenario);
}
