//! The tests' model server and our client against the official SDKs: neither can drift from the formats with the other.

use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;

use phasegate_test::{ModelServer, ProviderKind};
use serde_json::{Value, json};

use crate::{python, run_first_task};

const KINDS: [(ProviderKind, &str, &str); 2] =
    [(ProviderKind::Chat, "chat", "stop"), (ProviderKind::Messages, "messages", "end_turn")];

#[test]
#[ignore = "needs the SDKs that tests/interop/venv.sh installs"]
fn official_sdks_read_the_test_server() {
    for (kind, name, stop) in KINDS {
        let server = ModelServer::start("-", Arc::new(move |request: &Value| kind.answer(request, "grüße", 4)));
        for mode in ["whole", "stream"] {
            let mut command = python("sdk.py");
            command.args([name, &server.address, mode]);
            let ended = command.output().unwrap();
            assert!(ended.status.success(), "{name} {mode}: {}", String::from_utf8_lossy(&ended.stderr));
            let read: Value = serde_json::from_slice(&ended.stdout).unwrap();
            let expected = json!({ "text": "grüße", "stop": stop, "input_tokens": 1000, "output_tokens": 100 });
            assert_eq!(read, expected, "{name} {mode}");
        }
    }
}

#[test]
#[ignore = "needs the SDKs that tests/interop/venv.sh installs"]
fn official_sdks_accept_our_requests() {
    for (kind, name, _) in KINDS {
        let server = ModelServer::start("-", Arc::new(move |request: &Value| kind.answer(request, "{}", 1)));
        run_first_task(kind, &server.address, "");
        let requests = server.requests();
        assert!(!requests.is_empty());
        for request in requests {
            let mut child =
                python("request.py").arg(name).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(request.body.to_string().as_bytes()).unwrap();
            let ended = child.wait_with_output().unwrap();
            let why = String::from_utf8_lossy(&ended.stderr);
            assert!(ended.status.success(), "{name}: {why}\n{:#}", request.body);
        }
    }
}
