//! Faults of connections and providers, retries and limits.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use crate::common::server::{End, Play, Server, json, status, stream};
use crate::common::{Complete as _, broker, call, request};
use phasegate_broker::{Broker, ModelsConfig, Progress};
use phasegate_process::model::{Error, Response};
use serde_json::{Value, json as value};

const HALF: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half an ans\"},\"finish_reason\":null}]}\n\n";
const HALF_CLAUDE: &str =
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"half\"}}\n\n";

fn good() -> Play {
    json(
        value!({"choices": [{"message": {"role": "assistant", "content": "whole"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}),
    )
}

fn busy() -> Play {
    status(429, value!({"error": {"message": "slow down", "type": "rate_limit"}}))
}

async fn broker_of(server: &Server, kind: &str, change: impl FnOnce(&mut ModelsConfig)) -> Broker {
    let mut models = crate::common::models("p:m");
    models.retries = 0;
    change(&mut models);
    broker(&models, &format!("[p]\nkind = \"{kind}\"\nbase_url = \"{}/v1\"", server.address), Path::new("."))
        .await
        .unwrap()
}

async fn ask(plays: Vec<Play>, retries: u32) -> (Result<Response, Error>, Vec<Progress>, Server) {
    let server = Server::playing(plays).await;
    let broker = broker_of(&server, "openai", |models| models.retries = retries).await;
    let seen = Mutex::new(Vec::new());
    let answer = broker.complete(call(request("x")), |progress| seen.lock().unwrap().push(progress)).await;
    let seen = seen.into_inner().unwrap();
    (answer, seen, server)
}

fn waits(seen: &[Progress]) -> Vec<Duration> {
    seen.iter()
        .filter_map(|progress| if let Progress::Retrying { after, .. } = progress { Some(*after) } else { None })
        .collect()
}

#[tokio::test]
async fn retries_identically_after_retry_after() {
    let (answer, seen, server) =
        ask(vec![busy().with("retry-after", "1"), busy().with("retry-after", "0"), good()], 2).await;
    assert_eq!(answer.unwrap().text(), "whole");
    let waits = waits(&seen);
    assert!(waits[0] >= Duration::from_secs(1) && waits[0] < Duration::from_secs(2), "{waits:?}");
    assert!(waits[1] < Duration::from_secs(1), "{waits:?}");
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert!(
        asked.iter().all(|again| again.body == asked[0].body && again.header("idempotency-key") == "run-1/code/1/1")
    );
    assert!(seen.iter().any(|progress| matches!(progress, Progress::Retrying { attempt: 1, reason, .. } if reason == "model unavailable: p answered 429: slow down")));
}

#[tokio::test]
async fn retry_after_may_be_a_date() {
    let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
    let long_ago = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH);
    let (answer, seen, _server) =
        ask(vec![busy().with("retry-after", soon), busy().with("retry-after", long_ago), good()], 2).await;
    assert!(answer.is_ok());
    let waits = waits(&seen);
    assert!(waits[0] <= Duration::from_millis(2250) && waits[1] <= Duration::from_millis(250), "{waits:?}");
}

#[tokio::test]
async fn retries_stop_at_the_configured_count() {
    for code in [408, 429, 500, 502, 503, 504, 529] {
        let (answer, _, server) = ask(vec![status(code, value!({})).with("retry-after", "0")], 1).await;
        assert_eq!(
            answer.unwrap_err().to_string(),
            format!("model unavailable: p answered {code}: {{}} (tried 2 times)")
        );
        assert_eq!(server.asked().len(), 2);
    }
    for code in [400, 401, 404, 413, 422, 501] {
        let (answer, _, server) = ask(vec![status(code, value!({}))], 3).await;
        assert!(!matches!(answer.unwrap_err(), Error::Unavailable(_)), "{code}");
        assert_eq!(server.asked().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn incomplete_answers_are_errors() {
    for end in [End::Clean, End::Broken] {
        let (answer, _, server) = ask(vec![stream(&[HALF]).ending(end), good()], 1).await;
        assert_eq!(answer.unwrap().text(), "whole");
        assert_eq!(server.asked().len(), 2);
    }
    let (answer, _, _server) = ask(vec![stream(&[HALF, "data: [DONE]\n\n"])], 0).await;
    assert_eq!(
        answer.unwrap_err().to_string(),
        "model unavailable: p broke its answer off: it ended without a finish reason"
    );
    let (answer, _, _server) = ask(vec![stream(&[HALF]).ending(End::Broken)], 0).await;
    assert!(answer.unwrap_err().to_string().starts_with("model unavailable: p broke its answer off: "));
    let (answer, _, _server) = ask(vec![stream(&[HALF, "data: {\"cho"])], 0).await;
    assert!(answer.is_err());
    for body in [value!({}), value!({"choices": []}), Value::Null] {
        assert!(ask(vec![json(body)], 0).await.0.is_err());
    }
}

#[tokio::test]
async fn errors_within_a_stream_fail_the_call() {
    let error = "data: {\"error\":{\"message\":\"out of memory\",\"type\":\"server_error\"}}\n\n";
    let (answer, _, _server) = ask(vec![stream(&[HALF, error])], 0).await;
    assert_eq!(answer.unwrap_err().to_string(), "model unavailable: p broke its answer off: out of memory");

    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    for (pieces, expected) in [
        (vec![HALF_CLAUDE, error], "model unavailable: p broke its answer off: Overloaded"),
        (vec![HALF_CLAUDE], "model unavailable: p broke its answer off: it ended without a finish reason"),
    ] {
        let server = Server::playing(vec![stream(&pieces)]).await;
        let broker = broker_of(&server, "anthropic", |_| ()).await;
        assert_eq!(broker.complete(call(request("x")), |_| ()).await.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn silent_providers_time_out() {
    let second = NonZeroU32::MIN;
    let server = Server::playing(vec![stream(&[HALF]).ending(End::Silent)]).await;
    let text = async |broker: Broker| broker.complete(call(request("x")), |_| ()).await.unwrap_err().to_string();
    let idle = broker_of(&server, "openai", |models| models.idle_seconds = second).await;
    assert_eq!(
        text(idle).await,
        "model unavailable: p sent nothing for 1 s within its answer\nhint: raise [models] idle_seconds"
    );
    let slow = broker_of(&server, "openai", |models| models.timeout_seconds = second).await;
    assert_eq!(
        text(slow).await,
        "model unavailable: p did not complete its answer within 1 s\nhint: raise [models] timeout_seconds"
    );
}

#[tokio::test]
async fn endless_answers_are_rejected() {
    let comment = format!(": {}\n", "x".repeat(1024 * 1024));
    let (answer, _, _server) = ask(vec![stream(&[comment.as_str(); 33]).ending(End::Silent)], 3).await;
    assert_eq!(answer.unwrap_err().to_string(), "model call failed: the answer has more than 33554432 bytes");
}

#[tokio::test]
async fn rejects_answers_that_are_not_utf8() {
    let play = Play { pieces: vec![b"data: \xff\n\n".to_vec()], ..stream(&[]) };
    let (answer, _, _server) = ask(vec![play], 0).await;
    assert_eq!(answer.unwrap_err().to_string(), "model unavailable: p broke its answer off: the stream is not UTF-8");
    let play = Play { pieces: vec![b"{\"choices\": \"\xff\"}".to_vec()], ..good() };
    let (answer, _, _server) = ask(vec![play], 0).await;
    assert_eq!(answer.unwrap_err().to_string(), "model unavailable: p broke its answer off: it is not UTF-8");
}

#[tokio::test]
async fn unreachable_providers_are_named() {
    let closed_port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("http://{closed_port}");
    let table = format!("[p]\nkind = \"openai\"\nbase_url = \"{address}/v1\"");
    let models = ModelsConfig { retries: 0, ..crate::common::models("p:m") };
    let broker = broker(&models, &table, Path::new(".")).await.unwrap();
    let text = broker.complete(call(request("x")), |_| ()).await.unwrap_err().to_string();
    assert!(text.starts_with(&format!("model unavailable: p cannot be reached at {address}: ")), "{text}");
}

#[tokio::test]
async fn missing_tls_is_a_readable_error() {
    let server = Server::playing(vec![good()]).await;
    let table = format!("[p]\nkind = \"openai\"\nbase_url = \"{}/v1\"", server.address.replace("http", "https"));
    let models = ModelsConfig { retries: 0, ..crate::common::models("p:m") };
    let broker = broker(&models, &table, Path::new(".")).await.unwrap();
    let text = broker.complete(call(request("x")), |_| ()).await.unwrap_err().to_string();
    // The second message is that of a machine without certificates.
    assert!(
        text.contains("p cannot be reached at https://") || text.contains("needs the system's CA certificates"),
        "{text}"
    );
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn concurrency_limit_spans_the_process() {
    let server = Server::playing(vec![good()]).await;
    let broker = broker_of(&server, "openai", |models| models.concurrency = NonZeroU32::new(2).unwrap()).await;
    let other = broker.clone();
    let calls = (0..6).map(|n| if n % 2 == 0 { &broker } else { &other }.complete(call(request("x")), |_| ()));
    assert!(futures::future::join_all(calls).await.into_iter().all(|answer| answer.is_ok()));
    assert_eq!(server.asked().len(), 6);
    assert_eq!(server.most_under_way(), 2);
}
