//! Failures of providers and connections: what the user reads, and which of them are repeated.

use axum::body::Body;
use axum::http::Response;
use insta::assert_snapshot;
use phasegate_test::{Output, ProviderKind};
use serde_json::{Value, json};

use super::{Run, first, reason, respond};

type Answer = fn() -> Response<Body>;

fn body(status: u16, body: Value) -> Response<Body> {
    respond(status, "application/json", body.to_string())
}

fn events(events: &[Value]) -> Response<Body> {
    let text: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    respond(200, "text/event-stream", text)
}

fn half() -> Value {
    json!({ "choices": [{ "delta": { "content": "{ \"sa" }, "finish_reason": null }] })
}

fn assert_stopped(output: &Output) {
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert_eq!(output.events_named("model_answered").count(), 0, "a failure counts as an answer");
    assert_eq!(output.events_named("phase_finished").count(), 0, "a failure used an attempt");
    assert!(output.stderr.contains("phasegate resume "), "{}", output.stderr);
}

/// The reasons of runs whose first answer is one of these.
fn reasons(kind: ProviderKind, answers: &[Answer]) -> String {
    let mut reasons = Vec::new();
    for answer in answers {
        let (output, requests) = Run::of(kind).against(first(kind, vec![*answer]));
        assert_stopped(&output);
        assert_eq!(requests.len(), 1);
        reasons.push(reason(&output));
    }
    reasons.join("\n")
}

#[test]
fn errors_in_place_of_answers_end_the_run() {
    let found = reasons(
        ProviderKind::Chat,
        &[
            || body(200, json!({ "error": { "message": "No auth credentials found", "code": 401 } })),
            || body(200, json!({ "error": { "message": "Insufficient credits", "code": "402" } })),
            || {
                body(
                    200,
                    json!({ "error": { "message": "Provider returned error", "code": 429, "metadata": { "raw": "m is rate-limited upstream" } } }),
                )
            },
            || events(&[json!({ "error": { "message": "Overloaded", "code": 503 } })]),
            || {
                events(&[
                    half(),
                    json!({ "error": { "message": "upstream closed", "code": 502 }, "choices": [{ "delta": {}, "finish_reason": "error" }] }),
                ])
            },
            || body(200, json!({ "error": "model runner has stopped" })),
            || {
                body(
                    200,
                    json!([{ "error": { "code": 403, "message": "API key not valid", "status": "PERMISSION_DENIED" } }]),
                )
            },
            || body(200, json!({ "object": "error", "message": "no such key", "code": 401 })),
        ],
    );
    assert_snapshot!(found, @r"
    model call denied: mine answered with error 401: No auth credentials found
    hint: look at the key and the account behind [providers.mine]
    model call denied: mine answered with error 402: Insufficient credits
    hint: look at the key and the account behind [providers.mine]
    model unavailable: mine answered with error 429: Provider returned error: m is rate-limited upstream
    model unavailable: mine answered with error 503: Overloaded
    model unavailable: mine broke its answer off with error 502: upstream closed
    model unavailable: mine answered with error: model runner has stopped
    model call denied: mine answered with error 403: API key not valid
    hint: look at the key and the account behind [providers.mine]
    model call denied: mine answered with error 401: no such key
    hint: look at the key and the account behind [providers.mine]
    ");
    let found = reasons(
        ProviderKind::Messages,
        &[
            || {
                body(
                    200,
                    json!({ "type": "error", "error": { "type": "authentication_error", "message": "invalid x-api-key" } }),
                )
            },
            || events(&[json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } })]),
            || {
                events(&[
                    json!({ "type": "message_start", "message": { "usage": { "input_tokens": 9, "output_tokens": 1 } } }),
                    json!({ "type": "error", "error": { "type": "api_error", "message": "Internal server error" } }),
                ])
            },
        ],
    );
    assert_snapshot!(found, @r"
    model call denied: mine answered with error: invalid x-api-key
    hint: look at the key and the account behind [providers.mine]
    model unavailable: mine answered with error: Overloaded
    model unavailable: mine answered with error: Internal server error
    ");
}

