//! A canary key, looked for in everything that leaves the broker.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use common::server::{Play, Server, json, status, stream};
use common::{CANARY, broker, call, refused, request};
use phasegate_broker::ProviderConfig;
use serde_json::json as value;

fn providers(server: &Server, kind: &str) -> String {
    format!("[p]\nkind = \"{kind}\"\nbase_url = \"{}/v1\"\nkey_env = \"CANARY_KEY\"", server.address)
}

/// Everything that can be seen of a call to a server that echoes the key.
async fn all_that_is_seen(kind: &str, play: Play) -> String {
    let server = Server::playing(vec![play]).await;
    let mut models = common::models("p:m");
    models.retries = 1;
    let broker = broker(&models, &providers(&server, kind), Path::new(".")).await.unwrap();
    let seen = Mutex::new(String::new());
    let answer =
        broker.complete(call(request("x")), |progress| seen.lock().unwrap().push_str(&format!("{progress:?}\n"))).await;
    let sent = server.asked()[0].clone();
    assert!(
        sent.header("authorization").contains(CANARY) || sent.header("x-api-key") == CANARY,
        "the key is sent where it belongs"
    );
    let words = answer.as_ref().map_or_else(ToString::to_string, |answer| answer.text());
    format!("{words}\n{answer:?}\n{}\n{broker:?}\n{broker:#?}", seen.into_inner().unwrap())
}

#[tokio::test]
async fn a_key_that_a_provider_echoes_is_seen_nowhere() {
    let complaint = value!({"error": {"message": format!("bad key {CANARY}."), "type": "x", "code": CANARY}});
    let whole = value!({"choices": [{"message": {"content": format!("it is {CANARY}"), "tool_calls": [
        {"id": CANARY, "function": {"name": "t", "arguments": {"key": CANARY}}}]}, "finish_reason": "stop"}]});
    let broken = format!("data: {}\n\n", complaint);
    for play in [
        status(401, complaint.clone()),
        status(400, complaint.clone()),
        // Cut short for people right within the key.
        status(400, value!({"error": {"message": format!("{}{CANARY}", "x".repeat(590))}})),
        status(503, complaint.clone()).with("retry-after", "0"),
        status(307, complaint.clone()).with("location", format!("http://example.invalid/{CANARY}?k={CANARY}")),
        json(whole),
        stream(&[broken.as_str()]),
        stream(&[format!("data: {CANARY}\n\n").as_str()]),
    ] {
        for kind in ["openai", "anthropic"] {
            let seen = all_that_is_seen(kind, play.clone()).await;
            assert!(!seen.contains(&CANARY[..8]), "{seen}");
        }
    }
    let claude = value!({"content": [{"type": "thinking", "thinking": CANARY}, {"type": "text", "text": format!("it is {CANARY}")}], "stop_reason": CANARY});
    let seen = all_that_is_seen("anthropic", json(claude)).await;
    assert!(seen.starts_with("it is [redacted]") && !seen.contains(CANARY), "{seen}");
    let (one, other) = CANARY.split_at(4);
    let hidden = value!({"content": [{"type": "text", "text": "hello"}], "stop_reason": format!("{one}\u{1}{other}")});
    let seen = all_that_is_seen("anthropic", json(hidden)).await;
    assert!(!seen.contains(CANARY), "{seen}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_nobody_else_gets_the_key() {
    let elsewhere = Server::playing(vec![json(value!({}))]).await;
    let server = Server::playing(vec![
        status(307, value!({})).with("location", format!("{}/v1/chat/completions", elsewhere.address)),
    ])
    .await;
    let broker = broker(&common::models("p:m"), &providers(&server, "openai"), Path::new(".")).await.unwrap();
    let told = broker.complete(call(request("x")), |_| ()).await.unwrap_err().to_string();
    assert_eq!(
        told,
        format!(
            "model call failed: p answered 307 and points to {}; redirects are not followed, because the key would go along\n\
             hint: if that is right, set [providers.p] base_url to it",
            elsewhere.address
        )
    );
    assert!(elsewhere.asked().is_empty());
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_key_file_is_read_and_only_its_name_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), format!("{CANARY}\n")).unwrap();
    let server =
        Server::playing(vec![json(value!({"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}))])
            .await;
    let table = format!("[p]\nkind = \"openai\"\nbase_url = \"{}/v1\"\nkey_file = \"key\"", server.address);
    let broker = broker(&common::models("p:m"), &table, folder.path()).await.unwrap();
    broker.complete(call(request("x")), |_| ()).await.unwrap();
    assert_eq!(server.asked()[0].header("authorization"), format!("Bearer {CANARY}"));
    let config: BTreeMap<String, ProviderConfig> = toml::from_str(&table).unwrap();
    let kept = format!("{config:?}\n{}\n{broker:?}", toml::to_string(&config).unwrap());
    assert!(!kept.contains(CANARY) && kept.contains("key_file = \"key\""), "{kept}");
}

#[tokio::test]
async fn others_can_have_their_words_scrubbed_too() {
    let broker =
        common::broker_with(&common::models("openai:m"), "", "", Path::new("."), &[("OPENAI_API_KEY", CANARY)])
            .await
            .unwrap();
    assert_eq!(broker.scrub(&format!("a {CANARY}b")), "a [redacted]b");
}

#[tokio::test]
async fn no_configuration_error_shows_a_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), format!("{CANARY}\nand {CANARY}")).unwrap();
    for table in [
        "[p]\nkind = \"openai\"\nbase_url = \"https://h/v1\"\nkey_file = \"key\"".to_owned(),
        format!("[p]\nkind = \"openai\"\nbase_url = \"https://u:{CANARY}@h/v1\""),
        format!("[p]\nkind = \"openai\"\nbase_url = \"https://u:{CANARY}@ h/v1\""),
        format!("[p]\nkind = \"openai\"\nbase_url = \"https://h/v1?key={CANARY}\""),
        "[p]\nkind = \"openai\"\nbase_url = \"http://h/v1\"\nkey_env = \"CANARY_KEY\"".to_owned(),
    ] {
        let told = refused(&common::models("p:m"), &table, folder.path()).await;
        assert!(!told.contains(CANARY) && told.starts_with("[providers.p] "), "{told}");
    }
}
