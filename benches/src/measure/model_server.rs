//! A model server on the loopback that notes when requests to a model arrive and answers none. It lists no models.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The answer to a request for the models of this server.
const NO_LIST: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Listens until the process ends.
pub struct ModelServer {
    /// Where it listens.
    pub address: SocketAddr,
    requests: Receiver<Instant>,
}

impl ModelServer {
    /// Starts to listen.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    let mut buffer = [0; 4096];
                    // The connection stays open until the client closes it.
                    let mut first = true;
                    while connection.read(&mut buffer).is_ok_and(|read| read > 0) {
                        if !std::mem::take(&mut first) {
                            continue;
                        }
                        if buffer.starts_with(b"GET ") {
                            let _ = connection.write_all(NO_LIST);
                            return;
                        }
                        let _ = sender.send(Instant::now());
                    }
                });
            }
        });
        Ok(Self { address, requests })
    }

    /// Returns when the next request arrived.
    pub fn next_request(&self) -> Result<Instant> {
        self.requests.recv_timeout(Duration::from_secs(60)).context("no request arrived within a minute")
    }

    /// Forgets the requests that have arrived.
    pub fn clear(&self) {
        while self.requests.try_recv().is_ok() {}
    }
}
