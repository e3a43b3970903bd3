//! Keys are sent to their provider, past every proxy, and nowhere else.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use phasegate_test::{ModelServer, ProviderKind, Respond};

use super::run;
use super::search::{KEY, assert_keyless, search_files};

const PASSWORD: &str = "proxy-pass-81c2";

/// Starts a proxy that records what it receives and responds 403. It ends with the test's process.
fn proxy() -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = format!("http://me:{PASSWORD}@{}", listener.local_addr().unwrap());
    let requests: Arc<Mutex<Vec<u8>>> = Arc::default();
    let keeps = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = vec![0; 64 * 1024];
            let read = stream.read(&mut bytes).unwrap_or(0);
            keeps.lock().unwrap().extend_from_slice(&bytes[..read]);
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, requests)
}

fn answer() -> Respond {
    Arc::new(|asked: &Value| ProviderKind::Chat.answer(asked, "{ \"said\": \"by a server\" }", 9))
}

fn environment(proxy: &str) -> Vec<(&str, &str)> {
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    names.map(|name| (name, proxy)).into_iter().chain([("MY_KEY", KEY)]).collect()
}

#[test]
fn plain_http_ignores_proxies_of_the_environment() {
    let (proxy, requests) = proxy();
    let server = ModelServer::start(KEY, answer());
    // 0.0.0.0 is not a loopback address but reaches this machine on most systems: it stands for a remote host.
    for (host, more) in [("127.0.0.1", ""), ("0.0.0.0", "allow_http = true\n")] {
        let scenario = crate::scenario("asks-models");
        let config = ProviderKind::Chat.config(&format!("http://{host}:{}/v1", server.port), true, more);
        let output = run(&scenario, &config, &environment(&proxy));
        assert_eq!(output.code, 0, "{}", output.stderr);
    }
    assert_eq!(server.requests().iter().filter(|request| request.keyed).count(), 4);
    assert_eq!(requests.lock().unwrap().len(), 0, "{}", String::from_utf8_lossy(&requests.lock().unwrap()));
}

#[test]
fn https_proxy_tunnels_and_sees_no_key() {
    let (proxy, requests) = proxy();
    let scenario = crate::scenario("asks-models");
    let config = ProviderKind::Chat.config("https://provider.invalid/v1", true, "");
    let output = run(&scenario, &config, &environment(&proxy));
    assert_eq!(output.code, 4, "{}", output.stderr);
    let requests = requests.lock().unwrap().clone();
    assert!(
        requests.starts_with(b"CONNECT provider.invalid:443 HTTP/1.1\r\n"),
        "{}",
        String::from_utf8_lossy(&requests)
    );
    assert_keyless("what the proxy heard", &requests);
    assert!(
        output.stderr.contains(
            "hint: look at the proxy that HTTPS_PROXY or ALL_PROXY names, or name provider.invalid in NO_PROXY"
        ),
        "{}",
        output.stderr
    );
    assert!(!output.stderr.contains(PASSWORD) && !output.stdout.contains(PASSWORD), "{}", output.stderr);
    search_files(&scenario);
}

#[test]
fn never_sends_keys_over_remote_plain_http() {
    let server = ModelServer::start(KEY, answer());
    let scenario = crate::scenario("asks-models");
    let config = ProviderKind::Chat.config(&format!("http://0.0.0.0:{}/v1", server.port), true, "");
    let output = run(&scenario, &config, &[("MY_KEY", KEY)]);
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(output.stderr.contains("hint: use https://, or set allow_http = true"), "{}", output.stderr);
    assert!(server.requests().is_empty());
}
