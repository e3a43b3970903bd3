//! Connections that fail: what the user reads, and what they cost.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use insta::assert_snapshot;

use super::Case;
use super::server::{FailingServer, Reply};

/// A case whose run asks `address` instead of the server, until it is resumed with `--provider mine`.
fn case_at(address: &str, models: &str, tables: &str) -> Case {
    let case = Case::new("asks-models", FailingServer::start(|_, _| Reply::Answer), "", "");
    let config = case.server.config(models, tables).replace(&case.server.address, address);
    fs::write(case.scenario.path("models.toml"), config).unwrap();
    case.scenario.set_user_config(&case.server.config("", ""));
    case
}

fn resume(case: &Case) {
    let resumed = case.scenario.call(&["resume", &case.run_id(), "--provider", "mine", "--json"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
}

/// A server that resets each connection in the middle of its answer. It ends with the test's process.
fn resetting() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The rest of the request stays unread, so that the system resets the connection when it is closed.
            stream.read_exact(&mut [0]).unwrap();
            let event = "data: {\"choices\":[{\"delta\":{\"content\":\"{ \"}}]}\n\n";
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(format!("{head}{:x}\r\n{event}\r\n", event.len()).as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    address
}

#[test]
fn refused_connections_cost_nothing() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let case = case_at(&format!("http://{closed}"), "retries = 2", "[budget]\ncalls = 2\n");
    assert_snapshot!(case.stop(&[]).replace(&closed.to_string(), "CLOSED"), @r"
    exit 4
    error[PG-0204]: planning#1 (plan): model unavailable: mine cannot be reached at http://CLOSED: client error (Connect): tcp connect error: Connection refused (os error 111) (tried 3 times)
    hint: if you change [providers.mine], continue with `phasegate resume RUN --provider mine`
    hint: nothing is lost; continue with `phasegate resume RUN`
    models     0 calls, 0 input tokens, 0 output tokens, 0.00 USD
    failed     3 requests
    ");
    let totals = &case.scenario.call(&["show", &case.run_id(), "--json"]).json()["totals"];
    assert_eq!((&totals["failed_requests"], totals.get("unknown_cost")), (&3.into(), None), "{totals}");
    // The budget still has both calls.
    resume(&case);
    assert_eq!(case.server.count(), 2);
}

#[test]
fn connections_reset_within_a_stream_are_charged() {
    let address = resetting();
    let case = case_at(&format!("http://{address}"), "retries = 1", "");
    assert_snapshot!(case.stop(&[]).replace(&address, "RESETTING"), @r"
    exit 4
    error[PG-0204]: planning#1 (plan): model unavailable: mine broke its answer off: error reading a body from connection: Connection reset by peer (os error 104) (tried 2 times)
    hint: nothing is lost; continue with `phasegate resume RUN`
    models     0 calls, 0 input tokens, 0 output tokens, unknown cost
    failed     2 requests, 2 of unknown cost: at most 2.1k tokens and 0.2146 USD
    ");
    resume(&case);
    assert_eq!(case.server.count(), 2);
}
