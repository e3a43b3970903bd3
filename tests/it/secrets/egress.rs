//! Where a key may go: to its provider, past every proxy, and nowhere else.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::search::{KEY, everything, search};
use super::server::{Answer, Kind, Server, run};

const PASSWORD: &str = "proxy-pass-81c2";

/// Keeps what it was sent and refuses: a proxy that nobody should need. Ends with the test's process.
fn proxy() -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = format!("http://me:{PASSWORD}@{}", listener.local_addr().unwrap());
    let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
    let keeps = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = vec![0; 64 * 1024];
            let read = stream.read(&mut bytes).unwrap_or(0);
            keeps.lock().unwrap().extend_from_slice(&bytes[..read]);
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, heard)
}

fn answer() -> Answer {
    Arc::new(|asked: &Value| Kind::Chat.answer(asked, "{ \"said\": \"by a server\" }", 9))
}

fn environment(proxy: &str) -> Vec<(&str, &str)> {
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    names.map(|name| (name, proxy)).into_iter().chain([("MY_KEY", KEY), ("RUST_LOG", "trace")]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_proxy_of_the_environment_hears_of_a_call_over_plain_http() {
    let (proxy, heard) = proxy();
    let server = Server::start(answer()).await;
    // The second is no address of loopback, and yet leads there on most machines: it stands for one beyond.
    for (host, more) in [("127.0.0.1", ""), ("0.0.0.0", "allow_http = true\n")] {
        let scene = crate::scene("asks-models");
        let config = Kind::Chat.config(&format!("http://{host}:{}", server.port), true, more);
        let told = run(&scene, &config, &environment(&proxy)).await;
        assert_eq!(told.code, 0, "{}", told.stderr);
    }
    assert_eq!(server.heard().iter().filter(|heard| heard.keyed).count(), 4);
    assert_eq!(heard.lock().unwrap().len(), 0, "{}", String::from_utf8_lossy(&heard.lock().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_asked_to_let_https_through_and_learns_no_key() {
    let (proxy, heard) = proxy();
    let scene = crate::scene("asks-models");
    let config = Kind::Chat.config("https://provider.invalid", true, "");
    let told = run(&scene, &config, &environment(&proxy)).await;
    assert_eq!(told.code, 4, "{}", told.stderr);
    let heard = heard.lock().unwrap().clone();
    assert!(heard.starts_with(b"CONNECT provider.invalid:443 HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&heard));
    search("what the proxy heard", &heard);
    assert!(
        told.stderr.contains(
            "hint: look at the proxy that HTTPS_PROXY or ALL_PROXY names, or name provider.invalid in NO_PROXY"
        ),
        "{}",
        told.stderr
    );
    assert!(!told.stderr.contains(PASSWORD) && !told.stdout.contains(PASSWORD), "{}", told.stderr);
    everything(&scene);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_not_sent_over_plain_http_beyond_this_machine() {
    let server = Server::start(answer()).await;
    let scene = crate::scene("asks-models");
    let config = Kind::Chat.config(&format!("http://0.0.0.0:{}", server.port), true, "");
    let told = run(&scene, &config, &[("MY_KEY", KEY)]).await;
    assert_eq!(told.code, 2, "{}", told.stderr);
    assert!(told.stderr.contains("hint: use https://, or say allow_http = true"), "{}", told.stderr);
    assert!(server.heard().is_empty());
}
