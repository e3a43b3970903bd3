//! A real `llama-server`, which speaks both formats.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use phasegate_test::ProviderKind;

use crate::{python, run_first_task};

/// A server that ends with this value.
struct LlamaServer {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl LlamaServer {
    /// Starts the server on a free port with a context that holds a prompt of the standard agents in bytes.
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = std::env::var_os("PHASEGATE_TEST_MODEL").map_or_else(
            || {
                let path = folder.path().join("tiny.gguf");
                assert!(python("tiny_model.py").arg(&path).status().unwrap().success());
                path
            },
            PathBuf::from,
        );
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("llama-server");
        command.arg("--model").arg(model).args([
            "--port",
            &port.to_string(),
            "--ctx-size",
            "32768",
            "--parallel",
            "1",
            "--threads",
            "1",
        ]);
        let child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("`llama-server` is not on the PATH");
        let server = Self { child, address: format!("http://127.0.0.1:{port}"), _folder: folder };
        while !is_ready(port) {
            thread::sleep(Duration::from_millis(200));
        }
        server
    }
}

/// Whether the server has loaded its model.
fn is_ready(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    stream.write_all(b"GET /health HTTP/1.0\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).is_ok() && response.starts_with("HTTP/1.1 200")
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs llama-server on the PATH, and tests/interop/venv.sh or PHASEGATE_TEST_MODEL"]
fn llama_server_answers_in_both_formats() {
    let server = LlamaServer::start();
    for kind in [ProviderKind::Chat, ProviderKind::Messages] {
        let output = run_first_task(kind, &server.address, "[budget]\ncalls = 2\n");
        let answered: Vec<_> = output.events_named("model_answered").collect();
        assert!(!answered.is_empty(), "{}", output.stderr);
        for event in answered {
            assert!(["end", "max-tokens"].contains(&event["stop"].as_str().unwrap()), "{event}\n{}", output.stderr);
            // In Messages, the server leaves out the event with the input tokens where an answer has no text.
            let counted = event["usage"]["input_tokens"].as_u64().unwrap() > 500;
            assert!(counted || matches!(kind, ProviderKind::Messages), "{event}");
        }
    }
}