#[test]
fn answers_of_other_kinds_are_shown() {
    let found = reasons(
        ProviderKind::Chat,
        &[
            || respond(200, "text/html", "<html><title>Sign in</title></html>"),
            || respond(200, "application/json", ""),
            || respond(200, "application/json", "{\"choices\": [{\"message\": {\"content\": \"{"),
            || events(&[half()]),
            || body(200, json!({ "choices": [{ "message": { "content": "half" }, "finish_reason": "abort" }] })),
            || {
                body(
                    200,
                    json!({ "choices": [{ "message": { "content": "half" }, "finish_reason": "insufficient_system_resource" }] }),
                )
            },
            || body(200, json!({ "choices": [{ "message": { "content": "" }, "finish_reason": "moonlight" }] })),
        ],
    );
    assert_snapshot!(found, @r"
    model unavailable: mine answered with neither JSON nor a stream of events: <html><title>Sign in</title></html>
    hint: look at [providers.mine] base_url
    model unavailable: mine sent an empty answer
    model unavailable: mine broke its answer off: it is no JSON: EOF while parsing a string at line 1 column 39
    model unavailable: mine broke its answer off: it ended without a finish reason
    model unavailable: mine broke its answer off: it ended with `abort`
    model unavailable: mine broke its answer off: it ended with `insufficient_system_resource`
    model unavailable: mine broke its answer off: it has no content and ended with `moonlight`
    ");
}

#[test]
fn errors_with_a_status_say_what_to_do() {
    let found = reasons(
        ProviderKind::Chat,
        &[
            || body(401, json!({ "error": { "message": "Incorrect API key provided", "code": "invalid_api_key" } })),
            || {
                body(
                    429,
                    json!({ "error": { "message": "You exceeded your current quota", "code": "insufficient_quota" } }),
                )
            },
            || body(400, json!({ "error": { "message": "The model is overloaded. Please try again later." } })),
            || {
                body(
                    500,
                    json!({ "error": { "code": 500, "message": "Context size has been exceeded.", "type": "server_error" } }),
                )
            },
            || respond(522, "text/html", "<html>error code: 522</html>"),
            || respond(529, "", ""),
        ],
    );
    assert_snapshot!(found, @r"
    model call denied: mine answered 401: Incorrect API key provided
    hint: look at the key and the account behind [providers.mine]
    model call denied: mine answered 429: You exceeded your current quota
    hint: look at the key and the account behind [providers.mine]
    model unavailable: mine answered 400: The model is overloaded. Please try again later.
    model unavailable: mine answered 500: Context size has been exceeded.
    model unavailable: mine answered 522: <html>error code: 522</html>
    model unavailable: mine answered 529
    ");
}

#[test]
fn connections_that_fail_are_described() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = Run { provider: "allow_http = true", ..Run::of(ProviderKind::Chat) };
    for (address, expected) in [
        (format!("http://{closed}/v1"), "model unavailable: mine cannot be reached at http://HERE:"),
        (format!("https://{closed}/v1"), "mine"),
        (
            "http://provider.invalid/v1".to_owned(),
            "model unavailable: mine cannot be reached at http://provider.invalid: ",
        ),
    ] {
        let output = run.at(&address);
        assert!(reason(&output).contains(expected), "{}", output.stderr);
        assert!(output.code == 4 || address.starts_with("https"), "{}", output.stderr);
    }
}

#[test]
fn names_that_resolve_to_nothing_are_described() {
    let run = Run { provider: "allow_http = true", ..Run::of(ProviderKind::Chat) };
    let label = "a".repeat(64);
    // A label that is too long, and one that is empty: no name server is asked.
    for host in [format!("{label}.example"), "a..example".to_owned()] {
        let output = run.at(&format!("http://{host}/v1"));
        assert_stopped(&output);
        let found = reason(&output);
        let expected =
            format!("model unavailable: mine cannot be reached at http://{host}: client error (Connect): dns error: ");
        assert!(found.starts_with(&expected), "{found}");
    }
}

#[test]
fn faults_of_providers_are_repeated() {
    let run = Run { models: "retries = 8", ..Run::of(ProviderKind::Chat) };
    let now = |status: u16| Response::builder().status(status).header("retry-after", "0").body(Body::empty()).unwrap();
    for statuses in [[408, 409, 425, 500, 502, 503, 504], [520, 521, 522, 523, 524, 525, 526]] {
        let count = std::sync::atomic::AtomicUsize::new(0);
        let respond =
            move |request: &Value| match statuses.get(count.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                Some(status) => now(*status),
                None => ProviderKind::Chat.answer(request, super::ANSWER, 9),
            };
        let (output, requests) = run.against(respond);
        assert_eq!((output.code, requests.len()), (0, 9), "{}", output.stderr);
    }
    // The delay that a body asks for.
    let limited: Answer = || body(200, json!({ "error": { "code": 429, "message": "Please try again in 20ms." } }));
    let gone: Answer = || body(400, json!({ "error": { "message": "server is busy", "retry_after": 0 } }));
    let (output, requests) = run.against(first(ProviderKind::Chat, vec![limited, gone, limited]));
    assert_eq!((output.code, requests.len()), (0, 5), "{}", output.stderr);
}

#[test]
fn exhausted_quotas_are_repeated_after_a_delay() {
    let quota = json!({ "error": { "message": "You exceeded your current quota", "code": "insufficient_quota" } });
    let by_header = |status: u16| {
        let body = json!({ "error": { "message": "Insufficient credits", "code": "insufficient_quota" } });
        Response::builder().status(status).header("retry-after", "0").body(Body::from(body.to_string())).unwrap()
    };
    let answers: [Answer; 4] = [
        || {
            body(
                429,
                json!({ "error": { "message": "Quota exceeded. Please try again in 20ms.", "type": "insufficient_quota" } }),
            )
        },
        || body(402, json!({ "error": { "message": "Insufficient credits", "retry_after": 0.01 } })),
        || {
            body(
                200,
                json!({ "error": { "message": "Insufficient credits", "code": 402, "metadata": { "headers": { "Retry-After": "0" } } } }),
            )
        },
        || Response::builder().status(402).header("retry-after-ms", "5").body(Body::from("no credits")).unwrap(),
    ];
    let run = Run { models: "retries = 4", ..Run::of(ProviderKind::Chat) };
    let (output, requests) = run.against(first(ProviderKind::Chat, answers.to_vec()));
    assert_eq!((output.code, requests.len()), (0, 6), "{}", output.stderr);
    // As often as `retries` says.
    let run = Run { models: "retries = 2", ..Run::of(ProviderKind::Chat) };
    let (output, requests) = run.against(move |_| by_header(402));
    assert_stopped(&output);
    assert_eq!(requests.len(), 3);
    assert_snapshot!(reason(&output), @r"
    model call denied: mine answered 402: Insufficient credits (tried 3 times)
    hint: look at the key and the account behind [providers.mine]
    ");
    // Without a delay, or with a long one, at once.
    let hour = || Response::builder().status(402).header("retry-after", "3600").body(Body::from("no credits")).unwrap();
    let (output, requests) = run.against(move |_| body(429, quota.clone()));
    assert_stopped(&output);
    assert_eq!(requests.len(), 1);
    let (output, requests) = run.against(move |_| hour());
    assert_stopped(&output);
    assert_eq!((requests.len(), reason(&output).contains("no credits")), (1, true));
}

#[test]
fn missing_keys_are_named() {
    let scenario = crate::scenario("asks-models");
    let refuse = |_: &Value| body(401, json!({ "error": { "message": "no key" } }));
    let server = phasegate_test::ModelServer::start(super::KEY, std::sync::Arc::new(refuse));
    let config = format!(
        "[models]\ndefault = \"mine:m\"\n[providers.mine]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n",
        server.address
    );
    let command = scenario.verbose_run_command(&config, &[]);
    let output = Output::from_command(command);
    assert_snapshot!(reason(&output), @r"
    model call denied: mine answered 401: no key
    hint: no key was sent; set [providers.mine] key_env to the variable that holds it
    ");
}
