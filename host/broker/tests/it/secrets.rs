//! Keys: a canary key is searched in everything that leaves the broker.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use crate::common::server::{Play, Server, json, status, stream};
use crate::common::{CANARY, Complete as _, broker, call, refused, rendered, request};
use phasegate_broker::ProviderConfig;
use serde_json::json as value;

fn providers(server: &Server, kind: &str) -> String {
    format!("[p]\nkind = \"{kind}\"\nbase_url = \"{}/v1\"\nkey_env = \"CANARY_KEY\"", server.address)
}

/// Writes a file `key` that only its owner may read.
fn write_key(folder: &Path, bytes: &[u8]) {
    let file = folder.join("key");
    std::fs::write(&file, bytes).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// Returns everything that is visible of a call to a server that echoes the key.
async fn all_that_is_seen(kind: &str, play: Play) -> String {
    let server = Server::playing(vec![play]).await;
    let mut models = crate::common::models("p:m");
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
    let text = answer.as_ref().map_or_else(ToString::to_string, |answer| answer.text());
    format!("{text}\n{answer:?}\n{}\n{broker:?}\n{broker:#?}", seen.into_inner().unwrap())
}

#[tokio::test]
async fn echoed_keys_are_redacted_everywhere() {
    let complaint = value!({"error": {"message": format!("bad key {CANARY}."), "type": "x", "code": CANARY}});
    let whole = value!({"choices": [{"message": {"content": format!("it is {CANARY}"), "tool_calls": [
        {"id": CANARY, "function": {"name": "t", "arguments": {"key": CANARY}}}]}, "finish_reason": "stop"}]});
    let broken = format!("data: {}\n\n", complaint);
    for play in [
        status(401, complaint.clone()),
        status(400, complaint.clone()),
        // Error text is shortened within the key.
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
async fn redirects_are_not_followed() {
    let elsewhere = Server::playing(vec![json(value!({}))]).await;
    let server = Server::playing(vec![
        status(307, value!({})).with("location", format!("{}/v1/chat/completions", elsewhere.address)),
    ])
    .await;
    let broker = broker(&crate::common::models("p:m"), &providers(&server, "openai"), Path::new(".")).await.unwrap();
    let text = broker.complete(call(request("x")), |_| ()).await.unwrap_err().to_string();
    assert_eq!(
        text,
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
async fn keeps_the_name_of_a_key_file_only() {
    let folder = tempfile::tempdir().unwrap();
    write_key(folder.path(), format!("{CANARY}\n").as_bytes());
    let server =
        Server::playing(vec![json(value!({"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}))])
            .await;
    let table = format!("[p]\nkind = \"openai\"\nbase_url = \"{}/v1\"\nkey_file = \"key\"", server.address);
    let broker = broker(&crate::common::models("p:m"), &table, folder.path()).await.unwrap();
    broker.complete(call(request("x")), |_| ()).await.unwrap();
    assert_eq!(server.asked()[0].header("authorization"), format!("Bearer {CANARY}"));
    let config: BTreeMap<String, ProviderConfig> = toml::from_str(&table).unwrap();
    let output = format!("{config:?}\n{}\n{broker:?}", toml::to_string(&config).unwrap());
    assert!(!output.contains(CANARY) && output.contains("key_file = \"key\""), "{output}");
}

#[tokio::test]
async fn scrubs_text_of_other_modules() {
    let broker = crate::common::broker_with(
        &crate::common::models("openai:m"),
        "",
        "",
        Path::new("."),
        &[("OPENAI_API_KEY", CANARY)],
    )
    .await
    .unwrap();
    assert_eq!(broker.scrub(&format!("a {CANARY}b")), "a [redacted]b");
}

#[tokio::test]
async fn configuration_errors_never_show_keys() {
    let folder = tempfile::tempdir().unwrap();
    write_key(folder.path(), format!("{CANARY}\nand {CANARY}").as_bytes());
    for table in [
        "[p]\nkind = \"openai\"\nbase_url = \"https://h/v1\"\nkey_file = \"key\"".to_owned(),
        format!("[p]\nkind = \"openai\"\nbase_url = \"https://u:{CANARY}@h/v1\""),
        format!("[p]\nkind = \"openai\"\nbase_url = \"https://u:{CANARY}@ h/v1\""),
        format!("[p]\nkind = \"openai\"\nbase_url = \"https://h/v1?key={CANARY}\""),
        "[p]\nkind = \"openai\"\nbase_url = \"http://h/v1\"\nkey_env = \"CANARY_KEY\"".to_owned(),
        // The key itself in place of its name.
        format!("[p]\nkind = \"openai\"\nbase_url = \"https://h/v1\"\nkey_env = \"{CANARY}\""),
        format!("[p]\nkind = \"openai\"\nbase_url = \"https://h/v1\"\nkey_file = \"{CANARY}\""),
    ] {
        let text = refused(&crate::common::models("p:m"), &table, folder.path()).await;
        assert!(!text.contains(CANARY) && text.starts_with("[providers.p] "), "{text}");
    }
}

#[tokio::test]
async fn rejects_keys_in_place_of_variable_names() {
    let table = |key: &str| format!("[q]\nkind = \"openai\"\nbase_url = \"https://h/v1\"\nkey_env = \"{key}\"");
    let text = refused(&crate::common::models("ollama:m"), &table(CANARY), Path::new(".")).await;
    assert_eq!(
        text,
        "[providers.q] key_env: it is not the name of an environment variable\n\
         hint: the key itself does not belong in this file: export it, as in MY_KEY=…, and write key_env = \"MY_KEY\""
    );
    // This may be a name and is shown.
    let text = refused(&crate::common::models("q:m"), &table("f123456789abcdeff123"), Path::new(".")).await;
    assert_eq!(
        text,
        "[providers.q] key_env: the environment variable that it names is not set\n\
         hint: export it, or name another variable or a key_file"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn rejects_key_files_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (key, inner) = (folder.path().join("inner/key"), folder.path().join("inner"));
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(&key, CANARY).unwrap();
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let text = async || {
        let table = "[p]\nkind = \"openai\"\nbase_url = \"https://h/v1\"\nkey_file = \"inner/key\"";
        let broker = broker(&crate::common::models("p:m"), table, folder.path()).await;
        broker.map_or_else(|error| rendered(&error), |_| "taken".to_owned())
    };
    let refused = "[providers.p] key_file: every user of this machine may read or change `inner/key`\n\
                   hint: restrict it to its owner with `chmod 600`; a mounted secret takes its mode where it is declared";
    // A temporary folder that others cannot enter protects this folder as well.
    let is_open = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o001 != 0;
    let expected = match folder.path().canonicalize().unwrap().ancestors().skip(1).all(is_open) {
        true => refused,
        false => "taken",
    };
    mode(&inner, 0o755);
    for (of_file, of_folder, expected) in [
        (0o644, 0o755, expected),
        (0o622, 0o711, expected),
        (0o644, 0o700, "taken"),
        (0o640, 0o755, "taken"),
        (0o600, 0o755, "taken"),
    ] {
        mode(&key, of_file);
        mode(folder.path(), of_folder);
        assert_eq!(text().await, expected, "{of_file:o} in {of_folder:o}");
    }
}

#[tokio::test]
async fn key_files_are_short_text() {
    let folder = tempfile::tempdir().unwrap();
    let table = "[p]\nkind = \"openai\"\nbase_url = \"https://h/v1\"\nkey_file = \"key\"";
    for bytes in [vec![b'x'; 20_000], b"\xff\xfe".to_vec(), Vec::new()] {
        write_key(folder.path(), &bytes);
        let text = refused(&crate::common::models("p:m"), table, folder.path()).await;
        assert!(text.starts_with("[providers.p] key_file: it does not hold a key"), "{text}");
    }
}

/// Runs again as a child process of the test below.
#[tokio::test]
async fn child_panics_while_holding_a_key() {
    let Ok(address) = std::env::var("PANIC_AT") else { return };
    let table = format!("[p]\nkind = \"openai\"\nbase_url = \"{address}/v1\"\nkey_env = \"CANARY_KEY\"");
    let broker = broker(&crate::common::models("p:m"), &table, Path::new(".")).await.unwrap();
    let answer = broker.complete(call(request("x")), |_| panic!("while asking: {broker:#?}")).await;
    drop(answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn panics_show_no_key() {
    let server = Server::playing(vec![json(value!({}))]).await;
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "--nocapture", "secrets::child_panics_while_holding_a_key"]);
    again.env("PANIC_AT", &server.address).env("RUST_BACKTRACE", "full");
    let text = tokio::task::spawn_blocking(move || again.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&[text.stdout, text.stderr].concat()).into_owned();
    assert!(text.contains("while asking: Broker") && text.contains("stack backtrace"), "{text}");
    assert!(!text.contains(&CANARY[..8]), "{text}");
}
